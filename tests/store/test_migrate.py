"""The migrations, up and down, on both databases."""

from concurrent.futures import ThreadPoolExecutor

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from store import migrate, projects, runs, verdicts
from store.database import Database
from store.staleness import judged_with
from store.tables import Table, Verdict
from trainer.config import RunConfig


class TestMigrations:
    def test_build_the_tables_that_the_code_expects(self, database: Database) -> None:
        with database.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})

            assert compare_metadata(context, Table.metadata) == []

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
