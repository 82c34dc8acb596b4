"""A study's report gathered from the store."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from analysis.bands import Bands
from analysis.leaves import leaves
from api.answers import rfc3339
from api.auth import Caller
from api.parts import Parts
from api.report.contents import Band, Report, command
from api.services.study_shown import shown
from store import curves, studies, study_runs
from store.columns import Steps, Values
from store.curves import Curve, Window
from store.study_plans import StudyPlan
from store.study_runs import Place, Standing

POINTS = 250
BESIDE = "val/accuracy"  # drawn too, whatever the study is judged by
FACTS = ("torch.version", "python", "cpu.model", "gpu.name", "device", "threads", "image.digest")
MOST_VALUES = 3


def report(parts: Parts, caller: Caller, study_id: str) -> Report:
    """Raises StudyNotFound."""
    with parts.db.read() as session:
        study, project = studies.get(session, study_id, caller.entity)
        plan, standing = StudyPlan.of(study.plan), study_runs.standing(session, study.id)
        told = shown(session, parts, study, project)
        finished = {place: run for place, run in standing.items() if run.state == "finished"}
        bands = _bands(session, plan, finished)
        trained = study_runs.trained_with(session, study.id)
        facts = [*_data(session, finished), *_environment([environment for _, environment in trained])]
        drawn = {metric: found for metric, found in bands.items() if any(band.steps for band in found)}
        return Report(told, drawn, facts, command(told, plan), rfc3339(studies.moment(session)))


def _bands(session: Session, plan: StudyPlan, finished: Mapping[Place, Standing]) -> dict[str, list[Band]]:
    """By metric, in the order of the variants; the curves are read some runs at a time, and each is kept no longer than it takes to add it."""
    metrics = list(dict.fromkeys((plan.metric, BESIDE)))
    sums = {metric: [Bands() for _ in plan.variants] for metric in metrics}
    places = sorted(finished)
    for first in range(0, len(places), study_runs.AT_ONCE):
        variants: dict[str, list[int]] = {}  # a run may stand in several
        for variant, seed in places[first : first + study_runs.AT_ONCE]:
            variants.setdefault(finished[variant, seed].run_id, []).append(variant)
        for curve in curves.read(session, curves.outlines(session, list(variants), metrics), Window(points=POINTS)):
            for variant in variants[curve.run_id]:
                sums[curve.metric][variant].add(*_points(curve))
    return {metric: [_band(each) for each in of] for metric, of in sums.items()}


def _band(sums: Bands) -> Band:
    found = sums.columns(2 * POINTS)
    return Band(found.steps.tolist(), found.mean.tolist(), found.low.tolist(), found.high.tolist(), found.count.tolist())


def _points(curve: Curve) -> tuple[Steps, Values]:
    if curve.exact is not None:
        return curve.exact.steps, curve.exact.values
    assert curve.buckets is not None
    return curve.buckets.steps, curve.buckets.mean


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
