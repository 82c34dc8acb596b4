"""A project followed while its runs go on: which runs are new or edited, their states, the latest sums of their metrics."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from api.auth import Caller
from api.hub import Follower
from api.parts import Parts
from api.problems import Problem
from api.schemas.runs import RunListed
from api.services import names, show
from api.services.alerts import alert_shown
from api.services.follow import number
from api.streams import EventStream, Piece, event
from store import alerts, runs, stamps
from store.stamps import Lately
from store.tables import Alert

EVERY_S = 0.3
RUNS_AT_ONCE = 20
METRICS_AT_ONCE = 1000
MOST_REMEMBERED = 2000
ALERTS_FOR_S = 30.0  # a run that the stream has not spoken of yet may have raised some long before
OF_STATE = ("state", "reason", "started_at", "finished_at", "attempt", "node", "queue_position", "waiting_for")
OF_METRICS = ("progress", "metrics")


@dataclass(frozen=True)
class Standing:
    """Up to which mark all was told, and within what was written since then up to which stamp and run; `told` remembers runs as they were told."""

    mark: int
    after: tuple[int, str]
    told: Mapping[str, Mapping[str, int]]
    is_new: bool = False


def project(parts: Parts, caller: Caller, entity: str, name: str, last_id: str | None) -> EventStream[Standing]:
    """The project's events after the one with that id; from now on without one. Raises ProjectNotFound, Problem 400."""
    mark = None if last_id is None else number(last_id)
    with parts.db.read() as session:
        project_id = names.get(session, caller, entity, name).id
        newest = stamps.mark(session)
    if mark is not None and mark > newest:
        raise Problem(400, f"The last event of project {entity}/{name} so far has an id of at most {newest}; got {mark}.")

    async def read(at: Standing) -> Piece[Standing]:
        if at.is_new:
            return Piece([b"id: %d\n\n" % at.mark], Standing(at.mark, at.after, {}), False)
        lately, items, raised = await parts.shared.read((project_id, at.mark, at.after), lambda: _lately(parts, project_id, at))
        return _piece(at, lately, items, raised)

    return EventStream(parts.hub, Follower(project_id, caller), read, Standing(newest if mark is None else mark, (0, ""), {}, mark is None), EVERY_S)


def _lately(parts: Parts, project_id: str, at: Standing) -> tuple[Lately, dict[str, RunListed], Sequence[Alert]]:
    with parts.db.read() as session:
        lately = stamps.since(session, at.mark, project_id, at.after, RUNS_AT_ONCE)
        found = runs.get_many(session, [each.run_id for each in lately.written])
        raised = alerts.lately(session, [each.run_id for each in lately.written], None if at.mark == 0 else ALERTS_FOR_S)
        return lately, {item["id"]: item for item in show.listing(session, found)}, raised


def _piece(at: Standing, lately: Lately, items: Mapping[str, RunListed], raised: Sequence[Alert]) -> Piece[Standing]:
    told, news = dict(at.told), list[tuple[str, Any]]()
    for each in lately.written:
        before = told.pop(each.run_id, {})
        if before.get("version") != each.version:
            said = _parts(items[each.run_id])
            digests = {"version": each.version, **{kind: _digest(kind, data) for kind, data in said.items()}}
            news += [(kind, data) for kind, data in said.items() if before.get(kind) != digests[kind]]
            mine = [alert for alert in raised if alert.run_id == each.run_id and alert.version > before.get("version", -1)]
            news += [("alert", {"run": each.run_id, **alert_shown(alert)}) for alert in mine]
            before = digests
        told[each.run_id] = before
    while len(told) > MOST_REMEMBERED:
        del told[next(iter(told))]
    last = lately.written[-1] if lately.written else None
    after = (last.stamp, last.run_id) if last is not None and not lately.is_all else (0, "")
    standing = Standing(lately.mark if lately.is_all else at.mark, after, told)
    return Piece(list(_numbered(news, at.mark, lately.mark)), standing, lately.is_all)


def _parts(item: RunListed) -> dict[str, Any]:
    """What is told of a run, by the kind of event: each of them holds all that there is to know of its kind."""
    whole = dict(item)
    said: dict[str, Any] = {"run": whole, "state": {"run": item["id"], **{name: whole[name] for name in OF_STATE}}}
    if item["metrics"]:
        said["metrics"] = {"run": item["id"], **{name: whole[name] for name in OF_METRICS}}
    return said


def _digest(kind: str, data: Mapping[str, Any]) -> int:
    """Of a run without what the other kinds tell."""
    apart = (*OF_STATE, *OF_METRICS) if kind == "run" else ()
    return hash(orjson.dumps({name: value for name, value in data.items() if name not in apart}))


def _numbered(news: Sequence[tuple[str, Any]], before: int, mark: int) -> Iterator[bytes]:
    """All but the last bear the number that was told already: whoever comes back after one of them is told of all again."""
    for place, (kind, data) in enumerate(news):
        is_last = place == len(news) - 1
        pieces = list(_split(data)) if kind == "metrics" else [data]
        for piece in pieces:
            yield event(kind, piece, mark if is_last and piece is pieces[-1] else before)


def _split(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    metrics = iter(data["metrics"].items())
    while some := dict(islice(metrics, METRICS_AT_ONCE)):
        yield {**data, "metrics": some}
