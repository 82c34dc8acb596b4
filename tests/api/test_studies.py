"""Studies, with a store that plays the worker."""

from typing import Any

import pytest

DIGITS = {"dataset": {"name": "digits"}, "total_iterations": 20, "device": "cpu"}
BATCH = {"set": {"model.norm": {"kind": "batch"}}}


def asked(project: str, **fields: Any) -> dict[str, Any]:
    return {"project": project, "name": "norms", "baseline": DIGITS, "changes": [BATCH], "seeds": [0, 1], **fields}


def post(api: Any, project: str, **fields: Any) -> dict[str, Any]:
    answer = api.admin.post("/api/v1/studies", json=asked(project, **fields))
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


class TestStudy:
    def test_queues_every_seed_of_the_baseline_and_of_its_changes(self, api: Any) -> None:
        study = post(api, "team/studied")

        assert [each["name"] for each in study["variants"]] == ["baseline", "norm: none → batch"]
        found = [[api.admin.get(f"/api/v1/runs/{run}").json() for run in each["runs"]] for each in study["variants"]]
        assert [[run["seed"] for run in each] for each in found] == [[0, 1], [0, 1]]
        assert {run["config"]["model"]["norm"]["kind"] for run in found[1]} == {"batch"}
        assert found[1][0]["baseline"] == found[0][0]["id"]
        assert all(run["studies"] == [study["id"]] for each in found for run in each)
        assert (study["state"], study["seeds_needed"], study["progress"]["ended"], study["progress"]["total"]) == ("queued", 6, 0, 4)

    def test_trains_no_config_twice(self, api: Any) -> None:
        first, second = post(api, "team/reused"), post(api, "team/reused", seeds=[1, 2])

        assert second["variants"][1]["runs"][0] == first["variants"][1]["runs"][1]
        dry = api.admin.post("/api/v1/studies?dry_run=true", json=asked("team/reused", seeds=[2, 3])).json()
        assert (dry["runs"], dry["reused"]) == (2, 2)

    def test_spreads_a_grid_over_one_factor(self, api: Any) -> None:
        study = post(api, "team/grid", changes=[{"set": {"optimizer.lr": [0.1, 0.25, 0.5]}}])

        assert len(study["variants"]) == 3

    @pytest.mark.parametrize("values", [{"model.norm.kind": "batch"}, {"model.norm": {"kind": "batch"}}])
    def test_takes_a_kind_with_its_defaults(self, api: Any, values: dict[str, Any]) -> None:
        assert post(api, "team/kinds", changes=[{"set": values}])["variants"][1]["change"]

    def test_refuses_two_factors_unless_it_is_told(self, api: Any) -> None:
        two = {"set": {"model.norm.kind": "batch", "batch_size": 32}}

        refused = api.admin.post("/api/v1/studies", json=asked("team/two", changes=[two]))

        assert (refused.status_code, refused.json()["type"]) == (422, "too-many-changes")
        assert post(api, "team/two", changes=[{**two, "factors": "many"}])

    def test_warns_when_it_cannot_reach_a_conclusion(self, api: Any) -> None:
        dry = api.admin.post("/api/v1/studies?dry_run=true", json=asked("team/dry")).json()

        assert dry["seeds_needed"] == 6
        assert "Take 6" in dry["warnings"][0]

    def test_is_cancelled_with_the_runs_that_are_its_own(self, api: Any) -> None:
        first, second = post(api, "team/cancelled"), post(api, "team/cancelled", seeds=[1, 2])

        api.admin.post(f"/api/v1/studies/{first['id']}/cancel")

        states = [api.admin.get(f"/api/v1/runs/{run}").json()["state"] for run in first["variants"][0]["runs"]]
        assert states == ["cancelled", "queued"]
        assert api.admin.get(f"/api/v1/studies/{second['id']}").json()["state"] == "queued"

    def test_says_which_runs_were_deleted(self, api: Any) -> None:
        study = post(api, "team/deleted")
        gone = study["variants"][1]["runs"][0]
        api.end(gone)
        assert api.admin.delete(f"/api/v1/runs/{gone}").status_code == 200

        shown = api.admin.get(f"/api/v1/studies/{study['id']}").json()

        assert [each["missing"] for each in shown["variants"]] == [0, 1]

    def test_is_not_found_by_another_entity(self, api: Any) -> None:
        study = post(api, "team/private")

        assert api.as_role("viewer", "others").get(f"/api/v1/studies/{study['id']}").status_code == 404
