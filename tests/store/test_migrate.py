"""The migrations, up and down, on both databases."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from store import migrate, projects, runs, verdicts
from store.database import Database
from store.staleness import judged_with
from store.tables import Table, Verdict
from trainer.config import RunConfig

DESCENDING = ("ix_runs_waiting",)


class TestMigrations:
    @pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index 'ix_runs_waiting'")
    def test_build_the_tables_that_the_code_expects(self, database: Database) -> None:
        with database.engine.connect() as connection:
            # Of an index with an expression Alembic cannot tell on SQLite; the next test holds all of them against each other.
            told = {"compare_type": True, "include_name": lambda name, kind, _: kind != "index" or name not in DESCENDING}
            context = MigrationContext.configure(connection, opts=told if database.dialect == "sqlite" else {"compare_type": True})

            assert compare_metadata(context, Table.metadata) == []

    def test_one_after_the_other_leave_the_same_database_as_the_newest_version_made_at_once(self, database: Database, database_url: str) -> None:
        at_once = _laid_out(database)
        migrate.downgrade(database_url, "base")
        with database.begin() as session:
            session.execute(text("DROP TABLE alembic_version"))

        migrate.upgrade(database_url, "0001")
        migrate.upgrade(database_url)

        one_by_one = _laid_out(database)
        assert {part: at_once[part] ^ one_by_one.get(part, set()) for part in at_once if at_once[part] != one_by_one.get(part)} == {}
        assert one_by_one.keys() == at_once.keys()

    def test_go_down_to_nothing_and_up_again(self, database: Database, database_url: str) -> None:
        migrate.downgrade(database_url, "base")
        assert inspect(database.engine).get_table_names() == ["alembic_version"]

        assert migrate.upgrade(database_url) == migrate.head() == migrate.current(database)

    def test_say_what_earlier_verdicts_were_judged_with(self, database: Database, database_url: str) -> None:
        with database.begin() as session:
            project = projects.find_or_add(session, "team", "digits")
            config = RunConfig.model_validate({"dataset": {"name": "digits"}, "device": "cpu"})
            original, rerun = (runs.add_managed(session, project, config, name="a run") for _ in range(2))
            rerun.digests, rerun.environment = {"code": "c"}, {"torch": {"version": "2.13.0"}, "gpu": None}
            verdicts.judge(session, original, rerun)
        migrate.downgrade(database_url, "0006")

        migrate.upgrade(database_url)

        with database.read() as session:
            verdict = session.get_one(Verdict, (rerun.id, original.id))
            assert verdict.judged_with == judged_with(rerun) == '{"code": "c", "queue": "cpu", "torch": "2.13.0"}'

    def test_two_at_once_leave_one_result(self, database: Database, database_url: str) -> None:
        migrate.downgrade(database_url, "base")

        with ThreadPoolExecutor(2) as pool:
            versions = list(pool.map(migrate.upgrade, [database_url] * 2))

        assert versions == [migrate.head()] * 2


# PostgreSQL tells with each column how it is stored; the order of columns is not looked at, since SQLite's migrations add them where they can.
COLUMNS = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attstorage, a.attcollation, pg_get_expr(d.adbin, d.adrelid)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
"""
ELSE = """
    SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
"""
# SQLite keeps the default by which migration 4 filled these: it drops none without writing the table anew, and no insert leaves them out.
DEFAULT = "CASE WHEN name IN ('leaves_high', 'leaves_low') THEN NULL ELSE dflt_value END"


def _laid_out(database: Database) -> dict[str, set[str]]:
    """All that the database says of its tables, and all rows."""
    with database.engine.connect() as connection:
        tables = inspect(connection).get_table_names()
        found = {f"rows of {table}": set(map(str, connection.execute(text(f'SELECT * FROM "{table}"')).mappings())) for table in tables}
        if database.dialect == "postgresql":
            return found | {"columns": set(map(str, connection.execute(text(COLUMNS)))), "else": set(map(str, connection.execute(text(ELSE))))}
        for table in tables:
            shape = connection.execute(text(f"SELECT name, type, \"notnull\", {DEFAULT}, pk FROM pragma_table_info('{table}')"))
            keys = connection.execute(text(f'SELECT "table", "from", "to", on_update, on_delete FROM pragma_foreign_key_list(\'{table}\')'))
            found[table] = {*map(str, shape), *map(str, keys)}
        made = connection.execute(text("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE type <> 'table'")).all()
        without_rowid = connection.execute(text("SELECT name FROM pragma_table_list WHERE wr = 1")).all()
        return found | {"indexes": {" ".join(str(index).split()) for index in made}, "without rowid": set(map(str, without_rowid))}
