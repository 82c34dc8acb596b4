"""Taking a run: what its config becomes, what it changes, what it is called, and the row."""

from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy.orm import Session

from analysis import diff
from api.answers import Answer
from api.auth import Caller
from api.idempotency import Once, answer_once
from api.parts import Parts
from api.problems import InvalidValue, Problem
from api.schemas.runs import DryRun, NewClientRun, NewManagedRun
from api.services import datasets, names, show
from store import lifecycle, nodes, projects, runs
from store.errors import RunNotFound
from store.tables import Run
from trainer.config import RunConfig
from trainer.door import NetworkConfig
from trainer.memory import TooMuchMemory, check_memory, estimate_duration_s
from trainer.networks import Model

LARGEST_CLIENT_CONFIG = 1_000_000
LONGEST_NAME = 256


@dataclass(frozen=True)
class Draft:
    """A managed run before it is stored: the config with its device settled, and what it changes against its baseline."""

    config: RunConfig
    baseline: Run | None
    change: list[dict[str, Any]]
    factors: list[str]
    name: str


def submit(parts: Parts, caller: Caller, new: NewManagedRun, once: Once | None) -> Answer:
    """202 with the queued run. Raises Problem too-many-changes, ProjectNotFound."""
    added: list[Run] = []
    with parts.db.begin() as session:

        def make() -> Answer:
            added.append(_add(session, parts, caller, new))
            return Answer.of(202, show.shown(session, added[0]), Location=location(added[0]))

        answer = answer_once(session, once, make)
    for run in added:
        parts.queue.ring(run.id, lifecycle.doorbell(run))  # after the commit: a worker must be able to see the row
    return answer


def dry_run(parts: Parts, caller: Caller, new: NewManagedRun) -> DryRun:
    """What `submit` would store. Many changes are listed and not refused."""
    entity, name = names.usable(caller, parts.settings, new.project)
    with parts.db.read() as session:
        draft = _draft(session, parts, caller, new)
        flags = new.allow_many_changes or projects.flags_many_changes(projects.find(session, entity, name))
    return {
        "config": draft.config.model_dump(mode="json"),
        "config_digest": draft.config.digest(),
        "change": draft.change,  # type: ignore[typeddict-item]
        "factors": draft.factors,
        "warnings": show.flagged(draft.factors) if flags or len(draft.factors) < 2 else [_too_many(draft).detail],
        "estimate_s": estimate_duration_s(draft.config),
    }


def submit_client(parts: Parts, caller: Caller, new: NewClientRun, once: Once | None) -> Answer:
    """201 with the running run. Raises NameTaken, ProjectNotFound."""
    if len(orjson.dumps(new.config)) > LARGEST_CLIENT_CONFIG:
        raise InvalidValue("/config", f"takes an object of at most {LARGEST_CLIENT_CONFIG:,} bytes")

    with parts.db.begin() as session:

        def make() -> Answer:
            project = names.find_or_add(session, caller, parts.settings, new.project)
            name = new.name or (new.external_id and f"run {new.external_id}") or "client run"
            run = runs.add_client(
                session,
                project,
                new.config,
                name=name,
                tags=new.tags,
                notes=new.notes,
                external_id=new.external_id,
                created_by=caller.key_id,
            )
            return Answer.of(201, show.shown(session, run), Location=location(run))

        return answer_once(session, once, make)


def location(run: Run) -> str:
    return f"/api/v1/runs/{run.id}"


def _add(session: Session, parts: Parts, caller: Caller, new: NewManagedRun) -> Run:
    draft = _draft(session, parts, caller, new)
    project = names.find_or_add(session, caller, parts.settings, new.project)
    if len(draft.factors) > 1 and not new.allow_many_changes and not projects.flags_many_changes(project):
        raise _too_many(draft)
    datasets.must_be_here(session, draft.config)
    run = runs.add_managed(
        session,
        project,
        draft.config,
        name=draft.name,
        tags=new.tags,
        notes=new.notes,
        baseline=draft.baseline,
        change=draft.change,
        priority=new.priority,
        created_by=caller.key_id,
    )
    run.rung_at = run.created_at  # it is about to be; the reaper rings again for a run that nobody hears of
    return run


def _draft(session: Session, parts: Parts, caller: Caller, new: NewManagedRun) -> Draft:
    try:
        check_memory(new.config, parts.settings.memory_limit_mb)
    except TooMuchMemory as error:
        raise InvalidValue(error.pointer, str(error)) from error
    config = with_device(session, new.config)
    baseline = _baseline(session, caller, new.baseline)
    if baseline is None:
        return Draft(config, None, [], [], new.name or _name(config))
    base = RunConfig.model_validate(baseline.config)
    change = [item.document() for item in diff.config_changes(base, config)]
    return Draft(config, baseline, change, diff.changed_factors(base, config), new.name or diff.change_words(base, config)[:LONGEST_NAME])


def with_device(session: Session, config: RunConfig) -> RunConfig:
    """The config with `auto` settled: a GPU when some living node has one. What is stored says where the run is to be trained."""
    if config.device != "auto":
        return config
    has_gpu = any("cuda" in node.queues for node in nodes.alive(session))
    return config.model_copy(update={"device": "cuda" if has_gpu else "cpu"})


def _baseline(session: Session, caller: Caller, run_id: str | None) -> Run | None:
    if run_id is None:
        return None
    try:
        baseline = runs.get(session, run_id, caller.entity)
    except RunNotFound as error:
        raise InvalidValue("/baseline", str(error)) from error
    if baseline.origin != "managed":
        raise InvalidValue("/baseline", f"Run {run_id} was logged by a client: its config cannot be compared factor by factor.")
    return baseline


def _too_many(draft: Draft) -> Problem:
    named = ", ".join(draft.factors)
    detail = f"This changes {len(draft.factors)} factors against the baseline, {named}; one at a time can be told apart, or say allow_many_changes."
    return Problem(422, detail, type="too-many-changes", title="Too many changes", factors=draft.factors, change=draft.change)


def _name(config: RunConfig) -> str:
    """The config in a few words, for a run that nobody named."""
    model = config.model
    words = [config.dataset.name, model.kind, *([] if isinstance(model, NetworkConfig) else _layer_words(model))]
    words += [config.optimizer.kind, "" if config.scheduler.kind == "constant" else config.scheduler.kind]
    return " ".join(word for word in words if word)[:LONGEST_NAME]


def _layer_words(model: Model) -> list[str]:
    norm = "" if model.norm.kind == "none" else f"{model.norm.kind} norm"
    return ["-".join(map(str, model.sizes[:4])), norm, "dropout" if model.dropout.p else ""]
