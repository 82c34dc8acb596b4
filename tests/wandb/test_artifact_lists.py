"""Versions of artifacts where a run is shown by the REST interface: in the list of its artifacts and in its zip."""

import io
import json
import zipfile
from typing import Any

import pytest
from artifact_client import Client, md5
from service import Service

USE = (
    """mutation($id: ID!) { useArtifact(input: {artifactID: $id, entityName: "listed", projectName: "p", runName: "runner"}) { artifact { id } } }"""
)
RUN = """mutation { upsertBucket(input: {name: "runner", modelName: "p", entityName: "listed"}) { bucket { id } } }"""


@pytest.fixture(scope="module")
def run_id(wandb_service: Service) -> str:
    """A run that logged one version, of a file and a reference, and used another."""
    client = Client(wandb_service, entity="listed")
    client.data(RUN)
    used = client.committed("taken", {"in.txt": b"an input"})
    draft = client.draft("made", runName="runner", aliases=[{"alias": "best"}, {"alias": "latest"}], tags=[{"tagName": "t"}])
    assert client.put(client.file(draft, "out.txt", b"an output")["uploadUrl"], b"an output") == 200
    entries = {"out.txt": {"digest": md5(b"an output"), "size": 9}, "far": {"digest": "etag", "ref": "s3://bucket/far"}}
    client.manifest(draft, entries)
    client.data("mutation($id: ID!) { commitArtifact(input: {artifactID: $id}) { artifact { id } } }", id=draft)
    client.data(USE, id=used)
    client.close()
    (run,) = wandb_service.client.get("/runs", params={"project": "listed/p"}).json()["items"]
    return str(run["id"])


class TestLists:
    def test_hold_what_the_run_logged_and_used(self, wandb_service: Service, run_id: str) -> None:
        found = wandb_service.client.get(f"/runs/{run_id}/artifacts").json()

        (logged,), (used,) = found["logged"], found["used"]
        kept = {key: logged[key] for key in ("project", "type", "name", "version", "aliases", "tags", "size_bytes", "files", "run")}
        assert kept == {
            **{"project": "listed/p", "type": "model", "name": "made", "version": "v0", "aliases": ["best", "latest"], "tags": ["t"]},
            **{"size_bytes": 9, "files": 2, "run": run_id},
        }
        assert (used["name"], used["run"]) == ("taken", None)

    def test_are_empty_for_other_runs(self, wandb_service: Service) -> None:
        run = wandb_service.client.post("/runs", json={"project": "listed/p", "origin": "client"}).json()

        assert wandb_service.client.get(f"/runs/{run['id']}/artifacts").json() == {"items": [], "logged": [], "used": [], "next_cursor": None}


class TestZip:
    def read(self, service: Service, run_id: str, **params: Any) -> tuple[zipfile.ZipFile, dict[str, Any]]:
        held = zipfile.ZipFile(io.BytesIO(service.client.get(f"/runs/{run_id}/export", params=params).content))
        return held, json.loads(held.read("versions.json"))

    def test_holds_the_files_of_what_the_run_logged(self, wandb_service: Service, run_id: str) -> None:
        held, found = self.read(wandb_service, run_id, artifacts="true")

        far, out = found["logged"][0]["contents"]
        assert (out["name"], held.read(out["file"])) == ("out.txt", b"an output")
        assert (far["name"], far["file"], far["reference"]) == ("far", None, "s3://bucket/far")
        assert [(one["name"], one["file"]) for one in found["used"][0]["contents"]] == [("in.txt", None)]

    def test_names_them_when_files_were_not_asked_for(self, wandb_service: Service, run_id: str) -> None:
        held, found = self.read(wandb_service, run_id)

        assert [one["file"] for one in found["logged"][0]["contents"]] == [None, None]
        assert [name for name in held.namelist() if name.endswith(".bin")] == []
