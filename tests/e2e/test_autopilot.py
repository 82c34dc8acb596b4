"""What is rerun by itself, by real workers: every run once, canaries on every node, a node whose bits are not the others'."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from servers import Valkey, wait_until
from service import Service

POLICY = "/projects/team/digits/reproducibility"
SHORT: dict[str, Any] = {"total_iterations": 30, "model": {"norm": {"kind": "batch"}}}
# Sums that two threads add up in another order than one.
WIDE: dict[str, Any] = {
    "dataset": {"name": "mnist5k"},
    "model": {"norm": {"kind": "batch"}},
    "batch_size": "full",
    "total_iterations": 10,
    "optimizer": {"kind": "sgd", "lr": 2.0},
}


@pytest.fixture
def service(database_url: str, tmp_path: Path, valkey: Valkey) -> Iterator[Service]:
    """API and one worker, and webhooks that may call this machine."""
    service = Service(tmp_path / "data", database_url, valkey, RUNTWICE_LEASE_S="60", RUNTWICE_WEBHOOKS_TO_PRIVATE="true")
    try:
        service.start_api()
        service.start_worker("a", RUNTWICE_IMAGE="v1")
        yield service
    finally:
        service.stop()


@pytest.fixture
def hook() -> Iterator[ThreadingHTTPServer]:
    """A receiver that fails first; what it got is in `.got`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            receiver.got.append(body)  # type: ignore[attr-defined]
            self.send_response(503 if len(receiver.got) == 1 else 200)  # type: ignore[attr-defined]
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    receiver = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.got = []  # type: ignore[attr-defined]
    Thread(target=receiver.serve_forever, daemon=True).start()
    yield receiver
    receiver.shutdown()
    receiver.server_close()


def put(service: Service, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = service.client.put(path, json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def reruns(service: Service, run_id: str) -> list[dict[str, Any]]:
    return list(service.client.get(f"/runs/{run_id}/reruns").json()["items"])


def has(what: Callable[[], Any], expected: Any) -> Callable[[], bool]:
    return lambda: bool(what() == expected)


# Both databases have their turn in `make test`, and every test on both in `make proof`.
@pytest.mark.parametrize("database_url", [pytest.param("postgres"), pytest.param("sqlite", marks=pytest.mark.proof)], indirect=True)
class TestPolicy:
    def test_every_run_is_run_again_judged_and_told(self, service: Service, hook: Any) -> None:
        put(service, POLICY, {"rerun": "every"})
        put(service, "/projects/team/digits/webhook", {"url": f"http://127.0.0.1:{hook.server_port}/"})

        original = service.ended(service.submit(SHORT))

        wait_until(lambda: [item["state"] for item in reruns(service, original["id"])] == ["finished"], 60.0, "the automatic rerun")
        (again,) = reruns(service, original["id"])
        assert again["verdict"]["outcome"] == "identical"
        wait_until(lambda: len(hook.got) == 2, 30.0, "the webhook, which fails first")
        assert hook.got[0] == hook.got[1]
        assert (hook.got[1]["automatic"], hook.got[1]["verdict"]["rerun"]) == ("policy", again["run"])
        report = service.client.get(f"{POLICY}/report").json()
        assert (report["runs"], report["verified"], report["identical"], report["waiting"]) == (1, 1, 1, 0)


@pytest.mark.parametrize("database_url", [pytest.param("sqlite"), pytest.param("postgres", marks=pytest.mark.proof)], indirect=True)
class TestCanary:
    def test_flags_the_node_whose_bits_are_not_the_others(self, service: Service) -> None:
        canary = service.ended(service.submit(WIDE))["id"]
        service.start_worker("odd", RUNTWICE_THREADS="2")

        put(service, POLICY, {"canary": {"run": canary, "every_hours": 1}})

        def standing() -> dict[str, Any]:
            return {node["node"]: node["agrees"] for node in service.client.get(f"{POLICY}/report").json()["canary"]["nodes"]}

        wait_until(has(standing, {"a": True, "odd": False}), 90.0, "the canaries")
        (flag,) = {node["name"]: node["flags"] for node in service.client.get("/nodes").json()["items"]}["odd"]
        assert flag["first_difference"]["step"] < 10
        assert flag["cause"]["what"] == "threads"
        assert [node["name"] for node in service.client.get("/nodes").json()["items"] if node["flagged"]] == ["odd"]


@pytest.mark.proof
class TestStale:
    def test_verdicts_are_judged_anew_after_an_upgrade(self, service: Service) -> None:
        original = service.ended(service.submit(SHORT))["id"]
        (first,) = service.client.post(f"/runs/{original}/reruns", json={"wait_s": 60}).json()["items"]
        assert first["verdict"]["stale"] is False
        put(service, POLICY, {"reverify": {"per_hour": 5}})

        service.kill("a")
        service.start_worker("a", RUNTWICE_IMAGE="v2")

        wait_until(lambda: [item["state"] for item in reruns(service, original)] == ["finished"] * 2, 60.0, "a second rerun")
        old, new = (item["verdict"] for item in reruns(service, original))
        assert (old["stale"], new["stale"], new["outcome"]) == (True, False, "identical")
        assert "image was v1, now v2" in old["stale_reason"]
        report = service.client.get(f"{POLICY}/report").json()
        assert (report["verified"], report["stale"]) == (1, 0)
