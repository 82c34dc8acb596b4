"""The run table's rows by project, with the values that they are sorted by in indexes; a narrow copy of runs; fingerprints of configs."""

import json
from collections.abc import Iterator
from hashlib import blake2b
from struct import pack, unpack
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NAME = sa.String(256).with_variant(sa.String(256, collation="C"), "postgresql")
BATCH = 500
SUMS = ("count", "non_finite", "first_step", "last_step", "min_step", "max_step")
NARROW = (
    *("project_id", "id", "created_at", "leaves_high", "leaves_low", "state", "origin", "archived", "seed", "attempt", "priority"),
    *("started_at", "finished_at", "node", "baseline_id", "rerun_of", "config_digest"),
)
MARKS = ("mark_high", "mark_low")
MODULUS = 2**62
OLD = {
    "run_params": {"path_number_run_id": ["path", "number", "run_id"], "path_head_run_id": ["path", "head", "run_id"]},
    "run_tags": {"tag_run_id": ["tag", "run_id"]},
    "series": {"metric_last": ["metric", "last"], "metric_min": ["metric", "min"], "metric_max": ["metric", "max"]},
}


def upgrade() -> None:
    _drop_indexes()
    for table, columns in _tables(by_project=True).items():
        _rebuild(table, columns, by_project=True)
    _index("run_params", "number", ["project_id", "path", "number", "run_id"], "number IS NOT NULL")
    _index("run_params", "head", ["project_id", "path", "head", "run_id"], "head IS NOT NULL")
    _index("run_tags", "tag", ["project_id", "tag", "run_id"])
    for part in ("last", "min", "max"):
        _index("series", part, ["project_id", "metric", part, "run_id"])
    for column in ("leaves_high", "leaves_low"):
        op.add_column("runs", sa.Column(column, sa.BigInteger(), nullable=False, server_default="0"))
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("runs", "name", type_=NAME)
        for column in ("leaves_high", "leaves_low"):
            op.alter_column("runs", column, server_default=None)
    _fill_fingerprints()
    for column in ("state", "name", "started_at", "finished_at"):
        op.create_index(f"ix_runs_project_id_{column}", "runs", ["project_id", column, "id"])
    op.create_index("ix_runs_narrow", "runs", NARROW)


def downgrade() -> None:
    for name in ("narrow", "project_id_finished_at", "project_id_started_at", "project_id_name", "project_id_state"):
        op.drop_index(f"ix_runs_{name}", table_name="runs")
    for column in ("leaves_low", "leaves_high"):
        op.drop_column("runs", column)
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("runs", "name", type_=sa.String(256, collation="default"))
    for table, names in {"series": ("max", "min", "last"), "run_tags": ("tag",), "run_params": ("head", "number")}.items():
        for name in names:
            op.drop_index(f"ix_{table}_{name}", table_name=table)
    for table, columns in _tables(by_project=False).items():
        _rebuild(table, columns, by_project=False)
    for table, indexes in OLD.items():
        for name, index_columns in indexes.items():
            op.create_index(op.f(f"ix_{table}_{name}"), table, index_columns)


def _drop_indexes() -> None:
    for table, indexes in OLD.items():
        for name in indexes:
            op.drop_index(op.f(f"ix_{table}_{name}"), table_name=table)


def _index(table: str, name: str, columns: list[str], where: str | None = None) -> None:
    condition = None if where is None else sa.text(where)
    op.create_index(f"ix_{table}_{name}", table, columns, sqlite_where=condition, postgresql_where=condition)


def _tables(by_project: bool) -> dict[str, list[sa.Column[Any]]]:
    project = [sa.Column("project_id", sa.String(32), nullable=False)] if by_project else []
    metric = sa.Column("metric", sa.String(512), primary_key=True)
    sums = [sa.Column(name, sa.BigInteger(), nullable=name.startswith(("min", "max"))) for name in SUMS]
    floats: list[sa.Column[Any]] = [sa.Column(name, sa.Double()) for name in ("last", "min", "max")]
    return {
        "run_params": [
            *(sa.Column("path", TEXT, primary_key=True), *project),
            *(sa.Column("number", sa.Double()), sa.Column("head", TEXT), sa.Column("text", TEXT)),
            *(sa.Column(name, sa.BigInteger(), nullable=False) for name in MARKS if by_project),
        ],
        "run_tags": [sa.Column("tag", TEXT, primary_key=True), *project],
        "series": [metric, *project, *sums, *floats],
    }


def _rebuild(table: str, columns: list[sa.Column[Any]], by_project: bool) -> None:
    """The table with these columns besides its run's id, and its rows; on SQLite by project in the order of the primary key itself."""
    old = f"old_{table}"
    op.rename_table(table, old)
    if op.get_bind().dialect.name == "postgresql":  # names of constraints are the database's, not the table's
        for kind in (f"pk_{table}", f"fk_{table}_run_id_runs"):
            op.execute(f"ALTER TABLE {old} RENAME CONSTRAINT {kind} TO old_{kind}")
    op.create_table(
        table,
        sa.Column("run_id", sa.String(32), primary_key=True),
        *columns,
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f(f"fk_{table}_run_id_runs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", columns[0].name, name=op.f(f"pk_{table}")),
        sqlite_with_rowid=not by_project,
    )
    names = ", ".join(f'"{column.name}"' for column in columns)
    values = names.replace('"project_id"', "runs.project_id").replace('"text"', _text(by_project)).replace('"mark_high", "mark_low"', "0, 0")
    op.execute(f"INSERT INTO {table} (run_id, {names}) SELECT run_id, {_of(values, old)} FROM {old} JOIN runs ON runs.id = {old}.run_id")  # noqa: S608
    op.drop_table(old)


def _text(by_project: bool) -> str:
    """Texts that `head` holds whole are kept once."""
    return "CASE WHEN length(~text) > 100 THEN ~text END" if by_project else "coalesce(~text, ~head)"


def _of(values: str, old: str) -> str:
    """Both tables have a column `count` or `text`; the old one's is meant."""
    return ", ".join(f"{old}.{value}" if value[0] == '"' else value for value in values.split(", ")).replace("~", f"{old}.")


def _fill_fingerprints() -> None:
    """For the runs that are there, by batches: a few hundred configs in memory at a time."""
    connection, after = op.get_bind(), ""
    runs = _columns("runs", "id", "leaves_high", "leaves_low", sa.column("config", sa.JSON))
    params = _columns("run_params", "run_id", "path", *MARKS)
    given: dict[str, Any] = {"high": sa.bindparam("high"), "low": sa.bindparam("low")}
    of_run = sa.update(runs).where(runs.c.id == sa.bindparam("run")).values(leaves_high=given["high"], leaves_low=given["low"])
    of_leaf = sa.update(params).where(params.c.run_id == sa.bindparam("run"), params.c.path == sa.bindparam("at"))
    of_leaf = of_leaf.values(mark_high=given["high"], mark_low=given["low"])
    while batch := connection.execute(sa.select(runs.c.id, runs.c.config).where(runs.c.id > after).order_by(runs.c.id).limit(BATCH)).all():
        marks = {run.id: {path: _mark(path, value) for path, value in _leaves(run.config, "") if value is not None} for run in batch}
        sums = {run_id: [sum(each) % MODULUS for each in zip((0, 0), *found.values(), strict=True)] for run_id, found in marks.items()}
        connection.execute(of_run, [{"run": run_id, "high": high, "low": low} for run_id, (high, low) in sums.items()])
        rows = [{"run": run, "at": path, "high": high, "low": low} for run, found in marks.items() for path, (high, low) in found.items()]
        if rows:
            connection.execute(of_leaf, rows)
        after = batch[-1].id


def _columns(table: str, *columns: Any) -> Any:
    return sa.table(table, *(sa.column(each) if isinstance(each, str) else each for each in columns))


# The forms of store/search/leaves.py as they were with this version.
def _mark(path: str, value: Any) -> tuple[int, int]:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    plain = b"n" + pack(">d", float(value) + 0.0) if is_number else b"t" + text.encode("utf-8", "surrogatepass")
    high, low = unpack(">QQ", blake2b(path.encode("utf-8", "surrogatepass") + b"\0" + plain, digest_size=16).digest())
    return high >> 17, low >> 17


def _leaves(tree: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        path = prefix + (key if key and not any(mark in key for mark in '."') else '"' + key.replace('"', '""') + '"')
        if isinstance(value, dict) and value:
            yield from _leaves(value, path + ".")
        else:
            yield path, value
