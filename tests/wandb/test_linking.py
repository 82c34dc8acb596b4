"""Versions linked to other collections and to registries, and collections edited, by the real SDK: one process that does it all."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sdk import Sdk

SCRIPT = """
import json, wandb

def written(name, text):
    made = wandb.Artifact(name, type="model")
    with made.new_file("w.txt") as file:
        file.write(text)
    return made

def refused(call):
    try:
        call()
    except Exception as error:
        return str(error)
    return None

def names(found):
    return [one.name for one in found]

told, ORG = {}, {"organization": "linkers"}
run = wandb.init(project="models", entity="linkers")
first = written("net", "one")
link = run.link_artifact(first, "chosen", aliases=["prod"])
told["link"] = [link.qualified_name, link.is_link, sorted(link.aliases), link.source_qualified_name, first.is_link]
second = run.log_artifact(written("net", "two")).wait()
told["again"] = [second.link("models/chosen").version, second.link("models/chosen").version, first.link("models/chosen", aliases=["prod"]).version]
registered = second.link("wandb-registry-model/net", aliases=["best"])
told["registered"] = [registered.qualified_name, sorted(registered.aliases), registered.collection.name]
told["linked"] = sorted(item.qualified_name for item in second.linked_artifacts)
used = run.use_artifact("wandb-registry-model/net:best")
told["used"] = [used.qualified_name, used.is_link, open(used.download() + "/w.txt").read(), used.files()[0].name]
registered.aliases.append("stage")
registered.save()

api = wandb.Api()
told["aliases"] = [sorted(api.artifact("linkers/wandb-registry-model/net:stage").aliases), sorted(api.artifact("linkers/models/net:v1").aliases)]
told["registry"] = [names(api.registries(**ORG)), names(api.registries(**ORG, filter={"name": {"$regex": "od"}}, order="-created_at").collections()),
    [item.qualified_name for item in api.registries(**ORG).collections().versions(filter={"alias": "best"})],
    [item.qualified_name for item in api.registry("model", **ORG).versions(filter={"alias": "nobody"})], api.organization("linkers").org_entity.name]
made = api.create_registry("sets", visibility="organization", description="for sets", artifact_types=["dataset"], **ORG)
told["made"] = [made.description, list(made.artifact_types), made.allow_all_artifact_types]
told["wrong type"] = refused(lambda: second.link("wandb-registry-sets/x"))
told["twice"] = refused(lambda: api.create_registry("sets", visibility="organization", **ORG))
made.name, made.description = "kept", "other words"
made.artifact_types.append("model")
made.save()
made = api.registry("kept", **ORG)
told["renamed"] = [made.description, sorted(made.artifact_types), names(api.registries(**ORG))]
kept = second.link("wandb-registry-kept/x")
made.delete()
told["deleted"] = [names(api.registries(**ORG)),
    api.artifact_exists("linkers/wandb-registry-kept/x:v0"), api.artifact_exists("linkers/models/net:v1")]
told["members"] = [[one.user.username, one.role] for one in api.registry("model", **ORG).members()]

api.artifact("linkers/models/chosen:prod").unlink()
told["unlinked"] = [api.artifact_exists("linkers/models/chosen:prod"), api.artifact("linkers/models/chosen:latest").version,
    api.artifact_exists("linkers/models/net:v0")]
api.artifact("linkers/models/chosen:v1").delete()
told["link deleted"] = [api.artifact_exists("linkers/models/chosen:v1"), api.artifact_exists("linkers/models/net:v1")]

told["types"] = names(api.artifact_types("linkers/models"))
told["collections"] = [[one.name, one.is_sequence()] for one in api.artifact_collections("linkers/models", "model")]
told["filtered"] = names(api.artifact_type("model", "linkers/models").collections(filters={"name": {"$regex": "^n"}}, order="-name"))
held = api.artifact_collection("model", "linkers/models/net")
told["held"] = [held.name, held.aliases, held.tags, held.description]
held.name, held.description, held.tags = "renamed", "about it", ["a", "b"]
held.save()
held = api.artifact_collection("model", "linkers/models/renamed")
held.type, held.tags = "weights", ["b"]
held.save()
held = api.artifact_collection("weights", "linkers/models/renamed")
ordered = api.artifacts("weights", "linkers/models/renamed", order="+created_at")
told["changed"] = [held.description, held.tags, names(held.artifacts()), names(ordered)]
told["exists"] = [api.artifact_collection_exists("linkers/models/renamed", "weights"), api.artifact_collection_exists("linkers/models/net", "model")]
run.log_artifact(written("taken", "three")).wait()
held.name = "taken"
told["name taken"] = refused(held.save)
held = api.artifact_collection("weights", "linkers/models/renamed")
api.artifact("linkers/models/renamed:latest").delete(delete_aliases=True)
told["next latest"] = wandb.Api().artifact("linkers/models/renamed:latest").version
held.delete()
told["gone"] = [api.artifact_collection_exists("linkers/models/renamed", "weights"), api.artifact_exists("linkers/wandb-registry-model/net:latest")]
run.finish()
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(make_sdk: Callable[[Path], Sdk], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    found: dict[str, Any] = make_sdk(tmp_path_factory.mktemp("linking")).run(SCRIPT)
    return found


class TestLinks:
    def test_give_a_version_a_second_name_with_aliases_of_its_own(self, told: dict[str, Any]) -> None:
        assert told["link"] == ["linkers/models/chosen:v0", True, ["latest", "prod"], "linkers/models/net:v0", False]

    def test_count_what_is_linked_and_none_twice(self, told: dict[str, Any]) -> None:
        assert told["again"] == ["v1", "v1", "v0"]

    def test_are_used_and_downloaded_like_the_version_itself(self, told: dict[str, Any]) -> None:
        assert told["used"] == ["linkers/wandb-registry-model/net:best", True, "two", "w.txt"]
        assert told["linked"] == ["linkers/models/chosen:v1", "linkers/wandb-registry-model/net:v0"]

    def test_take_aliases_that_the_version_itself_does_not_get(self, told: dict[str, Any]) -> None:
        assert told["aliases"] == [["best", "latest", "stage"], ["latest"]]

    def test_can_be_taken_away_without_the_version(self, told: dict[str, Any]) -> None:
        assert told["unlinked"] == [False, "v1", True]
        assert told["link deleted"] == [False, True]


class TestRegistries:
    def test_are_there_from_the_first_link_on(self, told: dict[str, Any]) -> None:
        assert told["registered"] == ["linkers/wandb-registry-model/net:v0", ["best", "latest"], "net"]

    def test_are_listed_and_searched_with_their_collections_and_versions(self, told: dict[str, Any]) -> None:
        assert told["registry"] == [["model"], ["net"], ["linkers/wandb-registry-model/net:v0"], [], "linkers"]

    def test_are_made_once_and_take_the_types_that_they_were_made_for(self, told: dict[str, Any]) -> None:
        assert told["made"] == ["for sets", ["dataset"], False]
        assert "takes artifacts of the types dataset; got 'model'" in told["wrong type"]
        assert "already exists" in told["twice"]

    def test_are_renamed_and_deleted_and_leave_what_was_linked(self, told: dict[str, Any]) -> None:
        assert told["renamed"] == ["other words", ["dataset", "model"], ["kept", "model"]]
        assert told["deleted"] == [["model"], False, True]

    def test_tell_their_members(self, told: dict[str, Any]) -> None:
        assert ["test", "admin"] in told["members"]


class TestCollections:
    def test_are_listed_by_type_and_found_by_filters(self, told: dict[str, Any]) -> None:
        assert (told["types"], told["filtered"]) == (["model"], ["net"])
        assert sorted(told["collections"]) == [["chosen", False], ["net", True]]

    def test_are_renamed_described_tagged_and_moved_to_another_type(self, told: dict[str, Any]) -> None:
        assert told["held"] == ["net", ["latest"], [], None]
        assert told["changed"] == ["about it", ["b"], ["renamed:v1", "renamed:v0"], ["renamed:v0", "renamed:v1"]]
        assert told["exists"] == [True, False]

    def test_do_not_take_the_name_of_another(self, told: dict[str, Any]) -> None:
        assert "has a collection 'taken' already" in told["name taken"]

    def test_make_the_next_newest_the_latest_and_go_with_their_links(self, told: dict[str, Any]) -> None:
        assert told["next latest"] == "v0"
        assert told["gone"] == [False, False]
