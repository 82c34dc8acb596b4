"""Alerts that a run raises through the SDK."""

import math
from typing import Any

from api.problems import Problem
from api.services import names
from api.wandb.asking import Asking
from store import alerts, wandb_runs
from store.alert_tables import LEVELS
from store.errors import RunNotFound

LONGEST_WAIT_S = 1e9


def notify(_parent: Any, asking: Asking, input: dict[str, Any]) -> dict[str, Any]:
    """Raised, or held back as the caller asked; both are a success. Raises RunNotFound, Problem 422."""
    level = str(input.get("severity") or "INFO").upper()
    if level not in LEVELS:
        raise Problem(422, f"severity takes one of {', '.join(LEVELS)}; got {level[:80]!r}.")
    with asking.writing() as session:
        project = names.get(session, asking.caller, *asking.project_path(input.get("entityName"), input.get("projectName")))
        run = wandb_runs.find(session, project, input["runName"])
        if run is None:
            raise RunNotFound(input["runName"][:128])
        wandb_runs.begin(session, run)
        alerts.add(session, run, input["title"], input.get("text") or "", level, _wait_s(input.get("waitDuration")))
    return {"success": True}


def _wait_s(duration: Any) -> float:
    """The SDK sends milliseconds. Raises Problem 422."""
    try:
        wait_s = float(duration or 0) / 1e3
    except (TypeError, ValueError, OverflowError):
        wait_s = math.nan
    if not 0 <= wait_s <= LONGEST_WAIT_S:
        raise Problem(422, f"waitDuration takes a number of milliseconds, 0 or more; got {duration!r:.80}.")
    return wait_s


FIELDS = {"Mutation.notifyScriptableRunAlert": notify}
