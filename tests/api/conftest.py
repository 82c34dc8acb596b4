"""A real API listening on a free port, on a database of its own; one for a file of tests, which keep apart by their projects."""

import itertools
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attempts
import httpx
import pytest
import uvicorn
from servers import NO_TLS, Postgres, free_port, wait_until

from api.app import create_app
from api.server import Protocol
from store import keys, lifecycle, runs
from store.database import Database, connect
from store.settings import Settings

DIGITS: dict[str, Any] = {"dataset": {"name": "digits"}, "total_iterations": 20}
_numbers = itertools.count()


class Api:
    """The service, with a client for each kind of caller; `admin` may do everything."""

    def __init__(self, folder: Path, url: str, **settings: Any) -> None:
        self.database: Database = connect(url)
        self.settings = Settings(data_dir=folder, database_url=url, port=free_port(), broker_url="", **settings)
        self.origin = f"http://127.0.0.1:{self.settings.port}"
        self.app = create_app(self.settings)
        options = {"http": Protocol, "ws": "none", "log_config": None, "server_header": False, "access_log": False, "timeout_graceful_shutdown": 1}
        config = uvicorn.Config(self.app, port=self.settings.port, **options)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._clients: list[httpx.Client] = []

    def start(self) -> "Api":
        self._thread.start()
        wait_until(lambda: self._server.started, 30.0, "the API")
        self.admin = self.client(self.key("admin"))
        return self

    def stop(self) -> None:
        for client in self._clients:
            client.close()
        self._server.should_exit = True
        self._thread.join(10.0)
        self.database.close()

    def key(self, role: str, entity: str | None = None, expires_at: float | None = None) -> str:
        with self.database.begin() as session:
            return keys.mint(session, role, role, entity, expires_at)[1]

    def client(self, key: str | None = None, **headers: str) -> httpx.Client:
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        client = httpx.Client(base_url=self.origin, headers=headers, timeout=30.0, trust_env=False, verify=NO_TLS)
        self._clients.append(client)
        return client

    def as_role(self, role: str, entity: str | None = None) -> httpx.Client:
        return self.client(self.key(role, entity))

    def submit(self, project: str = "team/digits", config: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
        """A queued run, of which nothing else trains: there is no worker here."""
        answer = self.admin.post("/api/v1/runs", json={"project": project, "config": {**DIGITS, **(config or {})}, **fields})
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    def client_run(self, project: str = "team/logged", **fields: Any) -> dict[str, Any]:
        answer = self.admin.post("/api/v1/runs", json={"project": project, "origin": "client", **fields})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def end(self, run_id: str, state: str = "finished", digests: dict[str, str] | None = None) -> None:
        """Claim the run as a worker would, and end it."""
        claim = attempts.claim(self.database, "test-node", run_id, 60.0)
        with self.database.begin() as session:
            lifecycle.finish(session, claim, state, None, digests or {"initial": "i", "final": "f"})

    def count_runs(self, project: str) -> int:
        answer = self.admin.get("/api/v1/runs", params={"project": project, "total": "true"})
        return int(answer.json()["total"]) if answer.status_code == 200 else 0

    def stored_runs(self) -> int:
        with self.database.read() as session:
            return runs.count(session, entity=None, project=None)


MakeApi = Callable[..., Api]


@pytest.fixture(scope="session")
def new_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """The URL of a fresh migrated database of the kind."""

    def make(kind: str) -> str:
        if kind == "sqlite":
            file = tmp_path_factory.mktemp("api") / "runtwice.db"
            shutil.copy(request.getfixturevalue("sqlite_template"), file)
            return f"sqlite:///{file}"
        server: Postgres = request.getfixturevalue("postgres")
        name = f"api_{next(_numbers)}"
        server.execute(f"CREATE DATABASE {name} TEMPLATE template_runtwice")
        return server.url(name)

    return make


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def api(request: pytest.FixtureRequest, new_url: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    service = Api(tmp_path_factory.mktemp("data"), new_url(request.param)).start()
    yield service
    service.stop()


@pytest.fixture(scope="module")
def sqlite_api(new_url: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """For what does not depend on the database."""
    service = Api(tmp_path_factory.mktemp("data"), new_url("sqlite"), body_limit_bytes=100_000).start()
    yield service
    service.stop()


@pytest.fixture
def make_api(new_url: Callable[[str], str], tmp_path: Path) -> Iterator[MakeApi]:
    """A service with settings of the test's own."""
    made: list[Api] = []

    def make(**settings: Any) -> Api:
        made.append(Api(tmp_path, new_url("sqlite"), **settings).start())
        return made[-1]

    yield make
    for service in made:
        service.stop()


@pytest.fixture
def project() -> str:
    """A project that no other test uses."""
    return f"team/p{next(_numbers)}"
