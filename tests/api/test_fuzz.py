"""Any body on any POST: refused or taken, never a failure of the service."""

import contextlib
from typing import Any

import hypothesis.strategies as st
import orjson
import pytest
from effort import examples
from hypothesis import HealthCheck, given, settings

from api import strict_json

FIXTURES_STAY = [HealthCheck.function_scoped_fixture]
FEW = settings(max_examples=examples(40, 1000), deadline=None, suppress_health_check=FIXTURES_STAY, database=None, derandomize=True)
TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
NUMBERS = st.one_of(st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False, allow_infinity=False))
WORDS = "project config origin name tags runs metrics steps times lines state original rerun dataset model optimizer kind lr points from to x count"
KEYS = st.sampled_from(f"{WORDS} node wait role entity expires_at baseline priority seed".split())
LEAVES = st.one_of(st.none(), st.booleans(), NUMBERS, TEXT, st.sampled_from(["client", "managed", "NaN", "digits", "sgd", "all", "finished"]))
VALUES = st.recursive(LEAVES, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS | TEXT, inner, max_size=5)), max_leaves=12)
BODIES = st.dictionaries(KEYS, VALUES, max_size=6)


def posts(api: Any) -> list[str]:
    run = api.client_run()["id"]
    return [path.replace("{run_id}", run) for path, methods in api.app.openapi()["paths"].items() if "post" in methods]


class TestFuzz:
    @pytest.mark.hypothesis
    @pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
    def test_no_body_makes_the_service_fail(self, api: Any) -> None:
        paths = posts(api)
        assert len(paths) > 12

        @FEW
        @given(st.one_of(BODIES, VALUES), st.data())
        def fuzz(body: Any, data: Any) -> None:
            path = data.draw(st.sampled_from(paths))
            try:
                content = orjson.dumps(body)
            except TypeError:
                return
            answer = api.admin.post(path, content=content, headers={"Content-Type": "application/json"})
            assert answer.status_code < 500, (path, content, answer.text)

        fuzz()

    @pytest.mark.hypothesis
    def test_no_bytes_make_the_service_fail(self, sqlite_api: Any) -> None:
        paths = posts(sqlite_api)

        @FEW
        @given(st.binary(max_size=60), st.sampled_from(paths), st.sampled_from(["application/json", "application/msgpack"]))
        def fuzz(body: bytes, path: str, kind: str) -> None:
            answer = sqlite_api.admin.post(path, content=body, headers={"Content-Type": kind})
            assert answer.status_code < 500, (path, body, answer.text)

        fuzz()

    @settings(max_examples=examples(50, 3000), deadline=None, database=None, derandomize=True)
    @given(VALUES)
    def test_strict_json_reads_what_json_is(self, value: Any) -> None:
        written = orjson.dumps(value)
        if b"\\u0000" in written:
            return

        assert orjson.dumps(strict_json.loads(written)) == written

    @settings(max_examples=examples(50, 3000), deadline=None, database=None, derandomize=True)
    @given(st.binary(max_size=40) | st.text('{}[]":,\\u0aN1e9-. ', max_size=30).map(str.encode))
    def test_strict_json_refuses_the_rest_as_a_problem(self, body: bytes) -> None:
        with contextlib.suppress(strict_json.BadBody):
            strict_json.loads(body)
