"""What the run table searches by: leaves of configs, tags, and indexes on the sums of series."""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
BATCH = 500


def upgrade() -> None:
    params = op.create_table(
        "run_params",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("number", sa.Double(), nullable=True),
        sa.Column("head", TEXT, nullable=True),
        sa.Column("text", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_run_params_run_id_runs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "path", name=op.f("pk_run_params")),
    )
    tags = op.create_table(
        "run_tags",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("tag", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_run_tags_run_id_runs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "tag", name=op.f("pk_run_tags")),
    )
    _fill(params, tags)
    op.create_index(op.f("ix_run_params_path_number_run_id"), "run_params", ["path", "number", "run_id"])
    op.create_index(op.f("ix_run_params_path_head_run_id"), "run_params", ["path", "head", "run_id"])
    op.create_index(op.f("ix_run_tags_tag_run_id"), "run_tags", ["tag", "run_id"])
    for column in ("last", "min", "max"):
        op.create_index(op.f(f"ix_series_metric_{column}"), "series", ["metric", column])


def downgrade() -> None:
    for column in ("max", "min", "last"):
        op.drop_index(op.f(f"ix_series_metric_{column}"), table_name="series")
    op.drop_table("run_tags")
    op.drop_table("run_params")


def _fill(params: sa.Table, tags: sa.Table) -> None:
    """Rows for the runs that are there, by batches: a few hundred configs in memory at a time."""
    connection, after = op.get_bind(), ""
    runs = sa.table("runs", sa.column("id", sa.String), sa.column("config", sa.JSON), sa.column("tags", sa.JSON))
    while batch := connection.execute(sa.select(runs).where(runs.c.id > after).order_by(runs.c.id).limit(BATCH)).all():
        leaves = [row for run in batch for row in _rows(run.id, run.config)]
        tagged = [{"run_id": run.id, "tag": tag} for run in batch for tag in dict.fromkeys(run.tags)]
        if leaves:
            connection.execute(sa.insert(params), leaves)
        if tagged:
            connection.execute(sa.insert(tags), tagged)
        after = batch[-1].id


# The forms of store/search/leaves.py as they were with this version.
def _rows(run_id: str, config: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for path, value in _leaves(config, ""):
        if value is None or len(path) > 400:
            continue
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        text = None if is_number else value if isinstance(value, str) else _json(value)
        found.append(
            {
                "run_id": run_id,
                "path": path,
                "number": float(value) if is_number else None,
                "head": None if text is None else text[:100],
                "text": text,
            }
        )
    return found[:5_000]


def _leaves(tree: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        path = prefix + (key if key and not any(mark in key for mark in '."') else '"' + key.replace('"', '""') + '"')
        if isinstance(value, dict) and value:
            yield from _leaves(value, path + ".")
        else:
            yield path, value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
