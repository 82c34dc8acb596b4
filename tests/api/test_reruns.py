"""Reruns and verdicts, with a store that plays the worker."""

import threading
import time
from typing import Any

import pytest

from store import nodes


def finished(api: Any, project: str = "team/digits", **fields: Any) -> dict[str, Any]:
    run = api.submit(project, **fields)
    api.end(run["id"])
    return dict(run)


def rerun(api: Any, run_id: str, **asked: Any) -> dict[str, Any]:
    answer = api.admin.post(f"/api/v1/runs/{run_id}/reruns", json=asked)
    assert answer.status_code == 202, answer.text
    return dict(answer.json()["items"][0])


class TestRerun:
    def test_copies_the_config_and_points_at_its_original(self, api: Any) -> None:
        original = finished(api, config={"seed": 3, "device": "cpu"})

        copy = rerun(api, original["id"])

        assert copy["rerun_of"] == original["id"]
        assert (copy["config"], copy["config_digest"], copy["project"]) == (original["config"], original["config_digest"], original["project"])
        assert (copy["state"], copy["verdict"]) == ("queued", None)

    def test_needs_no_body(self, api: Any) -> None:
        assert api.admin.post(f"/api/v1/runs/{finished(api)['id']}/reruns").status_code == 202

    def test_may_be_several(self, api: Any) -> None:
        original = finished(api)

        answer = api.admin.post(f"/api/v1/runs/{original['id']}/reruns", json={"count": 3}).json()

        assert len({item["id"] for item in answer["items"]}) == 3
        listed = api.admin.get(f"/api/v1/runs/{original['id']}/reruns").json()["items"]
        assert [item["run"] for item in listed] == [item["id"] for item in answer["items"]]

    def test_of_a_rerun_points_at_the_first_original(self, api: Any) -> None:
        original = finished(api)
        copy = rerun(api, original["id"])
        api.end(copy["id"])

        assert rerun(api, copy["id"])["rerun_of"] == original["id"]

    @pytest.mark.parametrize("state", ["queued", "failed", "cancelled"])
    def test_needs_a_finished_original(self, api: Any, state: str) -> None:
        run = api.submit()
        if state == "cancelled":
            api.admin.post(f"/api/v1/runs/{run['id']}/cancel")
        elif state == "failed":
            api.end(run["id"], state)

        answer = api.admin.post(f"/api/v1/runs/{run['id']}/reruns")

        assert answer.status_code == 409
        assert state in answer.json()["detail"]

    def test_of_a_client_run_cannot_be(self, api: Any) -> None:
        run = api.client_run()["id"]
        api.admin.post(f"/api/v1/runs/{run}/finish", json={"state": "finished"})

        assert api.admin.post(f"/api/v1/runs/{run}/reruns").status_code == 409

    def test_may_name_its_node_if_that_is_known(self, api: Any) -> None:
        original = finished(api)
        with api.database.begin() as session:
            nodes.report(session, "a-node", ["cpu"], 1, [], {})

        refused = api.admin.post(f"/api/v1/runs/{original['id']}/reruns", json={"node": "elsewhere"})

        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/node")
        assert rerun(api, original["id"], node="a-node")["state"] == "queued"

    @pytest.mark.parametrize(
        ("asked", "pointer"), [({"count": 0}, "/count"), ({"count": 101}, "/count"), ({"wait_s": 301}, "/wait_s"), ({"wait": 1}, "/wait")]
    )
    def test_has_its_bounds(self, sqlite_api: Any, asked: dict[str, Any], pointer: str) -> None:
        answer = sqlite_api.admin.post(f"/api/v1/runs/{finished(sqlite_api)['id']}/reruns", json=asked)

        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)

    def test_waits_for_the_verdicts_when_asked(self, api: Any, project: str) -> None:
        original = finished(api, project)
        answers: list[Any] = []
        ask = threading.Thread(
            target=lambda: answers.append(api.admin.post(f"/api/v1/runs/{original['id']}/reruns", json={"count": 2, "wait_s": 60}))
        )
        ask.start()
        while len(reruns := api.admin.get(f"/api/v1/runs/{original['id']}/reruns").json()["items"]) < 2:
            time.sleep(0.01)
        for item in reruns:
            api.end(item["run"])
        ask.join()

        (answer,) = answers
        assert answer.status_code == 200
        assert {item["verdict"]["outcome"] for item in answer.json()["items"]} == {"identical"}

    def test_that_take_longer_answer_202(self, api: Any) -> None:
        answer = api.admin.post(f"/api/v1/runs/{finished(api)['id']}/reruns", json={"wait_s": 0.1})

        assert (answer.status_code, answer.json()["items"][0]["verdict"]) == (202, None)

    def test_with_an_idempotency_key_are_made_once(self, api: Any) -> None:
        original = finished(api)["id"]

        answers = [api.admin.post(f"/api/v1/runs/{original}/reruns", json={"count": 2}, headers={"Idempotency-Key": original}) for _ in range(2)]

        assert answers[0].content == answers[1].content
        assert len(api.admin.get(f"/api/v1/runs/{original}/reruns").json()["items"]) == 2


class TestVerdict:
    def test_says_what_was_compared(self, api: Any) -> None:
        original = finished(api)
        copy = rerun(api, original["id"])
        api.end(copy["id"])

        verdict = api.admin.get(f"/api/v1/runs/{copy['id']}/verdict").json()

        assert (verdict["outcome"], verdict["original"], verdict["rerun"], verdict["stale"]) == ("identical", original["id"], copy["id"], False)
        assert set(verdict["checked"]) == {"data", "split", "order", "initial", "points", "final"}
        assert verdict["judged_at"].endswith("Z")
        assert api.admin.get(f"/api/v1/runs/{original['id']}").json()["reproduced"] == {"outcome": "identical", "reruns": 1}

    def test_of_other_weights_is_different(self, api: Any) -> None:
        original = finished(api)
        copy = rerun(api, original["id"])
        api.end(copy["id"], digests={"initial": "i", "final": "other"})

        assert api.admin.get(f"/api/v1/runs/{copy['id']}/verdict").json()["outcome"] == "different"

    def test_is_not_there_while_the_rerun_goes_on(self, api: Any) -> None:
        assert api.admin.get(f"/api/v1/runs/{rerun(api, finished(api)['id'])['id']}/verdict").status_code == 409

    def test_is_not_there_for_a_run_that_is_no_rerun(self, api: Any) -> None:
        assert api.admin.get(f"/api/v1/runs/{finished(api)['id']}/verdict").status_code == 404

    def test_on_any_two_runs_is_given_and_kept(self, api: Any) -> None:
        pair = [api.client_run()["id"] for _ in range(2)]
        for run, value in zip(pair, (0.5, 0.25), strict=True):
            api.admin.post(f"/api/v1/runs/{run}/points", json={"steps": [0, 1], "metrics": {"x": [1.0, value]}})
            api.admin.post(f"/api/v1/runs/{run}/finish", json={"state": "finished"})

        verdict = api.admin.post("/api/v1/verdicts", json={"original": pair[0], "rerun": pair[1]})

        assert verdict.status_code == 200
        assert verdict.json()["outcome"] == "different"
        difference = verdict.json()["first_difference"]
        assert (difference["metric"], difference["step"], difference["original"], difference["rerun"]) == ("x", 1, 0.5, 0.25)

    def test_needs_two_runs_that_ended(self, api: Any) -> None:
        going, ended = api.client_run()["id"], finished(api)["id"]

        found = [
            api.admin.post("/api/v1/verdicts", json={"original": a, "rerun": b}).status_code
            for a, b in ((going, ended), (ended, going), (ended, ended), (ended, "nosuch"))
        ]

        assert found == [409, 409, 422, 422]


class TestCompare:
    def test_tells_what_is_shared_and_what_is_not(self, api: Any, project: str) -> None:
        base = finished(api, project)["id"]
        other = finished(api, project, config={"model": {"norm": {"kind": "layer"}, "dropout": {"p": 0.5}}})["id"]

        answer = api.admin.get("/api/v1/compare", params={"run": [base, other]}).json()

        different = {item["path"]: item["values"] for item in answer["config"]["different"]}
        assert answer["config"]["same"]["optimizer.lr"] == 0.1
        assert different["model.norm.kind"] == {base: "none", other: "layer"}
        assert different["model.norm.eps"] == {other: 1e-5}
        assert answer["factors"] == ["model.norm", "model.dropout"]
        assert "2 factors" in answer["warnings"][0]
        assert api.admin.post("/api/v1/compare", json={"runs": [base, other]}).json() == answer

    def test_warns_before_any_number_of_what_else_is_not_the_same(self, api: Any, project: str) -> None:
        base = finished(api, project)["id"]
        other = finished(api, project, config={"dataset": {"name": "digits", "split_seed": 3}, "total_iterations": 30, "batch_size": 32})["id"]

        answer = api.admin.get("/api/v1/compare", params={"run": [base, other]}).json()

        assert next(iter(answer)) == "warnings"
        assert answer["warnings"][1:] == [
            "They were evaluated on different images or another split of them: dataset.split_seed 0 or 3.",
            "They trained for different numbers of iterations: total_iterations 20 or 30.",
            "They trained with different batch sizes: batch_size 64 or 32.",
        ]

    def test_warns_of_client_runs_by_the_names_they_use(self, api: Any) -> None:
        ids = [api.client_run(config={"data": {"dataset": name}, "trainer": {"epochs": epochs}})["id"] for name, epochs in (("a", 3), ("b", 4))]

        warnings = api.admin.post("/api/v1/compare", json={"runs": ids}).json()["warnings"]

        assert warnings[:2] == [
            "They learned from different data: data.dataset a or b.",
            "They trained for different numbers of iterations: trainer.epochs 3 or 4.",
        ]

    def test_puts_metrics_side_by_side(self, api: Any) -> None:
        pair = [api.client_run()["id"] for _ in range(2)]
        api.admin.post(f"/api/v1/runs/{pair[0]}/points", json={"steps": [0, 1], "metrics": {"x": [3, 1]}})

        (metric,) = api.admin.post("/api/v1/compare", json={"runs": pair}).json()["metrics"]

        assert metric == {"metric": "x", "values": {pair[0]: {"last": 1.0, "min": 1.0, "max": 3.0}}}

    def test_knows_no_unknown_run(self, api: Any) -> None:
        assert api.admin.get("/api/v1/compare", params={"run": "nosuch"}).status_code == 404
