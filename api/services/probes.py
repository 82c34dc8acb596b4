"""Trying a layer: what is asked for is put down, a worker does it."""

import time
from collections.abc import Awaitable, Callable

import anyio
import orjson
from anyio import to_thread
from pydantic import ValidationError
from sqlalchemy.orm import Session

from api.answers import Answer, rfc3339, rfc3339_or_null
from api.auth import Caller
from api.idempotency import Once, answer_once
from api.parts import Parts
from api.problems import InvalidValue, Problem, refused_config
from api.schemas.layers import ProbeShown
from store import probes, runs
from store.errors import RunNotFound
from store.layer_tables import Probe as Row
from trainer.config import RunConfig
from trainer.probe import OfRun, Probe

LOOK_EVERY_S = 0.1
ENDED = ("finished", "failed")


async def ask(parts: Parts, caller: Caller, new: Probe, wait_s: float, once: Once | None, is_gone: Callable[[], Awaitable[bool]]) -> Answer:
    """202 with the queued probe, or 200 once it has ended within `wait_s`. Nothing is held while it waits; a caller who is gone ends it."""
    answer = await to_thread.run_sync(add, parts, caller, new, once)
    probe_id = orjson.loads(answer.body)["id"]
    until = time.monotonic() + wait_s
    while time.monotonic() < until and not await is_gone():
        await anyio.sleep(min(LOOK_EVERY_S, max(0.0, until - time.monotonic())))
        found = await to_thread.run_sync(show, parts, caller, probe_id)
        if found["state"] in ENDED:
            return Answer.of(200, found)
    return answer


def add(parts: Parts, caller: Caller, new: Probe, once: Once | None) -> Answer:
    """202 with the queued probe. Raises InvalidValue for a run or shape that will not do, Problem 503 while too many wait."""
    with parts.db.begin() as session:

        def make() -> Answer:
            if probes.waiting(session) >= probes.MOST_WAITING:
                raise Problem(503, f"{probes.MOST_WAITING} probes wait already; try again.", headers={"Retry-After": "5"})
            probe, config = _settled(session, caller, new)
            kept = None if config is None else config.model_dump(mode="json")
            row = probes.add(session, probe.model_dump(mode="json"), kept, entity=caller.entity, created_by=caller.key_id)
            return Answer.of(202, _shown(row), Location=f"/api/v1/probes/{row.id}")

        return answer_once(session, once, make)


def show(parts: Parts, caller: Caller, probe_id: str) -> ProbeShown:
    """Raises ProbeNotFound."""
    with parts.db.read() as session:
        return _shown(probes.get(session, probe_id, caller.entity))


def remove(parts: Parts, caller: Caller, probe_id: str) -> None:
    """Raises ProbeNotFound."""
    with parts.db.begin() as session:
        probes.remove(session, probes.get(session, probe_id, caller.entity))


def _settled(session: Session, caller: Caller, new: Probe) -> tuple[Probe, RunConfig | None]:
    """The probe with its shape, and the config of the run it takes its images from."""
    if not isinstance(new.input, OfRun):
        return new, None
    try:
        run = runs.get(session, new.input.run, caller.entity)
    except RunNotFound as error:
        raise InvalidValue("/input/run", str(error)) from error
    if run.origin != "managed":
        raise InvalidValue("/input/run", f"Run {run.id} was logged by a client: nobody here knows its images.")
    config = RunConfig.model_validate(run.config)
    try:
        return new.of(config), config
    except ValidationError as error:
        raise refused_config(error, new.model_dump(mode="json")) from error


def _shown(row: Row) -> ProbeShown:
    found = probes.result(row) or {}
    asked = row.request
    return {
        "id": row.id,
        "state": row.state,  # type: ignore[typeddict-item]
        "reason": row.reason,
        "layer": asked["layer"],
        "input": asked["input"],
        "shape": asked["shape"],
        "mode": asked["mode"],
        "seed": asked["seed"],
        "created_at": rfc3339(row.created_at),
        "finished_at": rfc3339_or_null(row.finished_at),
        "expires_at": rfc3339(row.created_at + probes.KEPT_S),
        "before": found.get("before"),
        "after": found.get("after"),
        "buffers": found.get("buffers"),
        "torch": found.get("torch"),
    }
