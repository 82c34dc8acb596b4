"""Artifacts of the real SDK: logged, found by alias and version, downloaded, used, given again without a second copy."""

from pathlib import Path
from typing import Any

import pytest
from sdk import Sdk
from service import Service

SCRIPT = """
import json, wandb
def log(text, **how):
    run = wandb.init(project="models", entity="team")
    made = wandb.Artifact("net", type="model", metadata={"text": text}, description="d")
    with made.new_file("sub/a b.txt") as file:
        file.write(text)
    with made.new_file("same.bin", mode="wb") as file:
        file.write(b"same" * 1000)
    run.log_artifact(made, **how).wait()
    run.finish()
    return run.id
first = log("one", aliases=["best"])
log("two")
log("two")
run = wandb.init(project="models", entity="team")
best = run.use_artifact("net:best")
folder = best.download()
run.finish()
api = wandb.Api()
found = api.artifact("team/models/net:latest")
entry = found.get_entry("sub/a b.txt").download()
found.aliases.append("prod")
found.metadata["more"] = 1
found.save()
again = wandb.Api().artifact("team/models/net:prod")
listed = [item.version for item in api.artifacts("model", "team/models/net")]
print(json.dumps({
    "first": first, "user": run.id, "best": open(folder + "/sub/a b.txt").read(), "version": best.version, "latest": found.version,
    "text": open(entry).read(), "size": found.size, "files": sorted(file.name for file in found.files()), "again": again.version,
    "aliases": sorted(again.aliases), "metadata": again.metadata, "description": again.description, "listed": listed,
    "logged_by": best.logged_by().id, "used_by": [item.id for item in best.used_by()],
    "logged": [item.name for item in api.run(f"team/models/{first}").logged_artifacts()],
    "used": [item.name for item in api.run(f"team/models/{run.id}").used_artifacts()],
}))
"""


@pytest.fixture(scope="module")
def told(wandb_service: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    sdk = Sdk(tmp_path_factory.mktemp("sdk"), f"http://127.0.0.1:{wandb_service.port}", wandb_service.key)
    found: dict[str, Any] = sdk.run(SCRIPT)
    return found


class TestArtifacts:
    def test_come_back_by_alias_as_they_were_logged(self, told: dict[str, Any]) -> None:
        assert (told["best"], told["version"], told["text"], told["latest"]) == ("one", "v0", "two", "v1")
        assert (told["size"], told["files"], told["description"]) == (4003, ["same.bin", "sub/a b.txt"], "d")

    def test_same_content_logged_again_is_no_new_version(self, told: dict[str, Any]) -> None:
        assert sorted(told["listed"]) == ["v0", "v1"]

    def test_aliases_and_metadata_can_be_changed(self, told: dict[str, Any]) -> None:
        assert (told["again"], told["aliases"], told["metadata"]) == ("v1", ["latest", "prod"], {"text": "two", "more": 1})

    def test_know_who_made_and_who_used_them(self, told: dict[str, Any]) -> None:
        assert (told["logged_by"], told["used_by"]) == (told["first"], [told["user"]])
        assert (told["logged"], told["used"]) == (["net:v0"], ["net:v0"])


class TestAddresses:
    def test_of_another_file_or_a_changed_one_are_refused(self, wandb_service: Service, told: dict[str, Any], tmp_path: Path) -> None:
        import httpx

        url = f"http://127.0.0.1:{wandb_service.port}"
        query = 'query { project(entityName: "team", name: "models") { artifact(name: "net:v0") { currentManifest { file { directUrl } } } } }'
        asked = httpx.post(f"{url}/graphql", json={"query": query}, auth=("api", wandb_service.key)).json()
        address = asked["data"]["project"]["artifact"]["currentManifest"]["file"]["directUrl"]
        assert httpx.get(address).status_code == 200
        changed = (address.replace("/m?", "/f/same.bin?"), address[:-1] + ("0" if address[-1] != "0" else "1"), address.split("sign=")[0])
        assert [httpx.get(other).status_code for other in changed[:2]] == [403, 403]
        assert httpx.get(changed[2]).status_code in (403, 422)
        assert httpx.put(address, content=b"x").status_code == 403
