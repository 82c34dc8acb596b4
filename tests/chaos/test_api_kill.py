"""kill -9 of the API while clients log: what was acknowledged is there, once, and nothing is there that nobody sent."""

import contextlib
import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from servers import NO_TLS, free_port, wait_until

from store import keys
from store.database import connect

ROOT = Path(__file__).parents[2]
CLIENTS = 8
METRICS = ("train/loss", "lr")
Points = dict[int, float]


class Service:
    """An API process that can be killed and started again on the same database."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.port = folder, free_port()
        db = connect(url)
        with db.begin() as session:
            _, self.key = keys.mint(session, "test", "admin")
        db.close()
        settings = {"DATA_DIR": str(folder), "DATABASE_URL": url, "PORT": str(self.port), "BROKER_URL": ""}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("RUNTWICE_")}
        self.env = {**inherited, **{f"RUNTWICE_{name}": value for name, value in settings.items()}}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "api.log").open("ab") as log:
            self.process = subprocess.Popen([sys.executable, "-m", "api"], cwd=ROOT, env=self.env, stdout=log, stderr=log)
        wait_until(self.is_ready, 60.0, f"the API: {self.folder / 'api.log'}")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def is_ready(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", trust_env=False, verify=NO_TLS).status_code == 200
        return False

    def client(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}/api/v1", headers=headers, timeout=10.0, trust_env=False, verify=NO_TLS)


class Logger(threading.Thread):
    """A client that appends to its own run without pause, and sends again what got no answer, as any client must."""

    def __init__(self, service: Service, seed: int) -> None:
        super().__init__(daemon=True)
        self.service, self.random = service, random.Random(seed)
        with service.client() as http:
            self.run_id = str(http.post("/runs", json={"project": "team/chaos", "origin": "client"}).json()["id"])
        self.sent: dict[str, Points] = {metric: {} for metric in METRICS}
        self.acknowledged: dict[str, Points] = {metric: {} for metric in METRICS}
        self.requests, self.wrong = 0, list[str]()
        self.stopping = threading.Event()

    def run(self) -> None:
        step = 0
        with self.service.client() as http:
            while not self.stopping.is_set():
                steps = list(range(step, step + self.random.randint(1, 20)))
                columns = {metric: [self.random.gauss(0, 1) for _ in steps] for metric in METRICS}
                for metric in METRICS:
                    self.sent[metric].update(zip(steps, columns[metric], strict=True))
                if not self.append(http, {"steps": steps, "metrics": columns}):
                    return
                for metric in METRICS:
                    self.acknowledged[metric].update(zip(steps, columns[metric], strict=True))
                step = steps[-1] + 1

    def append(self, http: httpx.Client, body: dict[str, Any]) -> bool:
        """Whether the points were acknowledged in the end; false when the test ended first."""
        while not self.stopping.is_set():
            with contextlib.suppress(httpx.TransportError):
                answer = http.post(f"/runs/{self.run_id}/points", json=body)
                if answer.status_code == 200 and answer.json() == {"accepted": len(METRICS) * len(body["steps"]), "refused": []}:
                    self.requests += 1
                    return True
                if answer.status_code != 503:
                    self.wrong.append(f"{answer.status_code} {answer.text[:300]}")
                    return False
            self.stopping.wait(0.02)
        return False


@pytest.fixture
def service(database_url: str, tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path, database_url)
    try:
        service.start()
        yield service
    finally:
        service.kill()


def kill_while_logging(service: Service, kills: int) -> list[Logger]:
    """The clients, ended, with the service running again."""
    loggers = [Logger(service, seed) for seed in range(CLIENTS)]
    for logger in loggers:
        logger.start()
    pause = random.Random(kills)
    for _ in range(kills):
        acknowledged = sum(logger.requests for logger in loggers)
        more = pause.randint(5, 60)
        wait_until(lambda goal=acknowledged + more: sum(each.requests for each in loggers) >= goal or any(each.wrong for each in loggers), 60.0)
        service.kill()
        service.start()
    for logger in loggers:
        logger.stopping.set()
    for logger in loggers:
        logger.join(30.0)
    return loggers


def held(service: Service, run_id: str) -> dict[str, Points]:
    with service.client() as http:
        series = http.get("/series", params={"run": run_id, "metric": METRICS, "points": "all"}).json()["series"]
    for curve in series:
        assert len(set(curve["steps"])) == curve["count"], "a point stands there twice"
    return {curve["metric"]: dict(zip(curve["steps"], curve["values"], strict=True)) for curve in series}


def check(service: Service, kills: int) -> None:
    loggers = kill_while_logging(service, kills)

    assert [wrong for logger in loggers for wrong in logger.wrong] == []
    points = 0
    for logger in loggers:
        found = held(service, logger.run_id)
        for metric in METRICS:
            assert logger.acknowledged[metric].items() <= found[metric].items(), "an acknowledged point is lost or changed"
            assert found[metric].items() <= logger.sent[metric].items(), "a point that nobody sent"
            points += len(logger.acknowledged[metric])
    print(json.dumps({"kills": kills, "requests": sum(logger.requests for logger in loggers), "points": points, "lost": 0}))
    assert points > 0


class TestKillTheApi:
    def test_every_acknowledged_point_is_there_after_restart(self, service: Service) -> None:
        check(service, kills=2)

    @pytest.mark.proof
    def test_twenty_times(self, service: Service) -> None:
        check(service, kills=20)
