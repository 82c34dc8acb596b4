"""`runtwice up`: one command for the whole service, and nothing of it left behind."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from servers import NO_TLS, wait_until

Start = Callable[..., Any]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def up(start_up: Start, data_dir: Path) -> Any:
    """A service without a worker, which starts sooner."""
    return start_up(data_dir, "--no-worker")


@pytest.fixture(scope="module")
def shared_up(starting_up: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One for the tests that leave it running."""
    with starting_up() as start:
        yield start(tmp_path_factory.mktemp("shared") / "data", "--no-worker")


def end(up: Any, how: signal.Signals = signal.SIGINT) -> int:
    up.process.send_signal(how)
    return int(up.process.wait(timeout=30))


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def ask(up: Any, method: str, path: str, **request: Any) -> httpx.Response:
    """The answer of the service to its admin."""
    key = (up.data_dir / "admin.key").read_text()
    return httpx.request(method, f"{up.url}/api/v1{path}", headers={"Authorization": f"Bearer {key}"}, verify=NO_TLS, **request)


def mode(file: Path) -> int:
    return file.stat().st_mode & 0o777


class TestFirstStart:
    def test_prints_the_admin_key_once_and_keeps_it_for_this_machine(self, start_up: Start, up: Any, data_dir: Path) -> None:
        [told] = [told for told in up.told if told["event"] == "admin_key"]

        assert (data_dir / "admin.key").read_text() == told["admin_key"]
        assert mode(data_dir / "admin.key") == 0o600
        assert mode(data_dir) == 0o700

        assert end(up) == 0
        again = start_up(data_dir, "--no-worker")
        assert [told["event"] for told in again.told] == ["ready"]
        assert again.told[0]["admin_key"] is None

    def test_gives_a_key_that_opens_the_service(self, shared_up: Any) -> None:
        assert ask(shared_up, "GET", "/keys").status_code == 200

    def test_keeps_no_process_for_what_is_done_and_no_key_in_a_log(self, shared_up: Any) -> None:
        key = (shared_up.data_dir / "admin.key").read_text().strip()
        logs = [file.read_text() for file in (shared_up.data_dir / "logs").iterdir()]

        assert not any("cli.preparation" in name for name in shared_up.family())
        assert logs
        assert not any(key in log for log in logs)

    def test_prints_a_link_that_signs_in_once(self, shared_up: Any) -> None:
        [link] = [told["signin"] for told in shared_up.told if told["event"] == "ready"]
        assert link.startswith(f"{shared_up.url}/login?token=")

        token = link.partition("token=")[2]
        first, second = (httpx.post(f"{shared_up.url}/login", data={"token": token}) for _ in range(2))

        assert (first.status_code, bool(first.cookies)) == (303, True)
        assert (second.status_code, bool(second.cookies)) == (401, False)

    def test_tells_people_where_it_runs(self, data_dir: Path) -> None:
        command = [sys.executable, "-m", "cli", "up", "--no-worker", "--port", "0", "--data-dir", str(data_dir)]
        lines = []
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line.rstrip())
                if line.startswith("Ctrl-C"):
                    process.send_signal(signal.SIGINT)

        assert lines[0].startswith("Admin key, shown this once: rt-")
        assert lines[2].startswith("Runtwice runs at http://127.0.0.1:")
        assert lines[3].startswith("Sign in once, within an hour: http://127.0.0.1:")
        assert lines[-1] == f"Stopped. Everything is kept in {data_dir}"

    def test_a_lost_key_is_made_anew_when_asked_for(self, start_up: Start, up: Any, data_dir: Path) -> None:
        end(up)
        lost = (data_dir / "admin.key").read_text()
        (data_dir / "admin.key").unlink()

        without = start_up(data_dir, "--no-worker")
        assert without.told[-1]["signin"] is None
        assert not (data_dir / "admin.key").exists()
        end(without)

        start_up(data_dir, "--no-worker", "--new-admin-key")
        assert (data_dir / "admin.key").read_text() not in ("", lost)


def untouched(data_dir: Path) -> dict[str, int]:
    """When each file changed last; the database's own are left out: the first service goes on writing its heartbeats."""
    return {file.name: file.stat().st_mtime_ns for file in data_dir.iterdir() if not file.name.startswith("runtwice.db")}


class TestSecondStart:
    def test_on_the_same_folder_refuses_and_touches_nothing(self, start_up: Start, shared_up: Any) -> None:
        before = untouched(shared_up.data_dir)

        second = start_up(shared_up.data_dir, ready=False)
        out, error = second.process.communicate(timeout=30)

        assert (second.process.returncode, out) == (1, "")
        assert f"process {shared_up.process.pid}, at {shared_up.url}" in json.loads(error)["error"]
        assert untouched(shared_up.data_dir) == before
        assert httpx.get(f"{shared_up.url}/healthz", verify=NO_TLS).status_code == 200

    def test_after_a_kill_finds_everything_again(self, start_up: Start, up: Any, data_dir: Path) -> None:
        end(up, signal.SIGKILL)

        again = start_up(data_dir, "--no-worker")

        assert httpx.get(f"{again.url}/healthz", verify=NO_TLS).status_code == 200


class TestTrouble:
    @pytest.fixture
    def taken_port(self) -> Iterator[int]:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            yield int(listener.getsockname()[1])

    def test_a_port_in_use_is_named(self, start_up: Start, data_dir: Path, taken_port: int) -> None:
        up = start_up(data_dir, "--port", str(taken_port), ready=False)
        _, error = up.process.communicate(timeout=30)

        assert up.process.returncode == 1
        assert json.loads(error)["error"] == f"Port {taken_port} of 127.0.0.1 is in use by another program."

    def test_a_part_that_does_not_come_up_gives_its_last_words(self, start_up: Start, data_dir: Path) -> None:
        (data_dir / "broker").mkdir(parents=True)
        (data_dir / "broker" / "appendonlydir").write_text("in the way")

        up = start_up(data_dir, "--no-worker", ready=False)
        _, error = up.process.communicate(timeout=30)

        assert up.process.returncode == 1
        assert json.loads(error)["error"].startswith("The broker did not start: exit code 1")
        assert "appendonlydir" in json.loads(error)["todo"]

    def test_a_database_out_of_reach_is_a_sentence(self, start_up: Start, data_dir: Path) -> None:
        up = start_up(data_dir, ready=False, database_url="postgresql+psycopg://nobody:secret@127.0.0.1:1/none")
        _, error = up.process.communicate(timeout=30)

        assert up.process.returncode != 0
        assert json.loads(error)["error"].startswith("The database cannot be used")
        assert "secret" not in error

    def test_a_folder_with_a_long_name_works(self, start_up: Start, tmp_path: Path) -> None:
        up = start_up(tmp_path / ("long name " * 12), "--no-worker")

        assert httpx.get(f"{up.url}/readyz", verify=NO_TLS).json()["status"] == "ready"
        assert end(up) == 0

    def test_a_broker_that_dies_is_started_again_with_a_word(self, shared_up: Any) -> None:
        killed = shared_up.child("broker.sock")

        os.kill(killed, signal.SIGKILL)

        assert "The broker ended (signal 9 (SIGKILL)); it is started again" in shared_up.read_until("restarted")["detail"]
        wait_until(lambda: httpx.get(f"{shared_up.url}/readyz", verify=NO_TLS).json()["status"] == "ready")

    def test_an_api_that_dies_is_started_again_with_a_word(self, shared_up: Any) -> None:
        os.kill(shared_up.child("-m api"), signal.SIGKILL)

        assert "The API ended" in shared_up.read_until("restarted")["detail"]

        def answers() -> bool:
            try:
                return httpx.get(f"{shared_up.url}/healthz", verify=NO_TLS).status_code == 200
            except httpx.TransportError:
                return False

        wait_until(answers)


class TestStop:
    """With a worker: it has children of its own."""

    @pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_leaves_no_process_behind(self, start_up: Start, data_dir: Path, how: signal.Signals) -> None:
        up = start_up(data_dir, *([] if how == signal.SIGINT else ["--no-worker"]))
        family = up.family()
        assert len(family) >= 2

        assert end(up, how) == 0

        assert [name for name, pid in family.items() if is_alive(pid)] == []

    def test_while_starting_leaves_no_process_behind(self, start_up: Start, data_dir: Path) -> None:
        up = start_up(data_dir, ready=False)
        wait_until(lambda: any("broker.sock" in name for name in up.family()))
        family = up.family()

        assert end(up) == 0
        assert [name for name, pid in family.items() if is_alive(pid)] == []

    def test_while_the_database_is_prepared_waits_for_nobody(self, start_up: Start, data_dir: Path) -> None:
        data_dir.mkdir()
        with closing(sqlite3.connect(data_dir / "runtwice.db", isolation_level=None)) as taken:
            taken.execute("PRAGMA journal_mode = WAL")
            taken.execute("BEGIN IMMEDIATE")
            up = start_up(data_dir, "--no-worker", ready=False)
            wait_until(lambda: any("cli.preparation" in name for name in up.family()))
            family = up.family()

            assert end(up) == 0

        assert [name for name, pid in family.items() if is_alive(pid)] == []

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
    @pytest.mark.parametrize("api_processes", ["1", "2"])
    def test_kill_9_leaves_no_process_behind(self, start_up: Start, data_dir: Path, api_processes: str) -> None:
        up = start_up(data_dir, api_processes=api_processes)
        family = up.family()

        end(up, signal.SIGKILL)

        wait_until(lambda: not any(is_alive(pid) for pid in family.values()))

    def test_a_run_in_training_goes_on_at_the_next_start(self, start_up: Start, data_dir: Path) -> None:
        up = start_up(data_dir)
        config = {"dataset": {"name": "digits"}, "total_iterations": 4000, "eval_every": 1000}
        run = ask(up, "POST", "/runs", json={"project": "p", "config": config}).json()["id"]
        wait_until(lambda: ask(up, "GET", f"/runs/{run}").json()["state"] == "running")
        end(up)

        again = start_up(data_dir)

        wait_until(lambda: ask(again, "GET", f"/runs/{run}").json()["state"] == "finished", timeout_s=60)
        assert ask(again, "GET", f"/runs/{run}").json()["attempt"] == 2


class TestOwnServers:
    def test_a_database_and_a_broker_of_the_user_s_are_used_when_named(self, start_up: Start, data_dir: Path, postgres_url: str, valkey: Any) -> None:
        up = start_up(data_dir, database_url=postgres_url, broker_url=valkey.url)
        config = {"dataset": {"name": "digits"}, "total_iterations": 20}
        run = ask(up, "POST", "/runs", json={"project": "p", "config": config}).json()["id"]

        wait_until(lambda: ask(up, "GET", f"/runs/{run}").json()["state"] == "finished")

        assert not (data_dir / "runtwice.db").exists()
        assert not (data_dir / "broker").exists()
        assert end(up) == 0
