"""A study's report gathered from the store."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

from sqlalchemy.orm import Session

from analysis.leaves import leaves
from api.answers import rfc3339
from api.auth import Caller
from api.parts import Parts
from api.problems import Problem
from api.report.contents import Band, Report, command
from api.services.study_shown import shown
from store import curves, studies, study_runs
from store.curves import Curve, Window
from store.study_plans import StudyPlan
from store.study_runs import Place, Standing

MOST_CURVES = 2000  # of one metric
POINTS = 250
BESIDE = "val/accuracy"  # drawn too, whatever the study is judged by
FACTS = ("torch.version", "python", "cpu.model", "gpu.name", "device", "threads", "image.digest")
MOST_VALUES = 3


def report(parts: Parts, caller: Caller, study_id: str) -> Report:
    """Raises StudyNotFound, Problem 422 for more curves than a page can hold."""
    with parts.db.read() as session:
        study, project = studies.get(session, study_id, caller.entity)
        plan, standing = StudyPlan.of(study.plan), study_runs.standing(session, study.id)
        told = shown(session, parts, study, project)
        finished = {place: run for place, run in standing.items() if run.state == "finished"}
        if len(finished) > MOST_CURVES:
            raise Problem(422, f"A report holds the curves of at most {MOST_CURVES:,} runs; {len(finished):,} have finished in this study.")
        bands = {metric: _bands(session, plan, finished, metric) for metric in dict.fromkeys((plan.metric, BESIDE))}
        trained = study_runs.trained_with(session, study.id)
        facts = [*_data(session, finished), *_environment([environment for _, environment in trained])]
        drawn = {metric: found for metric, found in bands.items() if any(band.steps for band in found)}
        return Report(told, drawn, facts, command(told, plan), rfc3339(studies.moment(session)))


def _bands(session: Session, plan: StudyPlan, finished: Mapping[Place, Standing], metric: str) -> list[Band]:
    run_ids = list(dict.fromkeys(run.run_id for run in finished.values()))
    found: dict[str, Curve] = {}
    for first in range(0, len(run_ids), study_runs.AT_ONCE):
        asked = curves.outlines(session, run_ids[first : first + study_runs.AT_ONCE], [metric])
        found |= {curve.run_id: curve for curve in curves.read(session, asked, Window(points=POINTS))}
    variants = range(len(plan.variants))
    return [_band([found[run.run_id] for (variant, _), run in finished.items() if variant == number]) for number in variants]


def _band(curves: Sequence[Curve]) -> Band:
    """Points that are not finite are left out: what diverged shows as fewer."""
    by_step: dict[int, list[float]] = {}
    for curve in curves:
        for step, value in _points(curve):
            by_step.setdefault(step, []).append(value)
    steps = sorted(by_step)
    held = [by_step[step] for step in steps]
    return Band(steps, [sum(each) / len(each) for each in held], [min(each) for each in held], [max(each) for each in held], [*map(len, held)])


def _points(curve: Curve) -> Iterator[tuple[int, float]]:
    if curve.exact is not None:
        pairs = zip(curve.exact.steps.tolist(), curve.exact.values.tolist(), strict=True)
    else:
        assert curve.buckets is not None
        pairs = zip(curve.buckets.steps.tolist(), curve.buckets.mean.tolist(), strict=True)
    yield from ((int(step), value) for step, value in pairs if isfinite(value))


def _data(session: Session, finished: Mapping[Place, Standing]) -> Iterator[tuple[str, str]]:
    """Digests of the data and of the split, as the runs took them."""
    digests = study_runs.digests(session, [run.run_id for run in finished.values()])
    for name in ("data", "split"):
        yield f"{name} digest", _alike([each.get(name) for each in digests])


def _environment(trained: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    flat = [leaves(environment) for environment in trained]
    for fact in FACTS:
        told = _alike([each.get(fact) for each in flat])
        if told != "unknown":
            yield fact.replace(".", " "), told


def _alike(values: Sequence[Any]) -> str:
    """The values that there are, few of them by name."""
    found = [str(value) for value in dict.fromkeys(value for value in values if value is not None)]
    if not found:
        return "unknown"
    return ", ".join(found) if len(found) <= MOST_VALUES else f"{', '.join(found[:MOST_VALUES])} and {len(found) - MOST_VALUES} others"
