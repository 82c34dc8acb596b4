"""Those who follow a run hold what the store holds, whichever process writes, whatever dies."""

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from databases import of_a_file
from servers import NO_TLS, Valkey, free_port, wait_until
from service import Service
from streams import Heard, listening


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Two API processes on one database, with a broker; one pair for the tests of this file, of which each writes to runs of its own."""
    folder, valkey = tmp_path_factory.mktemp("live"), Valkey()
    url = of_a_file(request, folder, "live")
    try:
        service = Service(folder / "service", url, valkey.start())
        try:
            service.start_api()
            yield service
        finally:
            service.stop()
    finally:
        valkey.stop()


@pytest.fixture(scope="module")
def other(service: Service) -> Iterator[httpx.Client]:
    """A client of the second process."""
    with second(service) as client:
        yield client


def second(service: Service) -> httpx.Client:
    port = free_port()
    service._start("second", "api", {"RUNTWICE_PORT": str(port)})
    headers = {"Authorization": f"Bearer {service.key}"}
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", headers=headers, timeout=60.0, verify=NO_TLS)

    def is_ready() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/readyz", verify=NO_TLS).status_code == 200
        except httpx.TransportError:
            return False

    wait_until(is_ready, 60.0, "the second API")
    return client


def new_run(client: httpx.Client, project: str = "team/live") -> str:
    return str(client.post("/runs", json={"project": project, "origin": "client"}).json()["id"])


def append(client: httpx.Client, run: str, step: int) -> None:
    answer = client.post(f"/runs/{run}/points", json={"steps": [step], "metrics": {"loss": [step / 7], "lr": [0.1]}})
    assert answer.status_code == 200, answer.text


def held(client: httpx.Client, run: str) -> dict[str, Any]:
    found = client.get("/series", params={"run": run, "metric": ["loss", "lr"], "points": "all"}).json()["series"]
    return {curve["metric"]: dict(zip(curve["steps"], curve["values"], strict=True)) for curve in found}


class TestTwoProcesses:
    def test_a_run_written_through_one_is_followed_through_the_other(self, service: Service, other: httpx.Client) -> None:
        run = new_run(service.client)
        with listening(other, f"/runs/{run}/events") as heard:
            for step in range(50):
                append(service.client, run, step)
            service.client.post(f"/runs/{run}/finish", json={"state": "finished"})
            wait_until(lambda: heard.is_over, 20.0, "the end")

        assert heard.points() == held(service.client, run)
        assert heard.kinds()[-1] == "end"

    def test_a_broker_that_dies_and_comes_back_costs_time_alone(self, service: Service, other: httpx.Client) -> None:
        run = new_run(service.client)
        with listening(other, f"/runs/{run}/events") as heard:
            append(service.client, run, 0)
            wait_until(lambda: len(heard.points().get("loss", {})) == 1, 20.0, "the first point")
            service.valkey.kill()
            for step in range(1, 20):
                append(service.client, run, step)
            wait_until(lambda: len(heard.points()["loss"]) == 20, 20.0, "points without a broker")
            service.valkey.start()
            for step in range(20, 40):
                append(service.client, run, step)
            wait_until(lambda: len(heard.points()["loss"]) == 40, 20.0, "points after it came back")

        assert heard.points() == held(service.client, run)

    def test_a_project_is_followed_through_the_other(self, service: Service, other: httpx.Client) -> None:
        new_run(service.client, "team/followed")
        with listening(other, "/projects/team/followed/events") as heard:
            run = new_run(service.client, "team/followed")
            append(service.client, run, 0)
            wait_until(lambda: {"run", "metrics"} <= set(heard.kinds()), 20.0, "the run and its metrics")

        assert {data.get("run", data.get("id")) for _, _, data in heard.events} == {run}

    def test_one_that_is_killed_loses_and_doubles_nothing(self, service: Service, other: httpx.Client) -> None:
        run = new_run(other)
        written = threading.Event()

        def write() -> None:
            for step in range(300):
                append(other, run, step)
            other.post(f"/runs/{run}/finish", json={"state": "finished"})
            written.set()

        heard = Heard()
        threading.Thread(target=write, daemon=True).start()
        with listening(service.client, f"/runs/{run}/events", heard):
            wait_until(lambda: len(heard.events) > 5, 20.0, "some events")
            service.kill("api")
            wait_until(lambda: heard.is_over, 20.0, "the stream to break")
        heard.is_over, heard.status = False, 0
        with listening(other, f"/runs/{run}/events", heard, **{"Last-Event-ID": heard.last_id()}):
            wait_until(written.is_set, 60.0, "all points")
            wait_until(lambda: heard.is_over, 20.0, "the end")

        assert heard.points() == held(other, run)
        assert len(heard.points()["loss"]) == 300
        service.start_api()
