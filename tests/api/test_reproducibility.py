"""What a project wants rerun by itself, its report, its webhook, and receipts over HTTP."""

import json
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from analysis import receipts
from analysis.receipts import NotGenuine
from store import lifecycle, nodes, series
from store.database import now
from store.series import Points
from store.tables import Node
from worker import autopilot

OFF = {"rerun": "never", "fraction": None, "canary": None, "reverify": None}


@pytest.fixture
def url(api: Any, project: str) -> str:
    api.admin.post("/api/v1/projects", json={"project": project})
    return f"/api/v1/projects/{project}/reproducibility"


def train(api: Any, run_id: str, node: str = "n1", loss: float = 0.5, torch: str = "2.13.0") -> None:
    with api.database.begin() as session:
        taken = lifecycle.claim(session, node, ["cpu"], 60.0, run_id)
        assert taken is not None
        lifecycle.record_start(session, taken, {"initial": "i", "code": "c"}, {"torch": {"version": torch}, "threads": 1}, 20)
        series.append_attempt(session, taken, Points([0, 1], [0.0, 0.1], {"train/loss": [1.0, loss]}))
        lifecycle.finish(session, taken, "finished", None, {"final": f"weights of {loss}"})


def finished(api: Any, project: str, **manner: Any) -> str:
    run = str(api.submit(project, config={"device": "cpu"})["id"])
    train(api, run, **manner)
    return run


def reruns(api: Any, run_id: str) -> list[dict[str, Any]]:
    return list(api.admin.get(f"/api/v1/runs/{run_id}/reruns").json()["items"])


def judged(api: Any, project: str, loss: float = 0.5) -> tuple[str, str]:
    """A run and a rerun of it, which ended with this loss; the run's own was 0.5."""
    original = finished(api, project)
    rerun = api.admin.post(f"/api/v1/runs/{original}/reruns", json={}).json()["items"][0]["id"]
    train(api, rerun, node="n2", loss=loss)
    return original, rerun


def live(api: Any, *names: str, **versions: str) -> None:
    with api.database.begin() as session:
        session.execute(update(Node).values(heartbeat_at=now() - 3600))
        for name in names:
            nodes.report(session, name, ["cpu"], 1, [], versions)


class TestPolicy:
    def test_is_off_until_it_is_set(self, api: Any, url: str) -> None:
        assert api.admin.get(url).json() == OFF

    @pytest.mark.parametrize(
        ("sent", "shown"),
        [
            pytest.param({"rerun": "every"}, {"rerun": "every"}, id="every"),
            pytest.param({"rerun": "sample"}, {"rerun": "sample", "fraction": 0.1}, id="a sample of a tenth"),
            pytest.param({"rerun": "sample", "fraction": 0.5}, {"rerun": "sample", "fraction": 0.5}, id="a sample of its own size"),
            pytest.param({"reverify": {}}, {"reverify": {"per_hour": 10}}, id="stale ones"),
        ],
    )
    def test_is_kept_and_can_be_put_as_it_is_shown(self, api: Any, url: str, sent: dict[str, Any], shown: dict[str, Any]) -> None:
        answer = api.admin.put(url, json=sent)

        assert (answer.status_code, answer.json()) == (200, {**OFF, **shown})
        assert api.admin.put(url, json=answer.json()).json() == answer.json() == api.admin.get(url).json()

    def test_can_be_set_before_the_first_run(self, api: Any, project: str) -> None:
        assert api.admin.put(f"/api/v1/projects/{project}/reproducibility", json={"rerun": "every"}).status_code == 200
        assert api.as_role("member", "strangers").put(f"/api/v1/projects/{project}/reproducibility", json=OFF).status_code == 404

        assert len(reruns(api, finished(api, project))) == 1

    def test_reruns_what_finishes_from_then_on(self, api: Any, project: str, url: str) -> None:
        before = finished(api, project)
        api.admin.put(url, json={"rerun": "every"})

        after = finished(api, project)

        assert reruns(api, before) == []
        (again,) = reruns(api, after)
        assert api.admin.get(f"/api/v1/runs/{again['run']}").json()["tags"] == ["automatic"]

    def test_takes_a_run_of_the_project_as_its_canary(self, api: Any, project: str, url: str) -> None:
        original, rerun = judged(api, project)

        answer = api.admin.put(url, json={"canary": {"run": rerun, "every_hours": 6}})

        assert answer.json()["canary"] == {"run": original, "every_hours": 6.0}

    def test_queues_a_canary_of_its_own_where_none_is_named(self, api: Any, project: str, url: str) -> None:
        canary = api.admin.put(url, json={"canary": {}}).json()["canary"]

        run = api.admin.get(f"/api/v1/runs/{canary['run']}").json()
        assert (canary["every_hours"], run["state"], run["project"], run["name"]) == (24.0, "queued", project, "canary")
        assert api.admin.put(url, json={"canary": {}}).json()["canary"] == canary
        assert api.admin.put(url, json={"canary": canary}).json()["canary"] == canary

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"rerun": "always"}, "/rerun"),
            ({"rerun": "every", "fraction": 0.5}, "/fraction"),
            ({"rerun": "sample", "fraction": 0}, "/fraction"),
            ({"rerun": "sample", "fraction": 1.5}, "/fraction"),
            ({"canary": {"run": "nosuch"}}, "/canary/run"),
            ({"canary": {"every_hours": 0}}, "/canary/every_hours"),
            ({"reverify": {"per_hour": 0}}, "/reverify/per_hour"),
            ({"nightly": True}, "/nightly"),
        ],
    )
    def test_refuses_what_it_does_not_take(self, api: Any, url: str, body: dict[str, Any], pointer: str) -> None:
        answer = api.admin.put(url, json=body)

        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)

    def test_refuses_a_canary_that_cannot_be_rerun_here(self, api: Any, project: str, url: str) -> None:
        queued = api.submit(project)["id"]
        logged = api.client_run(project)["id"]
        elsewhere = finished(api, "team/elsewhere")

        details = [api.admin.put(url, json={"canary": {"run": run}}).json()["detail"] for run in (queued, logged, elsewhere)]

        assert ["is queued" in details[0], "by a client" in details[1], "team/elsewhere" in details[2]] == [True] * 3

    def test_is_set_by_members_and_seen_by_viewers_of_the_entity(self, api: Any, url: str) -> None:
        assert api.as_role("member", "team").put(url, json=OFF).status_code == 200
        assert api.as_role("viewer", "team").put(url, json=OFF).status_code == 403
        assert api.as_role("viewer", "team").get(f"{url}/report").status_code == 200
        for path in (url, f"{url}/report"):
            assert api.as_role("admin", "strangers").get(path).status_code == 404


class TestReport:
    def test_of_a_new_project_is_all_noughts(self, api: Any, url: str) -> None:
        report = api.admin.get(f"{url}/report").json()

        assert {report[name] for name in ("runs", "verified", "identical", "different", "not_comparable", "stale", "waiting")} == {0}
        assert (report["by_node"], report["different_runs"], report["canary"]) == ([], [], None)

    def test_counts_runs_by_how_they_came_out(self, api: Any, project: str, url: str) -> None:
        finished(api, project)
        judged(api, project)
        original, rerun = judged(api, project, loss=0.25)
        api.admin.post(f"/api/v1/runs/{original}/reruns", json={})

        report = api.admin.get(f"{url}/report").json()

        assert (report["runs"], report["verified"], report["identical"], report["different"], report["waiting"]) == (3, 2, 1, 1, 1)
        assert report["by_node"] == [{"node": "n2", "identical": 1, "different": 1, "not_comparable": 0, "flagged": False}]
        (found,) = report["different_runs"]
        assert (found["run"], found["rerun"], found["node"]) == (original, rerun, "n2")
        assert (found["first_difference"]["metric"], found["first_difference"]["step"]) == ("train/loss", 1)

    def test_tells_the_canaries_and_flags_the_node(self, api: Any, project: str, url: str) -> None:
        canary = finished(api, project)
        live(api, "a", "b", "c")
        api.admin.put(url, json={"canary": {"run": canary}})
        autopilot.look(api.database)
        for again in reruns(api, canary):
            node = api.admin.get("/api/v1/queue").json()["items"]
            name = next(item["node"] for item in node if item["run"] == again["run"])
            train(api, again["run"], node=name, loss=0.25 if name == "b" else 0.5)

        report = api.admin.get(f"{url}/report").json()["canary"]

        assert (report["run"], report["state"], report["original_agrees"]) == (canary, "finished", True)
        assert {node["node"]: node["agrees"] for node in report["nodes"]} == {"a": True, "b": False, "c": True}
        flag = next(node["flag"] for node in report["nodes"] if node["node"] == "b")
        assert (flag["project"], flag["canary"], flag["first_difference"]["metric"]) == (project, canary, "train/loss")
        shown = {node["name"]: node for node in api.admin.get("/api/v1/nodes").json()["items"]}
        assert (shown["a"]["flagged"], shown["b"]["flagged"], shown["b"]["flags"]) == (False, True, [flag])
        (strange,) = {node["name"]: node for node in api.as_role("viewer", "strangers").get("/api/v1/nodes").json()["items"]}["b"]["flags"]
        assert strange == {**flag, "project": None, "canary": None, "run": None, "first_difference": None, "cause": None}
        api.admin.put(url, json={})


class TestStale:
    def test_verdict_says_why(self, api: Any, project: str, url: str) -> None:
        original, rerun = judged(api, project)
        live(api, "n1", torch="2.13.0")
        fresh = api.admin.get(f"/api/v1/runs/{rerun}/verdict").json()

        live(api, "n1", torch="2.14.0")

        stale = api.admin.get(f"/api/v1/runs/{rerun}/verdict").json()
        assert (fresh["stale"], fresh["stale_reason"]) == (False, None)
        assert stale["stale"] is True
        assert "PyTorch was 2.13.0, now 2.14.0" in stale["stale_reason"]
        assert reruns(api, original)[0]["verdict"] == stale
        assert api.admin.get(f"{url}/report").json()["stale"] == 1

    def test_verdict_is_judged_anew_when_the_project_wants_it(self, api: Any, project: str, url: str) -> None:
        original, _ = judged(api, project)
        live(api, "n1", torch="2.14.0")
        api.admin.put(url, json={"reverify": {"per_hour": 3}})

        autopilot.look(api.database)
        autopilot.look(api.database)

        _, again = reruns(api, original)
        train(api, again["run"], torch="2.14.0")
        assert api.admin.get(f"{url}/report").json()["stale"] == 0
        api.admin.put(url, json={})


class TestWebhook:
    @pytest.fixture
    def hook(self, project: str, url: str) -> str:
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

    def test_needs_a_key_that_can_be_read(self, make_api: Any, tmp_path: Any) -> None:
        (tmp_path / "key.pem").write_text("no key")
        api = make_api(signing_key_file=str(tmp_path / "key.pem"))

        answer = api.admin.get("/api/v1/receipts/keys")

        assert answer.status_code == 503
        assert "key file" in answer.json()["detail"]
