"""Studies that a test asks for, and a store that plays the worker: every run ends as the test says."""

from collections.abc import Callable, Mapping
from typing import Any

from store import lifecycle, series
from store.series import Points

DIGITS: dict[str, Any] = {"dataset": {"name": "digits"}, "total_iterations": 20, "eval_every": 5, "device": "cpu"}
BATCH: dict[str, Any] = {"set": {"model.norm": {"kind": "batch"}}}
STEPS = [4, 9, 14, 19]
Ending = Callable[[str, int], Mapping[str, Any]]
NODE = {"torch": {"version": "2.13.0"}, "threads": 1, "python": "3.11.7"}


def asked(project: str, **fields: Any) -> dict[str, Any]:
    return {"project": project, "name": "norms", "baseline": DIGITS, "changes": [BATCH], "seeds": [0, 1], **fields}


def post(api: Any, project: str, **fields: Any) -> dict[str, Any]:
    answer = api.admin.post("/api/v1/studies", json=asked(project, **fields))
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def shown(api: Any, study: Mapping[str, Any]) -> dict[str, Any]:
    answer = api.admin.get(f"/api/v1/studies/{study['id']}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def act(api: Any, study: Mapping[str, Any], what: str, body: Any = None) -> dict[str, Any]:
    answer = api.admin.post(f"/api/v1/studies/{study['id']}/{what}", json={} if body is None else body)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def end(api: Any, run_id: str, metrics: Mapping[str, list[float]], state: str = "finished", node: str = "n1", torch: str = "2.13.0") -> None:
    """Train the run as a worker would, with these values at STEPS, and end it."""
    with api.database.begin() as session:
        claim = lifecycle.claim(session, node, ["cpu"], 60.0, run_id)
        assert claim is not None, f"run {run_id} is not there to be claimed"
        lifecycle.record_start(session, claim, {"data": "d", "split": "s"}, {**NODE, "torch": {"version": torch}}, 20)
        if metrics:
            series.append_attempt(session, claim, Points(STEPS, [0.1, 0.2, 0.3, 0.4], dict(metrics)))
        lifecycle.finish(session, claim, state, None if state == "finished" else "it was meant to", {})


def end_all(api: Any, study: Mapping[str, Any], how: Ending) -> dict[str, Any]:
    """End every queued run of the study as `how` says of variant and seed: {"loss": 0.5, "accuracy": 0.9, "state": "failed"}."""
    for variant in shown(api, study)["variants"]:
        for seed in variant["seeds"]:
            if seed["state"] == "queued":
                told = dict(how(variant["name"], seed["seed"]))
                loss, accuracy = told.pop("loss", 0.5), told.pop("accuracy", 0.9)
                end(api, seed["run"], {"val/loss": [2.0, 1.5, 1.0, loss], "val/accuracy": [0.2, 0.5, 0.8, accuracy]}, **told)
    return shown(api, study)
