"""Versions for all that happens to a run, so that what is new after one of them can be read: log lines, states, points that gave way."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_id = sa.Column("run_id", sa.String(length=32), nullable=False)
    op.create_table(
        "turns",
        run_id,
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("from_step", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_turns_run_id_runs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "version", name=op.f("pk_turns")),
    )
    _add("log_lines", "version")
    op.create_index(op.f("ix_log_lines_run_id_version"), "log_lines", ["run_id", "version"])
    _add("clocks", "oldest")
    op.create_index(op.f("ix_clocks_run_id_version_oldest"), "clocks", ["run_id", "version", "oldest"])
    _add("heads", "stamp")
    op.create_index(op.f("ix_heads_stamp"), "heads", ["stamp"])
    _number_what_is_there()


def downgrade() -> None:
    for table, column, index in (
        ("heads", "stamp", "ix_heads_stamp"),
        ("clocks", "oldest", "ix_clocks_run_id_version_oldest"),
        ("log_lines", "version", "ix_log_lines_run_id_version"),
    ):
        op.drop_index(op.f(index), table)
        with op.batch_alter_table(table) as altered:
            altered.drop_column(column)
    op.drop_table("turns")


def _add(table: str, column: str) -> None:
    with op.batch_alter_table(table) as altered:
        altered.add_column(sa.Column(column, sa.BigInteger(), nullable=False, server_default="0"))
    with op.batch_alter_table(table) as altered:
        altered.alter_column(column, server_default=None)


def _number_what_is_there() -> None:
    """Every run has a head and the state it is in; points from before there were versions get one for each segment, so that none brings too many."""
    connection = op.get_bind()
    heads = "INSERT INTO heads (run_id, version, metrics, refused, clocks, blocks, stamp) SELECT id, 0, 0, 0, 1, '[]', 0 FROM runs"
    op.execute(f"{heads} WHERE NOT EXISTS (SELECT 1 FROM heads h WHERE h.run_id = runs.id)")  # noqa: S608
    moment = "coalesce(finished_at, started_at, created_at)"
    op.execute(f"INSERT INTO turns (run_id, version, state, reason, from_step, at) SELECT id, 0, state, reason, NULL, {moment} FROM runs")  # noqa: S608
    old = connection.execute(sa.text("SELECT run_id, id FROM clocks WHERE id < 0")).all()
    rows = [{"run": run, "id": clock, "version": -clock, "versions": _all(-clock)} for run, clock in old]
    if rows:
        renumber = "UPDATE clocks SET oldest = :version, version = :version, versions = :versions WHERE run_id = :run AND id = :id"
        connection.execute(sa.text(renumber).bindparams(sa.bindparam("versions", type_=sa.LargeBinary())), rows)
        newest = "(SELECT max(c.version) FROM clocks c WHERE c.run_id = heads.run_id)"
        op.execute(f"UPDATE heads SET version = {newest} WHERE version < coalesce({newest}, 0)")  # noqa: S608


def _all(version: int) -> bytes:
    """The versions column of points that one version brought: at equal distance, the first and the distance."""
    return b"e" + version.to_bytes(8, "little") + bytes(8)
