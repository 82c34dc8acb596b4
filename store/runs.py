"""Runs: adding, finding, listing. Deleting stands in trash.py. How a run moves from state to state stands in lifecycle.py."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from store import findings, heads, turns
from store.database import now
from store.errors import NameTaken, NotAClientRun, RunIsTerminal, RunNotFound
from store.ids import new_external_id, new_run_id
from store.search import leaves as _leaves  # noqa: F401 - keeps run_params and run_tags true to every run that is written
from store.tables import TERMINAL, TRASH, Project, Run
from trainer.config import RunConfig


def add_managed(
    session: Session,
    project: Project,
    config: RunConfig,
    *,
    name: str,
    tags: Sequence[str] = (),
    notes: str = "",
    baseline: Run | None = None,
    change: Sequence[Mapping[str, Any]] = (),
    rerun_of: Run | None = None,
    wanted_node: str | None = None,
    priority: int = 0,
    created_by: str | None = None,
) -> Run:
    """A queued run. Ring its doorbell after the commit."""
    run = _new(session, project, name=name, tags=tags, notes=notes, created_by=created_by)
    run.origin, run.state = "managed", "queued"
    run.config, run.config_digest, run.seed = config.model_dump(mode="json"), config.digest(), config.seed
    run.queue, run.wanted_node, run.priority = config.device.split(":")[0], wanted_node, priority
    run.total_steps = config.total_iterations
    run.baseline_id = None if baseline is None else baseline.id
    run.change = [dict(item) for item in change]
    run.rerun_of = None if rerun_of is None else rerun_of.id
    session.add(run)
    turns.state(session, run.id, "queued")
    return run


def add_client(
    session: Session,
    project: Project,
    config: Mapping[str, Any],
    *,
    name: str,
    tags: Sequence[str] = (),
    notes: str = "",
    external_id: str | None = None,
    created_by: str | None = None,
) -> Run:
    """A run that some other process trains: running from now on. Raises NameTaken when the project has that external id."""
    run = _new(session, project, name=name, tags=tags, notes=notes, created_by=created_by)
    run.external_id = external_id or run.external_id
    run.origin, run.state, run.config = "client", "running", dict(config)
    run.started_at = run.heartbeat_at = run.created_at
    try:
        with session.begin_nested():
            session.add(run)
    except IntegrityError as error:
        raise NameTaken(f"Project {project.path} already has a run with the external id {run.external_id!r}.") from error
    turns.state(session, run.id, "running")
    return run


def get(session: Session, run_id: str, entity: str | None = None) -> Run:
    """Raises RunNotFound, also when the run belongs to another entity than the one given."""
    run = session.get(Run, run_id, populate_existing=True)
    if run is None or not may_see(run, entity):
        raise RunNotFound(run_id)
    return run


def may_see(run: Run, entity: str | None) -> bool:
    """Whether there is such a run for callers of the entity, None being all; for nobody when it was deleted."""
    return run.project_id != TRASH and entity in (None, run.project.entity)


def get_many(session: Session, run_ids: Sequence[str], entity: str | None = None) -> list[Run]:
    """The runs in the order asked. Raises RunNotFound for the first that is missing."""
    found = {run.id: run for run in session.scalars(select(Run).where(Run.id.in_(run_ids)))}
    for run_id in run_ids:
        if run_id not in found or not may_see(found[run_id], entity):
            raise RunNotFound(run_id)
    return [found[run_id] for run_id in run_ids]


def edit(session: Session, run: Run, fields: Mapping[str, Any]) -> None:
    """The run has these values from now on; who follows its project is told."""
    session.get_one(Run, run.id, populate_existing=True, with_for_update={"of": Run})
    for field, value in fields.items():
        setattr(run, field, value)
    session.flush()
    heads.advance(session.connection(), run.id)


def count(session: Session, *, entity: str | None, project: Project | None) -> int:
    query = select(func.count()).select_from(Run).join(Project).where(*within(entity, project))
    return session.scalar(query) or 0


def reruns_of(session: Session, run_id: str) -> list[Run]:
    """Oldest first."""
    return list(session.scalars(select(Run).where(Run.rerun_of == run_id, Run.project_id != TRASH).order_by(Run.created_at, Run.id)))


def queue_positions(session: Session, runs: Sequence[Any]) -> dict[str, int]:
    """For each queued run its place in its queue, the next one to start being 1."""
    asked = [run.id for run in runs if run.state == "queued"]
    if not asked:
        return {}
    place = func.row_number().over(partition_by=Run.queue, order_by=(Run.priority.desc(), Run.created_at, Run.id))
    line = select(Run.id, place.label("place")).where(Run.state == "queued").subquery()
    return {row.id: row.place for row in session.execute(select(line).where(line.c.id.in_(asked)))}


def queued(session: Session, entity: str | None, limit: int) -> list[Run]:
    """Queued and running runs, those that run first, then in the order they will start."""
    query = select(Run).where(Run.state.in_(("queued", "running")), Run.origin == "managed", *within(entity, None))
    query = query.order_by(Run.state.desc(), Run.priority.desc(), Run.created_at, Run.id)
    return list(session.scalars(query.limit(limit)))


def must_take_writes(run_id: str, origin: str, state: str) -> None:
    """Raises NotAClientRun, RunIsTerminal."""
    if origin != "client":
        raise NotAClientRun(f"Run {run_id} is trained by a worker, which alone writes to it.")
    if state in TERMINAL:
        raise RunIsTerminal(f"Run {run_id} is {state}; nothing more can be written to it.")


def touch_client(session: Session, run: Run) -> None:
    """Note a sign of life; a crashed run is running again. The run's row stays locked to the end of the transaction.

    Raises NotAClientRun, RunIsTerminal.
    """
    if run.origin != "client":
        raise NotAClientRun(f"Run {run.id} is trained by a worker, which alone writes to it.")
    alive = update(Run).where(Run.id == run.id, Run.project_id != TRASH).values(state="running", reason=None, heartbeat_at=now()).returning(Run.id)
    if session.scalar(alive.where(Run.state == "running")) is not None:
        return
    if session.scalar(alive.where(Run.state == "crashed")) is not None:
        turns.state(session, run.id, "running")
        return
    raise RunIsTerminal(f"Run {run.id} is {get(session, run.id).state}; nothing more can be written to it.")


def finish_client(session: Session, run: Run, state: str, reason: str | None) -> Run:
    """The run, ended. Ending it again the same way changes nothing. Raises RunIsTerminal when it ended another way, NotAClientRun."""
    run = session.get_one(Run, run.id, populate_existing=True, with_for_update={"of": Run})
    if run.is_terminal and run.origin == "client" and run.state == state:
        return run
    touch_client(session, run)
    run = get(session, run.id)
    run.state, run.reason, run.finished_at = state, reason, session.scalar(select(now()))
    turns.state(session, run.id, state, reason)
    findings.note(session, run)
    return run


def _new(session: Session, project: Project, *, name: str, tags: Sequence[str], notes: str, created_by: str | None) -> Run:
    return Run(
        id=new_run_id(),
        external_id=new_external_id(),
        project=project,
        name=name,
        tags=list(tags),
        notes=notes,
        created_by=created_by,
        created_at=session.scalar(select(now())),
        attempt=0,
        priority=0,
        archived=False,
        change=[],
        digests={},
        environment={},
    )


def within(entity: str | None, project: Project | None) -> list[ColumnElement[bool]]:
    """The runs of a project, of an entity, or of all; never those that were deleted."""
    if project is not None:
        return [Run.project_id == project.id]
    return [Run.project_id != TRASH] if entity is None else [Run.project_id.in_(select(Project.id).where(Project.entity == entity))]
