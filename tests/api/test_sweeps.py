"""Sweeps over REST: what their agents were given and how far they came, and what people set them to."""

from typing import Any

import pytest
import yaml

from api.services import sweeps as service
from store import projects, sweeps, trials
from store.tables import Sweep, SweepAgent

CONFIG: dict[str, Any] = {
    "name": "rates",
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "early_terminate": {"type": "hyperband", "min_iter": 2, "eta": 2},
    "parameters": {"lr": {"values": [0.1, 0.2, 0.3]}, "net": {"parameters": {"width": {"value": 8}}}},
}


@pytest.fixture
def project(api: Any, request: pytest.FixtureRequest) -> str:
    return f"team/sweeps-{abs(hash(request.node.name))}"


def make(api: Any, project: str, **config: Any) -> str:
    with api.database.begin() as session:
        entity, _, name = project.partition("/")
        return str(sweeps.add(session, projects.find_or_add(session, entity, name), yaml.safe_dump({**CONFIG, **config}), "k1")[0].id)


def agent(api: Any, sweep_id: str) -> str:
    with api.database.begin() as session:
        return str(sweeps.add_agent(session, sweeps.by_id(session, sweep_id), "here").id)


def give(api: Any, sweep_id: str, agent_id: str) -> str:
    """The external id that the agent is to run under."""
    with api.database.begin() as session:
        sweep = sweeps.by_id(session, sweep_id)
        trial = trials.give(session, sweep, service.plan_of(sweep.config), session.get_one(SweepAgent, agent_id))
        assert trial is not None
        return str(trial.external_id)


def log(api: Any, project: str, external_id: str, losses: list[Any], end: str | None = "finished") -> dict[str, Any]:
    run: dict[str, Any] = api.client_run(project, external_id=external_id, name=f"run {external_id}")
    points = {"steps": list(range(len(losses))), "metrics": {"loss": losses}}
    assert api.admin.post(f"/api/v1/runs/{run['id']}/points", json=points).status_code == 200
    if end:
        assert api.admin.post(f"/api/v1/runs/{run['id']}/finish", json={"state": end}).status_code == 200
    return run


def shown(api: Any, sweep_id: str) -> dict[str, Any]:
    answer = api.admin.get(f"/api/v1/sweeps/{sweep_id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


class TestShown:
    def test_says_what_is_searched_what_was_given_out_and_what_was_best(self, api: Any, project: str) -> None:
        sweep_id = make(api, project)
        agent_id = agent(api, sweep_id)
        first = give(api, sweep_id, agent_id)
        best = log(api, project, first, [3.0, 0.5, 0.7])
        bad = give(api, sweep_id, agent_id)
        log(api, project, bad, ["NaN"], "failed")
        waiting = give(api, sweep_id, agent_id)

        sweep = shown(api, sweep_id)

        assert (sweep["project"], sweep["name"], sweep["state"], sweep["method"], sweep["expected"]) == (project, "rates", "running", "grid", 3)
        assert sweep["parameters"] == ["lr", "net.width"]
        assert sweep["early_stop"] == {"kind": "hyperband", "brackets": sweep["early_stop"]["brackets"], "eta": 2.0, "strict": False}
        assert sweep["early_stop"]["brackets"][:3] == [2, 4, 8]
        assert yaml.safe_load(sweep["config"]) == CONFIG
        assert sweep["runs"] == {"total": 2, "queued": 0, "running": 0, "finished": 1, "failed": 1, "cancelled": 0, "crashed": 0}
        assert sweep["best"] == {"run": best["id"], "external_id": first, "name": f"run {first}", "value": 0.5}
        assert sweep["best_value"] == 0.5
        points = [(point["external_id"], point["state"], point["values"], point["value"]) for point in sweep["points"]]
        assert points == [
            (first, "finished", {"lr": 0.1, "net": {"width": 8}}, 0.5),
            (bad, "failed", {"lr": 0.2, "net": {"width": 8}}, None),
            (waiting, "given", {"lr": 0.3, "net": {"width": 8}}, None),
        ]
        assert [(each["id"], each["host"], each["alive"], each["runs"]) for each in sweep["agents"]] == [(agent_id, "here", True, 3)]

    def test_the_best_of_what_is_maximized_is_the_largest(self, api: Any, project: str) -> None:
        sweep_id = make(api, project, metric={"name": "loss", "goal": "maximize"})
        agent_id = agent(api, sweep_id)
        for losses in ([1.0, 4.0], [2.0, 3.0]):
            log(api, project, give(api, sweep_id, agent_id), losses)

        sweep = shown(api, sweep_id)

        assert (sweep["best"]["value"], sweep["best"]["run"], sweep["best_value"]) == (4.0, sweep["points"][0]["run"], 4.0)

    def test_is_finished_once_all_points_have_ended(self, api: Any, project: str) -> None:
        sweep_id = make(api, project, parameters={"lr": {"values": [1]}})
        external_id = give(api, sweep_id, agent(api, sweep_id))
        told = [shown(api, sweep_id)["state"]]
        run = log(api, project, external_id, [1.0], None)
        told.append(shown(api, sweep_id)["state"])
        api.admin.post(f"/api/v1/runs/{run['id']}/finish", json={"state": "finished"})

        assert [*told, shown(api, sweep_id)["state"]] == ["running", "running", "finished"]

    def test_integers_that_json_cannot_hold_are_texts(self, api: Any, project: str) -> None:
        sweep_id = make(api, project, parameters={"lr": {"values": [10**30]}})
        give(api, sweep_id, agent(api, sweep_id))

        assert [point["values"] for point in shown(api, sweep_id)["points"]] == [{"lr": str(10**30)}]

    def test_a_grid_beyond_counting_has_no_expected_number(self, api: Any, project: str) -> None:
        many = {f"p{number}": {"values": list(range(10))} for number in range(40)}

        assert shown(api, make(api, project, parameters=many))["expected"] is None


class TestListed:
    def test_newest_first_and_by_pages(self, api: Any, project: str) -> None:
        made = [make(api, project, name=f"number {number}") for number in range(3)]
        address = f"/api/v1/projects/{project}/sweeps"

        first = api.admin.get(address, params={"limit": 2}).json()
        second = api.admin.get(address, params={"limit": 2, "cursor": first["next_cursor"]}).json()

        assert [item["id"] for item in [*first["items"], *second["items"]]] == made[::-1]
        assert second["next_cursor"] is None
        assert first["items"][0] == {key: value for key, value in shown(api, made[2]).items() if key in first["items"][0]}

    def test_one_is_found_by_what_the_sdk_calls_it(self, api: Any, project: str) -> None:
        sweep = shown(api, [make(api, project), make(api, project)][0])
        address = f"/api/v1/projects/{project}/sweeps"

        found = api.admin.get(address, params={"external_id": sweep["external_id"]}).json()["items"]

        assert [item["id"] for item in found] == [sweep["id"]]
        assert api.admin.get(address, params={"external_id": "nobody"}).json()["items"] == []

    def test_of_a_project_that_is_not_there_is_404(self, api: Any) -> None:
        assert api.admin.get("/api/v1/projects/team/nowhere/sweeps").status_code == 404


class TestControl:
    @pytest.mark.parametrize(
        ("wishes", "state"),
        [
            pytest.param(["pause"], "paused", id="pause"),
            pytest.param(["pause", "pause"], "paused", id="pause twice"),
            pytest.param(["pause", "resume"], "running", id="pause and resume"),
            pytest.param(["stop"], "finished", id="stop"),
            pytest.param(["stop", "resume"], "running", id="stop and resume"),
            pytest.param(["cancel"], "cancelled", id="cancel"),
            pytest.param(["cancel", "stop"], "cancelled", id="stop what is cancelled"),
            pytest.param(["stop", "cancel"], "cancelled", id="cancel what was stopped"),
        ],
    )
    def test_sets_the_state(self, api: Any, project: str, wishes: list[str], state: str) -> None:
        sweep_id = make(api, project)

        told = [api.admin.post(f"/api/v1/sweeps/{sweep_id}/{wish}") for wish in wishes]

        assert {answer.status_code for answer in told} == {200}
        assert told[-1].json()["state"] == shown(api, sweep_id)["state"] == state

    @pytest.mark.parametrize(
        ("wish", "commands"),
        [
            pytest.param("pause", [], id="wait"),
            pytest.param("stop", ["exit"], id="end when it is idle"),
            pytest.param("cancel", ["exit"], id="end"),
        ],
    )
    def test_reaches_an_idle_agent_with_its_next_question(self, api: Any, project: str, wish: str, commands: list[str]) -> None:
        sweep_id = make(api, project)
        agent_id = agent(api, sweep_id)

        api.admin.post(f"/api/v1/sweeps/{sweep_id}/{wish}")

        with api.database.begin() as session:
            told = service._commands(session, session.get_one(Sweep, sweep_id), session.get_one(SweepAgent, agent_id), [], None)
        assert [command["type"] for command in told] == commands

    def test_what_has_ended_cannot_be_paused(self, api: Any, project: str) -> None:
        sweep_id = make(api, project)
        api.admin.post(f"/api/v1/sweeps/{sweep_id}/cancel")

        answer = api.admin.post(f"/api/v1/sweeps/{sweep_id}/pause")

        assert answer.status_code == 409
        assert "cannot be paused" in answer.json()["detail"]

    def test_takes_a_member(self, api: Any, project: str) -> None:
        sweep_id = make(api, project)
        viewer = api.as_role("viewer")

        assert viewer.get(f"/api/v1/sweeps/{sweep_id}").status_code == 200
        assert viewer.post(f"/api/v1/sweeps/{sweep_id}/cancel").status_code == 403

    def test_a_key_of_another_entity_finds_nothing(self, api: Any, project: str) -> None:
        sweep_id = make(api, project)
        stranger = api.as_role("admin", "strangers")

        seen = [stranger.get(f"/api/v1/sweeps/{sweep_id}"), stranger.post(f"/api/v1/sweeps/{sweep_id}/cancel")]
        unknown = api.admin.get("/api/v1/sweeps/nobody")

        assert {answer.status_code for answer in [*seen, unknown]} == {404}
        assert seen[0].json()["detail"].replace(sweep_id, "nobody") == unknown.json()["detail"]
        assert shown(api, sweep_id)["state"] == "running"
