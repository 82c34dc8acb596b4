"""What a project wants rerun by itself, how it came out, and which verdicts are stale, over HTTP."""

from typing import Any

import pytest
from judged import finished, judged, reruns, train
from sqlalchemy import update

from store import nodes
from store.database import now
from store.tables import Node
from worker import autopilot

OFF = {"rerun": "never", "fraction": None, "canary": None, "reverify": None}


@pytest.fixture
def url(api: Any, project: str) -> str:
    api.admin.post("/api/v1/projects", json={"project": project})
    return f"/api/v1/projects/{project}/reproducibility"


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
