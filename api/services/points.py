"""Taking points: what is acknowledged is committed."""

from collections.abc import Callable

from anyio import to_thread
from starlette.requests import Request

from api import numbers
from api.auth import Caller
from api.combiner import Append
from api.parts import Parts
from api.point_bodies import Sent
from api.schemas.points import AppendedPoints
from store.series import Appended

QUICK_BYTES = 100_000
QUICK_REFUSALS = 1000


async def append(parts: Parts, caller: Caller, run_id: str, request: Request, read: Callable[[bytes], Sent]) -> AppendedPoints:
    """What was taken of the request's body and what was not; durable when this returns.

    Raises Problem 400 and 422, NotAClientRun, RunIsTerminal, RunNotFound, and Busy when too much is under way.
    """
    size_bytes = int(request.headers.get("content-length", parts.settings.body_limit_bytes))
    with parts.combiner.arriving.take(size_bytes):
        body = await request.body()
    with parts.combiner.waiting.take(len(body)):
        # A thread for what is large: decoding a million values must not hold the loop. What is small is done before a thread would wake.
        sent = read(body) if len(body) < QUICK_BYTES else await to_thread.run_sync(read, body)
        appended = await parts.combiner.append(Append(run_id, caller.entity, sent.groups, sent.has_times, len(body)))
    parts.metrics.count_points(appended.accepted, appended.refused_count)
    return shown_of(appended) if len(appended.refused) < QUICK_REFUSALS else await to_thread.run_sync(shown_of, appended)


def shown_of(appended: Appended) -> AppendedPoints:
    shown: AppendedPoints = {
        "accepted": appended.accepted,
        "refused": [
            {
                "metric": item.metric,
                "step": item.step,
                "reason": item.reason,
                "held": numbers.out(item.held),
                "got": numbers.number(item.got),
            }
            for item in appended.refused
        ],
    }
    return shown if appended.refused_count == len(appended.refused) else {**shown, "refused_count": appended.refused_count}
