"""Runs side by side: what their configs and environments share, where they part, and their metrics."""

from collections.abc import Sequence
from typing import Any, cast

from pydantic import ValidationError

from analysis import comparable, diff
from api.auth import Caller
from api.numbers import out
from api.parts import Parts
from api.schemas.others import Comparison
from store import runs, series
from store.tables import Run
from trainer.config import RunConfig, resolved


def compare(parts: Parts, caller: Caller, run_ids: Sequence[str]) -> Comparison:
    """Raises RunNotFound."""
    run_ids = list(dict.fromkeys(run_ids))
    with parts.db.read() as session:
        found = runs.get_many(session, run_ids, caller.entity)
        summaries = series.summaries(session, run_ids)
    metrics = sorted({metric for run_id in run_ids for metric in summaries[run_id]})
    factors = _factors(found)
    comparison: dict[str, Any] = {
        "warnings": _warnings(found, factors),
        "factors": factors,
        "config": diff.side_by_side({run.id: resolved(run.config) if run.origin == "managed" else run.config for run in found}).document(),
        "environment": diff.side_by_side({run.id: run.environment for run in found}).document(),
        "metrics": [
            {
                "metric": metric,
                "values": {
                    run_id: {"last": out(row.last), "min": out(row.min), "max": out(row.max)}
                    for run_id in run_ids
                    if (row := summaries[run_id].get(metric)) is not None
                },
            }
            for metric in metrics
        ],
    }
    return cast(Comparison, comparison)


def _factors(found: Sequence[Run]) -> list[str]:
    """The factors in which any managed run differs from the first one; one whose config this version takes no longer has none."""
    configs = [config for run in found if run.origin == "managed" and (config := _config(run)) is not None]
    changed = [diff.changed_factors(configs[0], other) for other in configs[1:]] if configs else []
    return list(dict.fromkeys(factor for factors in changed for factor in factors))


def _config(run: Run) -> RunConfig | None:
    try:
        return RunConfig.model_validate(run.config)
    except ValidationError:
        return None


def _compared(run: Run) -> comparable.Compared:
    config = resolved(run.config) if run.origin == "managed" else run.config
    return comparable.Compared(run.id, config, run.environment, run.digests)


def _warnings(found: Sequence[Run], factors: Sequence[str]) -> list[str]:
    warnings = []
    if len(factors) > 1:
        warnings.append(f"These runs differ in {len(factors)} factors ({', '.join(factors)}); a difference between them cannot be pinned on one.")
    warnings.extend(comparable.incomparable([_compared(run) for run in found]))
    unfinished = [f"{run.id} ({run.state})" for run in found if run.state != "finished"]
    if unfinished:
        warnings.append(f"Not every run has finished: {', '.join(unfinished[:5])}{' and more' if len(unfinished) > 5 else ''}.")
    clients = [run.id for run in found if run.origin == "client"]
    if clients:
        warnings.append(f"Factors are not known for runs logged by clients: {', '.join(clients[:5])}{' and more' if len(clients) > 5 else ''}.")
    return warnings
