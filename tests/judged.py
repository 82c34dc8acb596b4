"""Runs and reruns that were trained by hand: what a worker writes, without one."""

from typing import Any

from attempts import claim

from store import lifecycle, series
from store.series import Points


def train(api: Any, run_id: str, node: str = "n1", loss: float = 0.5, torch: str = "2.13.0") -> None:
    taken = claim(api.database, node, run_id, 60.0)
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
