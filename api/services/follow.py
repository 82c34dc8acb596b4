"""Runs followed while they go on: what is new in the store, as events."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np

from api import numbers
from api.answers import rfc3339
from api.auth import Caller
from api.hub import Follower
from api.parts import Parts
from api.problems import Problem
from api.streams import EventStream, Piece, event
from store import events, runs
from store.blocks import Group
from store.events import AlertRaised, Changes, LinesAdded, PointsAdded, PointsGone, StateChanged
from store.tables import TERMINAL

RUN_EVERY_S = 0.05
LONGEST_NUMBER = 18


def run(parts: Parts, caller: Caller, run_id: str, last_id: str | None) -> EventStream[int] | None:
    """The run's events after the one with that id; None when it has ended and all was told. Raises RunNotFound, Problem 400."""
    after = events.BEGINNING if last_id is None else number(last_id)
    with parts.db.read() as session:
        found = runs.get(session, run_id, caller.entity)
        newest = events.newest(session, found.id)
    if after > newest:
        raise Problem(400, f"The last event of run {run_id} so far has the id {newest}; got {after}.")
    if found.is_terminal and after == newest:
        return None

    async def read(after: int) -> Piece[int]:
        return cast(Piece[int], await parts.shared.read((run_id, after), lambda: _piece(parts, run_id, after)))

    return EventStream(parts.hub, Follower(run_id, caller), read, after, RUN_EVERY_S)


def number(text: str) -> int:
    """Raises Problem 400."""
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER):
        raise Problem(400, f"Last-Event-ID takes the id of an event, which is a number; got {text[:80]!r}.")
    return int(text)


def _piece(parts: Parts, run_id: str, after: int) -> Piece[int]:
    with parts.db.read() as session:
        news = events.changes(session, run_id, after)
    told = [_TOLD[type(each)](each, news) for each in news.events]
    is_last = news.is_all and news.state in TERMINAL
    if is_last:
        told.append(event("end", {"state": news.state}, news.until))
    return Piece(told, news.until, news.is_all, is_last)


def _points(each: PointsAdded, news: Changes) -> bytes:
    return event("points", {"groups": [_group(group, news.began) for group in each.groups]}, each.version)


def _group(group: Group, began: float) -> dict[str, Any]:
    return {
        "steps": np.ascontiguousarray(group.steps),
        "times": np.ascontiguousarray(group.times / 1000.0 - began),
        "metrics": {name: numbers.column(values) for name, values in zip(group.metrics, group.values_MN, strict=True)},
    }


def _state(each: StateChanged, _: Changes) -> bytes:
    return event("state", {"state": each.state, "reason": each.reason, "at": rfc3339(each.at)}, each.version)


def _lines(each: LinesAdded, _: Changes) -> bytes:
    return event("log", {"first": each.first, "lines": each.lines}, each.version)


def _gone(each: PointsGone, _: Changes) -> bytes:
    return event("reset", {"from_step": each.from_step}, each.version)


def _alert(each: AlertRaised, _: Changes) -> bytes:
    return event("alert", {"title": each.title, "text": each.text, "level": each.level, "at": rfc3339(each.at)}, each.version)


_TOLD: dict[type[Any], Callable[[Any, Changes], bytes]] = {
    PointsAdded: _points,
    StateChanged: _state,
    LinesAdded: _lines,
    PointsGone: _gone,
    AlertRaised: _alert,
}
