"""The run table as callers ask for it: filtered, sorted, with the fields they name."""

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from orjson import Fragment
from sqlalchemy.orm import Session

from api import numbers, paging
from api.auth import Caller
from api.parts import Parts
from api.problems import InvalidValue
from api.services import show
from api.services.scopes import read
from api.services.scopes import scope as scope_of
from store.search import facets as counts
from store.search import groups, known, order, ranks, syntax, table
from store.search.facets import Facet
from store.search.groups import Group, Grouping
from store.search.keys import FIELDS, NUMBERS, PARTS, TIMES, Key
from store.search.ranks import Ranking
from store.search.table import Scope

T = TypeVar("T")
STEP = re.compile(r'"(?:[^"]|"")*"|[^.]+')
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Asked:
    """The query of GET /runs, as it was written."""

    project: str | None = None
    filter: str | None = None
    sort: str | None = None
    fields: str | None = None
    limit: int = 100
    cursor: str | None = None
    total: bool = False

    @property
    def list_name(self) -> str:
        """What a cursor belongs to: a list of other runs or in another order has other places."""
        return f"runs {self.project or ''}\n{self.filter or ''}\n{self.sort or ''}"


def find(parts: Parts, caller: Caller, asked: Asked) -> dict[str, Any]:
    """A page of runs. Raises ProjectNotFound, Problem 400 for a filter, sort, list of fields or cursor that cannot be read."""
    paths = read("fields", syntax.read_paths, asked.fields) if asked.fields else None
    by = order.order(read("sort", syntax.read_sort, asked.sort) if asked.sort else ())
    after = paging.decode(asked.cursor, asked.list_name, *by.place_kinds)
    with parts.db.read() as session:
        scope = scope_of(session, parts, caller, asked.project, asked.filter)
        try:
            found = table.page(session, scope, by, after, asked.limit + 1)
        except ValueError as error:
            raise paging.bad_cursor() from error
        placed, last = paging.split(found, asked.limit)
        ids = [each.run_id for each in placed]
        listed = show.page(session, parts.listed, ids)
        items: list[Any] = [Fragment(item) for item in listed] if paths is None else [_picked(orjson.loads(item), paths) for item in listed]
        page: dict[str, Any] = {"items": items, "next_cursor": paging.encode(asked.list_name, *last.place) if last else None}
        return {**page, "total": table.count(session, scope)} if asked.total else page


def grouped(parts: Parts, caller: Caller, asked: Asked, group_by: str) -> dict[str, Any]:
    """A page of groups, oldest first unless sorted. Raises ProjectNotFound, Problem 400 as `find` does, Problem 422."""
    keys, left_out = read("group_by", syntax.read_groups, group_by)
    by = Grouping(keys, [key.name for key in left_out])
    metrics = _metrics(read("fields", syntax.read_paths, asked.fields)) if asked.fields else None
    list_name = f"{asked.list_name}\n{group_by}"
    ranking = read("sort", lambda text: Ranking(syntax.read_group_sort(text), by), asked.sort) if asked.sort else Ranking((), by)
    after = paging.decode(asked.cursor, list_name, *ranking.place_kinds)
    with parts.db.read() as session:
        scope = scope_of(session, parts, caller, asked.project, asked.filter)
        try:
            found = _page(session, scope, ranking, after, asked.limit + 1)
        except groups.TooManyRuns as error:
            raise InvalidValue("/group_by", f"this would group more than {groups.MOST_RUNS:,} runs; a filter makes them fewer") from error
        except ValueError as error:
            raise paging.bad_cursor() from error
        shown, last = paging.split(found.groups, asked.limit)
        place = ranking.place(last) if last else None
        groups.describe(session, shown, by)
        groups.add_metrics(session, scope, shown, metrics)
    page: dict[str, Any] = {
        "items": [_group(group) for group in shown],
        "next_cursor": paging.encode(list_name, *place) if place else None,
    }
    return {**page, "total": found.total} if asked.total else page


def _page(session: Session, scope: Scope, by: Ranking, after: Sequence[Any] | None, limit: int) -> groups.Page:
    if by.keys:
        return ranks.page(session, scope, by, after, limit)
    return groups.page(session, scope, by.by, (float.fromhex(after[0]), after[1]) if after else None, limit)


def _group(group: Group) -> dict[str, Any]:
    metrics = {metric: {**dataclasses.asdict(spread), "sd": numbers.out(spread.sd)} for metric, spread in group.metrics.items()}
    return {"key": group.key, "n": len(group.run_ids), "runs": group.run_ids[: groups.RUNS_SHOWN], "metrics": metrics}


def _metrics(paths: Sequence[tuple[str, ...]]) -> list[str]:
    """Raises Problem 422 for anything but the last value of a metric."""
    if any(path[0] != "metrics" or path[2:] not in ((), ("last",)) or len(path) < 2 for path in paths):
        raise InvalidValue("/fields", 'takes metrics with group_by, and of them the last value: metrics."val/loss"')
    return [path[1] for path in paths]


def keys(parts: Parts, caller: Caller, project: str | None) -> dict[str, Any]:
    """What runs can be filtered and sorted by. Raises ProjectNotFound."""
    with parts.db.read() as session:
        held = known.keys(session, scope_of(session, parts, caller, project, None))
    fields = [{"key": field, "kind": "number" if field in NUMBERS else "time" if field in TIMES else "text"} for field in FIELDS]
    return {
        "fields": fields,
        "config": [{"key": f"config.{_quoted(leaf.key)}", "numbers": leaf.numbers, "texts": leaf.texts} for leaf in held.leaves],
        "metrics": [{"key": f'metrics."{_doubled(metric)}"', "parts": list(PARTS)} for metric in held.metrics],
        "tags": held.tags,
    }


def facets(parts: Parts, caller: Caller, asked: Asked, of: str) -> dict[str, Any]:
    """The values that runs have at some keys, those of most runs first. Raises ProjectNotFound, Problem 400."""
    found = read("of", syntax.read_facets, of)
    with parts.db.read() as session:
        scope = scope_of(session, parts, caller, asked.project, asked.filter)
        counted = [counts.count(session, scope, key, asked.limit) for key in found]
    return {"items": [_facet(key, each) for key, each in zip(found, counted, strict=True)], "next_cursor": None}


def _facet(key: Key, found: Facet) -> dict[str, Any]:
    shown = key.name if key.root != "config" else f"config.{_quoted(key.name)}"
    values = [{"value": numbers.number(value) if isinstance(value, float) else value, "runs": runs} for value, runs in found.values]
    return {"key": shown, "values": values, "more": found.more, "min": numbers.out(found.min), "max": numbers.out(found.max)}


def _picked(item: Any, paths: Sequence[tuple[str, ...]]) -> dict[str, Any]:
    """The item with these paths only; what it lacks is left out."""
    picked: dict[str, Any] = {}
    for path in paths:
        value, lies_there = item, True
        for step in path:
            lies_there = lies_there and isinstance(value, dict) and step in value
            value = value[step] if lies_there else None
        if not lies_there:
            continue
        into = picked
        for step in path[:-1]:
            into = into.setdefault(step, {})
        into[path[-1]] = value
    return picked


def _quoted(path: str) -> str:
    """A config's path as a filter takes it: what is not a word stands in quotes."""
    steps = [match[0] for match in STEP.finditer(path)]
    return ".".join(step if WORD.fullmatch(step) or step[0] == '"' else f'"{step}"' for step in steps)


def _doubled(name: str) -> str:
    return name.replace('"', '""')
