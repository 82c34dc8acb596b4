"""Verdicts on any two runs, those that clients logged among them, and what a client may say of a run it trained."""

from typing import Any

import pytest

SHA, OTHER = "a" * 64, "b" * 64


def logged(api: Any, value: float = 0.5, *, evidence: dict[str, Any] | None = None, **fields: Any) -> str:
    """A finished client run with two points of train/loss."""
    run = str(api.client_run(**fields)["id"])
    api.admin.post(f"/api/v1/runs/{run}/points", json={"steps": [0, 1], "metrics": {"train/loss": [1.0, value]}})
    if evidence is not None:
        answer = api.admin.put(f"/api/v1/runs/{run}/evidence", json=evidence)
        assert answer.status_code == 200, answer.text
    api.admin.post(f"/api/v1/runs/{run}/finish", json={"state": "finished"})
    return run


def judged(api: Any, original: str, rerun: str) -> dict[str, Any]:
    answer = api.admin.post("/api/v1/verdicts", json={"original": original, "rerun": rerun})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


class TestClientRuns:
    def test_are_judged_by_their_points_and_configs(self, api: Any) -> None:
        same = judged(api, logged(api, config={"lr": 0.1}), logged(api, config={"lr": 0.1}))
        other = judged(api, logged(api, config={"lr": 0.1}), logged(api, 0.25, config={"lr": 0.2}))

        assert (same["outcome"], same["points_compared"], same["checked"]["final"]) == ("identical", 2, "missing")
        assert other["outcome"] == "not_comparable"
        assert [(cause["what"], cause["original"], cause["rerun"]) for cause in other["causes"]] == [("config.lr", 0.1, 0.2)]

    def test_are_judged_by_what_their_clients_say_too(self, api: Any) -> None:
        links = [[{"step": step, "parts": {"weights": digest}} for step, digest in enumerate(chain)] for chain in ((SHA, SHA), (SHA, OTHER))]
        said = [{"digests": {"final": digest}, "environment": {"threads": threads}} for digest, threads in ((SHA, 1), (OTHER, 2))]
        pair = [logged(api, value, evidence={**of, "chain": chain}) for value, of, chain in zip((0.5, 0.25), said, links, strict=True)]

        verdict = judged(api, *pair)

        assert (verdict["checked"]["final"], verdict["judged"]["state"]) == ("different", "different")
        assert verdict["chain"] == {"links_compared": 2, "first_break": {"step": 1, "after": 0, "part": "weights", "parts": ["weights"]}}
        assert [(cause["what"], cause["rerun"]) for cause in verdict["causes"]] == [("threads", 2)]
        assert "The rerun was trained elsewhere" in verdict["reason"]

    def test_held_against_a_managed_run_do_not_count_as_its_reruns(self, api: Any) -> None:
        original = api.submit(config={"seed": 5})
        api.end(original["id"], digests={"initial": SHA, "final": SHA})
        rerun = logged(api, config=original["config"], evidence={"digests": {"initial": SHA, "final": SHA}})

        verdict = judged(api, original["id"], rerun)

        assert (verdict["outcome"], verdict["checked"]["final"]) == ("different", "same")  # a managed run of this test has no points
        assert api.admin.get(f"/api/v1/runs/{original['id']}").json()["reproduced"] is None


class TestEvidence:
    def test_is_shown_as_what_was_told(self, api: Any) -> None:
        run = logged(api, evidence={"digests": {"final": SHA, "initial_sample": "float32:0000803f"}, "environment": {"threads": 1}})

        shown = api.admin.get(f"/api/v1/runs/{run}").json()

        assert shown["told"] == {"digests": {"final": SHA, "initial_sample": "float32:0000803f"}, "links": 0}
        assert (shown["digests"], shown["environment"]) == (None, {"threads": 1})

    def test_takes_the_place_of_what_was_said_before(self, api: Any) -> None:
        run = api.client_run()["id"]

        for digest in (SHA, OTHER):
            api.admin.put(f"/api/v1/runs/{run}/evidence", json={"digests": {"final": digest}})

        assert api.admin.get(f"/api/v1/runs/{run}").json()["told"]["digests"] == {"final": OTHER}

    def test_of_a_managed_run_or_one_that_ended_is_refused(self, api: Any) -> None:
        runs = (api.submit()["id"], logged(api))

        assert [api.admin.put(f"/api/v1/runs/{run}/evidence", json={}).status_code for run in runs] == [409, 409]

    def test_goes_with_its_run(self, api: Any) -> None:
        run = logged(api, evidence={"digests": {"final": SHA}})

        assert api.admin.delete(f"/api/v1/runs/{run}", params={"preview": "true"}).json()["rows"]["client_evidence"] == 1

    @pytest.mark.parametrize(
        ("evidence", "pointer"),
        [
            pytest.param({"digests": {"final": "short"}}, "/digests/final", id="no SHA-256"),
            pytest.param({"digests": {"colour": SHA}}, "/digests/colour", id="a digest of nothing we know"),
            pytest.param({"digests": {"initial_sample": "float32:" + "0" * 20_000}}, "/digests/initial_sample", id="a large sample"),
            pytest.param({"environment": {"x": "y" * 100_001}}, "/environment", id="a large environment"),
            pytest.param({"chain": [{"step": -1, "parts": {"rng": SHA}}]}, "/chain/0/step", id="a step before the first"),
            pytest.param({"chain": [{"step": 1, "parts": {}}]}, "/chain/0/parts", id="a link of nothing"),
            pytest.param({"chain": [{"step": 1, "parts": {"rng": SHA}}] * 2001}, "/chain", id="a long chain"),
        ],
    )
    def test_has_its_bounds(self, api: Any, evidence: dict[str, Any], pointer: str) -> None:
        run = api.client_run()["id"]

        answer = api.admin.put(f"/api/v1/runs/{run}/evidence", json=evidence)

        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


class TestList:
    def test_holds_the_verdicts_on_a_run_from_either_side(self, api: Any) -> None:
        first, second, third = (logged(api) for _ in range(3))
        judged(api, first, second)
        judged(api, second, third)

        found = {run: api.admin.get("/api/v1/verdicts", params={"run": run}).json()["items"] for run in (first, second, third)}

        assert [(each["original"], each["rerun"]) for each in found[second]] == [(second, third), (first, second)]
        assert [len(items) for items in found.values()] == [1, 2, 1]

    def test_shows_the_one_on_two_runs(self, api: Any) -> None:
        first, second = logged(api), logged(api)
        given = judged(api, first, second)

        assert api.admin.get(f"/api/v1/verdicts/{first}/{second}").json() == given
        assert api.admin.get(f"/api/v1/verdicts/{second}/{first}").status_code == 404

    def test_is_for_those_who_see_both_runs(self, api: Any) -> None:
        ours, theirs = logged(api, project="umbrella/a"), logged(api, project="acme/a")
        judged(api, ours, theirs)
        viewer, member = api.as_role("viewer", "umbrella"), api.as_role("member", "umbrella")

        assert viewer.get("/api/v1/verdicts", params={"run": ours}).json()["items"] == []
        assert viewer.get("/api/v1/verdicts", params={"run": theirs}).status_code == 404
        assert viewer.get(f"/api/v1/verdicts/{ours}/{theirs}").status_code == 404
        assert member.post("/api/v1/verdicts", json={"original": ours, "rerun": theirs}).status_code == 422
        assert viewer.post("/api/v1/verdicts", json={"original": ours, "rerun": ours}).status_code == 403
