"""A verdict told to others: by a webhook, and as a signed receipt."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from judged import finished, judged

from analysis import receipts
from analysis.receipts import NotGenuine
from api.signing import Signing
from store.settings import Settings


class TestWebhook:
    @pytest.fixture
    def hook(self, api: Any, project: str) -> str:
        api.admin.post("/api/v1/projects", json={"project": project})
        return f"/api/v1/projects/{project}/webhook"

    def test_makes_a_secret_that_is_shown_once(self, api: Any, hook: str) -> None:
        made = api.admin.put(hook, json={"url": "https://ci.example/hook"}).json()
        kept = api.admin.put(hook, json={"url": "https://ci.example/other"}).json()

        assert len(made["secret"]) >= 32
        assert (kept["secret"], api.admin.get(hook).json()["secret"]) == (None, None)
        assert api.admin.get(hook).json()["url"] == "https://ci.example/other"

    def test_takes_a_secret_and_never_shows_it(self, api: Any, hook: str) -> None:
        answer = api.admin.put(hook, json={"url": "https://ci.example/hook", "secret": "one that was agreed on"})

        assert answer.json()["secret"] is None
        assert "agreed" not in api.admin.get(hook).text

    def test_lists_what_it_was_told(self, api: Any, project: str, hook: str) -> None:
        api.admin.put(hook, json={"url": "https://ci.invalid/hook"})
        original, rerun = judged(api, project)

        (delivery,) = api.admin.get(f"{hook}/deliveries").json()["items"]

        assert (delivery["original"], delivery["rerun"], delivery["state"]) == (original, rerun, "waiting")

    def test_goes_with_its_project(self, api: Any, project: str, hook: str) -> None:
        api.admin.put(hook, json={"url": "https://ci.example/hook"})
        api.admin.put(f"/api/v1/projects/{project}/reproducibility", json={"rerun": "every"})

        assert api.admin.delete(f"/api/v1/projects/{project}").status_code == 204

        assert api.admin.get(hook).status_code == 404

    def test_can_be_removed(self, api: Any, hook: str) -> None:
        api.admin.put(hook, json={"url": "https://ci.example/hook"})

        assert api.admin.delete(hook).status_code == 204
        assert [api.admin.get(hook).status_code, api.admin.delete(hook).status_code] == [404, 404]

    @pytest.mark.parametrize(
        "where",
        [
            "ftp://ci.example/",
            "https://",
            "ci.example/hook",
            "https://me:secret@ci.example/",
            "http://127.0.0.1:8800/",
            "http://localhost/",
            "http://[::1]/",
            "http://169.254.169.254/latest",
            "http://ci.example:99999/",
            "https://ci.example/a b",
        ],
    )
    def test_refuses_where_it_must_not_call(self, sqlite_api: Any, project: str, where: str) -> None:
        sqlite_api.admin.post("/api/v1/projects", json={"project": project})

        answer = sqlite_api.admin.put(f"/api/v1/projects/{project}/webhook", json={"url": where})

        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/url")

    def test_is_an_admins_alone(self, api: Any, hook: str) -> None:
        member = api.as_role("member")

        found = [member.get(hook), member.put(hook, json={"url": "https://ci.example/"}), member.delete(hook), member.get(f"{hook}/deliveries")]

        assert [answer.status_code for answer in found] == [403] * 4


class TestReceipt:
    def key(self, api: Any) -> set[str]:
        return {item["key"] for item in api.admin.get("/api/v1/receipts/keys").json()["items"]}

    def get(self, api: Any, rerun: str) -> httpx.Response:
        answer: httpx.Response = api.admin.get(f"/api/v1/runs/{rerun}/verdict/receipt")
        assert answer.status_code == 200, answer.text
        return answer

    def test_says_what_the_verdict_says_and_is_signed(self, api: Any, project: str) -> None:
        original, rerun = judged(api, project, loss=0.25)

        receipt = receipts.opened(self.get(api, rerun).content, self.key(api))

        verdict = api.admin.get(f"/api/v1/runs/{rerun}/verdict").json()
        assert {name: receipt["verdict"][name] for name in ("outcome", "first_difference", "judged_at", "checked")} == {
            name: verdict[name] for name in ("outcome", "first_difference", "judged_at", "checked")
        }
        assert (receipt["original"]["run"], receipt["rerun"]["run"], receipt["rerun"]["node"]) == (original, rerun, "n2")
        assert receipt["original"]["digests"] == {"initial": "i", "code": "c", "final": "weights of 0.5"}
        environment = api.admin.get(f"/api/v1/runs/{original}").json()["environment"]
        assert receipt["original"]["environment_digest"] == receipts.digest(environment)
        kept = {name: value for name, value in verdict.items() if name not in ("judged_at", "stale", "stale_reason")}
        assert receipt["verdict"]["document_digest"] == receipts.digest(kept)

    def test_is_the_same_bytes_every_time(self, api: Any, project: str) -> None:
        _, rerun = judged(api, project)

        assert self.get(api, rerun).content == self.get(api, rerun).content

    def test_with_another_outcome_is_not_genuine(self, api: Any, project: str) -> None:
        _, rerun = judged(api, project, loss=0.25)
        forged = self.get(api, rerun).content.replace(b'"outcome":"different"', b'"outcome":"identical"')

        with pytest.raises(NotGenuine):
            receipts.opened(forged, self.key(api))

    def test_is_there_when_the_verdict_is(self, api: Any, project: str) -> None:
        original = finished(api, project)
        rerun = api.admin.post(f"/api/v1/runs/{original}/reruns", json={}).json()["items"][0]["id"]

        found = [api.admin.get(f"/api/v1/runs/{run}/verdict/receipt").status_code for run in (rerun, original, "nosuch")]

        assert found == [409, 404, 404]

    def test_bears_a_key_that_lies_in_the_data_folder_alone(self, make_api: Any) -> None:
        api = make_api()
        _, rerun = judged(api, "team/digits")
        file = api.settings.data_dir / "signing" / "receipts.pem"

        receipt = json.loads(self.get(api, rerun).content)

        assert self.key(api) == {receipt["key"]}
        assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
        assert [each.name for each in file.parent.iterdir()] == ["receipts.pem"]

    def test_of_replicas_with_one_key_file_bear_one_key(self, make_api: Any) -> None:
        first = make_api()
        self.key(first)

        second = make_api(signing_key_file=str(first.settings.data_dir / "signing" / "receipts.pem"))

        assert self.key(first) == self.key(second)

    def test_bears_one_key_though_many_processes_make_it_at_once(self, tmp_path: Path) -> None:
        settings = Settings(data_dir=tmp_path)

        with ThreadPoolExecutor(8) as pool:
            keys = set(pool.map(lambda _: Signing(settings).public_key(), range(16)))

        assert len(keys) == 1

    def test_needs_a_key_that_can_be_read(self, make_api: Any, tmp_path: Path) -> None:
        (tmp_path / "key.pem").write_text("no key")
        api = make_api(signing_key_file=str(tmp_path / "key.pem"))

        answer = api.admin.get("/api/v1/receipts/keys")

        assert answer.status_code == 503
        assert "key file" in answer.json()["detail"]
