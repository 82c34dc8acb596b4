"""Addresses that the wandb SDK prints, and what a browser without a session is told."""

from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import quote

import pytest
from artifact_client import Client
from service import Service

BROWSER = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def run(api: Any) -> dict[str, Any]:
    found: dict[str, Any] = api.client_run("team/linked project")
    return found


def sent_to(api: Any, path: str) -> str:
    answer = api.admin.get(path, headers=BROWSER)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


class TestLinks:
    @pytest.mark.parametrize("more", ["", "/overview", "/logs/x"])
    def test_of_the_sdk_lead_to_the_run(self, api: Any, run: dict[str, Any], more: str) -> None:
        own = f"/team/linked%20project/runs/{run['id']}"

        assert sent_to(api, f"/team/linked%20project/runs/{run['external_id']}{more}") == own
        assert (sent_to(api, own + more) == own) if more else (api.admin.get(own).status_code in (200, 503))

    @pytest.mark.parametrize("part", ["workspace", "table", "runs", "artifacts", "artifacts/model/unknown/v0"])
    def test_to_parts_that_are_no_pages_here_lead_to_the_project(self, api: Any, run: dict[str, Any], part: str) -> None:
        assert run["project"] == "team/linked project"
        assert sent_to(api, f"/team/linked%20project/{part}") == "/team/linked%20project"

    def test_to_a_group_lead_to_its_runs(self, api: Any, run: dict[str, Any]) -> None:
        target = sent_to(api, f"/team/linked%20project/groups/{quote('a/b ' + chr(39) + 's')}")

        path, _, query = target.partition("?filter=")
        assert run["project"] == "team/linked project"
        assert path == "/team/linked%20project"
        assert api.admin.get(f"/api/v1/runs?project=team/linked%20project&filter={query}").json()["items"] == []

    def test_to_a_version_lead_to_the_run_that_logged_it(self, api: Any) -> None:
        run = api.client_run("linked/p")
        client = Client(cast(Service, SimpleNamespace(database=api.database, port=api.settings.port)), entity="linked")
        draft = client.draft("net", runName=run["external_id"], aliases=[{"artifactCollectionName": "net", "alias": "latest"}])
        client.manifest(draft, {})
        client.data("mutation($id: ID!) { commitArtifact(input: {artifactID: $id}) { artifact { id } } }", id=draft)
        client.close()

        found = {sent_to(api, f"/linked/p/artifacts/model/net{alias}") for alias in ("", "/v0", "/latest/files")}

        assert found == {f"/linked/p/runs/{run['id']}"}

    def test_tell_another_entity_nothing(self, api: Any, run: dict[str, Any]) -> None:
        other = api.as_role("admin", "umbrella")

        answers = [other.get(f"/team/linked%20project/{path}") for path in ("table", f"runs/{run['id']}/logs", "artifacts/model/net/v0")]

        assert [answer.status_code for answer in answers] == [404] * 3
        assert other.get(f"/team/linked%20project/runs/{run['external_id']}").status_code in (200, 503)

    @pytest.mark.parametrize("path", ["/api/v1/nope", "/graphql/x/y", "/files/a/b", "/storage/a/b/c", "/share/a/b", "/assets/a/b", "/metrics/x/y"])
    def test_shadow_nothing_that_answers_programs(self, sqlite_api: Any, path: str) -> None:
        answers = [sqlite_api.admin.request(method, path) for method in ("GET", "POST")]

        assert [answer.headers["content-type"] for answer in answers] == ["application/problem+json"] * 2
        assert {answer.status_code for answer in answers} <= {404, 405}


class TestWithoutASession:
    @pytest.mark.parametrize("path", ["/team/my project", "/team/digits/runs/r1?tab=log", "/settings", "/team/digits/artifacts/model/net/v0"])
    def test_a_browser_signs_in_and_comes_back(self, sqlite_api: Any, path: str) -> None:
        client = sqlite_api.client()

        sent = client.get(path, headers=BROWSER)
        page = client.get(sent.headers["location"])
        back = sqlite_api.client().post("/login", data={"key": sqlite_api.key("viewer"), "next": sent.next_request.url.params["next"]})

        assert (sent.status_code, page.status_code) == (303, 200)
        assert back.headers["location"] == path.replace(" ", "%20")

    @pytest.mark.parametrize("path", ["/api/v1/runs", "/graphql", "/files/a/b/c", "/metrics"])
    def test_what_answers_programs_says_so(self, sqlite_api: Any, path: str) -> None:
        assert sqlite_api.client().get(path, headers=BROWSER).status_code == 401

    def test_a_program_is_told_that_it_needs_a_key(self, sqlite_api: Any) -> None:
        assert sqlite_api.client().get("/team/digits").status_code == 401

    def test_a_wrong_key_is_told_so(self, sqlite_api: Any) -> None:
        assert sqlite_api.client("rt-nope").get("/team/digits", headers=BROWSER).status_code == 401

    @pytest.mark.parametrize("path", ["//evil.example/a", "/\\evil.example", "///evil.example"])
    def test_is_sent_nowhere_else(self, sqlite_api: Any, path: str) -> None:
        client = sqlite_api.client()

        sent = client.get(sqlite_api.origin + path, headers=BROWSER)

        if sent.status_code == 303:
            target = sent.next_request.url.params.get("next", "/")
            assert sent.headers["location"].startswith("/login")
            signed_in = sqlite_api.client().post("/login", data={"key": sqlite_api.key("viewer"), "next": target})
            assert not signed_in.headers["location"].startswith(("//", "/\\"))
        else:
            assert sent.status_code == 401


class TestAuthorize:
    def test_says_how_to_get_a_key(self, sqlite_api: Any) -> None:
        answer = sqlite_api.client().get("/authorize", headers=BROWSER)

        assert answer.status_code == 200
        assert "runtwice keys create" in answer.text
        assert 'href="/login?next=%2Fsettings%23keys"' in answer.text
        assert "<script" not in answer.text

    def test_leads_to_ones_keys_who_is_signed_in(self, sqlite_api: Any) -> None:
        client = sqlite_api.client()
        client.post("/login", data={"key": sqlite_api.key("viewer")})

        answer = client.get("/authorize", headers=BROWSER)

        assert (answer.status_code, answer.headers["location"]) == (303, "/settings#keys")
