"""What two runs left behind, gathered for a verdict; and what a client says of a run that it trained."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.evidence import Evidence
from analysis.points import Column
from store import chain, heads, runs, series
from store.tables import Attempt, ClientEvidence, Run
from trainer.config import resolved

Chain = Mapping[int, Mapping[str, str]]


def of(session: Session, run: Run) -> Evidence:
    """Everything a verdict looks at."""
    names = series.metric_names(session, run.id)
    held = {name: series.read(session, run.id, name) for name in names if not name.startswith("system/")}
    told = told_by_client(session, run)
    return Evidence(
        run_id=run.id,
        state=run.state,
        reason=run.reason,
        config=resolved(run.config) if run.origin == "managed" or told else run.config,
        config_digest=run.config_digest,
        digests=told.digests if told else run.digests,
        environment=run.environment,
        series={name: Column(column.steps, column.values) for name, column in held.items()},
        chain={int(step): parts for step, parts in told.chain.items()} if told else chain.read(session, run.id),
        resumed=resumed(session, run.id),
        origin=run.origin,
    )


def resumed(session: Session, run_id: str) -> tuple[int, ...]:
    """The steps at which later attempts took up a checkpoint, in the order of the attempts."""
    taken_up = select(Attempt.resumed_from).where(Attempt.run_id == run_id, Attempt.resumed_from.is_not(None)).order_by(Attempt.number)
    return tuple(step for step in session.scalars(taken_up) if step is not None)


def keep(session: Session, run: Run, digests: Mapping[str, str], environment: Mapping[str, Any], links: Chain) -> None:
    """Note what the client says, in place of what it said before. Raises NotAClientRun, RunIsTerminal."""
    runs.touch_client(session, run)
    run.environment = dict(environment)
    session.merge(ClientEvidence(run_id=run.id, digests=dict(digests), chain={str(step): dict(parts) for step, parts in links.items()}))
    session.flush()
    heads.advance(session.connection(), run.id)


def told_by_client(session: Session, run: Run) -> ClientEvidence | None:
    """None for a managed run, and for one whose client said nothing."""
    return session.get(ClientEvidence, run.id) if run.origin == "client" else None
