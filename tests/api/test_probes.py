"""Probes over HTTP: asked for, shown, taken back. What a worker makes of them stands in tests/worker and tests/e2e."""

from typing import Any

import jsonschema
import pytest

from store import probes

PATH = "/api/v1/probes/layer"
DROPOUT = {"layer": {"kind": "dropout", "p": 0.3}, "input": "ones", "shape": [4, 4]}


def work(api: Any, document: dict[str, Any] | None = None, reason: str = "") -> None:
    """Does what a worker does with the next probe."""
    with api.database.begin() as session:
        taken = probes.take(session, "test-node")
        assert taken is not None
        probes.fail(session, taken, reason) if document is None else probes.finish(session, taken, document)


@pytest.fixture(autouse=True)
def _none_waits(api: Any) -> Any:
    yield
    with api.database.begin() as session:
        while (taken := probes.take(session, "test-node")) is not None:
            probes.fail(session, taken, "the test is over")


class TestAsking:
    def test_is_answered_with_a_queued_probe_and_where_it_will_be_shown(self, api: Any) -> None:
        answer = api.admin.post(PATH, json={"layer": {"kind": "batch"}})

        shown = answer.json()
        assert answer.status_code == 202
        assert answer.headers["location"] == f"/api/v1/probes/{shown['id']}"
        assert (shown["state"], shown["shape"], shown["input"], shown["mode"], shown["seed"]) == ("queued", [28, 28], "normal", "train", 0)
        assert shown["layer"] == {"kind": "batch", "momentum": 0.1, "eps": 1e-5}
        assert (shown["before"], shown["after"], shown["finished_at"]) == (None, None, None)
        assert api.admin.get(answer.headers["location"]).json() == shown

    def test_shows_what_came_out_once_a_worker_has_tried_it(self, api: Any) -> None:
        shown = api.admin.post(PATH, json=DROPOUT).json()
        work(api, {"before": {"values": [1.0]}, "after": {"values": [0.1 + 0.2]}, "buffers": {}, "torch": "2"})

        done = api.admin.get(f"/api/v1/probes/{shown['id']}").json()

        assert (done["state"], done["after"], done["buffers"], done["torch"]) == ("finished", {"values": [0.1 + 0.2]}, {}, "2")
        assert done["finished_at"] < done["expires_at"]

    def test_shows_why_it_failed(self, api: Any) -> None:
        shown = api.admin.post(PATH, json=DROPOUT).json()
        work(api, reason="out of memory")

        done = api.admin.get(f"/api/v1/probes/{shown['id']}").json()

        assert (done["state"], done["reason"], done["after"]) == ("failed", "out of memory", None)

    def test_takes_effect_once_with_a_key(self, api: Any) -> None:
        first, again = (api.admin.post(PATH, json=DROPOUT, headers={"Idempotency-Key": "probe-1"}).json() for _ in range(2))
        other = api.admin.post(PATH, json={**DROPOUT, "seed": 1}, headers={"Idempotency-Key": "probe-1"})

        assert first == again
        assert other.status_code == 422

    def test_waits_as_long_as_it_is_told_and_no_longer(self, api: Any) -> None:
        assert api.admin.post(f"{PATH}?wait_s=0.2", json=DROPOUT).status_code == 202
        assert api.admin.post(f"{PATH}?wait_s=61", json=DROPOUT).status_code == 422

    def test_is_refused_while_too_many_wait(self, api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(probes, "MOST_WAITING", 1)
        api.admin.post(PATH, json=DROPOUT)

        refused = api.admin.post(PATH, json=DROPOUT)

        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")

    @pytest.mark.parametrize(
        ("body", "pointer", "words"),
        [
            ({"layer": {"kind": "dropout", "p": 2}}, "/layer/p", "takes a finite number of at least 0 and at most 1; got 2"),
            ({"layer": {"kind": "conv"}}, "/layer/kind", 'got "conv"'),
            ({"layer": {"kind": "relu"}, "shape": [1000, 1000]}, "/shape", "multiply to 1000000"),
            ({"layer": {"kind": "relu"}, "input": {"run": "nobody"}}, "/input/run", "There is no run 'nobody'."),
            ({"layer": {"kind": "relu"}, "input": "zeros"}, "/input", 'takes "normal", "ones"'),
            ({"layer": {"kind": "relu"}, "input": {"run": 5}}, "/input/run", "got 5"),
            ({}, "/layer", "is missing"),
            ({"layer": {"kind": "relu"}, "x": 1}, "/x", "unknown field"),
        ],
    )
    def test_that_makes_no_sense_is_refused_at_its_field(self, api: Any, body: dict[str, Any], pointer: str, words: str) -> None:
        answer = api.admin.post(PATH, json=body)

        assert answer.status_code == 422, answer.text
        (error, *_) = answer.json()["errors"]
        assert error["pointer"] == pointer, answer.text
        assert words in error["detail"]


class TestImagesOfARun:
    def test_settle_the_shape(self, api: Any, project: str) -> None:
        run = api.submit(project, {"batch_size": 32})["id"]

        assert api.admin.post(PATH, json={"layer": {"kind": "batch"}, "input": {"run": run}}).json()["shape"] == [32, 64]
        one = {"layer": {"kind": "dropout"}, "input": {"run": run, "batch": 3}, "shape": [8, 8]}
        assert api.admin.post(PATH, json=one).json()["input"] == {"run": run, "batch": 3}

    def test_that_the_run_has_not_are_refused(self, api: Any, project: str) -> None:
        run, logged = api.submit(project)["id"], api.client_run()["id"]

        for given, pointer in (({"run": run, "batch": 20}, "/input/batch"), ({"run": logged}, "/input/run")):
            answer = api.admin.post(PATH, json={"layer": {"kind": "relu"}, "input": given})
            assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)

    def test_of_another_entitys_run_are_not_there(self, api: Any, project: str) -> None:
        run = api.submit(project)["id"]

        answer = api.as_role("member", "strangers").post(PATH, json={"layer": {"kind": "relu"}, "input": {"run": run}})

        assert answer.json()["errors"][0]["detail"] == f"There is no run '{run}'."


class TestWhoMay:
    def test_members_ask_and_viewers_look(self, api: Any) -> None:
        member, viewer = api.as_role("member", "team"), api.as_role("viewer", "team")
        shown = member.post(PATH, json=DROPOUT).json()

        assert viewer.post(PATH, json=DROPOUT).status_code == 403
        assert viewer.get(f"/api/v1/probes/{shown['id']}").status_code == 200
        assert viewer.delete(f"/api/v1/probes/{shown['id']}").status_code == 403

    def test_another_entitys_probe_is_not_found(self, api: Any) -> None:
        path = f"/api/v1/probes/{api.as_role('member', 'team').post(PATH, json=DROPOUT).json()['id']}"

        stranger = api.as_role("admin", "strangers")
        assert (stranger.get(path).status_code, stranger.delete(path).status_code) == (404, 404)

    def test_one_that_is_taken_back_is_gone(self, api: Any) -> None:
        path = f"/api/v1/probes/{api.admin.post(PATH, json=DROPOUT).json()['id']}"

        assert api.admin.delete(path).status_code == 204
        assert api.admin.get(path).status_code == 404
        assert api.admin.delete(path).status_code == 404


class TestSchema:
    @pytest.mark.parametrize(
        ("probe", "fits"),
        [
            pytest.param(DROPOUT, True, id="a layer, an input and a shape"),
            pytest.param({"layer": {"kind": "batch"}, "input": {"run": "r1", "batch": 3}, "shape": None}, True, id="the images of a run"),
            pytest.param({"layer": {"kind": "dropout", "p": 1.5}}, False, id="a number beyond its range"),
            pytest.param({"layer": {"kind": "dropuot"}}, False, id="no layer"),
            pytest.param({**DROPOUT, "shape": [4]}, False, id="a shape of one size"),
            pytest.param({**DROPOUT, "shape": [0, 4]}, False, id="an empty shape"),
            pytest.param({**DROPOUT, "input": "zeros"}, False, id="no input"),
            pytest.param({**DROPOUT, "more": 1}, False, id="an unknown field"),
        ],
    )
    def test_takes_what_the_service_takes(self, sqlite_api: Any, probe: dict[str, Any], fits: bool) -> None:
        schema = sqlite_api.admin.get("/api/v1/schemas/probe").json()

        jsonschema.Draft202012Validator.check_schema(schema)
        assert jsonschema.Draft202012Validator(schema).is_valid(probe) is fits
        if not fits:
            assert sqlite_api.admin.post(PATH, json=probe).status_code == 422

    def test_says_what_each_field_of_each_layer_means(self, sqlite_api: Any) -> None:
        schema = sqlite_api.admin.get("/api/v1/schemas/probe").json()

        fields = [field for part in (schema, *schema["$defs"].values()) for field in part["properties"].items()]
        assert len(fields) > 25
        assert [name for name, field in fields if not field.get("description")] == []
