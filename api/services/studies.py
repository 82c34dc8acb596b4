"""Taking studies, showing them with their conclusions, and cancelling them."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Literal

from sqlalchemy.orm import Session

from analysis import diff
from analysis.conclusions import conclude
from analysis.significance import seeds_needed
from analysis.study import Outcome, Row, StudyData, Variant
from api.answers import Answer, rfc3339
from api.auth import Caller
from api.idempotency import Once, answer_once
from api.parts import Parts
from api.problems import InvalidValue
from api.schemas.studies import NewStudy, StudyDryRun, StudyListed, StudyShown, StudyVariant
from api.services import datasets, names, submit
from api.services.study_plan import Planned, plan, seeded, warnings
from store import lifecycle, runs, series, studies
from store.tables import Project, Run, Series, Study, StudyRun
from trainer.config import RunConfig
from trainer.memory import TooMuchMemory, check_memory, estimate_duration_s

Cells = list[tuple[int, int, RunConfig]]  # variant, seed and what is trained for them, seed by seed


def add(parts: Parts, caller: Caller, new: NewStudy, once: Once | None) -> Answer:
    """202 with the study, whose missing runs are queued. Raises InvalidValue, Problem too-many-changes, ProjectNotFound."""
    added: list[Run] = []
    variants = plan(new)
    with parts.db.begin() as session:

        def make() -> Answer:
            cells = _cells(session, parts, new, variants)
            for config in {config.dataset.name: config for _, _, config in cells}.values():
                datasets.must_be_here(session, config)
            project = names.find_or_add(session, caller, parts.settings, new.project)
            study = studies.add(session, project, new.name, _plan_document(new, variants), caller.key_id)
            added.extend(_link(session, study, project, cells, variants, caller))
            session.flush()
            return Answer.of(202, _shown(session, study, project), Location=f"/api/v1/studies/{study.id}")

        answer = answer_once(session, once, make)
    for run in added:
        parts.queue.ring(run.id, lifecycle.doorbell(run))  # after the commit: a worker must be able to see the row
    return answer


def dry_run(parts: Parts, caller: Caller, new: NewStudy) -> StudyDryRun:
    """What `add` would train, and for how long on one quiet thread."""
    variants = plan(new)
    entity, name = names.usable(caller, parts.settings, new.project)
    with parts.db.read() as session:
        configs = {config.digest(): config for _, _, config in _cells(session, parts, new, variants)}
        project = next(iter(session.query(Project).filter_by(entity=entity, name=name)), None)
        held = studies.reusable(session, project, list(configs)) if project else {}
    missing = [config for digest, config in configs.items() if digest not in held]
    return {
        "runs": len(missing),
        "reused": len(variants) * len(new.seeds) - len(missing),
        "seeds_needed": seeds_needed(len(set(new.primary)) if new.primary else len(variants) - 1),
        "warnings": warnings(len(variants) - 1, new.primary, len(new.seeds)),
        "estimate_s": sum(map(estimate_duration_s, missing)),
        "variants": [each.name for each in variants],
    }


def listing(parts: Parts, caller: Caller, project: str, limit: int) -> list[StudyListed]:
    with parts.db.read() as session:
        found = studies.of_project(session, names.find(session, caller, parts.settings, project), limit)
        return [{"id": each.id, "name": each.name, "metric": each.plan["metric"], "created_at": rfc3339(each.created_at)} for each in found]


def show(parts: Parts, caller: Caller, study_id: str) -> StudyShown:
    """Raises StudyNotFound."""
    with parts.db.read() as session:
        return _shown(session, *studies.get(session, study_id, caller.entity))


def cancel(parts: Parts, caller: Caller, study_id: str) -> StudyShown:
    """The study; its queued and running runs end, except those that stand in another study too. Raises StudyNotFound."""
    with parts.db.begin() as session:
        study, project = studies.get(session, study_id, caller.entity)
        study.cancelled_at = study.cancelled_at or studies.moment(session)
        found = {run.id: run for run in studies.members(session, study.id).values() if not run.is_terminal}
        shared = studies.of_runs(session, list(found))
        for run_id, run in found.items():
            if shared[run_id] == [study.id]:
                lifecycle.request_cancel(session, run)
        return _shown(session, study, project)


def _cells(session: Session, parts: Parts, new: NewStudy, variants: Sequence[Planned]) -> Cells:
    settled = []
    for each in variants:
        try:
            check_memory(each.config, parts.settings.memory_limit_mb)
        except TooMuchMemory as error:
            raise InvalidValue(error.pointer, str(error)) from error
        settled.append(each.config)
    return [
        (number, seed, submit.with_device(session, seeded(config, seed, new.vary))) for seed in new.seeds for number, config in enumerate(settled)
    ]


def _link(session: Session, study: Study, project: Project, cells: Cells, variants: Sequence[Planned], caller: Caller) -> list[Run]:
    """The runs that had to be queued."""
    held = studies.reusable(session, project, [config.digest() for _, _, config in cells])
    added: list[Run] = []
    baseline: dict[int, Run] = {}
    for number, seed, config in cells:
        run = held.get(config.digest())
        if run is None:
            base = baseline.get(seed)
            change = [] if base is None else [item.document() for item in diff.config_changes(RunConfig.model_validate(base.config), config)]
            name = f"{variants[number].name[:230]}, seed {seed}"
            run = runs.add_managed(session, project, config, name=name, baseline=base, change=change, created_by=caller.key_id)
            run.rung_at = run.created_at
            held[config.digest()] = run
            added.append(run)
        if number == 0:
            baseline[seed] = run
        session.add(StudyRun(run_id=run.id, study_id=study.id, variant=number, seed=seed))
    return added


def _plan_document(new: NewStudy, variants: Sequence[Planned]) -> dict[str, object]:
    document = new.model_dump(mode="json", include={"seeds", "vary", "metric", "use", "goal", "primary"})
    changes = [[item.document() for item in diff.config_changes(new.baseline, each.config)] for each in variants]
    kept = [
        {"name": each.name, "config": each.config.model_dump(mode="json"), "change": change} for each, change in zip(variants, changes, strict=True)
    ]
    return {**document, "variants": kept}


def _shown(session: Session, study: Study, project: Project) -> StudyShown:
    plan, held = study.plan, studies.members(session, study.id)
    sums = series.summaries(session, [run.id for run in held.values()])
    table = conclude(_data(study, held, sums))
    variants = [_variant(study, number, row, held) for number, row in enumerate(table.rows)]
    ended = sum(run.is_terminal for run in held.values())
    return {
        "id": study.id,
        "project": project.path,
        "name": study.name,
        "state": _state(study, list(held.values())),
        "metric": plan["metric"],
        "use": plan["use"],
        "goal": plan["goal"],
        "vary": plan["vary"],
        "seeds": plan["seeds"],
        "seeds_needed": table.seeds_needed,
        "progress": {"ended": ended, "total": len(plan["variants"]) * len(plan["seeds"])},
        "variants": variants,
        "words": table.words,
    }


def _state(study: Study, held: Sequence[Run]) -> Literal["queued", "running", "finished", "cancelled"]:
    if all(run.is_terminal for run in held):
        return "finished" if study.cancelled_at is None else "cancelled"
    return "queued" if all(run.state == "queued" for run in held) else "running"


def _data(study: Study, held: Mapping[tuple[int, int], Run], sums: Mapping[str, Mapping[str, Series]]) -> StudyData:
    plan = study.plan

    def variant(number: int) -> Variant:
        ended = [(seed, held.get((number, seed))) for seed in plan["seeds"]]
        found = [_outcome(study, seed, run, sums[run.id]) for seed, run in ended if run is not None and run.state in ("finished", "failed")]
        return Variant(plan["variants"][number]["name"], tuple(found))

    baseline, *others = map(variant, range(len(plan["variants"])))
    primary = None if plan["primary"] is None else tuple(plan["primary"])
    return StudyData(plan["metric"], plan["goal"], baseline, tuple(others), primary=primary, vary=plan["vary"])


def _outcome(study: Study, seed: int, run: Run, sums: Mapping[str, Series]) -> Outcome:
    metric, accuracy = sums.get(study.plan["metric"]), sums.get("val/accuracy")
    best = None if metric is None else metric.min if study.plan["goal"] == "min" else metric.max
    value = best if study.plan["use"] == "best" else None if metric is None else metric.last
    chance = 1 / RunConfig.model_validate(run.config).dataset.shape.classes
    low = accuracy is not None and not accuracy.last > 2 * chance
    broken = metric is None or metric.non_finite > 0 or value is None or not isfinite(value)
    return Outcome(seed, value, diverged=run.state == "failed" or broken or low, finished=run.state == "finished")


def _variant(study: Study, number: int, row: Row, held: Mapping[tuple[int, int], Run]) -> StudyVariant:
    found = [held[number, seed].id for seed in study.plan["seeds"] if (number, seed) in held]
    paired = row.difference
    return {
        "name": row.name,
        "change": study.plan["variants"][number]["change"],
        "runs": found,
        "n": row.n,
        "mean": row.all.mean,
        "sd": row.all.sd,
        "median": row.all.median,
        "min": row.all.min,
        "max": row.all.max,
        "diverged": row.diverged,
        "missing": len(study.plan["seeds"]) - len(found),
        "difference": None
        if paired is None
        else {
            "mean": paired.mean,
            "ci95": None if paired.ci95 is None else list(paired.ci95),
            "p": paired.p,
            "p_holm": paired.p_holm,
            "effect": paired.effect,
            "pairs": paired.pairs,
        },
        "conclusion": row.conclusion,
        "words": row.words,
    }
