"""The example package through the whole service: taken by the API, trained by the node that has it, refused by one that has not."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from example_package import RINGS, ROOT, install_into
from servers import Valkey
from service import Service

PLAIN = {"PYTHONPATH": str(ROOT)}


@pytest.fixture
def service(sqlite_url: str, tmp_path: Path, valkey: Valkey) -> Iterator[Service]:
    """An API that has the example, and a worker `without` that has it not."""
    site = install_into(tmp_path / "site")
    service = Service(tmp_path / "data", sqlite_url, valkey, PYTHONPATH=os.pathsep.join((str(site), str(ROOT))), RUNTWICE_LEASE_S="60")
    try:
        service.start_api()
        service.start_worker("without", **PLAIN)
        yield service
    finally:
        service.stop()


def submit(service: Service) -> str:
    answer = service.client.post("/runs", json={"project": "team/rings", "config": RINGS})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


@pytest.mark.timeout(300)  # three processes that load torch, one after another
class TestExtensions:
    def test_are_trained_where_they_are_installed(self, service: Service) -> None:
        alone = service.ended(submit(service))
        service.start_worker("with")

        run = service.ended(submit(service))
        rerun: dict[str, Any] = service.client.post(f"/runs/{run['id']}/reruns", json={"wait_s": 60}).json()["items"][0]

        assert alone["state"] == "failed"
        assert alone["reason"] == (
            "node without lacks the model maxout and the dataset rings, and so do all others: install the package that brings it"
        )
        assert (run["state"], run["node"]) == ("finished", "with")
        assert run["name"].startswith("rings maxout sgd")
        assert run["environment"]["extensions"]["model maxout"]["package"] == "runtwice-example"
        assert (rerun["verdict"]["outcome"], rerun["node"]) == ("identical", "with")
        (node,) = [each for each in service.client.get("/nodes").json()["items"] if each["name"] == "with"]
        assert node["versions"]["extensions"] == {"model maxout": "runtwice-example 1.0.0", "dataset rings": "runtwice-example 1.0.0"}
        rings = service.client.get("/datasets/rings").json()
        assert (rings["shape"], rings["classes"], rings["digest"]) == ([600, 12, 12], 3, "")
        assert service.client.get("/datasets/rings/thumbnails.png").status_code == 404
        schema = service.client.get("/schemas/run-config").json()
        assert schema["$defs"]["Maxout"]["properties"]["width"]["default"] == 32
