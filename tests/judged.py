"""Runs and reruns that were trained by hand: what a worker writes, without one."""

from typing import Any

from servers import wait_until

from store import lifecycle, series
from store.database import Database
from store.lifecycle import Claim
from store.series import Points


def claimed(database: Database, run_id: str, node: str) -> Claim:
    """The run's next attempt, on that node. A claim passes over a row that another transaction holds just now, and a worker would ask again."""
    taken: list[Claim] = []

    def ask() -> bool:
        with database.begin() as session:
            taken.extend(filter(None, [lifecycle.claim(session, node, ["cpu"], 60.0, run_id)]))
        return bool(taken)

    wait_until(ask, 10.0, f"run {run_id} to be claimed by {node}")
    return taken[0]


def train(api: Any, run_id: str, node: str = "n1", loss: float = 0.5, torch: str = "2.13.0") -> None:
    taken = claimed(api.database, run_id, node)
    with api.database.begin() as session:
        lifecycle.record_start(session, taken, {"initial": "i", "code": "c"}, {"torch": {"version": torch}, "threads": 1}, 20)
        series.append_attempt(session, taken, Points([0, 1], [0.0, 0.1], {"train/loss": [1.0, loss]}))
        lifecycle.finish(session, taken, "finished", None, {"final": f"weights of {loss}"})


def finished(api: Any, project: str, **manner: Any) -> str:
    run = str(api.submit(project, config={"device": "cpu"})["id"])
    train(api, run, **manner)
    return run


def reruns(api: Any, run_id: str) -> list[dict[str, Any]]:
    return list(api.admin.get(f"/api/v1/runs/{run_id}/reruns").json()["items"])


def judged(api: Any, project: str, loss: float = 0.5) -> tuple[str, str]:
    """A run and a rerun of it, which ended with this loss; the run's own was 0.5."""
    original = finished(api, project)
    rerun = api.admin.post(f"/api/v1/runs/{original}/reruns", json={}).json()["items"][0]["id"]
    train(api, rerun, node="n2", loss=loss)
    return original, rerun
