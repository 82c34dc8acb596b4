"""What is acknowledged is on the disk, and who runs a database that does not keep to it is told."""

from sqlalchemy import text

from store import durability
from store.database import Database, connect


class TestDurability:
    def test_every_connection_waits_for_the_disk(self, database: Database) -> None:
        with database.read() as session:
            assert durability.weakness(session) is None

    def test_a_connection_that_does_not_is_told_of(self, database: Database) -> None:
        with database.read() as session:
            weaken = "PRAGMA synchronous=NORMAL" if database.dialect == "sqlite" else "SET synchronous_commit = off"
            database_cursor = session.connection().connection.cursor()
            if database.dialect == "sqlite":
                session.rollback()  # inside a transaction SQLite changes nothing
                database_cursor = session.connection().connection.cursor()
                database_cursor.execute("COMMIT")
            database_cursor.execute(weaken)

            assert "synchronous" in (durability.weakness(session) or "")
            session.connection().invalidate()

    def test_a_role_that_switched_it_off_does_not_switch_it_off_for_us(self, postgres_url: str) -> None:
        before = connect(postgres_url)
        with before.begin() as session:
            session.execute(text("ALTER ROLE runtwice SET synchronous_commit = off"))
        before.close()
        after = connect(postgres_url)
        try:
            with after.read() as session:
                assert durability.weakness(session) is None
        finally:
            with after.begin() as session:
                session.execute(text("ALTER ROLE runtwice RESET synchronous_commit"))
            after.close()
