"""Health, figures, trouble with the database, and a process that stays small."""

import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from servers import free_port, wait_until

from api import bodies, server
from store import keys
from store.database import connect

ROOT = Path(__file__).parents[2]


class TestHealth:
    def test_a_process_that_answers_lives(self, sqlite_api: Any) -> None:
        assert sqlite_api.client().get("/healthz").json() == {"status": "ok"}

    def test_ready_names_each_thing_it_needs(self, api: Any) -> None:
        answer = api.client().get("/readyz")

        assert answer.status_code == 200
        assert answer.json()["status"] == "ready"
        assert list(answer.json()["checks"]) == ["database", "broker", "disk", "durability"]
        assert all(check["ok"] for check in answer.json()["checks"].values())

    def test_without_a_broker_it_is_degraded_and_serves(self, make_api: Any) -> None:
        api = make_api()
        parts = api.app.state.parts
        object.__setattr__(parts, "queue", type(parts.queue)("redis://127.0.0.1:1/0"))
        object.__setattr__(parts, "settings", parts.settings.model_copy(update={"broker_url": "redis://127.0.0.1:1/0"}))

        answer = api.client().get("/readyz")

        assert (answer.status_code, answer.json()["status"], answer.json()["checks"]["broker"]["ok"]) == (200, "degraded", False)

    def test_a_database_of_another_version_is_not_ready(self, make_api: Any) -> None:
        api = make_api()
        with api.database.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'older'")

        answer = api.client().get("/readyz")

        assert answer.status_code == 503
        assert "runtwice migrate" in answer.json()["checks"]["database"]["detail"]

    def test_figures_count_requests_by_route_and_not_by_address(self, sqlite_api: Any) -> None:
        for i in range(3):
            sqlite_api.admin.get(f"/api/v1/runs/no-such-run-{i}")

        text = sqlite_api.admin.get("/metrics").text

        assert 'runtwice_http_requests_total{method="GET",route="/api/v1/runs/{run_id}",status="404"}' in text
        assert "no-such-run" not in text
        assert 'runtwice_runs{state="queued"}' in text
        assert sqlite_api.client().get("/metrics").status_code == 401


class TestDatabaseTrouble:
    """What passes is 503 with a word when to come back: never 401 or 404, which clients take for final."""

    def test_a_database_that_is_gone(self, make_api: Any) -> None:
        api = make_api()
        run = api.client_run()["id"]
        with api.database.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE keys RENAME TO keys_away")
        api.app.state.parts.callers.forget()

        answers = [api.admin.get("/api/v1/runs"), api.admin.post(f"/api/v1/runs/{run}/points", json={"steps": [0], "metrics": {"x": [1]}})]

        for answer in answers:
            assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
            assert answer.headers["retry-after"]
            assert "keys" not in answer.text

    def test_a_database_server_that_is_down(self, make_api: Any) -> None:
        api = make_api()
        object.__setattr__(api.app.state.parts, "db", connect("postgresql+psycopg://nobody@127.0.0.1:1/none"))

        answers = [api.admin.get("/api/v1/runs"), api.client().post("/login", data={"key": "rt-x"}), api.client().get("/readyz")]

        assert [answer.status_code for answer in answers] == [503, 503, 503]
        assert all(answer.headers["retry-after"] for answer in answers)
        assert not any("127.0.0.1" in answer.text for answer in answers)
        assert api.client().get("/healthz").status_code == 200

    def test_what_nobody_foresaw_tells_nothing(self, make_api: Any) -> None:
        api = make_api()
        object.__setattr__(api.app.state.parts, "files", "a secret path")
        run = api.client_run()["id"]

        answer = api.admin.put(f"/api/v1/runs/{run}/artifacts/a", content=b"x")

        assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
        assert "secret" not in answer.text
        assert "Traceback" not in answer.text
        assert answer.headers["x-content-type-options"] == "nosniff"


class TestSlowClients:
    @pytest.fixture
    def address(self, make_api: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[str, int, str]:
        monkeypatch.setattr(server, "HEADERS_S", 0.3)
        monkeypatch.setattr(bodies, "RECEIPT_S", 0.3)
        api = make_api()
        return "127.0.0.1", api.settings.port, api.key("admin")

    def test_half_a_head_is_hung_up_on(self, address: tuple[str, int, str]) -> None:
        for start in (b"", b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"):
            with socket.create_connection(address[:2], 10) as client:
                client.sendall(start)

                assert client.recv(1000) == b""

    def test_half_a_second_head_is_hung_up_on(self, address: tuple[str, int, str]) -> None:
        with socket.create_connection(address[:2], 10) as client:
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert b"200 OK" in client.recv(10_000)
            client.sendall(b"GET /hea")

            assert client.recv(1000) == b""

    def test_half_a_body_is_408(self, address: tuple[str, int, str]) -> None:
        host, port, key = address
        head = f"POST /api/v1/runs HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
        with socket.create_connection((host, port), 10) as client:
            client.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{".encode())

            assert b"HTTP/1.1 408" in client.recv(10_000)

    def test_what_is_no_http_is_a_problem_and_the_end(self, address: tuple[str, int, str]) -> None:
        for junk in (b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", b"GET /\r\n\r\n\r\n"):
            with socket.create_connection(address[:2], 10) as client:
                client.sendall(junk)
                answer = b"".join(iter(lambda: client.recv(10_000), b""))

            assert answer.startswith(b"HTTP/1.1 400")
            assert b"application/problem+json" in answer

    def test_a_slow_answer_is_not_cut(self, make_api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(server, "HEADERS_S", 1.5)
        monkeypatch.setattr(bodies, "RECEIPT_S", 1.5)
        api = make_api()
        run = api.submit()["id"]
        api.end(run)

        assert api.admin.post(f"/api/v1/runs/{run}/reruns", json={"wait_s": 3}).status_code == 202


class TestProcess:
    def environment(self, folder: Path, url: str, port: int) -> dict[str, str]:
        return {"RUNTWICE_DATA_DIR": str(folder), "RUNTWICE_DATABASE_URL": url, "RUNTWICE_PORT": str(port), "PATH": "/usr/bin:/bin"}

    def test_loads_nothing_heavy(self) -> None:
        heavy = ["torch", "scipy", "sklearn", "pandas", "mlxtend", "matplotlib", "fastapi_offline"]
        look = f"import sys, api.server; print([name for name in {heavy} if name in sys.modules])"

        done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True)

        assert done.stdout.strip() == "[]", done.stderr

    def test_writes_json_lines_and_no_secrets_and_ends_on_sigterm(self, tmp_path: Path, sqlite_url: str, free: int) -> None:
        db = connect(sqlite_url)
        with db.begin() as session:
            _, key = keys.mint(session, "k", "admin")
        db.close()
        with (tmp_path / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "api"], cwd=ROOT, env=self.environment(tmp_path, sqlite_url, free), stdout=log, stderr=log
            )
        try:
            wait_until(lambda: _answers(free), 30.0, "the API")
            headers = {"Authorization": f"Bearer {key}", "User-Agent": "x" * 5000, "X-Request-Id": "my-id"}
            httpx.get(f"http://127.0.0.1:{free}/api/v1/runs/%1b%0a%0d%22?x={key}", headers=headers)
        finally:
            process.terminate()
            code = process.wait(10.0)

        lines = [orjson.loads(line) for line in (tmp_path / "log").read_bytes().splitlines()]
        (access,) = [line for line in lines if line.get("request_id") == "my-id"]
        assert (access["event"], access["method"], access["status"]) == ("request", "GET", 422)
        assert key not in (tmp_path / "log").read_text()
        assert code in (0, -signal.SIGTERM)  # uvicorn ends cleanly, then by the signal it was sent


@pytest.fixture
def free() -> int:
    return free_port()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False
