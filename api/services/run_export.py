"""The run table as one file: every run that a filter lets through, a flat row each, in memory that does not grow with their number.

The runs are gone through twice: first for the columns, then for the rows. Each page is read in a snapshot of its own, so a slow client holds up no
checkpoint; a row is true to one moment, the whole is not: runs made or deleted meanwhile may be in it or not.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from api import csv_text, parquet
from api.auth import Caller
from api.downloads import Pieces, Stream
from api.parquet import Field
from api.parts import Parts
from api.services import show
from api.services.columns import Column, Shape, Wanted, fitted, flat
from api.services.scopes import read, scope
from store.search import order, shapes, syntax, table
from store.search.order import Order
from store.search.table import Scope

CONFIGS_AT_ONCE = 500
CELLS_AT_ONCE = 20_000
CHARACTERS_AT_ONCE = 8_000_000
CSV = "text/csv; charset=utf-8"


@dataclass(frozen=True)
class Asked:
    project: str | None = None
    filter: str | None = None
    sort: str | None = None
    fields: str | None = None
    format: Literal["csv", "parquet"] = "csv"
    guarded: bool = True


def export(parts: Parts, caller: Caller, asked: Asked) -> Stream:
    """Raises ProjectNotFound, Problem 400 for what cannot be read, InvalidValue for more columns than there may be."""
    wanted = Wanted.by(read("fields", syntax.read_paths, asked.fields)) if asked.fields else Wanted()
    by = order.order(read("sort", syntax.read_sort, asked.sort) if asked.sort else ())
    with parts.db.read() as session:
        of = scope(session, parts, caller, asked.project, asked.filter)
    shape = _shape(parts, of, wanted)
    columns = wanted.chosen(shape)
    pages = _pages(parts, of, by, columns, shape.longest)
    name = f"runs-{re.sub(r'[^A-Za-z0-9._-]+', '-', asked.project)}" if asked.project else "runs"
    if asked.format == "csv":
        return Stream(_csv(columns, pages, asked.guarded), CSV, f"{name}.csv")
    return Stream(_parquet(columns, pages), parquet.MEDIA_TYPE, f"{name}.parquet")


def _shape(parts: Parts, of: Scope, wanted: Wanted) -> Shape:
    shape, after = Shape(), ""
    while True:
        with parts.db.read() as session:
            sizes = shapes.sizes(session, of, after, CONFIGS_AT_ONCE)
        for run_ids in _batches(sizes):
            with parts.db.read() as session:
                shape.add(shapes.configs(session, run_ids), shapes.metrics(session, run_ids), wanted)
        shape.longest = max(shape.longest, *(size for _, size in sizes), 0)
        if len(sizes) < CONFIGS_AT_ONCE:
            return shape
        after = sizes[-1][0]


def _batches(sizes: Sequence[tuple[str, int]]) -> Iterator[list[str]]:
    """Ids of runs that together are not too long to be read at once."""
    batch: list[str] = []
    length = 0
    for run_id, size in sizes:
        if batch and length + size > CHARACTERS_AT_ONCE:
            yield batch
            batch, length = [], 0
        batch.append(run_id)
        length += size
    if batch:
        yield batch


def _pages(parts: Parts, of: Scope, by: Order, columns: Sequence[Column], longest: int) -> Iterator[list[dict[str, Any]]]:
    limit = max(8, min(500, CELLS_AT_ONCE // max(1, len(columns)), CHARACTERS_AT_ONCE // max(1, longest)))
    after = None
    while True:
        with parts.db.read() as session:
            found = table.page(session, of, by, after, limit)
            rows = [flat(item) for item in show.values(session, [row.run_id for row in found])]
            after = found[-1].place if found else None
        yield rows
        if len(found) < limit:
            return


def _csv(columns: Sequence[Column], pages: Iterator[list[dict[str, Any]]], guarded: bool) -> Pieces:
    names: list[Callable[[Any], str]] = [_cells(column, guarded) for column in columns]
    yield csv_text.line(csv_text.cell(column.name, True, guarded) for column in columns).encode()
    for rows in pages:
        lines = [csv_text.line(cell(row.get(column.name)) for column, cell in zip(columns, names, strict=True)) for row in rows]
        yield "".join(lines).encode(errors="replace")


def _cells(column: Column, guarded: bool) -> Callable[[Any], str]:
    is_text = column.kind == "text"
    return lambda value: csv_text.cell(value, is_text, guarded)


def _parquet(columns: Sequence[Column], pages: Iterator[list[dict[str, Any]]]) -> Pieces:
    writer = parquet.Writer([Field(column.name, column.kind) for column in columns])
    for rows in pages:
        yield writer.rows([fitted([row.get(column.name) for row in rows], column.kind) for column in columns])
    yield writer.end()
