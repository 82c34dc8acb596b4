"""The processes of docker-compose.yml, started natively by its own commands on a real PostgreSQL and Valkey, with no container engine."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
import yaml
from servers import NO_TLS, Postgres, free_port, valkey_binary, wait_until

ROOT = Path(__file__).parent.parent.parent
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
SECRETS = {"POSTGRES_PASSWORD": "notneeded", "BROKER_PASSWORD": "a1b2c3d4e5"}
CONFIG = {"dataset": {"name": "digits"}, "total_iterations": 200, "batch_size": 64, "device": "cpu", "model": {"norm": {"kind": "batch"}}}


def filled_in(text: str) -> str:
    """What compose makes of ${NAME}, ${NAME:-default} and ${NAME:?sentence}."""
    return re.sub(r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}", lambda match: SECRETS.get(match[1], match[2] or ""), text)


class Cluster:
    """The compose file's services as processes of this machine. `/data` and the names of its network are what has to be translated."""

    def __init__(self, folder: Path, postgres: Postgres) -> None:
        postgres.execute("DROP DATABASE IF EXISTS cluster WITH (FORCE)")
        postgres.execute("CREATE DATABASE cluster")
        self.folder, self.api_port, self.broker_port = folder, free_port(), free_port()
        self.database_url = postgres.url("cluster")
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start_broker(self) -> None:
        data = self.folder / "redis"
        data.mkdir()
        _, *arguments = self._command("redis")
        self._start("redis", [str(valkey_binary()), *arguments, "--port", str(self.broker_port), "--bind", "127.0.0.1", "--dir", str(data)], {})
        client = redis.Redis(port=self.broker_port, password=SECRETS["BROKER_PASSWORD"])
        with contextlib.closing(client):
            wait_until(lambda: self._is_up("redis") and answers(client), what="the broker")

    def run(self, name: str) -> None:
        """A service that does its work once and ends well."""
        self.start(name)
        assert self.processes.pop(name).wait(60) == 0, self.log(name)

    def start(self, name: str) -> None:
        program, *arguments = self._command(name)
        programs = {"python": sys.executable, "runtwice": str(Path(sys.executable).parent / "runtwice")}
        self._start(name, [programs[program], *arguments], self._environment(name))

    @contextlib.contextmanager
    def client(self) -> Iterator[httpx.Client]:
        """A client with the key that the migration left, once the API is ready."""
        key = (self.folder / "admin" / "admin.key").read_text()
        headers = {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{self.api_port}", headers=headers, timeout=90, verify=NO_TLS) as client:
            wait_until(lambda: self._is_up("api") and is_ready(client), 60, "the API")
            yield client

    def stop(self) -> None:
        for process in reversed(self.processes.values()):
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def _command(self, name: str) -> list[str]:
        return [filled_in(str(part)) for part in SERVICES[name]["command"]]

    def _environment(self, name: str) -> dict[str, str]:
        told = {setting: filled_in(str(value)) for setting, value in SERVICES[name]["environment"].items()}
        volume, *_ = SERVICES[name]["volumes"]  # the first is the one that services share
        told["RUNTWICE_DATA_DIR"] = str(self.folder / volume.partition(":")[0])
        told["RUNTWICE_DATABASE_URL"] = self.database_url
        told["RUNTWICE_BROKER_URL"] = told["RUNTWICE_BROKER_URL"].replace("@redis:6379/", f"@127.0.0.1:{self.broker_port}/")
        if name == "api":
            told |= {"RUNTWICE_HOST": "127.0.0.1", "RUNTWICE_PORT": str(self.api_port)}
        return told

    def _start(self, name: str, command: list[str], told: dict[str, str]) -> None:
        inherited = {variable: value for variable, value in os.environ.items() if not variable.startswith("RUNTWICE_")}
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                command, cwd=self.folder, env={**inherited, "PYTHONSAFEPATH": "1", **told}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _is_up(self, name: str) -> bool:
        assert self.processes[name].poll() is None, self.log(name)
        return True


def answers(client: redis.Redis) -> bool:
    with contextlib.suppress(redis.ConnectionError):
        return bool(client.ping())
    return False


def is_ready(client: httpx.Client) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return client.get("/readyz").status_code == 200
    return False


@pytest.fixture
def cluster(tmp_path: Path, postgres: Postgres) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path, postgres)
    try:
        yield cluster
    finally:
        cluster.stop()


class TestCluster:
    def test_trains_a_run_reads_it_back_and_reproduces_it(self, cluster: Cluster) -> None:
        cluster.start_broker()
        cluster.run("migrate")
        cluster.start("api")
        cluster.start("worker-cpu")
        with cluster.client() as client:
            submitted = client.post("/api/v1/runs", json={"project": "acme/digits", "config": CONFIG})
            assert submitted.status_code == 202, submitted.text
            run_id = submitted.json()["id"]

            wait_until(lambda: client.get(f"/api/v1/runs/{run_id}").json()["state"] not in ("queued", "running"), 60, "the run")

            run = client.get(f"/api/v1/runs/{run_id}").json()
            assert (run["state"], run["attempt"]) == ("finished", 1), run["reason"]
            (losses,) = client.get("/api/v1/series", params={"run": run_id, "metric": "train/loss", "points": "all"}).json()["series"]
            assert losses["steps"] == list(range(200))
            assert losses["values"][-1] < losses["values"][0]

            files = client.get(f"/api/v1/runs/{run_id}/artifacts").json()["items"]
            weights = {file["name"]: client.get(f"/api/v1/artifacts/{file['id']}/content").content for file in files}
            assert {file["name"]: file["size_bytes"] for file in files} == {name: len(content) for name, content in weights.items()}
            assert set(weights) == {"best.safetensors", "final.safetensors"}

            reruns = client.post(f"/api/v1/runs/{run_id}/reruns", json={"wait_s": 60})
            assert [rerun["verdict"]["outcome"] for rerun in reruns.json()["items"]] == ["identical"], reruns.text

    def test_migrating_again_keeps_the_admin_key(self, cluster: Cluster) -> None:
        cluster.run("migrate")
        key = (cluster.folder / "admin" / "admin.key").read_text()

        cluster.run("migrate")

        assert (cluster.folder / "admin" / "admin.key").read_text() == key
        assert key not in cluster.log("migrate")
