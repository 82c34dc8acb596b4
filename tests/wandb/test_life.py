"""What begins, stops and ends a run that the real SDK logs, and what GraphQL refuses."""

import json
from typing import Any

import httpx
import pytest
from sdk import Sdk
from servers import NO_TLS
from service import Service
from stopping import stoppable

UPSERT = "mutation UpsertBucket($input: UpsertBucketInput!) { upsertBucket(input: $input) { bucket { id name } inserted } }"
RESUMES = """
import json, os, wandb
def go(**how):
    run = wandb.init(project="PROJECT", **how)
    run.log({"x": 1})
    told = [run.id, run.step, run.resumed]
    run.finish()
    return told
told = [go(id="allow001", resume="allow"), go(id="allow001", resume="allow"), go(id="never001", resume="never")]
try:
    told.append(go(id="never001", resume="never"))
except wandb.errors.UsageError as error:
    told.append("refused")
told.append(go(id="auto0001", resume="auto"))
print(json.dumps(told))
"""


def ask(service: Service, query: str, variables: dict[str, Any] | None = None, key: str | None = None) -> httpx.Response:
    body = {"query": query, "variables": variables or {}, "operationName": ""}
    return httpx.post(f"http://127.0.0.1:{service.port}/graphql", json=body, auth=("api", key or service.key), verify=NO_TLS, timeout=30)


def refusal(answer: httpx.Response) -> str:
    assert answer.status_code == 200
    return str(answer.json()["errors"][0]["message"])


def upsert(service: Service, key: str | None = None, **fields: Any) -> httpx.Response:
    return ask(service, UPSERT, {"input": {"modelName": "protocol", "entityName": "team", **fields}}, key)


class TestResume:
    def test_allow_goes_on_or_begins_and_never_refuses_what_is_there(self, wandb_service: Service, sdk: Sdk) -> None:
        allowed, again, never, refused, auto = sdk.run(RESUMES.replace("PROJECT", "matrix"))

        assert (allowed[:2], again) == (["allow001", 1], ["allow001", 2, True])
        assert (never[1], refused, auto[0]) == (1, "refused", "auto0001")


def stopped(service: Service, sdk: Sdk, name: str, signals: str, pace_s: int = 1) -> tuple[int, str, dict[str, Any]]:
    """The exit code, what was printed, and the run, of a script that was asked to stop by REST."""
    with stoppable(sdk, name, signals, pace_s) as process:
        run_id = run_of(service, "stops", name)
        assert service.client.post(f"/runs/{run_id}/cancel").status_code == 202
        said, _ = process.communicate(timeout=100)
        return process.returncode, said, service.run(run_id)


def run_of(service: Service, project: str, name: str) -> str:
    (run,) = service.client.get("/runs", params={"project": f"team/{project}", "filter": f"external_id = '{name}'"}).json()["items"]
    return str(run["id"])


def send(service: Service, name: str, **said: Any) -> dict[str, Any]:
    address = f"http://127.0.0.1:{service.port}/files/team/protocol/{name}/file_stream"
    answer = httpx.post(address, json=said, auth=("api", service.key), verify=NO_TLS)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


class TestStop:
    def test_cancelling_by_rest_interrupts_the_script_that_logs(self, wandb_service: Service, sdk: Sdk) -> None:
        code, said, run = stopped(wandb_service, sdk, "stopped1", "heeds")

        assert code != 0
        assert "KeyboardInterrupt" in said
        assert (run["state"], run["metrics"]["x"]["last"]) == ("cancelled", 1)

    @pytest.mark.proof
    def test_needs_no_faster_looking_than_the_sdk_s_own(self, wandb_service: Service, sdk: Sdk) -> None:
        _, _, run = stopped(wandb_service, sdk, "stopped2", "heeds", 15)

        assert run["state"] == "cancelled"

    def test_a_script_that_ignores_interrupts_goes_on_to_its_end(self, wandb_service: Service, sdk: Sdk) -> None:
        code, said, run = stopped(wandb_service, sdk, "ignores1", "ignores")

        assert (code, "went on to its end" in said) == (0, True)
        assert (run["state"], run["metrics"]["x"]["last"]) == ("finished", 2)

    @pytest.mark.parametrize(
        ("exit_code", "state", "reason", "word"),
        [
            pytest.param(255, "cancelled", "It was asked to stop, and its process ended with exit code 255.", "killed", id="interrupted"),
            pytest.param(0, "finished", None, "finished", id="came to its end"),
        ],
    )
    def test_is_told_with_the_next_lines(self, wandb_service: Service, exit_code: int, state: str, reason: str | None, word: str) -> None:
        name = f"asked{exit_code:03}"
        upsert(wandb_service, name=name, host="here")
        first = send(wandb_service, name, files={"wandb-history.jsonl": {"offset": 0, "content": ['{"_step": 0, "x": 1}']}})
        run_id = run_of(wandb_service, "protocol", name)

        wandb_service.client.post(f"/runs/{run_id}/cancel")

        assert "stopped" not in first
        assert send(wandb_service, name)["stopped"] is True
        assert "stopped" not in send(wandb_service, name, complete=True, exitcode=exit_code)
        run = wandb_service.run(run_id)
        assert (run["state"], run["reason"]) == (state, reason)
        shown = ask(wandb_service, f'{{project(name: "protocol", entityName: "team"){{run(name: "{name}"){{state}}}}}}').json()
        assert shown["data"]["project"]["run"]["state"] == word

    def test_a_run_of_a_plain_client_cannot_be_cancelled(self, wandb_service: Service) -> None:
        run = wandb_service.client.post("/runs", json={"project": "team/plain", "config": {}, "origin": "client"}).json()

        assert wandb_service.client.post(f"/runs/{run['id']}/cancel").status_code == 409


class TestGraphQL:
    @pytest.mark.parametrize(
        ("query", "words"),
        [
            pytest.param("{viewer{...A}} fragment A on User {teams{edges{node{...B}}}} fragment B on Entity {...A}", "holds itself", id="circle"),
            pytest.param("{" + "".join("a{" for _ in range(3000)) + "b" + "}" * 3001, "deep", id="deep"),
            pytest.param("{__schema{types{fields{type{fields{type{fields{name}}}}}}}}", "levels", id="introspection that branches"),
            pytest.param(
                "{viewer{...F0}} " + " ".join(f"fragment F{i} on User {{...F{i + 1} ...F{i + 1}}}" for i in range(40)) + " fragment F40 on User {id}",
                "20,000 fields",
                id="fragments that double",
            ),
            pytest.param("{viewer", "Syntax", id="no GraphQL"),
        ],
    )
    def test_refuses_what_has_no_end(self, wandb_service: Service, query: str, words: str) -> None:
        assert words in refusal(ask(wandb_service, query))

    def test_leaves_out_what_it_does_not_know(self, wandb_service: Service) -> None:
        asked = ask(wandb_service, "query Q($a: NewInput) {viewer{username brandNew(of: $a){id}} somethingElse{id}}", {"a": {"b": [1]}})

        assert list(asked.json()["data"]["viewer"]) == ["username"]
        assert "errors" not in asked.json()

    def test_leaves_out_what_it_is_sent_and_has_no_place_for(self, wandb_service: Service) -> None:
        payload = "{upsertModel(input: %s) {inserted model {name}}}"
        by_variable = ask(wandb_service, f"mutation M($m: UpsertModelInput!) {payload % '$m'}", {"m": {"name": "newer", "colour": {"deep": 1}}})
        literally = ask(wandb_service, f"mutation M($n: String, $c: String) {payload % '{name: $n, colour: $c}'}", {"n": "newer", "c": "red"})

        assert by_variable.json()["data"]["upsertModel"] == {"inserted": True, "model": {"name": "newer"}}
        assert literally.json()["data"]["upsertModel"] == {"inserted": False, "model": {"name": "newer"}}

    def test_a_value_of_the_wrong_kind_is_told_and_not_tried_again(self, wandb_service: Service) -> None:
        answer = ask(wandb_service, "mutation M($m: UpsertModelInput!) {upsertModel(input: $m) {inserted}}", {"m": {"name": [1, 2]}})

        assert (answer.status_code, "name" in refusal(answer)) == (200, True)

    def test_tells_older_clients_of_its_types(self, wandb_service: Service) -> None:
        asked = ask(wandb_service, '{__type(name: "Run"){fields{name type{name ofType{name ofType{name}}}}}}').json()["data"]["__type"]["fields"]

        assert {"historyKeys", "stopped"} & {field["name"] for field in asked}

    def test_a_wrong_key_is_no_key(self, wandb_service: Service) -> None:
        assert ask(wandb_service, "{viewer{id}}", key="x" * 43).status_code == 401


class TestAbsent:
    @pytest.mark.parametrize(
        ("name", "words"),
        [
            pytest.param("createUser", "runtwice keys create", id="users"),
            pytest.param("createTeam", "once something is logged", id="teams"),
            pytest.param("createRunQueue", "There are no launch queues here", id="launch queues"),
            pytest.param("createFilterTrigger", "There are no automations here", id="automations"),
        ],
    )
    def test_is_refused_in_words_when_it_is_to_be_made(self, wandb_service: Service, name: str, words: str) -> None:
        assert words in refusal(ask(wandb_service, f'mutation {{{name}(input: {{name: "x"}})}}'))

    def test_is_an_empty_list_when_it_is_read(self, wandb_service: Service) -> None:
        upsert(wandb_service, name="absent01")
        queues = '{project(name: "protocol", entityName: "team"){runQueues{id name}}}'
        integrations = '{entity(name: "team"){integrations(first: 5){pageInfo{endCursor hasNextPage} edges{node{__typename}}}}}'

        assert ask(wandb_service, queues).json()["data"]["project"] == {"runQueues": []}
        found = ask(wandb_service, integrations).json()["data"]["entity"]["integrations"]
        assert found == {"pageInfo": {"endCursor": None, "hasNextPage": False}, "edges": []}


class TestUpsert:
    @pytest.mark.parametrize(
        "fields",
        [
            pytest.param({"config": '{"a": {"value": 1}'}, id="config that is no JSON"),
            pytest.param({"config": '{"a": ' + '{"b": ' * 100 + "1" + "}" * 101}, id="config that is too deep"),
            pytest.param({"config": "[1]"}, id="config that is no object"),
            pytest.param({"config": json.dumps({"_wandb": {"value": {"branch_point": {"run_id": "nobody", "step": 1}}}})}, id="fork of nobody"),
            pytest.param({"name": "a/b"}, id="id with a slash"),
            pytest.param({"tags": ["x" * 200]}, id="long tag"),
            pytest.param({"notes": "x" * 100_001}, id="long notes"),
            pytest.param({"entityName": "graphql"}, id="entity of a reserved name"),
            pytest.param({"id": "UnVuOm5vYm9keQ=="}, id="unknown id"),
            pytest.param({"id": "UHJvamVjdDpub2JvZHk="}, id="another kind's id"),
        ],
    )
    def test_refuses_in_words_and_keeps_nothing(self, wandb_service: Service, fields: dict[str, Any]) -> None:
        assert refusal(upsert(wandb_service, **{"name": "refused1", **fields}))
        assert not wandb_service.client.get("/runs", params={"project": "team/protocol", "filter": "external_id = 'refused1'"}).json().get("items")

    @pytest.mark.parametrize(
        ("sent", "shown"),
        [
            pytest.param('"a\\u0000b"', "a\ufffdb", id="NUL"),
            pytest.param('"\\ud800"', "\ufffd", id="half a character"),
            pytest.param('"\\ud83d\\ude00"', "\U0001f600", id="both halves"),
            pytest.param("1e999", "Infinity", id="beyond float64"),
            pytest.param("NaN", "NaN", id="NaN"),
            pytest.param("123456789012345678901234567890", "123456789012345678901234567890", id="beyond 64 bits"),
            pytest.param("9007199254740993", 2**53 + 1, id="beyond 53 bits"),
        ],
    )
    def test_shows_what_json_cannot_hold_as_text_and_gives_it_back_as_it_came(self, wandb_service: Service, sent: str, shown: Any) -> None:
        config = f'{{"a": {{"value": {sent}}}}}'
        run = upsert(wandb_service, name="odd00001", config=config, summaryMetrics=f'{{"s": {sent}}}').json()["data"]["upsertBucket"]["bucket"]

        back = ask(wandb_service, '{project(name: "protocol", entityName: "team"){run(name: "odd00001"){id config summaryMetrics}}}').json()
        assert back["data"]["project"]["run"]["config"] == config
        assert back["data"]["project"]["run"]["id"] == run["id"]
        (item,) = wandb_service.client.get("/runs", params={"project": "team/protocol", "filter": "external_id = 'odd00001'"}).json()["items"]
        assert item["config"] == {"a": shown}

    def test_does_not_take_a_run_that_a_worker_trains(self, wandb_service: Service) -> None:
        managed = wandb_service.client.post("/runs", json={"project": "team/protocol", "config": {"dataset": {"name": "digits"}}}).json()

        assert "trained by a worker" in refusal(upsert(wandb_service, name=managed["external_id"], host="here"))

    def test_a_key_of_another_entity_neither_finds_nor_makes(self, wandb_service: Service) -> None:
        run = upsert(wandb_service, name="scoped01").json()["data"]["upsertBucket"]["bucket"]
        key = wandb_service.client.post("/keys", json={"name": "elsewhere", "role": "member", "entity": "other"}).json()["key"]

        assert "no run" in refusal(ask(wandb_service, UPSERT, {"input": {"id": run["id"], "notes": "mine now"}}, key))
        assert "no project" in refusal(upsert(wandb_service, key, name="scoped02"))
        assert ask(wandb_service, '{project(name: "protocol", entityName: "team"){id}}', key=key).json()["data"] == {"project": None}
