"""The migrations, up and down, on both databases."""

from concurrent.futures import ThreadPoolExecutor

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from store import migrate
from store.database import Database
from store.tables import Table


class TestMigrations:
    def test_build_the_tables_that_the_code_expects(self, database: Database) -> None:
        with database.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})

            assert compare_metadata(context, Table.metadata) == []

    def test_go_down_to_nothing_and_up_again(self, database: Database, database_url: str) -> None:
        migrate.downgrade(database_url, "base")
        assert inspect(database.engine).get_table_names() == ["alembic_version"]

        assert migrate.upgrade(database_url) == migrate.head() == migrate.current(database)

    def test_two_at_once_leave_one_result(self, database: Database, database_url: str) -> None:
        migrate.downgrade(database_url, "base")

        with ThreadPoolExecutor(2) as pool:
            versions = list(pool.map(migrate.upgrade, [database_url] * 2))

        assert versions == [migrate.head()] * 2
