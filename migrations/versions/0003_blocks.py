"""Blocks for points as they come, clocks that the metrics logged together share, and a head for each run."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ALL_FIRST = b"e" + bytes(16)  # steps at equal distance, the first 0 and the distance 0: no version for what was there before


def upgrade() -> None:
    _create("heads", *_numbers("version", "metrics", "refused", "clocks"), sa.Column("blocks", sa.Text(), nullable=False))
    _create("blocks", *_numbers("number"), *_bytes("body"), key=("number",))
    _create("clocks", *_numbers("id", "version"), *_bytes("times", "versions"), key=("id",))
    with op.batch_alter_table("segments") as segments:
        segments.add_column(sa.Column("clock", sa.BigInteger(), nullable=False, server_default="0"))
        segments.add_column(sa.Column("open", sa.Boolean(), nullable=False, server_default=sa.false()))
    _move_times_to_clocks()
    with op.batch_alter_table("segments") as segments:
        segments.drop_column("times")
        segments.alter_column("clock", server_default=None)
        segments.alter_column("open", server_default=None)
    op.create_index(op.f("ix_segments_run_id_clock"), "segments", ["run_id", "clock"])
    op.create_index("ix_segments_open", "segments", ["run_id", "metric"], sqlite_where=sa.text("open"), postgresql_where=sa.text("open"))
    if op.get_bind().dialect.name == "postgresql":  # it would try in vain to compress what looks like noise
        for table, column in (("blocks", "body"), ("segments", "values"), ("segments", "steps"), ("clocks", "times"), ("clocks", "versions")):
            op.execute(f'ALTER TABLE {table} ALTER COLUMN "{column}" SET STORAGE EXTERNAL')


def downgrade() -> None:
    if op.get_bind().execute(sa.text("SELECT 1 FROM blocks LIMIT 1")).first() is not None:
        raise RuntimeError("Points wait in blocks, which the older tables cannot hold: `runtwice migrate` seals them before it goes down.")
    op.drop_index("ix_segments_open", "segments")
    op.drop_index(op.f("ix_segments_run_id_clock"), "segments")
    with op.batch_alter_table("segments") as segments:
        segments.add_column(sa.Column("times", sa.LargeBinary(), nullable=True))
    op.execute("UPDATE segments SET times = (SELECT c.times FROM clocks c WHERE c.run_id = segments.run_id AND c.id = segments.clock)")
    with op.batch_alter_table("segments") as segments:
        segments.alter_column("times", nullable=False)
        segments.drop_column("open")
        segments.drop_column("clock")
    for table in ("clocks", "blocks", "heads"):
        op.drop_table(table)


def _move_times_to_clocks() -> None:
    """Numbers below zero: those that heads give out begin at 1."""
    place = "row_number() OVER (PARTITION BY run_id ORDER BY metric, first_step)"
    op.execute(f"CREATE TEMPORARY TABLE numbered AS SELECT run_id, metric, first_step, -({place}) AS clock FROM segments")  # noqa: S608
    op.execute("CREATE INDEX ix_numbered ON numbered (run_id, metric, first_step)")
    same = "n.run_id = segments.run_id AND n.metric = segments.metric AND n.first_step = segments.first_step"
    op.execute(f"UPDATE segments SET clock = (SELECT n.clock FROM numbered n WHERE {same})")  # noqa: S608
    op.execute("DROP TABLE numbered")
    copied = sa.text("INSERT INTO clocks (run_id, id, version, times, versions) SELECT run_id, clock, 0, times, :versions FROM segments")
    op.get_bind().execute(copied.bindparams(sa.bindparam("versions", ALL_FIRST, sa.LargeBinary())))
    heads = "INSERT INTO heads (run_id, version, metrics, refused, clocks, blocks)"
    op.execute(f"{heads} SELECT run_id, 0, count(*), 0, 1, '[]' FROM series GROUP BY run_id")  # noqa: S608


def _create(name: str, *more: "sa.Column[Any]", key: tuple[str, ...] = ()) -> None:
    run_id = sa.Column("run_id", sa.String(length=32), nullable=False)
    belongs = sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f(f"fk_{name}_run_id_runs"), ondelete="CASCADE")
    op.create_table(name, run_id, *more, belongs, sa.PrimaryKeyConstraint("run_id", *key, name=op.f(f"pk_{name}")))


def _numbers(*names: str) -> "list[sa.Column[Any]]":
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def _bytes(*names: str) -> "list[sa.Column[Any]]":
    return [sa.Column(name, sa.LargeBinary(), nullable=False) for name in names]
