"""A run that the real SDK logs while the network and the service fail: nothing lost, nothing doubled, and it ends."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from proxy import Proxy, lost, meanwhile, status, twice, unheard
from sdk import Sdk
from servers import Valkey, wait_until
from service import Service

from store import console, history, streamed
from store.tables import Run

STREAM = "/file_stream"
# Whole seconds: the SDK cuts the rest off, and takes 0 for its default.
QUICK = {
    "x_file_stream_transmit_interval": 1,
    "x_file_stream_retry_wait_min_seconds": 1,
    "x_file_stream_retry_wait_max_seconds": 1,
    "x_file_transfer_retry_wait_min_seconds": 1,
    "x_graphql_retry_wait_min_seconds": 1,
}
TOLD = """
import json, sys, wandb
run = wandb.init(project="faults", id=sys.argv[1], settings=wandb.Settings(**json.loads(sys.argv[2])), config={"lr": 0.1})
step = 0
for line in sys.stdin:
    for _ in range(int(line)):
        print(f"line {step}")
        run.log({"x": step, "word": f"at {step}", "deep": {"er": step / 3}})
        step += 1
    print("@", flush=True)
with open("kept.txt", "w") as file:
    file.write("kept" * 1000)
run.save("kept.txt")
run.summary["last words"] = "done"
run.finish()
"""


class Script:
    """A process that logs rows when it is told so."""

    def __init__(self, sdk: Sdk, external_id: str, settings: dict[str, Any]) -> None:
        self.external_id, self.rows = external_id, 0
        command = [sys.executable, "-u", "-c", TOLD, external_id, json.dumps(settings)]
        self.process = subprocess.Popen(command, cwd=sdk.folder, env=sdk.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def log(self, rows: int) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{rows}\n")
        self.process.stdin.flush()
        self.rows += rows
        for line in self.process.stdout:
            if line == "@\n":
                return
        raise AssertionError("the script ended early")

    def finish(self, timeout_s: float = 120.0) -> int:
        self.process.communicate(timeout=timeout_s)
        return self.process.returncode


@pytest.fixture
def proxy(wandb_service: Service) -> Iterator[Proxy]:
    proxy = Proxy(wandb_service.port)
    yield proxy
    proxy.close()


@pytest.fixture
def script(wandb_service: Service, proxy: Proxy, tmp_path: Path) -> Iterator[Callable[..., Script]]:
    started: list[Script] = []

    def start(external_id: str, **settings: Any) -> Script:
        started.append(Script(Sdk(tmp_path, proxy.url, wandb_service.key), external_id, settings))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.communicate()


def rows_of(service: Service, external_id: str) -> int:
    with service.database.read() as session:
        run = session.query(Run).filter(Run.external_id == external_id).one_or_none()
        return streamed.count_lines(session, run.id, streamed.HISTORY) if run else 0


def arrived(service: Service, script: Script) -> None:
    wait_until(lambda: rows_of(service, script.external_id) == script.rows, 90.0, f"row {script.rows}")


def assert_is_whole(service: Service, script: Script) -> None:
    with service.database.read() as session:
        run = session.query(Run).filter(Run.external_id == script.external_id).one()
        rows = history.rows(session, run.id)
        summary = streamed.summary(session, run.id) or {}
        told = [line.text for _, line in console.read(session, run.id, limit=10_000)]
    steps = range(script.rows)
    assert [(row["_step"], row["x"], row["word"], row["deep.er"]) for row in rows] == [(n, n, f"at {n}", n / 3) for n in steps]
    assert [line for line in told if line != "@"] == [f"line {n}" for n in steps]
    assert told.count("@") == len(told) - script.rows
    assert {key: summary.get(key) for key in ("x", "word", "last words")} == {
        "x": script.rows - 1,
        "word": f"at {script.rows - 1}",
        "last words": "done",
    }
    shown = service.run(run.id)
    assert (shown["state"], shown["config"], shown["refused_points"]) == ("finished", {"lr": 0.1}, 0)
    assert shown["metrics"]["x"]["count"] == script.rows
    files = {item["name"]: item["id"] for item in service.client.get(f"/runs/{run.id}/artifacts").json()["items"]}
    assert {"config.yaml", "requirements.txt", "wandb-metadata.json", "wandb-summary.json", "output.log"} <= files.keys()
    assert service.client.get(f"/artifacts/{files['kept.txt']}/content").text == "kept" * 1000


class TestFaults:
    def test_lose_and_double_nothing_and_let_the_run_end(self, wandb_service: Service, proxy: Proxy, script: Callable[..., Script]) -> None:
        proxy.arm("UpsertBucket", status(500), unheard)
        run = script("faults01", **QUICK)
        run.log(50)
        arrived(wandb_service, run)

        for faults in ([status(500)] * 3, [status(429, Retry_After="1")], [unheard, unheard], [lost], [twice]):
            proxy.arm(STREAM, *faults)
            run.log(50)
            arrived(wandb_service, run)
            wait_until(lambda: proxy.is_spent, 30.0, "the faults")
        with proxy.cut():
            run.log(50)
            wait_until(lambda: (proxy.turned_away or 0) >= 2, 30.0, "the SDK to be turned away")
            with proxy.outage():
                run.log(50)
        proxy.arm(STREAM, meanwhile(lambda: wandb_service.kill("api")))
        run.log(50)
        wait_until(lambda: proxy.is_spent, 30.0, "the kill")
        wandb_service.start_api()

        proxy.arm("kept.txt", status(503), unheard, twice)
        proxy.arm("complete", lost, unheard, status(503, Retry_After="1"))
        assert run.finish() == 0
        assert proxy.is_spent
        assert_is_whole(wandb_service, run)


@pytest.mark.proof
class TestLong:
    def test_an_outage_of_a_minute_costs_no_row(self, wandb_service: Service, proxy: Proxy, script: Callable[..., Script]) -> None:
        run = script("minute01")
        run.log(500)
        arrived(wandb_service, run)

        with proxy.outage():
            for _ in range(60):
                run.log(10)
                time.sleep(1)

        run.log(500)
        assert run.finish() == 0
        assert_is_whole(wandb_service, run)

    @pytest.mark.parametrize("kind", ["sqlite", "postgres"])
    def test_a_service_that_is_killed_again_and_again_loses_and_doubles_no_row(
        self, kind: str, valkey: Valkey, request: pytest.FixtureRequest, tmp_path: Path
    ) -> None:
        service = Service(tmp_path / "service", request.getfixturevalue(f"{kind}_url"), valkey)
        service.start_api()
        proxy = Proxy(service.port)
        run = Script(Sdk(tmp_path, proxy.url, service.key), "killed01", QUICK)
        try:
            for kill in range(6):
                run.log(200)
                if kill % 2:
                    proxy.arm(STREAM, meanwhile(lambda: service.kill("api")))
                    wait_until(lambda: proxy.is_spent, 60.0, "the kill")
                else:
                    wait_until(lambda held=rows_of(service, "killed01"): rows_of(service, "killed01") > held, 60.0, "some rows")
                    service.kill("api")
                run.log(200)
                service.start_api()

            assert run.finish() == 0
            assert_is_whole(service, run)
        finally:
            run.process.kill()
            run.process.communicate()
            proxy.close()
            service.stop()
