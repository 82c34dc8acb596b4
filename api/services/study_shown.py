"""Studies as callers see them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from sqlalchemy.orm import Session

from analysis.significance import seeds_needed
from analysis.study import Difference, Outcome, Row
from api import numbers
from api.answers import rfc3339
from api.parts import Parts
from api.schemas.studies import StudyAddition, StudyDifference, StudyHead, StudyListed, StudyProgress, StudySeed, StudyShown, StudyState, StudyVariant
from api.services import study_table
from api.services.study_plan import warnings
from store import studies, study_runs
from store.study_plans import StudyPlan
from store.study_runs import Place, Standing
from store.tables import Project, Study

STATES = ("queued", "running", "finished", "failed", "cancelled")


def shown(session: Session, parts: Parts, study: Study, project: Project) -> StudyShown:
    plan, standing = StudyPlan.of(study.plan), study_runs.standing(session, study.id)
    told = study_table.told(session, parts.studies, study, plan, standing)
    progress = _progress(plan, _counted(standing))
    return {
        **_head(study, plan, project, progress),
        "contrasts": told.table.contrasts,
        "primary": None if plan.primary is None else list(plan.primary),
        "threshold": plan.threshold,
        "baseline": plan.variants[0].document,
        "variants": [_variant(plan, number, row, standing, told.outcomes) for number, row in enumerate(told.table.rows)],
        "noise": asdict(told.table.noise),  # type: ignore[typeddict-item]
        "words": told.table.words,
        "warnings": [*warnings(plan), *told.warnings, *_late(plan)],
        "additions": [_addition(each) for each in plan.additions],
        "created_by": study.created_by,
    }


def listed(session: Session, found: Sequence[Study], project: Project) -> list[StudyListed]:
    counts = studies.counts(session, [study.id for study in found])
    items: list[StudyListed] = []
    for study in found:
        plan = StudyPlan.of(study.plan)
        progress = _progress(plan, counts[study.id].by_state)
        items.append({**_head(study, plan, project, progress), "variant_names": [each.name for each in plan.variants]})
    return items


def _head(study: Study, plan: StudyPlan, project: Project, progress: StudyProgress) -> StudyHead:
    return {
        "id": study.id,
        "project": project.path,
        "name": study.name,
        "state": _state(study, progress),
        "metric": plan.metric,
        "use": plan.use,
        "goal": plan.goal,
        "vary": plan.vary,
        "seeds": list(plan.seeds),
        "seeds_needed": seeds_needed(plan.contrasts),
        "progress": progress,
        "archived": study.archived,
        "created_at": rfc3339(study.created_at),
    }


def _counted(standing: Mapping[Place, Standing]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for run in standing.values():
        counts[run.state] = counts.get(run.state, 0) + 1
    return counts


def _progress(plan: StudyPlan, counts: Mapping[str, int]) -> StudyProgress:
    by_state = {state: counts.get(state, 0) for state in STATES}
    missing = plan.runs - sum(by_state.values())
    ended = plan.runs - by_state["queued"] - by_state["running"]
    return {"ended": ended, "total": plan.runs, **by_state, "missing": missing}  # type: ignore[typeddict-item]


def _state(study: Study, progress: StudyProgress) -> StudyState:
    """Running as soon as one of its runs has begun; cancelled once nothing of it trains any more."""
    if progress["ended"] == progress["total"]:
        return "finished" if study.cancelled_at is None else "cancelled"
    return "queued" if progress["queued"] == progress["total"] else "running"


def _variant(plan: StudyPlan, number: int, row: Row, standing: Mapping[Place, Standing], outcomes: Mapping[Place, Outcome]) -> StudyVariant:
    seeds = [_seed(seed, standing.get((number, seed)), outcomes.get((number, seed))) for seed in plan.seeds]
    return {
        "name": row.name,
        "change": plan.variants[number].change,  # type: ignore[typeddict-item]
        "runs": [seed["run"] for seed in seeds if seed["run"] is not None],
        "n": row.n,
        "mean": row.all.mean,
        "sd": row.all.sd,
        "median": row.all.median,
        "min": row.all.min,
        "max": row.all.max,
        "diverged": row.diverged,
        "without_number": row.without_number,
        "converged": asdict(row.converged),  # type: ignore[typeddict-item]
        "missing": sum(seed["run"] is None for seed in seeds),
        "difference": None if row.difference is None else _difference(row.difference),
        "conclusion": row.conclusion,
        "words": row.words,
        "to_threshold": None if row.to_threshold is None else asdict(row.to_threshold),  # type: ignore[typeddict-item]
        "seeds": seeds,
    }


def _difference(paired: Difference) -> StudyDifference:
    return {**asdict(paired), "ci95": None if paired.ci95 is None else list(paired.ci95)}  # type: ignore[typeddict-item]


def _seed(seed: int, run: Standing | None, outcome: Outcome | None) -> StudySeed:
    return {
        "seed": seed,
        "run": None if run is None else run.run_id,
        "state": "missing" if run is None else run.state,  # type: ignore[typeddict-item]
        "value": None if outcome is None else numbers.out(outcome.value),
        "diverged": outcome is not None and outcome.diverged,
        "reached": None if outcome is None else outcome.reached,
    }


def _late(plan: StudyPlan) -> list[str]:
    """Whoever looks, and adds seeds until a difference shows, finds one too often."""
    looked = [each for each in plan.additions if each["ended"]]
    if not looked:
        return []
    times = "once" if len(looked) == 1 else f"{len(looked)} times"
    return [f"Seeds or changes were added {times} after runs had ended: if their results were seen, the p are smaller than they should be."]


def _addition(stored: Mapping[str, object]) -> StudyAddition:
    return {**stored, "at": rfc3339(float(str(stored["at"])))}  # type: ignore[typeddict-item]
