"""Taking studies, adding to them, cancelling, editing and deleting them."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from analysis.significance import seeds_needed
from api import paging
from api.answers import Answer
from api.auth import Caller
from api.idempotency import Once, answer_once
from api.parts import Parts
from api.schemas.base import Page
from api.schemas.studies import NewChanges, NewSeeds, NewStudy, StudyDryRun, StudyListed, StudyPatch, StudyShown
from api.services import estimate, names, submit
from api.services.study_plan import must_fit, must_fit_memory, planned, warnings, with_changes
from api.services.study_queue import Cells, fill, ring
from api.services.study_shown import listed, shown
from store import lifecycle, projects, studies, study_runs
from store.batch import NewRun
from store.errors import Conflict, StudyIsActive, StudyIsCancelled
from store.study_plans import StudyPlan
from store.study_runs import Place
from store.tables import Project, Study

CANCELLED_AT_ONCE = 500  # places of a study: others who write wait for them
REST_S = 0.05
Growing = Callable[[Session, Study, StudyPlan], tuple[StudyPlan, Cells, dict[str, Any] | None]]


def add(parts: Parts, caller: Caller, new: NewStudy, once: Once | None) -> Answer:
    """202 with the study, whose missing runs are queued. Raises InvalidValue, Problem too-many-changes, ProjectNotFound."""
    plan = _settled(parts, caller, new)
    cells = Cells.of(plan, range(len(plan.variants)), plan.seeds)
    queued: list[NewRun] = []
    with parts.db.begin() as session:

        def make() -> Answer:
            project = names.find_or_add(session, caller, parts.settings, new.project)
            study = studies.add(session, project, new.name, plan, caller.key_id)
            queued.extend(fill(session, study, project, cells, caller, {}))
            return Answer.of(202, shown(session, parts, study, project), Location=f"/api/v1/studies/{study.id}")

        answer = answer_once(session, once, make)
    ring(parts, queued)
    return answer


def dry_run(parts: Parts, caller: Caller, new: NewStudy) -> StudyDryRun:
    """What `add` would queue, and for how long that would keep the workers busy."""
    entity, name = names.usable(caller, parts.settings, new.project)
    plan = _settled(parts, caller, new)
    cells = Cells.of(plan, range(len(plan.variants)), plan.seeds)
    with parts.db.read() as session:
        project = projects.find(session, entity, name)
        held = study_runs.reusable(session, project, cells.digests, lock=False) if project else {}
        variant_of = {cell.digest: cell.variant for cell in cells.cells if cell.digest not in held}
        counts: dict[Any, int] = {}
        for variant in variant_of.values():
            counts[plan.variants[variant].config] = counts.get(plan.variants[variant].config, 0) + 1
        time_needed = estimate.expected(session, caller.entity, counts)
    return {
        "runs": len(variant_of),
        "reused": plan.runs - len(variant_of),
        "seeds_needed": seeds_needed(plan.contrasts),
        "warnings": warnings(plan),
        "estimate_s": time_needed.wall_s,
        "train_s": time_needed.train_s,
        "estimated_from": time_needed.past_runs,
        "variants": [each.name for each in plan.variants],
    }


def listing(parts: Parts, caller: Caller, project: str, limit: int, cursor: str | None, archived: bool) -> Page[StudyListed]:
    """Newest first. Raises ProjectNotFound, Problem 400 for a bad cursor."""
    place = paging.decode(cursor, "studies", float, str)
    with parts.db.read() as session:
        found = names.find(session, caller, parts.settings, project)
        items, last = paging.split(studies.of_project(session, found, limit + 1, archived, place), limit)
        cursor = paging.encode("studies", last.created_at, last.id) if last else None
        return {"items": listed(session, items, found), "next_cursor": cursor}


def show(parts: Parts, caller: Caller, study_id: str) -> StudyShown:
    """Raises StudyNotFound."""
    with parts.db.read() as session:
        return shown(session, parts, *studies.get(session, study_id, caller.entity))


def add_seeds(parts: Parts, caller: Caller, study_id: str, new: NewSeeds, once: Once | None) -> Answer:
    """202 with the study; seeds that it has already change nothing. Raises StudyNotFound, StudyIsCancelled, InvalidValue."""

    def grow(_session: Session, _study: Study, plan: StudyPlan) -> tuple[StudyPlan, Cells, dict[str, Any] | None]:
        seeds = [seed for seed in dict.fromkeys(new.seeds) if seed not in set(plan.seeds)]
        grown = must_fit(replace(plan, seeds=(*plan.seeds, *seeds)))
        return grown, Cells.of(grown, range(len(grown.variants)), seeds), {"seeds": seeds} if seeds else None

    return _grown(parts, caller, study_id, once, grow)


def add_changes(parts: Parts, caller: Caller, study_id: str, new: NewChanges, once: Once | None) -> Answer:
    """202 with the study. Raises StudyNotFound, StudyIsCancelled, InvalidValue, Problem too-many-changes."""

    def grow(session: Session, study: Study, plan: StudyPlan) -> tuple[StudyPlan, Cells, dict[str, Any] | None]:
        project = session.get_one(Project, study.project_id)
        grown = must_fit(with_changes(plan, plan.variants[0].config, new.changes, projects.flags_many_changes(project)))
        more = range(len(plan.variants), len(grown.variants))
        must_fit_memory([grown.variants[number].config for number in more], parts.settings.memory_limit_mb, "/changes")
        return grown, Cells.of(grown, more, plan.seeds), {"changes": [grown.variants[number].name for number in more]}

    return _grown(parts, caller, study_id, once, grow)


def retry(parts: Parts, caller: Caller, study_id: str, once: Once | None) -> Answer:
    """202 with the study: what failed, was cancelled or was deleted of it is queued anew, and a cancelled study goes on. Raises StudyNotFound."""

    def grow(session: Session, study: Study, plan: StudyPlan) -> tuple[StudyPlan, Cells, dict[str, Any] | None]:
        study.cancelled_at = None
        standing = study_runs.standing(session, study.id)
        lost = [place for place in _places(plan) if place not in standing or standing[place].state in ("failed", "cancelled")]
        return plan, Cells.at(plan, lost), None

    return _grown(parts, caller, study_id, once, grow)


def cancel(parts: Parts, caller: Caller, study_id: str) -> StudyShown:
    """The study; runs that it had queued end, except those that another study waits for. Raises StudyNotFound."""
    with parts.db.begin() as session:
        study, _ = studies.get(session, study_id, caller.entity, lock=True)
        study.cancelled_at = study.cancelled_at or studies.moment(session)
    after: Place | None = study_runs.BEFORE_ALL
    while after is not None:
        with parts.db.begin() as session:
            began = time.monotonic()
            after = _cancel_some(session, study, after)
        if after is not None:
            time.sleep(min(REST_S, time.monotonic() - began))  # others have their turn
    return show(parts, caller, study_id)


def edit(parts: Parts, caller: Caller, study_id: str, change: StudyPatch) -> StudyShown:
    """Raises StudyNotFound."""
    with parts.db.begin() as session:
        study, project = studies.get(session, study_id, caller.entity, lock=True)
        for field in change.model_fields_set:
            setattr(study, field, getattr(change, field))
        session.flush()
        return shown(session, parts, study, project)


def remove(parts: Parts, caller: Caller, study_id: str) -> None:
    """The runs stay. Raises StudyNotFound, StudyIsActive."""
    with parts.db.begin() as session:
        study, _ = studies.get(session, study_id, caller.entity, lock=True)
        active = sum(not run.is_terminal for run in study_runs.standing(session, study.id).values())
        if active:
            raise StudyIsActive(study.id, active)
        studies.remove(session, study)


def _cancel_some(session: Session, study: Study, after: Place) -> Place | None:
    """The last of the places behind `after` whose runs were just cancelled; None when there were no more."""
    study_runs.lock_project(session, study.project_id)
    last = study_runs.last_of(session, study.id, after, CANCELLED_AT_ONCE)
    if last is not None:
        lifecycle.request_cancels(session, study_runs.to_cancel(study.id, after, last))
    return last


def _grown(parts: Parts, caller: Caller, study_id: str, once: Once | None, grow: Growing) -> Answer:
    queued: list[NewRun] = []
    with parts.db.begin() as session:
        study, project = studies.get(session, study_id, caller.entity, lock=True)

        def make() -> Answer:
            queued.extend(_grow(session, caller, study, project, grow))
            return Answer.of(202, shown(session, parts, study, project), Location=f"/api/v1/studies/{study.id}")

        answer = answer_once(session, once, make)
    ring(parts, queued)
    return answer


def _grow(session: Session, caller: Caller, study: Study, project: Project, grow: Growing) -> list[NewRun]:
    try:
        plan, cells, added = grow(session, study, StudyPlan.of(study.plan))
    except ValidationError as error:
        raise Conflict(f"A config of study {study.id} is not understood here any more: {error.errors()[0]['msg']}") from error
    study.ended_at = study.runs_ended = study.runs_failed = None
    standing = study_runs.standing(session, study.id)
    if study.cancelled_at is not None:
        raise StudyIsCancelled(study.id)
    if added is not None:
        ended = sum(run.is_terminal for run in standing.values())
        study.plan = replace(plan, additions=(*plan.additions, {"at": studies.moment(session), "ended": ended, **added})).row()
    return fill(session, study, project, cells, caller, standing)


def _places(plan: StudyPlan) -> list[Place]:
    return [(variant, seed) for seed in plan.seeds for variant in range(len(plan.variants))]


def _settled(parts: Parts, caller: Caller, new: NewStudy) -> StudyPlan:
    """The plan with its device settled, which all variants share that do not say another."""
    entity, name = names.usable(caller, parts.settings, new.project)
    with parts.db.read() as session:
        settled = new.model_copy(update={"baseline": submit.with_device(session, new.baseline)})
        takes_many = projects.flags_many_changes(projects.find(session, entity, name))
    plan = planned(settled, takes_many)
    must_fit_memory([plan.variants[0].config], parts.settings.memory_limit_mb, "/baseline")
    must_fit_memory([each.config for each in plan.variants[1:]], parts.settings.memory_limit_mb, "/changes")
    return plan
