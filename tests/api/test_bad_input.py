"""What is wrong is refused in words that name it, and leaves nothing behind."""

import gzip
import json
from typing import Any

import httpx
import pytest

DIGITS: dict[str, Any] = {"dataset": {"name": "digits"}, "total_iterations": 20}

BAD_CONFIGS = [
    pytest.param({"optimiser": {}}, "/config/optimiser", "unknown field", id="an unknown key"),
    pytest.param({"optimizer": {"kind": "sgd", "lr": -1}}, "/config/optimizer/lr", "above 0; got -1", id="lr = -1"),
    pytest.param({"optimizer": {"lr": 0}}, "/config/optimizer/lr", "above 0", id="lr = 0, no kind"),
    pytest.param({"optimizer": {"lr": "NaN"}}, "/config/optimizer/lr", "NaN", id="lr = NaN in quotes"),
    pytest.param({"optimizer": {"lr": True}}, "/config/optimizer/lr", "got true", id="true for a number"),
    pytest.param({"optimizer": {"lr": "0.1"}}, "/config/optimizer/lr", 'got "0.1"', id="a string for a number"),
    pytest.param({"optimizer": {"kind": "sgd", "betas": [0, 0]}}, "/config/optimizer/betas", "unknown field", id="another optimizer's field"),
    pytest.param({"optimizer": {"kind": "lion"}}, "/config/optimizer/kind", "lion", id="an unknown optimizer"),
    pytest.param({"optimizer": {"kind": "sgd", "sgd": {"lr": 1}}}, "/config/optimizer/sgd", "unknown field", id="a key called like its kind"),
    pytest.param({"optimizer": 3}, "/config/optimizer", "got 3", id="a number for an object"),
    pytest.param({"total_iterations": 0}, "/config/total_iterations", "got 0", id="total_iterations = 0"),
    pytest.param({"total_iterations": 1.5}, "/config/total_iterations", "got 1.5", id="half an iteration"),
    pytest.param({"total_iterations": 2**63}, "/config/total_iterations", "at most", id="an integer beyond 64 signed bits"),
    pytest.param({"model": {"norm": {"kind": "batch"}}, "batch_size": 1}, "/config/batch_size", "got 1", id="batch norm of one image"),
    pytest.param({"model": {"dropout": {"p": 1.5}}}, "/config/model/dropout/p", "got 1.5", id="p = 1.5"),
    pytest.param({"model": {"hidden": [10**9]}}, "/config/model/hidden/0", "MB of memory", id="a hidden size of 10^9"),
    pytest.param({"model": {"hidden": [0]}}, "/config/model/hidden/0", "at least 1", id="a hidden size of 0"),
    pytest.param({"dataset": {"name": "imagenet"}}, "/config/dataset/name", "digits", id="an unknown dataset"),
    pytest.param({"dataset": {}}, "/config/dataset/name", "is missing", id="no dataset name"),
    pytest.param({"dataset": None}, "/config/dataset", "null", id="null for a dataset"),
    pytest.param({"device": "tpu"}, "/config/device", "tpu", id="an unknown device"),
    pytest.param({"batch_size": "half"}, "/config/batch_size", "full", id="an unknown batch size"),
    pytest.param({"scheduler": {"kind": "step", "step_size": 0}}, "/config/scheduler/step_size", "got 0", id="step_size = 0"),
]

BAD_FIELDS = [
    pytest.param({"project": None}, "/project", id="null for a project"),
    pytest.param({"project": "team/a/b"}, "/project", id="a project of three parts"),
    pytest.param({"project": ""}, "/project", id="no project"),
    pytest.param({"project": "team/.."}, "/project", id="a project that is a path"),
    pytest.param({"project": "team/a\x1bb"}, "/project", id="a control character"),
    pytest.param({"name": ""}, "/name", id="an empty name"),
    pytest.param({"name": "x" * 300}, "/name", id="a long name"),
    pytest.param({"tags": "bn"}, "/tags", id="a tag for a list"),
    pytest.param({"tags": [1]}, "/tags/0", id="a number for a tag"),
    pytest.param({"tags": ["x"] * 200}, "/tags", id="200 tags"),
    pytest.param({"priority": 10**6}, "/priority", id="a great priority"),
    pytest.param({"priority": True}, "/priority", id="true for a priority"),
    pytest.param({"baseline": "nosuchrun"}, "/baseline", id="no such baseline"),
    pytest.param({"allow_many_changes": 1}, "/allow_many_changes", id="1 for true"),
    pytest.param({"origin": "elsewhere"}, "/origin", id="an unknown origin"),
    pytest.param({"config": []}, "/config", id="a list for a config"),
    pytest.param({"id": "mine"}, "/id", id="an id of one's own"),
    pytest.param({"state": "finished"}, "/state", id="a state of one's own"),
    pytest.param({"a/b~c": 1}, "/a~1b~0c", id="a key that a pointer must escape"),
]

BROKEN = [
    pytest.param(b'{"project": NaN}', id="bare NaN"),
    pytest.param(b'{"project": -Infinity}', id="bare -Infinity"),
    pytest.param(b'{"project": 1e999}', id="1e999"),
    pytest.param(b'{"project": 123456789012345678901234567890}', id="30 digits"),
    pytest.param(b'{"project": -9223372036854775809}', id="below 64 bits"),
    pytest.param(b'{"project": 1' + b"0" * 5000 + b"}", id="5000 digits"),
    pytest.param(b'{"project": "\\ud800"}', id="a lone surrogate"),
    pytest.param(b'{"project": "\\u0000"}', id="a NUL"),
    pytest.param(b'{"a\\u0000": 1}', id="a NUL in a key"),
    pytest.param(b'{"project": "\x00"}', id="a raw NUL"),
    pytest.param(b'{"project": "\xff"}', id="bytes that are no UTF-8"),
    pytest.param(b'\xef\xbb\xbf{"project": "x"}', id="a byte order mark"),
    pytest.param(b'{"project": "a", "project": "b"}', id="a key twice"),
    pytest.param(b'{"project": "a", "config": {"x": 1, "\\u0078": 2}}', id="a key twice, once escaped"),
    pytest.param(b'{"project": ' + b"[" * 65 + b"]" * 65 + b"}", id="66 deep"),
    pytest.param(b"[" * 65 + b"]" * 65, id="65 deep"),
    pytest.param(b"[" * 40_000, id="40000 deep"),
    pytest.param(b'{"project": "x"', id="half an object"),
    pytest.param(b"{'project': 'x'}", id="another language's quotes"),
    pytest.param(b'{"project": "x"} {}', id="two objects"),
    pytest.param(b" ", id="nothing but a space"),
]


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found = dict(answer.json())
    assert found["status"] == status
    assert {"type", "title", "detail"} <= found.keys()
    return found


def post(api: Any, path: str, body: bytes, kind: str | None = "application/json", **headers: str) -> httpx.Response:
    given = headers if kind is None else {"Content-Type": kind, **headers}
    answer: httpx.Response = api.admin.post(f"/api/v1{path}", content=body, headers=given)
    return answer


class TestConfig:
    @pytest.mark.parametrize(("config", "pointer", "words"), BAD_CONFIGS)
    @pytest.mark.parametrize("query", ["", "?dry_run=true"])
    def test_a_bad_field_is_named_with_what_it_got_and_takes(
        self, sqlite_api: Any, config: dict[str, Any], pointer: str, words: str, query: str
    ) -> None:
        before = sqlite_api.stored_runs()

        answer = sqlite_api.admin.post(f"/api/v1/runs{query}", json={"project": "team/never", "config": {**DIGITS, **config}})

        errors = {error["pointer"]: error["detail"] for error in problem(answer, 422)["errors"]}
        assert words in errors.get(pointer, ""), errors
        assert sqlite_api.stored_runs() == before
        assert sqlite_api.admin.get("/api/v1/projects/team/never").status_code == 404

    @pytest.mark.parametrize(("fields", "pointer"), BAD_FIELDS)
    def test_a_bad_field_beside_the_config_is_named(self, sqlite_api: Any, fields: dict[str, Any], pointer: str) -> None:
        before = sqlite_api.stored_runs()

        answer = sqlite_api.admin.post("/api/v1/runs", json={"project": "team/never", "config": DIGITS, **fields})

        assert pointer in [error["pointer"] for error in problem(answer, 422)["errors"]]
        assert sqlite_api.stored_runs() == before

    def test_every_bad_field_is_named_at_once(self, sqlite_api: Any) -> None:
        config = {"dataset": {"name": "digits"}, "seed": -1, "optimizer": {"kind": "adam", "lr": 0}, "x": 1}

        answer = sqlite_api.admin.post("/api/v1/runs", json={"config": config, "y": 2})

        pointers = {error["pointer"] for error in problem(answer, 422)["errors"]}
        assert pointers == {"/project", "/y", "/config/seed", "/config/optimizer/lr", "/config/x"}

    def test_a_baseline_must_be_one_whose_factors_are_known(self, sqlite_api: Any) -> None:
        logged = sqlite_api.client_run()["id"]

        answer = sqlite_api.admin.post("/api/v1/runs", json={"project": "team/never", "config": DIGITS, "baseline": logged})

        assert [error["pointer"] for error in problem(answer, 422)["errors"]] == ["/baseline"]


class TestJson:
    @pytest.mark.parametrize("body", BROKEN)
    def test_broken_json_is_refused(self, sqlite_api: Any, body: bytes) -> None:
        run = sqlite_api.client_run()["id"]

        for path in ("/runs", "/keys", f"/runs/{run}/points", "/series/query"):
            problem(post(sqlite_api, path, body), 400)

    def test_sixty_four_levels_are_taken(self, sqlite_api: Any) -> None:
        deep: Any = 1
        for _ in range(62):
            deep = {"x": deep}

        assert sqlite_api.client_run(config=deep)["config"] == deep

    def test_what_looks_broken_and_is_not_is_taken(self, sqlite_api: Any) -> None:
        config = {"a": 'x": {"a": "\\u0000', "n": 2**64 - 1, "m": -(2**63), "digits": "9" * 40, "f": 0.1234567890123456789, "e": "😀\u2028"}

        assert sqlite_api.client_run(config=config)["config"] == config

    @pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", None, ""])
    def test_another_content_type_is_415(self, sqlite_api: Any, kind: str | None) -> None:
        run = sqlite_api.client_run()["id"]

        for path in ("/runs", f"/runs/{run}/points", "/compare"):
            problem(post(sqlite_api, path, b'{"project": "x"}', kind), 415)

    @pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip"])
    def test_a_compressed_body_is_415(self, sqlite_api: Any, encoding: str) -> None:
        problem(post(sqlite_api, "/runs", gzip.compress(b"0" * 10**6), **{"Content-Encoding": encoding}), 415)


class TestBodyLimit:
    LIMIT = 100_000  # of sqlite_api

    def test_a_body_that_says_it_is_too_large_is_413(self, sqlite_api: Any) -> None:
        problem(post(sqlite_api, "/runs", b'"' + b"x" * self.LIMIT + b'"'), 413)

    def test_a_body_that_does_not_say_is_413_too(self, sqlite_api: Any) -> None:
        def pieces() -> Any:
            for _ in range(50):
                yield b"x" * 4000

        for path in ("/runs", f"/runs/{sqlite_api.client_run()['id']}/points"):
            try:
                answer = sqlite_api.admin.post(f"/api/v1{path}", content=pieces(), headers={"Content-Type": "application/json"})
            except httpx.WriteError:  # it hung up before everything was sent
                continue
            problem(answer, 413)

    def test_an_artifact_that_is_too_large_leaves_nothing(self, sqlite_api: Any) -> None:
        run = sqlite_api.client_run()["id"]

        problem(sqlite_api.admin.put(f"/api/v1/runs/{run}/artifacts/big", content=b"x" * (self.LIMIT + 1)), 413)

        assert sqlite_api.admin.get(f"/api/v1/runs/{run}/artifacts").json()["items"] == []

    def test_a_body_of_just_the_limit_is_taken(self, sqlite_api: Any) -> None:
        run = sqlite_api.client_run()["id"]

        assert sqlite_api.admin.put(f"/api/v1/runs/{run}/artifacts/big", content=b"x" * self.LIMIT).status_code == 201


class TestAddress:
    @pytest.mark.parametrize("path", ["/runs?limits=3", "/runs?limit=3&x=", "/nodes?a", "/runs?order=name", "/runs/x?fields=name"])
    def test_an_unknown_parameter_is_refused(self, sqlite_api: Any, path: str) -> None:
        assert "is not a parameter" in problem(sqlite_api.admin.get(f"/api/v1{path}"), 422)["detail"]

    @pytest.mark.parametrize("limit", ["0", "-1", "1001", "1e3", "ten", "", "1000000000000000000000"])
    def test_a_limit_beyond_1_to_1000_is_refused(self, sqlite_api: Any, limit: str) -> None:
        found = problem(sqlite_api.admin.get("/api/v1/runs", params={"limit": limit}), 422)

        assert found["errors"][0]["pointer"] == "/limit"

    @pytest.mark.parametrize("cursor", ["x", "AAAA", "", "%00", "é", "e30", "a" * 900])
    def test_a_bad_cursor_is_400(self, sqlite_api: Any, cursor: str) -> None:
        for path in ("/runs", "/projects", "/keys"):
            problem(sqlite_api.admin.get(f"/api/v1{path}", params={"cursor": cursor}), 400)

    def test_a_cursor_of_another_list_is_400(self, sqlite_api: Any) -> None:
        for _ in range(2):
            sqlite_api.client_run()
        cursor = sqlite_api.admin.get("/api/v1/runs?limit=1").json()["next_cursor"]

        problem(sqlite_api.admin.get("/api/v1/keys", params={"cursor": cursor}), 400)
        problem(sqlite_api.admin.get("/api/v1/runs", params={"cursor": cursor, "project": "team/logged"}), 400)
        problem(sqlite_api.admin.get("/api/v1/runs", params={"cursor": cursor[:-3] + "AAA"}), 400)

    def test_a_nul_is_refused(self, api: Any) -> None:
        problem(api.admin.get("/api/v1/runs/a%00b"), 400)
        problem(api.admin.get("/api/v1/runs?project=a%00b"), 400)

    @pytest.mark.parametrize("path", ["/runs/nosuchrun", "/projects/team/nosuch", "/artifacts/x", "/artifacts/x/content", "/nope", "/runs/"])
    def test_what_is_not_there_is_404(self, api: Any, path: str) -> None:
        problem(api.admin.get(f"/api/v1{path}"), 404)

    def test_a_method_that_is_not_taken_is_405(self, sqlite_api: Any) -> None:
        answer = sqlite_api.admin.put("/api/v1/runs")

        problem(answer, 405)
        assert answer.headers["allow"]

    @pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é"])
    def test_a_bad_idempotency_key_is_refused(self, sqlite_api: Any, key: str) -> None:
        headers = {"Idempotency-Key": key.encode("latin-1")}

        problem(sqlite_api.admin.post("/api/v1/projects", json={"project": "team/x"}, headers=headers), 422)

    def test_a_query_string_of_junk_is_no_failure(self, sqlite_api: Any) -> None:
        for query in ("%ff%fe", "&&&", "run=%F0%9F%98%80", "a=" + "x" * 5000, json.dumps({"a": 1})):
            assert sqlite_api.admin.get(f"/api/v1/runs?{query}").status_code < 500
