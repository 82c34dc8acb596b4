"""Fixtures that every folder of tests may use: real databases built by the migrations, a real broker."""

import gc
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from databases import TEMPLATE, Databases
from effort import QUICK, THOROUGH
from hypothesis import HealthCheck, settings
from servers import Postgres, Valkey

from store import migrate
from store.database import Database, connect

gc.disable()  # nothing of what is loaded and collected now is garbage
# A machine that does other work too is slow at drawing: that fails no test.
settings.register_profile(QUICK, max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(THOROUGH, settings.get_profile(QUICK), max_examples=1000)
settings.load_profile(QUICK)  # --hypothesis-profile is heard later

# A traceback with the values of all variables, as rich draws it, takes a second.
PLAIN = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)

# Log lines of servers that run in this process: pytest shows them with a test that failed, and only there.
structlog.configure(
    processors=[structlog.contextvars.merge_contextvars, structlog.stdlib.add_log_level, PLAIN],
    wrapper_class=structlog.stdlib.BoundLogger,
    logger_factory=structlog.stdlib.LoggerFactory(),
)


def pytest_collection_finish() -> None:
    """What is there by now stays until the end, and the garbage collector need not look through it again and again."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server with the database `template_runtwice`, which the migrations built."""
    server = Postgres()
    try:
        server.start()
        server.execute(f"CREATE DATABASE {TEMPLATE}")
        migrate.upgrade(server.url(TEMPLATE))
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrate.upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite file of this test's own."""
    file = tmp_path / "runtwice.db"
    shutil.copy(sqlite_template, file)
    return f"sqlite:///{file}"


@pytest.fixture(scope="session")
def _databases(postgres: Postgres) -> Databases:
    return Databases(postgres)


@pytest.fixture
def postgres_url(postgres: Postgres, _databases: Databases) -> Iterator[str]:
    """A migrated PostgreSQL database of this test's own."""
    name = _databases.lend()
    yield postgres.url(name)
    _databases.give_back(name)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The test runs twice, once on each kind of database."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    db = connect(database_url)
    yield db
    db.close()


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    """A broker of this test's own."""
    server = Valkey()
    try:
        yield server.start()
    finally:
        server.stop()
