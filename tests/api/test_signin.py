"""Signing in to the page, and what other sites cannot do with the session."""

from typing import Any

import httpx
import pytest

from store import keys


def link(api: Any) -> str:
    with api.database.begin() as session:
        key, _ = keys.mint(session, "page", "admin")
        return keys.new_ticket(session, key, "signin", 60.0)


def session_client(api: Any, role: str = "admin") -> httpx.Client:
    client = api.client()
    assert client.post("/login", data={"key": api.key(role)}).status_code == 303
    return client


class TestSignIn:
    def test_a_link_shows_a_button_and_is_not_used_up_by_looking(self, api: Any) -> None:
        token = link(api)

        pages = [api.client().get("/login", params={"token": token}) for _ in range(2)]

        assert all(f'value="{token}"' in page.text and page.text.count("<button>") == 1 for page in pages)
        assert not any("set-cookie" in page.headers for page in pages)

    def test_its_button_signs_in_once(self, api: Any) -> None:
        token, client = link(api), api.client()

        answer = client.post("/login", data={"token": token, "next": "/acme/digits?tab=1"})

        cookie = answer.headers["set-cookie"].lower()
        assert (answer.status_code, answer.headers["location"]) == (303, "/acme/digits?tab=1")
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert client.get("/api/v1/runs").status_code == 200
        assert api.client().post("/login", data={"token": token}).status_code == 401

    def test_a_key_signs_in_too(self, api: Any) -> None:
        assert session_client(api).get("/api/v1/keys").status_code == 200

    def test_a_person_who_is_refused_reads_a_page(self, sqlite_api: Any) -> None:
        answer = sqlite_api.client().post("/login", data={"key": "rt-nope"}, headers={"Accept": "text/html"})

        assert answer.status_code == 401
        assert "not valid" in answer.text
        assert answer.headers["content-type"].startswith("text/html")

    def test_revoking_the_key_ends_the_session(self, api: Any) -> None:
        minted = api.admin.post("/api/v1/keys", json={"name": "page", "role": "viewer"}).json()
        client = api.client()
        client.post("/login", data={"key": minted["key"]})
        assert client.get("/api/v1/runs").status_code == 200

        api.admin.delete(f"/api/v1/keys/{minted['id']}")

        assert client.get("/api/v1/runs").status_code == 401

    def test_signing_out_ends_it_for_good(self, api: Any) -> None:
        client = session_client(api)
        cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())}

        answer = client.post("/logout", headers={"Origin": api.origin})

        assert answer.status_code == 303
        assert api.client().get("/api/v1/runs", headers=cookie).status_code == 401

    @pytest.mark.parametrize(
        "target", ["//evil.example", "/\\evil.example", "https:evil.example", "javascript:alert(1)", "/a\r\nX: y", "http://evil.example", ""]
    )
    def test_goes_on_to_a_path_of_this_site_only(self, sqlite_api: Any, target: str) -> None:
        answer = sqlite_api.client().post("/login", data={"key": sqlite_api.key("viewer"), "next": target})

        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert "x" not in answer.headers

    def test_the_page_shows_what_it_was_given_as_text(self, sqlite_api: Any) -> None:
        page = sqlite_api.client().get("/login", params={"token": '"><script>x</script>', "next": "{field}<b>"})

        assert "<script>" not in page.text
        assert "<b>" not in page.text

    def test_the_cookie_is_for_https_alone_where_the_service_is(self, make_api: Any) -> None:
        api = make_api(public_url="https://runs.example")

        assert "secure" in api.client().post("/login", data={"key": api.key("viewer")}).headers["set-cookie"].lower()


class TestOtherSites:
    @pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", None])
    @pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
    def test_cannot_write_with_the_session(self, sqlite_api: Any, method: str, origin: str | None) -> None:
        client = session_client(sqlite_api)
        headers = {} if origin is None else {"Origin": origin}

        assert client.request(method, "/api/v1/runs/x", headers=headers).status_code == 403

    def test_our_own_page_can(self, sqlite_api: Any) -> None:
        client = session_client(sqlite_api)

        answer = client.post("/api/v1/projects", json={"project": "team/by-page"}, headers={"Origin": sqlite_api.origin})

        assert answer.status_code == 201

    def test_cannot_sign_somebody_in(self, sqlite_api: Any) -> None:
        data = {"key": sqlite_api.key("viewer")}

        assert sqlite_api.client().post("/login", data=data, headers={"Origin": "https://evil.example"}).status_code == 403
        assert sqlite_api.client().post("/login", data=data, headers={"Origin": sqlite_api.origin}).status_code == 303

    def test_get_no_permission_to_read(self, sqlite_api: Any) -> None:
        headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}

        answers = [sqlite_api.admin.get("/api/v1/runs", headers=headers), sqlite_api.client().options("/api/v1/runs", headers=headers)]

        assert not any("access-control-allow-origin" in answer.headers for answer in answers)


class TestHost:
    @pytest.mark.parametrize(
        ("host", "status"),
        [
            ("127.0.0.1:1", 200),
            ("localhost", 200),
            ("[::1]:80", 200),
            ("runs.example", 200),
            ("RUNS.example:443", 200),
            ("inner.example", 200),
            ("evil.example", 421),
            ("127.0.0.1.evil.example", 421),
            ("a b", 400),
            ("", 400),
            ("runs.example:x", 400),
        ],
    )
    def test_answers_to_its_own_names_only(self, make_api: Any, host: str, status: int) -> None:
        api = make_api(public_url="https://runs.example", allowed_hosts="inner.example, other.example")

        assert api.client().get("/healthz", headers={"Host": host}).status_code == status

    def test_believes_no_forwarded_host(self, sqlite_api: Any) -> None:
        assert sqlite_api.client().get("/healthz", headers={"Host": "evil.example", "X-Forwarded-Host": "127.0.0.1"}).status_code == 421


class TestHeaders:
    @pytest.mark.parametrize("path", ["/", "/healthz", "/login", "/nope", "/api/v1/runs", "/static/app.css", "/acme/digits"])
    def test_every_answer_carries_the_guards(self, sqlite_api: Any, path: str) -> None:
        headers = sqlite_api.client().get(path).headers

        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-request-id"]
        assert "server" not in headers

    @pytest.mark.parametrize(("given", "kept"), [("abc-123", True), ("a b", False), ("x" * 65, False), ("a\tb", False)])
    def test_a_well_formed_request_id_comes_back(self, sqlite_api: Any, given: str, kept: bool) -> None:
        answered = sqlite_api.client().get("/healthz", headers={"X-Request-Id": given}).headers["x-request-id"]

        assert (answered == given) is kept

    def test_the_page_asks_no_other_host(self, sqlite_api: Any) -> None:
        pages = [sqlite_api.admin.get(path).text for path in ("/login", "/static/app.css", "/api/v1/docs")]

        assert not any("http://" in page or "https://" in page or 'src="//' in page for page in pages)
        assert "SwaggerUIBundle" in sqlite_api.admin.get("/api/v1/docs/swagger-ui-bundle.js").text
