"""Sweeps and their agents: made, found, set to a state. What is given out is in trials.py."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from analysis.sweeps import plan as plans
from analysis.sweeps.plan import Plan
from store.database import now
from store.errors import Conflict, NotFound
from store.ids import new_external_id, new_id
from store.sweep_tables import SWEEP_STATES, Sweep, SweepAgent, Trial
from store.tables import Project, Run

ENDED = ("CANCELED", "FINISHED")
AGENT_TIMEOUT_S = 300.0  # without a word from it an agent counts as gone: as long as a client run


def add(session: Session, project: Project, config: str, created_by: str | None = None, prior_runs: Sequence[str] = ()) -> tuple[Sweep, Plan]:
    """A sweep that runs, and its plan. Raises PlanError."""
    plan = plans.read(config)
    moment = session.scalar(select(now())) or 0.0
    sweep = Sweep(id=new_id(), project_id=project.id, name=new_external_id(), config=config, state="RUNNING", created_at=moment, updated_at=moment)
    sweep.display_name, sweep.description, sweep.next_place, sweep.prior_runs = plan.name, plan.description, 0, list(prior_runs)
    sweep.created_by = created_by
    session.add(sweep)
    session.flush()
    return sweep, plan


def by_id(session: Session, sweep_id: str) -> Sweep:
    """The sweep, locked until the transaction ends. Raises NotFound."""
    sweep = session.get(Sweep, sweep_id, with_for_update=True)
    if sweep is None:
        raise NotFound("sweep", sweep_id)
    return sweep


def find(session: Session, project: Project, name: str) -> Sweep | None:
    return session.scalars(select(Sweep).where(Sweep.project_id == project.id, Sweep.name == name)).one_or_none()


def page(session: Session, project: Project, after: tuple[float, str] | None, limit: int, name: str | None = None) -> list[Sweep]:
    """Newest first; with `name` only the one that is called so."""
    query = select(Sweep).where(Sweep.project_id == project.id).order_by(Sweep.created_at.desc(), Sweep.id.desc()).limit(limit)
    if after is not None:
        query = query.where(or_(Sweep.created_at < after[0], and_(Sweep.created_at == after[0], Sweep.id < after[1])))
    return list(session.scalars(query if name is None else query.where(Sweep.name == name)))


def count(session: Session, project: Project) -> int:
    return session.scalar(select(func.count()).where(Sweep.project_id == project.id)) or 0


def set_state(session: Session, sweep: Sweep, state: str) -> None:
    """Raises Conflict for a state that there is not, or that cannot follow."""
    if state not in SWEEP_STATES:
        raise Conflict(f"A sweep is RUNNING, PAUSED, CANCELED or FINISHED; got {state[:80]!r}.")
    if state == "PAUSED" and sweep.state in ENDED:
        raise Conflict(f"Sweep {sweep.name} is {sweep.state.lower()} and cannot be paused.")
    sweep.state, sweep.updated_at = state, session.scalar(select(now())) or 0.0
    session.flush()


def edit(session: Session, sweep: Sweep, *, config: str | None, display_name: str | None, description: str | None) -> Plan | None:
    """What is None stays. A new config is that of the runs given out from now on. Raises PlanError."""
    plan = None if config is None else plans.read(config)
    if plan is not None and config is not None:
        sweep.config = config
    sweep.display_name = display_name if display_name is not None else sweep.display_name
    sweep.description = description if description is not None else sweep.description
    sweep.updated_at = session.scalar(select(now())) or 0.0
    session.flush()
    return plan


def add_agent(session: Session, sweep: Sweep, host: str) -> SweepAgent:
    moment = session.scalar(select(now())) or 0.0
    agent = SweepAgent(id=new_id(), sweep_id=sweep.id, host=host[:256], created_at=moment, heartbeat_at=moment)
    session.add(agent)
    session.flush()
    return agent


def agents(session: Session, sweep: Sweep, limit: int = 1000) -> list[SweepAgent]:
    """Oldest first."""
    mine = select(SweepAgent).where(SweepAgent.sweep_id == sweep.id)
    return list(session.scalars(mine.order_by(SweepAgent.created_at, SweepAgent.id).limit(limit)))


def runs_of(sweep: Sweep) -> list[ColumnElement[bool]]:
    """Of runs: that this sweep gave them out."""
    mine = select(Trial.external_id).where(Trial.sweep_id == sweep.id)
    return [Run.project_id == sweep.project_id, Run.external_id.in_(mine)]


def run_count(session: Session, sweep: Sweep) -> int:
    """Runs that began, of those that were given out."""
    return session.scalar(select(func.count()).select_from(Run).where(*runs_of(sweep))) or 0
