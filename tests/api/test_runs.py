"""Runs: submitted, listed, shown, edited, cancelled, deleted."""

import threading
from typing import Any

import pytest
from attempts import claim

from store import lifecycle, nodes
from trainer.config import RunConfig

DIGITS: dict[str, Any] = {"dataset": {"name": "digits"}, "total_iterations": 20}
MANY = {"model": {"norm": {"kind": "batch"}, "dropout": {"p": 0.5}}}


class TestSubmit:
    def test_answers_with_the_queued_run_and_its_place(self, api: Any, project: str) -> None:
        answer = api.admin.post("/api/v1/runs", json={"project": project, "config": DIGITS, "tags": ["a"], "notes": "n"})

        run = answer.json()
        assert answer.status_code == 202
        assert answer.headers["location"] == f"/api/v1/runs/{run['id']}"
        assert api.admin.get(answer.headers["location"]).json() == run
        assert (run["state"], run["origin"], run["attempt"], run["tags"], run["notes"]) == ("queued", "managed", 0, ["a"], "n")
        assert run["queue_position"] >= 1
        assert "none answers" in run["waiting_for"]
        assert run["progress"] == {"step": None, "total": 20}
        assert len(run["external_id"]) == 8
        assert run["name"]

    def test_stores_the_config_with_every_field_filled_in(self, api: Any, project: str) -> None:
        run = api.submit(project)

        resolved = RunConfig.model_validate(run["config"])
        assert run["config"]["device"] == "cpu"
        assert run["config"]["dataset"]["val_size"] == 359
        assert run["config"] == resolved.model_dump(mode="json")
        assert run["config_digest"] == resolved.digest()

    def test_takes_a_gpu_for_auto_when_a_node_has_one(self, make_api: Any) -> None:
        api = make_api()
        with api.database.begin() as session:
            nodes.report(session, "gpu-1", ["cpu", "cuda"], 1, [], {})

        run = api.submit()

        assert run["config"]["device"] == "cuda"
        assert run["waiting_for"] == "a free slot"

    def test_a_dry_run_says_what_it_would_store_and_stores_nothing(self, api: Any, project: str) -> None:
        base = api.submit(project)
        before = api.stored_runs()

        answer = api.admin.post("/api/v1/runs?dry_run=true", json={"project": f"{project}x", "config": {**DIGITS, **MANY}, "baseline": base["id"]})

        found = answer.json()
        assert answer.status_code == 200
        assert found["factors"] == ["model.norm", "model.dropout"]
        assert {"path": "model.norm.kind", "from": "none", "to": "batch"} in found["change"]
        assert found["config"]["model"]["norm"]["kind"] == "batch"
        assert len(found["config_digest"]) == 64
        assert found["estimate_s"] > 0
        assert api.stored_runs() == before
        assert api.admin.get(f"/api/v1/projects/{project}x").status_code == 404

    def test_a_dry_run_needs_a_project_that_may_be(self, sqlite_api: Any) -> None:
        answer = sqlite_api.admin.post("/api/v1/runs?dry_run=true", json={"project": "api/x", "config": DIGITS})

        assert answer.status_code == 422

    def test_one_change_names_the_run(self, api: Any, project: str) -> None:
        base = api.submit(project)

        run = api.submit(project, {"model": {"norm": {"kind": "batch"}}}, baseline=base["id"])

        assert run["baseline"] == base["id"]
        assert run["name"].startswith("norm: none → batch")
        assert {"path": "model.norm.kind", "from": "none", "to": "batch"} in run["change"]

    def test_more_than_one_factor_needs_a_word(self, api: Any, project: str) -> None:
        base = api.submit(project)
        body = {"project": project, "config": {**DIGITS, **MANY}, "baseline": base["id"]}

        refused = api.admin.post("/api/v1/runs", json=body)
        allowed = api.admin.post("/api/v1/runs", json={**body, "allow_many_changes": True})

        assert refused.status_code == 422
        assert refused.json()["type"] == "too-many-changes"
        assert "model.norm, model.dropout" in refused.json()["detail"]
        assert allowed.status_code == 202

    def test_another_seed_is_no_factor(self, api: Any, project: str) -> None:
        base = api.submit(project)

        run = api.submit(project, {"seed": 1, "eval_every": 5, "threads": 2, "model": {"dropout": {"p": 0.1}}}, baseline=base["id"])

        assert run["seed"] == 1

    def test_a_broker_that_is_away_costs_nothing(self, make_api: Any) -> None:
        api = make_api()
        broken = api.app.state.parts.queue.__class__("redis://127.0.0.1:1/0")
        object.__setattr__(api.app.state.parts, "queue", broken)

        assert api.submit()["state"] == "queued"
        assert api.client().get("/readyz").status_code == 200


class TestIdempotencyKey:
    def test_the_same_body_gets_the_first_answer(self, api: Any, project: str) -> None:
        headers = {"Idempotency-Key": f"k-{project}"}
        body = {"project": project, "config": DIGITS}

        first, again = (api.admin.post("/api/v1/runs", json=body, headers=headers) for _ in range(2))

        assert (first.status_code, first.content, first.headers["location"]) == (again.status_code, again.content, again.headers["location"])
        assert api.count_runs(project) == 1

    def test_another_body_is_refused(self, api: Any, project: str) -> None:
        headers = {"Idempotency-Key": f"k-{project}"}
        api.admin.post("/api/v1/runs", json={"project": project, "config": DIGITS}, headers=headers)

        other = api.admin.post("/api/v1/runs", json={"project": project, "config": {**DIGITS, "seed": 1}}, headers=headers)

        assert (other.status_code, other.json()["type"]) == (422, "idempotency-key-reused")
        assert api.count_runs(project) == 1

    def test_another_caller_or_route_is_another_matter(self, api: Any, project: str) -> None:
        headers = {"Idempotency-Key": f"k-{project}"}
        body = {"project": project, "config": DIGITS}

        answers = [client.post("/api/v1/runs", json=body, headers=headers) for client in (api.admin, api.as_role("member"))]
        made = api.admin.post("/api/v1/projects", json={"project": f"{project}-2"}, headers=headers)

        assert len({answer.json()["id"] for answer in answers}) == 2
        assert made.status_code == 201

    def test_a_refusal_is_not_kept(self, api: Any, project: str) -> None:
        headers = {"Idempotency-Key": f"k-{project}"}
        base = api.submit(project)
        body = {"project": project, "config": {**DIGITS, **MANY}, "baseline": base["id"]}
        assert api.admin.post("/api/v1/runs", json=body, headers=headers).status_code == 422

        assert api.admin.post("/api/v1/runs", json={**body, "allow_many_changes": True}, headers=headers).status_code == 202

    def test_twenty_at_once_make_one_run(self, api: Any, project: str) -> None:
        headers = {"Idempotency-Key": f"k-{project}"}
        answers: list[Any] = []

        def submit() -> None:
            answers.append(api.admin.post("/api/v1/runs", json={"project": project, "config": DIGITS}, headers=headers))

        threads = [threading.Thread(target=submit) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert {answer.status_code for answer in answers} == {202}
        assert len({answer.content for answer in answers}) == 1
        assert api.count_runs(project) == 1


class TestList:
    def test_is_newest_first_and_without_environment(self, api: Any, project: str) -> None:
        ids = [api.client_run(project)["id"] for _ in range(3)]

        items = api.admin.get("/api/v1/runs", params={"project": project}).json()["items"]

        assert [item["id"] for item in items] == ids[::-1]
        assert "environment" not in items[0]

    def test_pages_join_to_the_whole(self, api: Any, project: str) -> None:
        ids = [api.client_run(project)["id"] for _ in range(7)]
        seen, cursor = [], None
        for _ in range(4):
            page = api.admin.get("/api/v1/runs", params={"project": project, "limit": 2, **({"cursor": cursor} if cursor else {})}).json()
            seen += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]

        assert seen == ids[::-1]
        assert cursor is None

    def test_counts_when_asked(self, api: Any, project: str) -> None:
        for _ in range(3):
            api.client_run(project)

        page = api.admin.get("/api/v1/runs", params={"project": project, "limit": 1, "total": "true"}).json()

        assert (page["total"], len(page["items"])) == (3, 1)

    def test_shows_what_changed_of_a_run_that_had_ended_and_was_shown(self, api: Any, project: str) -> None:
        run = api.submit(project)
        api.end(run["id"])
        before = _listed(api, project, run["id"])

        api.admin.patch(f"/api/v1/runs/{run['id']}", json={"name": "renamed", "tags": ["kept"]})
        renamed = _listed(api, project, run["id"])
        copy = api.admin.post(f"/api/v1/runs/{run['id']}/reruns").json()["items"][0]
        api.end(copy["id"])
        rerun = _listed(api, project, run["id"])

        assert renamed == {**before, "name": "renamed", "tags": ["kept"]}
        assert (renamed["reproduced"], rerun["reproduced"]["reruns"]) == (None, 1)
        assert rerun == {**renamed, "reproduced": rerun["reproduced"]}

    def test_says_of_a_run_what_the_run_says_of_itself(self, api: Any, project: str) -> None:
        run = api.submit(project)
        api.end(run["id"])

        twice = [_listed(api, project, run["id"]) for _ in range(2)]

        whole = api.admin.get(f"/api/v1/runs/{run['id']}").json()
        assert all(listed == {name: whole[name] for name in listed} for listed in twice)


def _listed(api: Any, project: str, run_id: str) -> Any:
    items = api.admin.get("/api/v1/runs", params={"project": project}).json()["items"]
    return next(item for item in items if item["id"] == run_id)


class TestEdit:
    def test_changes_what_is_given_and_nothing_else(self, api: Any, project: str) -> None:
        run = api.client_run(project, tags=["a"], notes="old")

        changed = api.admin.patch(f"/api/v1/runs/{run['id']}", json={"name": "new", "archived": True}).json()

        assert changed == {**run, "name": "new", "archived": True}
        assert api.admin.get(f"/api/v1/runs/{run['id']}").json() == changed

    @pytest.mark.parametrize("change", [{"state": "finished"}, {"name": None}, {"tags": [""]}, {"config": {}}, {"id": "x"}, [], None])
    def test_refuses_the_rest(self, sqlite_api: Any, change: Any) -> None:
        run = sqlite_api.client_run()

        assert sqlite_api.admin.patch(f"/api/v1/runs/{run['id']}", json=change).status_code == 422
        assert sqlite_api.admin.get(f"/api/v1/runs/{run['id']}").json() == run


class TestCancel:
    def test_a_queued_run_is_cancelled_at_once(self, api: Any) -> None:
        run = api.submit()

        answer = api.admin.post(f"/api/v1/runs/{run['id']}/cancel")

        assert (answer.status_code, answer.json()["state"]) == (202, "cancelled")
        assert api.admin.post(f"/api/v1/runs/{run['id']}/cancel").status_code == 409

    def test_a_running_run_is_asked_to_stop(self, api: Any) -> None:
        run = api.submit()
        taken = claim(api.database, "n", run["id"])

        answer = api.admin.post(f"/api/v1/runs/{run['id']}/cancel")

        assert (answer.status_code, answer.json()["state"]) == (202, "running")
        with api.database.begin() as session:
            assert lifecycle.renew(session, taken)

    def test_a_finished_run_stays_finished(self, api: Any) -> None:
        run = api.submit()
        api.end(run["id"])

        assert api.admin.post(f"/api/v1/runs/{run['id']}/cancel").status_code == 409
        assert api.admin.get(f"/api/v1/runs/{run['id']}").json()["state"] == "finished"

    def test_a_client_run_is_not_ours_to_stop(self, api: Any) -> None:
        assert api.admin.post(f"/api/v1/runs/{api.client_run()['id']}/cancel").status_code == 409


class TestDelete:
    def test_a_preview_says_what_goes_and_nothing_goes(self, api: Any) -> None:
        run = api.client_run()["id"]
        api.admin.post(f"/api/v1/runs/{run}/points", json={"steps": [0, 1], "metrics": {"a": [1, 2], "b": [1, None]}})
        api.admin.put(f"/api/v1/runs/{run}/artifacts/x", content=b"12345")
        api.admin.post(f"/api/v1/runs/{run}/finish", json={"state": "finished"})

        preview = api.admin.delete(f"/api/v1/runs/{run}?preview=true").json()
        deleted = api.admin.delete(f"/api/v1/runs/{run}").json()

        assert preview == {**deleted, "preview": True}
        assert (deleted["rows"]["series"], deleted["rows"]["artifacts"]) == (2, 1)
        assert deleted["size_bytes"] > 5
        assert api.admin.get(f"/api/v1/runs/{run}").status_code == 404

    def test_an_active_run_stays(self, api: Any) -> None:
        for run in (api.submit(), api.client_run()):
            assert api.admin.delete(f"/api/v1/runs/{run['id']}").status_code == 409
            assert api.admin.delete(f"/api/v1/runs/{run['id']}?preview=true").status_code == 409


class TestQueue:
    def test_shows_who_waits_in_the_order_of_starting(self, make_api: Any) -> None:
        api = make_api()
        first, second, urgent = api.submit(), api.submit(), api.submit(priority=5)
        claim(api.database, "n", first["id"])

        queue = api.admin.get("/api/v1/queue").json()

        assert [item["run"] for item in queue["items"]] == [first["id"], urgent["id"], second["id"]]
        assert [item["position"] for item in queue["items"]] == [None, 1, 2]
        assert (queue["queued"], queue["running"]) == (2, 1)

    def test_nodes_say_what_they_train(self, make_api: Any) -> None:
        api = make_api()
        run = api.submit()
        with api.database.begin() as session:
            nodes.report(session, "n", ["cpu"], 2, [{"kind": "cpu"}], {"torch": "2"})
        claim(api.database, "n", run["id"])

        (node,) = api.admin.get("/api/v1/nodes").json()["items"]

        assert (node["name"], node["alive"], node["slots"], node["running"]) == ("n", True, 2, [run["id"]])

    def test_attempts_are_told(self, api: Any) -> None:
        run = api.submit()
        api.end(run["id"])

        (attempt,) = api.admin.get(f"/api/v1/runs/{run['id']}/attempts").json()["items"]

        assert (attempt["number"], attempt["node"], attempt["outcome"]) == (1, "test-node", "finished")


class TestLongestNames:
    def test_what_the_schema_allows_the_database_keeps(self, api: Any) -> None:
        """PostgreSQL refuses what is longer than its column, SQLite does not."""
        project = "e" * 128 + "/" + "p" * 128
        run = api.client_run(project, name="n" * 256, external_id="x" * 128, tags=["t" * 128] * 100, notes="o" * 100_000)
        target = f"/api/v1/runs/{run['id']}"

        answers = [
            api.admin.put(f"{target}/artifacts/{'a' * 512}", content=b""),
            api.admin.post(f"{target}/points", json={"steps": [0], "metrics": {"é" * 512: [1]}}),
            api.admin.post(f"{target}/log", json={"lines": ["l" * 100_000]}, headers={"Idempotency-Key": "i" * 255}),
            api.admin.post("/api/v1/keys", json={"name": "k" * 128, "role": "viewer", "entity": "e" * 128}),
            api.admin.post(f"{target}/finish", json={"state": "failed", "reason": "r" * 10_000}),
        ]

        assert [answer.status_code for answer in answers] == [201, 200, 200, 201, 200]
        assert api.admin.get("/api/v1/runs", params={"project": project}).json()["items"][0]["name"] == "n" * 256
