"""A sweep that the wandb SDK's agents run."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from playwright.sync_api import Page, expect
from service import Service

from api.services import sweeps as service
from store import projects, sweeps, trials
from store.tables import SweepAgent

Visit = Callable[..., Page]
CONFIG: dict[str, Any] = {
    "name": "rates",
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"values": [0.1, 0.2, 0.3]}},
}


@pytest.fixture
def sweep(served: Service) -> str:
    """The SDK's id of a sweep of three runs: two have ended, with losses 3 and 0.5, and one is given to an agent."""
    with served.database.begin() as session:
        made = sweeps.add(session, projects.find_or_add(session, "acme", "sweeps"), yaml.safe_dump(CONFIG), "k1")[0]
        made_id, external_id = made.id, made.name
        agent_id = sweeps.add_agent(session, made, "here").id
    for loss in (3.0, 0.5, None):
        with served.database.begin() as session:
            found = sweeps.by_id(session, made_id)
            trial = trials.give(session, found, service.plan_of(found.config), session.get_one(SweepAgent, agent_id))
            assert trial is not None
            given = trial.external_id
        if loss is not None:
            new = {"project": "acme/sweeps", "origin": "client", "external_id": given, "name": f"loss {loss}", "config": {}}
            run = served.client.post("/runs", json=new).json()["id"]
            served.client.post(f"/runs/{run}/points", json={"steps": [0], "metrics": {"loss": [loss]}})
            served.client.post(f"/runs/{run}/finish", json={"state": "finished"})
    return str(external_id)


class TestSweepPage:
    def test_shows_the_best_run_and_what_each_tried(
        self, visit: Visit, sweep: str, accessible: Callable[[Page], None], shot: Callable[[Page, str], None]
    ) -> None:
        page = visit(f"/acme/sweeps/sweeps/{sweep}")

        expect(page.get_by_text("Best: loss 0.5 with loss 0.5")).to_be_visible()
        rows = page.get_by_role("region", name="Runs").get_by_role("row")
        expect(rows).to_have_count(4)
        expect(rows.nth(1)).to_contain_text("loss 0.5")
        expect(rows.nth(3)).to_contain_text("given to an agent")
        shot(page, "sweep")
        accessible(page)

    def test_is_paused_resumed_and_stopped(self, visit: Visit, sweep: str) -> None:
        page = visit(f"/acme/sweeps/sweeps/{sweep}")

        page.get_by_role("button", name="Pause").click()
        page.get_by_role("button", name="Resume").click()
        page.get_by_role("button", name="Stop").click()

        expect(page.get_by_text("finished", exact=True).first).to_be_visible()
        expect(page.get_by_role("button", name="Pause")).to_have_count(0)

    def test_stands_in_the_list(self, visit: Visit, sweep: str) -> None:
        page = visit("/acme/sweeps/sweeps")

        expect(page.get_by_role("row").filter(has_text=sweep)).to_contain_text("2 of 3")
