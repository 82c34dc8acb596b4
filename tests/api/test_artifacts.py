"""Files in and out, byte for byte; no name becomes a path, no file opens in a browser."""

import hashlib
from typing import Any
from urllib.parse import quote

import pytest

BYTES = bytes(range(256)) * 20
NAMES = ["a.bin", "models/final.pt", "é😀.txt", "a b;c.txt", 'q"uote', "%2e%2e", "..%2f", "CON", "<script>.html", "x" * 500]
TRAPS = ["..", ".", "../x", "a/../../x", "a//b", "/etc/passwd", "a\\b", "a%00b", "a%0d%0ab", "x" * 600, "%2e%2e/%2e%2e/x"]


def put(api: Any, run: str, name: str, content: bytes = BYTES) -> Any:
    return api.admin.put(f"/api/v1/runs/{run}/artifacts/{quote(name)}", content=content)


class TestArtifacts:
    @pytest.mark.parametrize("name", NAMES)
    def test_come_back_byte_for_byte_under_their_name(self, sqlite_api: Any, name: str) -> None:
        run = sqlite_api.client_run()["id"]

        answer = put(sqlite_api, run, name)

        artifact = answer.json()
        assert answer.status_code == 201
        assert (artifact["name"], artifact["size_bytes"], artifact["sha256"]) == (name, len(BYTES), hashlib.sha256(BYTES).hexdigest())
        assert sqlite_api.admin.get(f"/api/v1/artifacts/{artifact['id']}").json() == artifact
        assert sqlite_api.admin.get(f"/api/v1/runs/{run}/artifacts").json()["items"] == [artifact]
        download = sqlite_api.admin.get(f"/api/v1/artifacts/{artifact['id']}/content")
        assert download.content == BYTES
        disposition = download.headers["content-disposition"]
        assert disposition.startswith("attachment; filename=")
        assert "/" not in disposition.replace("UTF-8''", "")
        assert disposition.isascii()

    @pytest.mark.parametrize("name", TRAPS)
    def test_a_name_that_is_a_path_is_refused(self, sqlite_api: Any, name: str) -> None:
        run = sqlite_api.client_run()["id"]
        target = f"{sqlite_api.origin}/api/v1/runs/{run}/artifacts/{name}"

        answer = sqlite_api.admin.put(target, content=b"x")

        assert answer.status_code in (400, 404, 405, 422), answer.text
        assert sqlite_api.admin.get(f"/api/v1/runs/{run}/artifacts").json()["items"] == []

    def test_are_downloads_that_nothing_opens(self, api: Any) -> None:
        artifact = put(api, api.client_run()["id"], "page.html", b"<script>alert(1)</script>").json()

        headers = api.admin.get(f"/api/v1/artifacts/{artifact['id']}/content").headers

        assert headers["content-type"] == "application/octet-stream"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("sandbox")
        assert headers["etag"] == f'"{artifact["sha256"]}"'

    def test_a_page_is_shown_in_a_frame_that_is_cut_off_from_everything(self, api: Any) -> None:
        artifact = put(api, api.client_run()["id"], "media/html/page.html", b"<script>alert(1)</script>").json()
        address = f"/api/v1/artifacts/{artifact['id']}/html"

        shown = api.admin.get(address, headers={"Sec-Fetch-Dest": "iframe"})

        policy = shown.headers["content-security-policy"]
        assert (shown.content, shown.headers["content-type"]) == (b"<script>alert(1)</script>", "text/html; charset=utf-8")
        assert policy.startswith("sandbox allow-scripts; default-src 'none'; ")
        assert not {"allow-same-origin", "allow-top-navigation", "allow-popups", "allow-forms", "*", "https:"} & set(policy.replace(";", "").split())
        assert "frame-ancestors 'self'" in policy
        assert api.admin.get(address, headers={"Sec-Fetch-Dest": "document"}).status_code == 403

    def test_nothing_but_a_page_is_shown_as_one(self, sqlite_api: Any) -> None:
        artifact = put(sqlite_api, sqlite_api.client_run()["id"], "picture.svg", b"<svg/>").json()

        assert sqlite_api.admin.get(f"/api/v1/artifacts/{artifact['id']}/html").status_code == 415
        assert sqlite_api.admin.get("/api/v1/artifacts/none/html").status_code == 404

    @pytest.mark.parametrize(
        ("wanted", "status", "content"),
        [
            ("bytes=0-9", 206, BYTES[:10]),
            ("bytes=100-", 206, BYTES[100:]),
            ("bytes=-5", 206, BYTES[-5:]),
            ("bytes=999999-", 416, None),
            ("bytes=9-5", 400, None),
            ("pages=1", 400, None),
        ],
    )
    def test_come_in_ranges(self, sqlite_api: Any, wanted: str, status: int, content: bytes | None) -> None:
        artifact = put(sqlite_api, sqlite_api.client_run()["id"], "a").json()

        answer = sqlite_api.admin.get(f"/api/v1/artifacts/{artifact['id']}/content", headers={"Range": wanted})

        assert answer.status_code == status
        assert content is None or answer.content == content

    def test_ten_thousand_ranges_are_no_burden(self, sqlite_api: Any) -> None:
        artifact = put(sqlite_api, sqlite_api.client_run()["id"], "a").json()
        ranges = "bytes=" + ",".join(f"{i}-{i}" for i in range(0, 5000, 2))

        answer = sqlite_api.admin.get(f"/api/v1/artifacts/{artifact['id']}/content", headers={"Range": ranges})

        assert answer.status_code in (200, 206, 400, 416)
        assert len(answer.content) < 1_000_000

    def test_that_are_known_already_are_not_sent_again(self, sqlite_api: Any) -> None:
        artifact = put(sqlite_api, sqlite_api.client_run()["id"], "a").json()

        answer = sqlite_api.admin.get(f"/api/v1/artifacts/{artifact['id']}/content", headers={"If-None-Match": f'"{artifact["sha256"]}"'})

        assert (answer.status_code, answer.content) == (304, b"")

    def test_of_the_same_name_replace_each_other(self, api: Any) -> None:
        run = api.client_run()["id"]
        put(api, run, "a", b"one")

        put(api, run, "a", b"two")

        (artifact,) = api.admin.get(f"/api/v1/runs/{run}/artifacts").json()["items"]
        assert artifact["sha256"] == hashlib.sha256(b"two").hexdigest()

    def test_of_a_managed_run_are_the_workers(self, api: Any) -> None:
        assert put(api, api.submit()["id"], "a").status_code == 409
