"""Nobody gets in without a key, and nobody further than the key's role and entity reach."""

import time
from typing import Any

import httpx
import pytest

from api.auth import PUBLIC, is_open

NOT_ROUTES = ["/nope", "/api", "/api/v1", "/graphql", "/files/x", "/docs", "/openapi.json", "/redoc", "/static", "//healthz"]
NOT_ROUTES += ["/HEALTHZ", "/healthz/", "/%2fhealthz", "/login/x", "/api/v1/runs/", "/static/docs.html", "/static/login.html", "/healthz%00"]


def routes(api: Any) -> list[tuple[str, str]]:
    """Every method and path there is, documented or not."""
    listed = [(method.upper(), path) for path, methods in api.app.openapi()["paths"].items() for method in methods]
    hidden = [("GET", f"/api/v1/{name}") for name in ("openapi.json", "docs", "docs/docs.js", "docs/swagger-ui.css", "docs/swagger-ui-bundle.js")]
    every = {*listed, *hidden, *((method, path) for _, path in listed for method in ("HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"))}
    filled = {(method, path.replace("{", "").replace("}", "")) for method, path in every}
    return sorted((method, path) for method, path in filled if not is_open(path))


def statuses(client: httpx.Client, asked: list[tuple[str, str]]) -> dict[tuple[str, str], int]:
    return {(method, path): client.request(method, path).status_code for method, path in asked}


class TestWithoutAKey:
    def test_every_route_and_method_is_closed(self, sqlite_api: Any) -> None:
        asked = routes(sqlite_api)

        assert len(asked) > 100
        assert set(statuses(sqlite_api.client(), asked).values()) == {401}

    @pytest.mark.parametrize("path", NOT_ROUTES)
    def test_what_is_no_route_is_closed_too(self, sqlite_api: Any, path: str) -> None:
        assert sqlite_api.client().get(f"{sqlite_api.origin}{path}").status_code == 401

    @pytest.mark.parametrize("path", sorted(PUBLIC))
    def test_what_is_public_holds_no_data(self, sqlite_api: Any, path: str) -> None:
        sqlite_api.submit(name="a secret experiment")

        answer = sqlite_api.client().get(path)

        assert answer.status_code == 200
        assert "secret experiment" not in answer.text

    @pytest.mark.parametrize(
        "authorization",
        [
            pytest.param("Bearer rt-" + "a" * 40, id="an unknown key"),
            pytest.param("Bearer", id="an empty key"),
            pytest.param("Bearer " + "x" * 5000, id="a long key"),
            pytest.param("Bearer rt-\xe9\xff", id="a key in no alphabet"),
            pytest.param("Basic YXBpOmtleQ==", id="another scheme"),
            pytest.param("rt-" + "a" * 40, id="no scheme"),
        ],
    )
    def test_a_bad_key_opens_nothing(self, sqlite_api: Any, authorization: str) -> None:
        answer = sqlite_api.client().get("/api/v1/runs", headers={"Authorization": authorization.encode("latin-1")})

        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"

    def test_two_authorizations_open_nothing(self, sqlite_api: Any) -> None:
        key = sqlite_api.key("admin")
        headers = [("Authorization", f"Bearer {key}"), ("Authorization", f"Bearer {key}")]

        assert sqlite_api.client().get("/api/v1/runs", headers=headers).status_code == 401

    def test_a_key_in_the_cookie_opens_nothing(self, sqlite_api: Any) -> None:
        answer = sqlite_api.client().get("/api/v1/runs", headers={"Cookie": f"runtwice_session={sqlite_api.key('admin')}"})

        assert answer.status_code == 401

    def test_an_expired_key_opens_nothing(self, api: Any) -> None:
        client = api.client(api.key("admin", expires_at=time.time() - 1))

        assert set(statuses(client, routes(api)).values()) == {401}

    def test_a_revoked_key_opens_nothing_at_once(self, api: Any) -> None:
        key = api.admin.post("/api/v1/keys", json={"name": "gone", "role": "admin"}).json()
        client = api.client(key["key"])
        assert client.get("/api/v1/runs").status_code == 200

        api.admin.delete(f"/api/v1/keys/{key['id']}")

        assert set(statuses(client, routes(api)).values()) == {401}


class TestRoles:
    def test_a_viewer_changes_nothing(self, sqlite_api: Any) -> None:
        viewer = sqlite_api.as_role("viewer")
        reads = {("POST", "/api/v1/series/query"), ("POST", "/api/v1/compare"), ("POST", "/logout")}
        writes = [
            (method, path) for method, path in routes(sqlite_api) if method in ("POST", "PUT", "PATCH", "DELETE") and (method, path) not in reads
        ]

        found = statuses(viewer, writes)

        assert set(found.values()) <= {403, 405, 404}, found
        assert {found[method, path] for method, path in writes if method in ("POST", "PATCH")} == {403}

    def test_a_viewer_reads(self, sqlite_api: Any) -> None:
        run = sqlite_api.submit()

        assert sqlite_api.as_role("viewer").get(f"/api/v1/runs/{run['id']}").status_code == 200

    def test_a_member_makes_no_keys_and_deletes_no_projects(self, sqlite_api: Any) -> None:
        member = sqlite_api.as_role("member")
        sqlite_api.admin.post("/api/v1/projects", json={"project": "team/kept"})

        assert member.post("/api/v1/keys", json={"name": "x", "role": "viewer"}).status_code == 403
        assert member.get("/api/v1/keys").status_code == 403
        assert member.delete("/api/v1/projects/team/kept").status_code == 403

    def test_another_role_holds_at_once_for_the_key_and_its_sessions(self, api: Any) -> None:
        key = api.admin.post("/api/v1/keys", json={"name": "promoted", "role": "viewer"}).json()
        client, visitor = api.client(key["key"]), api.client()
        visitor.post("/login", data={"key": key["key"]})
        new = {"json": {"project": "team/promoted"}, "headers": {"Origin": api.origin}}
        assert [each.post("/api/v1/projects", **new).status_code for each in (client, visitor)] == [403, 403]

        changed = api.admin.patch(f"/api/v1/keys/{key['id']}", json={"role": "member"})

        assert (changed.status_code, changed.json()) == (200, {**{name: key[name] for name in key if name != "key"}, "role": "member"})
        assert [each.post("/api/v1/projects", **new).status_code for each in (client, visitor)] == [201, 409]

    def test_an_entitys_admin_changes_no_other_key(self, api: Any) -> None:
        key = api.admin.post("/api/v1/keys", json={"name": "of everything", "role": "viewer"}).json()

        assert api.as_role("admin", "acme").patch(f"/api/v1/keys/{key['id']}", json={"name": "mine"}).status_code == 404

    def test_the_last_admin_key_stays(self, make_api: Any) -> None:
        api = make_api()
        (only,) = api.admin.get("/api/v1/keys").json()["items"]

        assert api.admin.delete(f"/api/v1/keys/{only['id']}").status_code == 409
        assert api.admin.patch(f"/api/v1/keys/{only['id']}", json={"role": "member"}).status_code == 409
        assert api.admin.get("/api/v1/keys").status_code == 200


class TestEntities:
    """A key with an entity sees that entity: what lies beyond is not there, in the same words as what never was."""

    def test_another_entitys_things_are_not_found(self, api: Any) -> None:
        theirs = api.client_run("acme/digits")
        artifact = api.admin.put(f"/api/v1/runs/{theirs['id']}/artifacts/a.bin", content=b"x").json()
        us = api.as_role("admin", "umbrella")
        gets = ["", "/log", "/attempts", "/reruns", "/verdict", "/artifacts"]
        posts: list[tuple[str, Any]] = [
            ("/finish", {"state": "finished"}),
            ("/heartbeat", {}),
            ("/log", {"lines": []}),
            ("/points", {"steps": [], "metrics": {}}),
            ("/cancel", None),
            ("/reruns", {}),
        ]

        found = {path: us.get(f"/api/v1/runs/{theirs['id']}{path}").status_code for path in gets}
        found |= {path: us.post(f"/api/v1/runs/{theirs['id']}{path}", json=body).status_code for path, body in posts}
        found["patch"] = us.patch(f"/api/v1/runs/{theirs['id']}", json={"name": "ours"}).status_code
        found["delete"] = us.delete(f"/api/v1/runs/{theirs['id']}").status_code
        found["put"] = us.put(f"/api/v1/runs/{theirs['id']}/artifacts/b.bin", content=b"x").status_code
        found["artifact"] = us.get(f"/api/v1/artifacts/{artifact['id']}").status_code
        found["content"] = us.get(f"/api/v1/artifacts/{artifact['id']}/content").status_code
        found["series"] = us.get("/api/v1/series", params={"run": theirs["id"], "metric": "a"}).status_code
        found["compare"] = us.get("/api/v1/compare", params={"run": theirs["id"]}).status_code
        found["project"] = us.get("/api/v1/projects/acme/digits").status_code
        found["list"] = us.get("/api/v1/runs", params={"project": "acme/digits"}).status_code
        found["submit"] = us.post("/api/v1/runs", json={"project": "acme/digits", "origin": "client"}).status_code

        assert {name: status for name, status in found.items() if status != 404} == {}

    def test_its_runs_are_not_listed(self, api: Any) -> None:
        api.client_run("acme/listed")
        us = api.as_role("admin", "umbrella")

        assert us.get("/api/v1/runs", params={"total": "true"}).json() == {"items": [], "next_cursor": None, "total": 0}
        assert us.get("/api/v1/projects").json()["items"] == []

    def test_hidden_and_missing_read_the_same(self, api: Any) -> None:
        theirs = api.client_run("acme/digits")["id"]
        us = api.as_role("viewer", "umbrella")
        missing = theirs[:-1] + ("a" if theirs[-1] != "a" else "b")

        hidden, absent = (us.get(f"/api/v1/runs/{run_id}").json() for run_id in (theirs, missing))

        assert {**hidden, "detail": hidden["detail"].replace(theirs, "")} == {**absent, "detail": absent["detail"].replace(missing, "")}

    def test_a_bare_project_name_is_in_the_keys_entity(self, api: Any) -> None:
        run = api.as_role("member", "acme").post("/api/v1/runs", json={"project": "bare", "origin": "client"}).json()

        assert run["project"] == "acme/bare"

    def test_its_admin_makes_keys_for_it_alone(self, api: Any) -> None:
        boss = api.as_role("admin", "acme")

        assert boss.post("/api/v1/keys", json={"name": "x", "role": "member"}).json()["entity"] == "acme"
        assert boss.post("/api/v1/keys", json={"name": "x", "role": "member", "entity": "umbrella"}).status_code == 403
        assert {key["entity"] for key in boss.get("/api/v1/keys").json()["items"]} == {"acme"}

    @pytest.mark.parametrize("entity", ["api", "login", "Static", "metrics", "a b", "../x", "", "a/b", "é"])
    def test_reserved_and_odd_names_are_refused(self, sqlite_api: Any, entity: str) -> None:
        answer = sqlite_api.admin.post("/api/v1/projects", json={"project": f"{entity}/digits"})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/project"


class TestKeys:
    def test_the_text_is_shown_once_and_kept_nowhere(self, api: Any) -> None:
        minted = api.admin.post("/api/v1/keys", json={"name": "ci", "role": "viewer", "expires_at": "2199-01-01T00:00:00+02:00"}).json()

        listed = {key["id"]: key for key in api.admin.get("/api/v1/keys").json()["items"]}[minted["id"]]

        assert minted["key"].startswith("rt-")
        assert len(minted["key"]) == 43
        assert "key" not in listed
        assert listed["expires_at"] == "2198-12-31T22:00:00.000000Z"
        assert api.client(minted["key"]).get("/api/v1/runs").status_code == 200

    def test_an_idempotency_key_tells_it_again_without_keeping_it(self, api: Any) -> None:
        first, again = (api.admin.post("/api/v1/keys", json={"name": "i", "role": "viewer"}, headers={"Idempotency-Key": "k1"}) for _ in range(2))

        assert first.status_code == again.status_code == 201
        assert first.json() == again.json()
        assert api.client(first.json()["key"]).get("/api/v1/runs").status_code == 200
        with api.database.engine.connect() as connection:
            kept = [str(row) for row in connection.exec_driver_sql("SELECT * FROM kept_answers").all()]
        assert kept
        assert not any(first.json()["key"][3:] in row for row in kept)
        assert "x-salt" not in first.headers

    @pytest.mark.parametrize("text", ["0123456789abcdef0123456789abcdef01234567", "local-" + "Ab_9" * 10, "wandb_v1_" + "x" * 77])
    def test_a_given_text_opens_the_service_and_is_kept_nowhere(self, api: Any, text: str) -> None:
        made = api.admin.post("/api/v1/keys", json={"name": "moved", "role": "viewer", "key": text})
        again = api.admin.post("/api/v1/keys", json={"name": "moved", "role": "admin", "key": text})

        assert (made.status_code, made.json()["key"]) == (201, text)
        assert api.client(text).get("/api/v1/runs").status_code == 200
        assert api.client(text).get("/api/v1/keys").status_code == 403
        assert again.status_code == 409
        with api.database.engine.connect() as connection:
            rows = [str(row) for row in connection.exec_driver_sql("SELECT * FROM keys").all()]
        assert rows
        assert not any(text in row for row in rows)

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            pytest.param({"name": "x", "role": "owner"}, "/role", id="an unknown role"),
            pytest.param({"name": "x", "role": "viewer", "expires_at": "2001-01-01T00:00:00Z"}, "/expires_at", id="an expired key"),
            pytest.param({"name": "x", "role": "viewer", "expires_at": "2199-01-01T00:00:00"}, "/expires_at", id="a moment without an offset"),
            pytest.param({"name": "x", "role": "viewer", "expires_at": True}, "/expires_at", id="no moment"),
            pytest.param({"role": "viewer"}, "/name", id="no name"),
            pytest.param({"name": "x" * 129, "role": "viewer"}, "/name", id="a long name"),
            pytest.param({"name": "x", "role": "viewer", "digest": "x"}, "/digest", id="a field of its own"),
            pytest.param({"name": "x", "role": "viewer", "key": "local-" + "a" * 33}, "/key", id="a given text that is short"),
            pytest.param({"name": "x", "role": "viewer", "key": "a" * 30 + "-" + "b" * 39}, "/key", id="a given text short after its prefix"),
            pytest.param({"name": "x", "role": "viewer", "key": "a" * 39 + " b"}, "/key", id="a given text with a space"),
            pytest.param({"name": "x", "role": "viewer", "key": "a" * 257}, "/key", id="a given text that is long"),
        ],
    )
    def test_what_is_wrong_is_named(self, sqlite_api: Any, body: dict[str, Any], pointer: str) -> None:
        answer = sqlite_api.admin.post("/api/v1/keys", json=body)

        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
