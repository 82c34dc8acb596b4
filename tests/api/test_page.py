"""The page as the API serves it: one document at the page's addresses, files that may be kept for ever, sign-in for visitors."""

import gzip
import re
from typing import Any

import pytest

BROWSER = {"Accept": "text/html,application/xhtml+xml"}
ADDRESSES = ["/", "/submit", "/lab", "/nodes", "/inbox", "/settings", "/docs", "/docs/guide/submit", "/acme/digits"]
ADDRESSES += [f"/acme/digits/{below}" for below in ("compare", "studies", "studies/s1", "runs/r1", "sweeps/w1", "reproducibility")]
QUERY = pytest.param("/acme/digits?filter=a%20b", "%2Facme%2Fdigits%3Ffilter%3Da%2520b", id="with a query")


class TestDocument:
    @pytest.mark.parametrize("path", ADDRESSES)
    def test_stands_at_every_address_of_the_page(self, sqlite_api: Any, path: str) -> None:
        answer = sqlite_api.admin.get(path)

        assert answer.status_code == 200
        assert '<div id="root">' in answer.text
        assert answer.headers["cache-control"] == "no-cache"

    @pytest.mark.parametrize("path", ["/nope", "/acme/digits/nope", "/api/v1", "/files/x", "/acme/digits/runs/r1/more", "/graphql/x"])
    def test_stands_nowhere_else(self, sqlite_api: Any, path: str) -> None:
        answer = sqlite_api.admin.get(path)

        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"

    def test_whoever_goes_nowhere_reads_so_in_words(self, sqlite_api: Any) -> None:
        visitor = sqlite_api.client()
        visitor.post("/login", data={"key": sqlite_api.key("viewer")})

        answer = visitor.get("/nope<b>", headers=BROWSER)

        assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert "There is nothing at this address. It may have been mistyped" in answer.text
        assert visitor.get("/api/v1/nope", headers=BROWSER).headers["content-type"] == "application/problem+json"

    def test_is_not_sent_again_to_who_has_it(self, sqlite_api: Any) -> None:
        first = sqlite_api.admin.get("/")

        again = sqlite_api.admin.get("/", headers={"If-None-Match": first.headers["etag"]})

        assert (again.status_code, again.content) == (304, b"")

    def test_lets_scripts_come_from_here_only(self, sqlite_api: Any) -> None:
        policy = sqlite_api.admin.get("/").headers["content-security-policy"]

        assert "script-src 'self';" in policy
        assert "unsafe" not in policy


class TestFiles:
    def test_every_file_of_the_document_is_there_and_may_be_kept(self, sqlite_api: Any) -> None:
        names = re.findall(r'(?:src|href)="(/[^"]+)"', sqlite_api.admin.get("/").text)

        answers = [sqlite_api.client().get(name) for name in names]

        assert len(answers) >= 3
        assert {answer.status_code for answer in answers} == {200}
        assert all("immutable" in answer.headers["cache-control"] for answer in answers)

    @pytest.mark.parametrize(("accepted", "encoding"), [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("identity", None)])
    def test_come_packed_as_the_client_takes_them(self, sqlite_api: Any, accepted: str, encoding: str | None) -> None:
        script = re.search(r'src="(/assets/[^"]+\.js)"', sqlite_api.admin.get("/").text)
        assert script is not None

        with sqlite_api.client().stream("GET", script[1], headers={"Accept-Encoding": accepted}) as answer:
            raw = b"".join(answer.iter_raw())

        assert answer.headers.get("content-encoding") == encoding
        if encoding == "gzip":
            assert b"createRoot" in gzip.decompress(raw) or len(gzip.decompress(raw)) > 100_000

    @pytest.mark.parametrize("name", ["nope.js", "../app.css", "..%2f..%2fpage.py", "index.html", "%00"])
    def test_nothing_else_can_be_had(self, sqlite_api: Any, name: str) -> None:
        assert sqlite_api.client().get(f"{sqlite_api.origin}/assets/{name}").status_code in (400, 401, 404)


class TestVisitorWithoutASession:
    @pytest.mark.parametrize(
        ("path", "back"), [("/", "%2F"), ("/acme/digits?filter=a%20b", "%2Facme%2Fdigits%3Ffilter%3Da%2520b"), ("/nope", "%2Fnope")]
    )
    def test_is_led_to_the_sign_in_and_back(self, sqlite_api: Any, path: str, back: str) -> None:
        answer = sqlite_api.client().get(path, headers=BROWSER, follow_redirects=False)

        assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={back}")

    @pytest.mark.parametrize("path", ["/api/v1/runs", "/graphql", "/files/x"])
    def test_data_is_refused_as_ever(self, sqlite_api: Any, path: str) -> None:
        assert sqlite_api.client().get(path, headers=BROWSER).status_code == 401

    def test_a_wrong_key_is_told_so(self, sqlite_api: Any) -> None:
        answer = sqlite_api.client().get("/", headers={**BROWSER, "Authorization": "Bearer rt-" + "a" * 40})

        assert answer.status_code == 401
