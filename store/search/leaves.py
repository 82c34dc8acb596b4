"""What runs are found by: the leaves of their configs and their tags, as rows that an index can hold.

The rows are written with the run itself, whoever writes it, in its transaction; a bulk UPDATE of `config` or `tags` would pass them by.
"""

import json
import math
from collections.abc import Mapping
from hashlib import blake2b
from struct import pack, unpack
from typing import Any

from sqlalchemy import Connection, delete, event, insert, inspect, or_, select
from sqlalchemy.orm import Mapper, Session

from analysis.leaves import leaves
from store.database import insert_into
from store.tables import Run, RunParam, RunTag

LONGEST_PATH = 400  # characters; with HEAD it fits what PostgreSQL takes into an index
HEAD = 100
MOST_LEAVES = 5_000
MODULUS = 2**62
SUMMARY = "."  # what paths of a summary begin with, and none of a config: a key that holds a dot is quoted
BEHIND = "/"  # the next letter
OF_CONFIG = or_(RunParam.path < SUMMARY, RunParam.path >= BEHIND)
MOST_OF_A_SUMMARY = 1_000
UNSYNCHRONIZED = {"synchronize_session": False}


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


def write_summary(session: Session, run_id: str, summary: Mapping[str, Any]) -> None:
    """What a client set in a run's summary, its first 1,000 leaves, beside those of the config; only what has changed is written."""
    held = {row.path: row[1:] for row in session.execute(_of_summary(run_id))}
    wanted = _summary_rows(summary)
    gone = [path for path in held if path not in wanted]
    for start in range(0, len(gone), HEAD):
        session.execute(
            delete(RunParam).where(RunParam.run_id == run_id, RunParam.path.in_(gone[start : start + HEAD])), execution_options=UNSYNCHRONIZED
        )
    fresh = {path: row for path, row in wanted.items() if held.get(path) != row}
    if fresh:
        of = {"run_id": run_id, "project_id": session.scalar(select(Run.project_id).where(Run.id == run_id)), "mark_high": 0, "mark_low": 0}
        names = ("number", "head", "text")
        put = insert_into(session, RunParam).values([{**of, "path": path, **dict(zip(names, row, strict=True))} for path, row in fresh.items()])
        session.execute(put.on_conflict_do_update(index_elements=["run_id", "path"], set_={name: put.excluded[name] for name in names}))


def _of_summary(run_id: str) -> Any:
    columns = RunParam.path, RunParam.number, RunParam.head, RunParam.text
    return select(*columns).where(RunParam.run_id == run_id, RunParam.path >= SUMMARY, RunParam.path < BEHIND)


def _summary_rows(summary: Mapping[str, Any]) -> dict[str, tuple[float | None, str | None, str | None]]:
    """Number, head and whole text by path. NaN is a text: no number is equal to it, and no database orders it."""
    found: dict[str, tuple[float | None, str | None, str | None]] = {}
    for key, value in leaves(summary).items():
        path = SUMMARY + key
        if value is None or len(path) > LONGEST_PATH or not _may_be_kept(path):
            continue
        number, text = plain("NaN" if isinstance(value, float) and math.isnan(value) else value)
        if text is not None and not _may_be_kept(text):
            continue
        found[path] = (number, None if text is None else text[:HEAD], text if text is not None and len(text) > HEAD else None)
        if len(found) == MOST_OF_A_SUMMARY:
            break
    return found


def _may_be_kept(text: str) -> bool:
    """Whether a database holds the text: no NUL, no half of a pair that stands for one character."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


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
        connection.execute(delete(RunParam).where(RunParam.run_id == run.id, OF_CONFIG))
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
