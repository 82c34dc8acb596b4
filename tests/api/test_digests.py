"""The digest chain over HTTP, with a store that plays the worker."""

from typing import Any

from attempts import claim

from store import chain, lifecycle
from trainer.events import PARTS, Digests


def test_shows_every_part_behind_each_step_in_order(api: Any, project: str) -> None:
    run = api.submit(project)["id"]
    taken = claim(api.database, "test-node", run)
    with api.database.begin() as session:
        lifecycle.record_start(session, taken, {}, {}, 20, resumed_from=7)
        chain.append(session, taken, [Digests(step, dict.fromkeys(PARTS, mark * 64)) for step, mark in ((9, "b"), (0, "a"))])

    answer = api.as_role("viewer").get(f"/api/v1/runs/{run}/digests").json()

    assert answer == {"items": [{"step": 0, **dict.fromkeys(PARTS, "a" * 64)}, {"step": 9, **dict.fromkeys(PARTS, "b" * 64)}], "next_cursor": None}
    assert api.admin.get(f"/api/v1/runs/{run}/attempts").json()["items"][0]["resumed_from"] == 7


def test_has_nothing_for_a_run_without_a_chain_and_404_for_one_that_is_not_there(api: Any, project: str) -> None:
    queued = api.submit(project)["id"]

    assert api.admin.get(f"/api/v1/runs/{queued}/digests").json() == {"items": [], "next_cursor": None}
    assert api.admin.get("/api/v1/runs/nothing/digests").status_code == 404
