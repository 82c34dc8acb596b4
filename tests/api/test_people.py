"""Who is asking, and who else is here."""

import time
from typing import Any

import httpx


class TestMe:
    def test_is_the_key_that_asks(self, api: Any) -> None:
        minted = api.admin.post("/api/v1/keys", json={"name": "ann", "role": "member", "entity": "acme"}).json()

        me = api.client(minted["key"]).get("/api/v1/me").json()

        assert (me["name"], me["role"], me["entity"], me["default_entity"]) == ("ann", "member", "acme", "acme")
        assert (me["by"], me["session"], me["key"], me["shared"]) == ("key", False, minted["id"], None)

    def test_is_the_key_behind_a_session(self, api: Any) -> None:
        client = api.client()
        client.post("/login", data={"key": api.key("admin", expires_at=time.time() + 3600)})

        me = client.get("/api/v1/me").json()

        assert (me["name"], me["role"], me["entity"], me["default_entity"], me["by"], me["session"]) == (
            "admin",
            "admin",
            None,
            "team",
            "session",
            True,
        )
        assert me["expires_at"]

    def test_is_a_link_and_what_it_shows(self, api: Any) -> None:
        run = api.client_run("acme/shared")["id"]
        share = api.admin.post(f"/api/v1/runs/{run}/shares").json()
        client = api.client()
        client.get(httpx.URL(share["url"]).path)

        me = client.get("/api/v1/me").json()

        assert (me["name"], me["role"], me["entity"], me["by"], me["session"], me["key"]) == (
            "a link of admin",
            "viewer",
            "acme",
            "link",
            False,
            None,
        )
        assert me["shared"] == {"run": run, "study": None, "address": f"/acme/shared/runs/{run}"}

    def test_is_nobody_without_a_key(self, api: Any) -> None:
        assert api.client().get("/api/v1/me").status_code == 401


class TestUsers:
    def test_are_listed_with_their_roles_and_no_secrets(self, api: Any) -> None:
        minted = api.admin.post("/api/v1/keys", json={"name": "bob", "role": "viewer"}).json()

        found = {user["id"]: user for user in api.as_role("viewer").get("/api/v1/users", params={"limit": 1000}).json()["items"]}

        bob = found[minted["id"]]
        assert (bob["name"], bob["role"], bob["entity"]) == ("bob", "viewer", None)
        assert bob.keys() == {"id", "name", "role", "entity", "created_at", "expires_at"}

    def test_of_an_entity_see_their_own(self, api: Any) -> None:
        us, them = api.as_role("viewer", "umbrella"), api.as_role("viewer", "acme")

        assert {user["entity"] for client in (us,) for user in client.get("/api/v1/users").json()["items"]} == {"umbrella"}
        assert {user["entity"] for user in them.get("/api/v1/users").json()["items"]} == {"acme"}

    def test_whose_key_was_revoked_are_gone(self, api: Any) -> None:
        minted = api.admin.post("/api/v1/keys", json={"name": "gone", "role": "viewer"}).json()
        api.admin.delete(f"/api/v1/keys/{minted['id']}")

        assert minted["id"] not in {user["id"] for user in api.admin.get("/api/v1/users", params={"limit": 1000}).json()["items"]}

    def test_come_page_by_page(self, api: Any) -> None:
        for _ in range(3):
            api.key("viewer", "paged")
        client = api.as_role("viewer", "paged")

        first = client.get("/api/v1/users", params={"limit": 2}).json()
        second = client.get("/api/v1/users", params={"limit": 2, "cursor": first["next_cursor"]}).json()

        assert len({user["id"] for page in (first, second) for user in page["items"]}) == 4
        assert second["next_cursor"] is None
