"""A study's statistics from what its runs have left behind, kept until one of them changes."""

import hashlib
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite, nan

import orjson
from sqlalchemy.orm import Session

from analysis.comparable import Compared, incomparable
from analysis.conclusions import conclude
from analysis.study import Outcome, StudyData, StudyTable, Variant
from analysis.survival import first_reached
from api.piece_cache import PieceCache
from store import curves, study_runs
from store.curves import Window
from store.study_plans import StudyPlan
from store.study_runs import Place, Standing, Summed
from store.tables import Study

ENDED = ("finished", "failed")
CHANCES = 2  # times chance, up to which an accuracy is one of a run that learned nothing
SLOW_S = 0.5  # a table that takes longer is shown for a while although runs have ended since
PATIENCE = 10
PATIENT_S = 60.0
RUN_BYTES = 400


@dataclass(frozen=True)
class Told:
    """The table, the outcomes by place that it is made of, and why their numbers may not be set beside each other."""

    table: StudyTable
    outcomes: Mapping[Place, Outcome]
    warnings: Sequence[str]


@dataclass(frozen=True)
class _Kept:
    of: str
    told: Told
    took_s: float
    made_at: float = field(default_factory=time.monotonic)

    @property
    def is_fresh(self) -> bool:
        return self.took_s > SLOW_S and time.monotonic() - self.made_at < min(PATIENT_S, PATIENCE * self.took_s)


_one_at_a_time = threading.Lock()  # a table of 10,000 runs takes a core for seconds


def told(session: Session, cache: PieceCache, study: Study, plan: StudyPlan, standing: Mapping[Place, Standing]) -> Told:
    """Made anew when a run has ended, or was deleted or run again, since it was last asked for; a slow one not at once while others still train."""
    reruns = study_runs.reruns(session, study.id)
    ended = {place: run for place, run in standing.items() if run.state in ENDED}
    asked = hashlib.sha256(orjson.dumps(study.plan)).hexdigest()
    of = hashlib.sha256(repr((sorted(ended.items()), reruns)).encode()).hexdigest()
    name = (study.id, asked)
    is_over = all(run.is_terminal for run in standing.values())

    def at_hand() -> Told | None:
        kept: _Kept | None = cache.get(name)
        return kept.told if kept is not None and (kept.of == of or (kept.is_fresh and not is_over)) else None

    if (found := at_hand()) is not None:
        return found
    with _one_at_a_time:
        if (found := at_hand()) is not None:
            return found
        began = time.monotonic()
        made = _told(session, study, plan, ended, reruns)
        cache.put(name, _Kept(of, made, time.monotonic() - began), RUN_BYTES * (len(ended) + len(plan.variants)))
        return made


def _told(session: Session, study: Study, plan: StudyPlan, ended: Mapping[Place, Standing], reruns: Sequence[tuple[str, str, int]]) -> Told:
    finished = [run.run_id for run in ended.values() if run.state == "finished"]
    run_ids = list(dict.fromkeys([*finished, *(rerun for _, rerun, _ in reruns)]))
    sums = study_runs.sums(session, run_ids, [plan.metric, "val/accuracy"])
    reached = _reached(session, plan, list(dict.fromkeys(finished)))
    again: dict[str, list[float]] = {}
    for original, rerun, _ in reruns:
        value = judged(plan, sums.get((rerun, plan.metric)))
        again.setdefault(original, []).append(nan if value is None else value)
    outcomes = {}
    for (number, seed), run in ended.items():
        metric, accuracy = sums.get((run.run_id, plan.metric)), sums.get((run.run_id, "val/accuracy"))
        outcomes[number, seed] = outcome(plan, number, seed, run.state, metric, accuracy, reached.get(run.run_id), tuple(again.get(run.run_id, ())))
    trained = study_runs.trained_with(session, study.id)
    return Told(conclude(_data(plan, outcomes)), outcomes, incomparable([Compared(run_id, {}, environment, {}) for run_id, environment in trained]))


def outcome(
    plan: StudyPlan,
    number: int,
    seed: int,
    state: str,
    metric: Summed | None,
    accuracy: Summed | None,
    reached: int | None = None,
    reruns: tuple[float, ...] = (),
) -> Outcome:
    """Diverged: failed, a last value that is not finite, or a final val/accuracy of at most twice chance. What failed gives no number."""
    value = judged(plan, metric) if state == "finished" else None
    low = accuracy is not None and not accuracy.last > CHANCES / plan.variants[number].classes
    broken = metric is None or not isfinite(metric.last) or value is None or not isfinite(value)
    return Outcome(seed, value, diverged=state == "failed" or broken or low, finished=state == "finished", reached=reached, reruns=reruns)


def judged(plan: StudyPlan, metric: Summed | None) -> float | None:
    """The value that a run is judged by."""
    if metric is None or plan.use == "last":
        return None if metric is None else metric.last
    return metric.min if plan.goal == "min" else metric.max


def _data(plan: StudyPlan, outcomes: Mapping[Place, Outcome]) -> StudyData:
    def variant(number: int) -> Variant:
        found = (outcomes.get((number, seed)) for seed in plan.seeds)
        return Variant(plan.variants[number].name, tuple(each for each in found if each is not None))

    baseline, *others = map(variant, range(len(plan.variants)))
    config = plan.variants[0].config
    return StudyData(
        plan.metric,
        plan.goal,
        baseline,
        tuple(others),
        primary=plan.primary,
        vary=plan.vary,
        validation_images=config.dataset.val_size if plan.metric.startswith("val/") else None,
        threshold=plan.threshold,
        horizon=max(each.config.total_iterations for each in plan.variants) if plan.threshold is not None else None,
    )


def _reached(session: Session, plan: StudyPlan, run_ids: Sequence[str]) -> dict[str, int]:
    """By run the iterations after which it was first seen at the threshold; one that never got there is left out."""
    found: dict[str, int] = {}
    if plan.threshold is None:
        return found
    for first in range(0, len(run_ids), study_runs.AT_ONCE):
        some = curves.outlines(session, run_ids[first : first + study_runs.AT_ONCE], [plan.metric])
        for curve in curves.read(session, some, Window(points=None)):
            if curve.exact is not None:
                steps, values = curve.exact.steps.tolist(), curve.exact.values.tolist()
                iterations = first_reached(steps, values, plan.threshold, plan.goal)
                found |= {curve.run_id: iterations} if iterations is not None else {}
    return found
