"""What runs are found by: the leaves of their configs and their tags, as rows that an index can hold.

The rows are written with the run itself, whoever writes it, in its transaction; a bulk UPDATE of `config` or `tags` would pass them by.
"""

import json
from collections.abc import Mapping
from hashlib import blake2b
from struct import pack, unpack
from typing import Any

from sqlalchemy import Connection, delete, event, insert, inspect
from sqlalchemy.orm import Mapper

from analysis.leaves import leaves
from store.tables import Run, RunParam, RunTag

LONGEST_PATH = 400  # characters; with HEAD it fits what PostgreSQL takes into an index
HEAD = 100
MOST_LEAVES = 5_000
MODULUS = 2**62


def rows(run_id: str, project_id: str, config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each leaf that is not null: the first 5,000, those with a path beyond 400 characters left out."""
    found, of = [], {"run_id": run_id, "project_id": project_id}
    for path, value in leaves(config).items():
        if value is None or len(path) > LONGEST_PATH:
            continue
        number, text = plain(value)
        head, rest = (None, None) if text is None else (text[:HEAD], text if len(text) > HEAD else None)
        high, low = mark(path, number, text)
        found.append({**of, "path": path, "number": number, "head": head, "text": rest, "mark_high": high, "mark_low": low})
    return found[:MOST_LEAVES]


def fingerprint(config: Mapping[str, Any]) -> tuple[int, int]:
    """The sum of the marks of all leaves that are not null: two configs that differ have another one. Taking a mark away takes the leaf out."""
    high = low = 0
    for path, value in leaves(config).items():
        if value is not None:
            of_leaf = mark(path, *plain(value))
            high, low = high + of_leaf[0], low + of_leaf[1]
    return high % MODULUS, low % MODULUS


def mark(path: str, number: float | None, text: str | None) -> tuple[int, int]:
    """94 bits of the leaf's digest as two numbers of 47, of which thousands can be added up in 63."""
    value = b"n" + pack(">d", number + 0.0) if number is not None else b"t" + (text or "").encode("utf-8", "surrogatepass")
    digest = blake2b(path.encode("utf-8", "surrogatepass") + b"\0" + value, digest_size=16).digest()
    high, low = unpack(">QQ", digest)
    return high >> 17, low >> 17


def plain(value: Any) -> tuple[float | None, str | None]:
    """The leaf as a number or as a text: true and false are texts, and so are lists and empty objects, as canonical JSON."""
    if isinstance(value, str):
        return None, value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value), None
    return None, json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


@event.listens_for(Run, "before_insert")
@event.listens_for(Run, "before_update")
def _to_be_written(_mapper: Mapper[Run], _connection: Connection, run: Run) -> None:
    if run.leaves_high is None or inspect(run).attrs.config.history.has_changes():
        run.leaves_high, run.leaves_low = fingerprint(run.config)


@event.listens_for(Run, "after_insert")
def _added(_mapper: Mapper[Run], connection: Connection, run: Run) -> None:
    _write_params(connection, run)
    _write_tags(connection, run)


@event.listens_for(Run, "after_update")
def _changed(_mapper: Mapper[Run], connection: Connection, run: Run) -> None:
    fields = inspect(run).attrs
    if fields.config.history.has_changes():
        connection.execute(delete(RunParam).where(RunParam.run_id == run.id))
        _write_params(connection, run)
    if fields.tags.history.has_changes():
        connection.execute(delete(RunTag).where(RunTag.run_id == run.id))
        _write_tags(connection, run)


def _write_params(connection: Connection, run: Run) -> None:
    if found := rows(run.id, run.project_id, run.config):
        connection.execute(insert(RunParam), found)


def _write_tags(connection: Connection, run: Run) -> None:
    if run.tags:
        connection.execute(insert(RunTag), [{"run_id": run.id, "project_id": run.project_id, "tag": tag} for tag in dict.fromkeys(run.tags)])
