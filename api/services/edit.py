"""What happens to a run after it was taken: edited, cancelled; and what a client that trains elsewhere writes to it."""

from collections.abc import Iterable

import orjson
from sqlalchemy.orm import Session

from api.answers import Answer
from api.auth import Caller
from api.idempotency import Once, answer_once
from api.parts import Parts
from api.problems import InvalidValue
from api.schemas.others import ArtifactShown
from api.schemas.runs import ClientEnd, ClientEvidence, RunPatch, RunShown
from api.services import show
from api.services.artifacts import artifact_shown
from store import archive, artifacts, lifecycle, logs, runs
from store import evidence as client_evidence
from store.artifacts import Blob
from store.tables import Run

LARGEST_ENVIRONMENT = 100_000


def patch(parts: Parts, caller: Caller, run_id: str, change: RunPatch) -> RunShown:
    with parts.db.begin() as session:
        run = runs.get(session, run_id, caller.entity)
        runs.edit(session, run, change.model_dump(exclude_unset=True, exclude={"archived"}))
        if "archived" in change.model_fields_set:
            archive.move(session, [Run.id == run.id], change.archived)
            session.refresh(run)
        return show.shown(session, run)


def cancel(parts: Parts, caller: Caller, run_id: str) -> RunShown:
    """The run, cancelled at once if it was queued, else as soon as its worker or its wandb SDK hears of it. Raises RunIsTerminal, NotAManagedRun."""
    with parts.db.begin() as session:
        run = lifecycle.request_cancel(session, runs.get(session, run_id, caller.entity))
        return show.shown(session, run)


def finish(parts: Parts, caller: Caller, run_id: str, end: ClientEnd) -> RunShown:
    """The ended run; ending it again the same way changes nothing. Raises RunIsTerminal, NotAClientRun."""
    with parts.db.begin() as session:
        run = runs.finish_client(session, runs.get(session, run_id, caller.entity), end.state, end.reason)
        return show.shown(session, run)


def heartbeat(parts: Parts, caller: Caller, run_id: str) -> RunShown:
    with parts.db.begin() as session:
        run = _touched(session, caller, run_id)
        return show.shown(session, run)


def evidence(parts: Parts, caller: Caller, run_id: str, told: ClientEvidence) -> RunShown:
    """The run, with what its client says of it. Raises NotAClientRun, RunIsTerminal."""
    if len(orjson.dumps(told.environment)) > LARGEST_ENVIRONMENT:
        raise InvalidValue("/environment", f"takes at most {LARGEST_ENVIRONMENT:,} bytes of JSON")
    chain = {link.step: {str(part): digest for part, digest in link.parts.items()} for link in told.chain}
    with parts.db.begin() as session:
        run = runs.get(session, run_id, caller.entity)
        client_evidence.keep(session, run, told.digests.model_dump(exclude_none=True), told.environment, chain)
        return show.shown(session, run)


def log(parts: Parts, caller: Caller, run_id: str, lines: list[str], once: Once | None) -> Answer:
    """Which number the first of the lines got."""
    with parts.db.begin() as session:

        def make() -> Answer:
            run = _touched(session, caller, run_id)
            return Answer.of(200, {"first": logs.append(session, run.id, run.attempt, lines), "count": len(lines)})

        return answer_once(session, once, make)


def must_take_artifacts(parts: Parts, caller: Caller, run_id: str) -> None:
    """Raises NotAClientRun, RunIsTerminal, RunNotFound: before a large body is read for nothing."""
    with parts.db.read() as session:
        run = runs.get(session, run_id, caller.entity)
    runs.must_take_writes(run.id, run.origin, run.state)


def put_artifact(parts: Parts, caller: Caller, run_id: str, name: str, pieces: Iterable[bytes]) -> ArtifactShown:
    """The artifact, in place of an earlier one of that name."""
    blob: Blob = parts.files.put(pieces)
    with parts.db.begin() as session:
        run = _touched(session, caller, run_id)
        return artifact_shown(artifacts.add(session, run.id, run.attempt, name, blob))


def _touched(session: Session, caller: Caller, run_id: str) -> Run:
    run = runs.get(session, run_id, caller.entity)
    runs.touch_client(session, run)
    return runs.get(session, run_id, caller.entity)
