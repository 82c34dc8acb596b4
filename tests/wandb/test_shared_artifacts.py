"""Artifacts that several processes of the real SDK fill, those that add to an earlier version, and files of runs that are deleted."""

import json
import subprocess
import sys
from typing import Any

import pytest
from sdk import Sdk
from service import Service

ONE_OF_SEVERAL = """
import sys, wandb
name, finishes = sys.argv[1], sys.argv[2] == "finishes"
with wandb.init(project="several", group="together") as run:
    part = wandb.Artifact("parts", type="dataset")
    with part.new_file(f"{name}.txt") as file:
        file.write(name)
    (run.finish_artifact if finishes else run.upsert_artifact)(part).wait()
"""
AFTERWARDS = """
import json, os, wandb

def log(name, **how):
    with wandb.init(project="several") as run:
        made = wandb.Artifact(name, type="dataset", **how.pop("kind", {}))
        for path, text in how["files"].items():
            with made.new_file(path) as file:
                file.write(text)
        run.log_artifact(made).wait()

def versions(name):
    found = wandb.Api().artifact_collection("dataset", f"several/{name}").artifacts()
    return [[each.version, sorted(each.manifest.entries), each.digest == each.manifest.digest()] for each in found]

parts = wandb.Api().artifact("several/parts:latest")
texts = {name: open(os.path.join(parts.download(), name)).read() for name in parts.manifest.entries}
parts.verify()
log("parts", files={"a.txt": "a"})
log("parts", files={"a.txt": "a", "b.txt": "b", "c.txt": "c"})
log("grows", files={"one.txt": "1"})
log("grows", files={"two.txt": "2"}, kind={"incremental": True})

with wandb.init(project="several", id="files001") as run:
    for name in ("kept.txt", "gone.txt"):
        with open(name, "w") as file:
            file.write(name)
        run.save(name)
wandb.Api().run("several/files001").file("gone.txt").delete()
again = wandb.Api().run("several/files001")
again.upload_file("gone.txt")
again.file("kept.txt").delete()
left = [file.name for file in wandb.Api().run("several/files001").files(pattern="%e%.txt")]
print(json.dumps({"texts": texts, "parts": versions("parts"), "grows": versions("grows"), "left": left}))
"""


@pytest.fixture(scope="module")
def told(wandb_service: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the last script saw: before it two processes had put their files to one artifact at the same time, and a third had finished it."""
    sdk = Sdk(tmp_path_factory.mktemp("sdk"), f"http://127.0.0.1:{wandb_service.port}", wandb_service.key)
    command = [sys.executable, "-c", ONE_OF_SEVERAL]
    several = [subprocess.Popen([*command, name, "adds"], cwd=sdk.folder, env=sdk.environment()) for name in ("a", "b")]
    assert [process.wait(120) for process in several] == [0, 0]
    subprocess.run([*command, "c", "finishes"], cwd=sdk.folder, env=sdk.environment(), check=True, timeout=120)
    return dict(sdk.run(AFTERWARDS))


class TestSeveralProcesses:
    def test_fill_one_version_that_the_last_of_them_finishes(self, told: dict[str, Any]) -> None:
        assert told["texts"] == {"a.txt": "a", "b.txt": "b", "c.txt": "c"}

    def test_make_what_is_the_same_as_its_content_logged_at_once(self, told: dict[str, Any]) -> None:
        """What one process put is another content than the whole; the whole, logged again, is no new version."""
        assert told["parts"] == [["v1", ["a.txt"], True], ["v0", ["a.txt", "b.txt", "c.txt"], True]]

    def test_an_incremental_version_has_its_base_s_files_too(self, told: dict[str, Any]) -> None:
        assert told["grows"] == [["v1", ["one.txt", "two.txt"], True], ["v0", ["one.txt"], True]]


class TestFilesOfRuns:
    def test_are_gone_once_deleted_and_may_be_put_again(self, told: dict[str, Any], wandb_service: Service) -> None:
        assert told["left"] == ["gone.txt", "requirements.txt"]
        (run,) = wandb_service.client.get("/runs", params={"project": "team/several", "filter": "external_id = 'files001'"}).json()["items"]
        named = json.dumps(wandb_service.client.get(f"/runs/{run['id']}/artifacts").json())
        assert '"gone.txt"' in named
        assert '"kept.txt"' not in named
