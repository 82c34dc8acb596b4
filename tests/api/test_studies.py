"""Studies asked for, grown, cancelled and deleted."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from attempts import claim
from sqlalchemy import select
from studied import BATCH, DIGITS, act, asked, end, end_all, post, shown

from store import lifecycle
from store.tables import Head, Run, RunParam, Turn


def run(api: Any, run_id: str) -> dict[str, Any]:
    return dict(api.admin.get(f"/api/v1/runs/{run_id}").json())


def refused(api: Any, project: str, **fields: Any) -> tuple[int, str, str]:
    answer = api.admin.post("/api/v1/studies", json=asked(project, **fields))
    document = answer.json()
    return answer.status_code, document["errors"][0]["pointer"] if "errors" in document else document["type"], document["detail"]


class TestAsking:
    def test_queues_every_seed_of_the_baseline_and_of_its_changes(self, api: Any, project: str) -> None:
        study = post(api, project)

        assert [each["name"] for each in study["variants"]] == ["baseline", "norm: none → batch"]
        found = [[run(api, each) for each in variant["runs"]] for variant in study["variants"]]
        assert [[each["seed"] for each in of] for of in found] == [[0, 1], [0, 1]]
        assert {each["config"]["model"]["norm"]["kind"] for each in found[1]} == {"batch"}
        assert found[1][0]["baseline"] == found[0][0]["id"]
        assert found[1][0]["change"] == study["variants"][1]["change"]
        assert all(each["studies"] == [study["id"]] for of in found for each in of)
        progress = study["progress"]
        assert (study["state"], study["seeds_needed"], progress["ended"], progress["total"], progress["queued"]) == ("queued", 6, 0, 4, 4)

    def test_queues_the_very_run_that_would_be_submitted_alone(self, api: Any, project: str) -> None:
        config = {**DIGITS, "dataset": {"name": "digits", "split_seed": 7}, "seed": 7, "model": {"norm": {"kind": "batch"}}}
        alone = api.submit(f"{project}-alone", config)

        study = post(api, project, seeds=[7], vary="both")

        with api.database.read() as session:
            of_study, other = (session.get_one(Run, run_id) for run_id in (study["variants"][1]["runs"][0], alone["id"]))
            same = ("config", "config_digest", "leaves_high", "leaves_low", "seed", "queue", "total_steps", "priority", "tags", "notes", "digests")
            assert {name: getattr(of_study, name) for name in same} == {name: getattr(other, name) for name in same}
            columns = (RunParam.path, RunParam.number, RunParam.head, RunParam.text, RunParam.mark_high, RunParam.mark_low)
            leaves = [session.execute(select(*columns).where(RunParam.run_id == each.id).order_by(RunParam.path)).all() for each in (of_study, other)]
            assert leaves[0] == leaves[1]

    @pytest.mark.parametrize(
        ("vary", "seeds"), [("seed", [(0, 0), (3, 0)]), ("split", [(0, 0), (0, 3)]), ("both", [(0, 0), (3, 3)])], ids=["seed", "split", "both"]
    )
    def test_varies_what_it_is_told(self, sqlite_api: Any, project: str, vary: str, seeds: list[tuple[int, int]]) -> None:
        study = post(sqlite_api, project, seeds=[0, 3], vary=vary)

        configs = [run(sqlite_api, each)["config"] for each in study["variants"][1]["runs"]]

        assert [(each["seed"], each["dataset"]["split_seed"]) for each in configs] == seeds

    def test_trains_no_config_twice(self, api: Any, project: str) -> None:
        first, second = post(api, project), post(api, project, seeds=[1, 2])

        assert second["variants"][1]["runs"][0] == first["variants"][1]["runs"][1]
        assert run(api, second["variants"][1]["runs"][0])["studies"] == sorted([first["id"], second["id"]])
        dry = api.admin.post("/api/v1/studies?dry_run=true", json=asked(project, seeds=[2, 3])).json()
        assert (dry["runs"], dry["reused"]) == (2, 2)

    def test_trains_no_config_twice_when_studies_come_at_once(self, api: Any, project: str) -> None:
        post(api, project, seeds=[99])
        with ThreadPoolExecutor(4) as threads:
            studies = list(threads.map(lambda _: post(api, project, seeds=[0, 1, 2]), range(4)))

        assert len({tuple(each["runs"]) for study in studies for each in study["variants"]}) == 2
        assert api.count_runs(project) == 8

    def test_takes_effect_once_with_an_idempotency_key(self, api: Any, project: str) -> None:
        answers = [api.admin.post("/api/v1/studies", json=asked(project), headers={"Idempotency-Key": project}) for _ in range(2)]

        assert answers[0].json() == answers[1].json()
        assert len(api.admin.get("/api/v1/studies", params={"project": project}).json()["items"]) == 1

    def test_warns_when_it_cannot_reach_a_conclusion(self, sqlite_api: Any, project: str) -> None:
        dry = sqlite_api.admin.post("/api/v1/studies?dry_run=true", json=asked(project)).json()

        assert dry["seeds_needed"] == 6
        assert "Take 6" in dry["warnings"][0]
        assert sqlite_api.count_runs(project) == 0

    def test_estimates_by_how_long_runs_have_taken(self, sqlite_api: Any, project: str) -> None:
        reckoned = sqlite_api.admin.post("/api/v1/studies?dry_run=true", json=asked(project)).json()
        study = post(sqlite_api, project)
        end_all(sqlite_api, study, lambda name, seed: {})
        with sqlite_api.database.begin() as session:
            for each in session.scalars(select(Run).where(Run.state == "finished")):
                each.started_at = (each.finished_at or 0.0) - 120.0

        dry = sqlite_api.admin.post("/api/v1/studies?dry_run=true", json=asked(project, seeds=[5, 6])).json()

        assert dry["estimated_from"] > 0
        assert dry["train_s"] == pytest.approx(4 * 120.0, rel=0.01)
        assert reckoned["train_s"] < 4.0


class TestChanges:
    def test_are_spread_when_they_are_grids(self, sqlite_api: Any, project: str) -> None:
        grids = [{"set": {"lr": [0.1, 0.25, 0.5]}}, {"name": "width", "set": {"model.hidden": [[8], [16, 8]]}}]

        names = [each["name"] for each in post(sqlite_api, project, changes=grids)["variants"]]

        assert names == ["baseline", "lr: 0.1 → 0.25", "lr: 0.1 → 0.5", "width (hidden: [256] → [8])", "width (hidden: [256] → [16, 8])"]

    def test_take_a_list_that_a_field_takes_as_its_value(self, sqlite_api: Any, project: str) -> None:
        study = post(
            sqlite_api, project, changes=[{"set": {"optimizer.betas": [0.8, 0.9], "optimizer.kind": "adam"}}, {"set": {"model.hidden": [8, 4]}}]
        )

        configs = [run(sqlite_api, each["runs"][0])["config"] for each in study["variants"]]
        assert (configs[1]["optimizer"]["betas"], configs[2]["model"]["hidden"]) == ([0.8, 0.9], [8, 4])

    @pytest.mark.parametrize("values", [{"model.norm.kind": "batch"}, {"model.norm": {"kind": "batch"}}])
    def test_take_a_kind_with_its_defaults(self, sqlite_api: Any, project: str, values: dict[str, Any]) -> None:
        study = post(sqlite_api, project, changes=[{"set": values}], baseline={**DIGITS, "model": {"norm": {"kind": "layer", "eps": 0.1}}})

        norm = run(sqlite_api, study["variants"][1]["runs"][0])["config"]["model"]["norm"]
        assert (norm["kind"], norm["eps"]) == ("batch", 1e-5)

    def test_of_two_factors_are_refused_unless_told(self, sqlite_api: Any, project: str) -> None:
        two = {"set": {"model.norm.kind": "batch", "batch_size": 32}}

        status, kind, detail = refused(sqlite_api, project, changes=[two])

        assert (status, kind) == (422, "too-many-changes")
        assert "model.norm, batch_size" in detail
        assert post(sqlite_api, project, changes=[{**two, "factors": "many"}])["variants"][1]["change"]

    @pytest.mark.parametrize(
        ("fields", "pointer", "words"),
        [
            pytest.param({"changes": [{"set": {"seed": 3}}]}, "/changes/0/set", "at least one factor", id="a change of nothing that counts"),
            pytest.param({"changes": [{"set": {"optimizer.lr": 0.1}}]}, "/changes/0/set", "as it is", id="no change"),
            pytest.param({"changes": [BATCH, BATCH]}, "/changes", "twice", id="a change twice"),
            pytest.param({"changes": [{"set": {"nosuch": 1}}]}, "/changes/0/set", "nosuch", id="a field that is none"),
            pytest.param({"changes": [{"set": {"optimizer.lr": [0.5, -1]}}]}, "/changes/0/set", "optimizer.lr", id="a bad value in a grid"),
            pytest.param({"changes": [{"set": {"optimizer.lr": [1.0], "batch_size": [8]}}]}, "/changes/0/set", "one path", id="two grids"),
            pytest.param({"changes": [{"set": {"optimizer.lr": [0.01] * 101}}]}, "/changes/0/set", "at most 100", id="a grid too long"),
            pytest.param({"changes": [{"set": {"model.hidden": [900_000_000]}}]}, "/changes", "memory", id="a network too large"),
            pytest.param({"seeds": [1, 1]}, "/seeds", "once", id="a seed twice"),
            pytest.param({"seeds": list(range(5000)), "changes": [{"set": {"lr": [0.2, 0.3]}}]}, "/seeds", "10,000", id="too many runs"),
            pytest.param({"seeds": []}, "/seeds", "", id="no seeds"),
            pytest.param({"primary": ["nosuch"]}, "/primary", "norm: none", id="a primary contrast that is none"),
            pytest.param({"metric": "val/los"}, "/metric", "val/loss", id="a metric that no run logs"),
            pytest.param({"metric": "test/loss"}, "/metric", "test_size", id="a test loss without test images"),
            pytest.param({"baseline": {"dataset": {"name": "nosuch"}}}, "/baseline/dataset/name", "nosuch", id="data that is not here"),
        ],
    )
    def test_are_refused_in_words(self, sqlite_api: Any, project: str, fields: dict[str, Any], pointer: str, words: str) -> None:
        status, at, detail = refused(sqlite_api, project, **fields)

        assert (status, at) == (422, pointer)
        assert words in detail
        assert sqlite_api.count_runs(project) == 0


class TestGrowing:
    def test_adds_seeds_to_every_variant(self, api: Any, project: str) -> None:
        study = post(api, project)
        end_all(api, study, lambda name, seed: {})

        grown = act(api, study, "seeds", {"seeds": [1, 2]})

        assert (grown["seeds"], grown["progress"]["queued"], grown["state"]) == ([0, 1, 2], 2, "running")
        assert [(each["ended"], each["seeds"]) for each in grown["additions"]] == [(4, [2])]
        assert any("added once after runs had ended" in each for each in grown["warnings"])
        assert run(api, grown["variants"][1]["runs"][2])["baseline"] == grown["variants"][0]["runs"][2]

    def test_adds_changes_with_the_seeds_it_has(self, api: Any, project: str) -> None:
        study = post(api, project)

        grown = act(api, study, "changes", {"changes": [{"set": {"model.dropout.p": [0.2, 0.5]}}]})

        assert [each["name"] for each in grown["variants"][2:]] == ["dropout: 0 → 0.2", "dropout: 0 → 0.5"]
        assert (grown["seeds_needed"], grown["progress"]["total"], grown["warnings"][1:]) == (7, 8, [])
        again = api.admin.post(f"/api/v1/studies/{study['id']}/changes", json={"changes": [{"set": {"model.dropout.p": 0.5}}]})
        assert (again.status_code, again.json()["errors"][0]["pointer"]) == (422, "/changes")

    def test_trains_anew_what_failed_was_cancelled_or_was_deleted(self, api: Any, project: str) -> None:
        study = post(api, project, seeds=[0, 1, 2])
        baseline, batch = (each["runs"] for each in study["variants"])
        end(api, baseline[0], {}, "failed")
        end(api, batch[0], {"val/loss": [1.0, 1.0, 1.0, 1.0]})
        assert api.admin.delete(f"/api/v1/runs/{batch[0]}").status_code == 200
        end(api, batch[1], {"val/loss": [1.0, 1.0, 1.0, 1.0]})
        act(api, study, "cancel")

        again = act(api, study, "retries")

        places = [[(each["state"], each["run"] in (*baseline, *batch)) for each in variant["seeds"]] for variant in again["variants"]]
        assert places == [[("queued", False)] * 3, [("queued", False), ("finished", True), ("queued", False)]]
        assert again["state"] == "running"
        assert run(api, again["variants"][1]["runs"][0])["baseline"] == again["variants"][0]["runs"][0]


class TestEnding:
    def test_cancels_the_runs_that_it_queued_and_no_others(self, api: Any, project: str) -> None:
        by_hand = api.submit(project, {**DIGITS, "seed": 0})["id"]
        first, second = post(api, project), post(api, project, seeds=[1, 2])
        assert first["variants"][0]["runs"][0] == by_hand

        cancelled = act(api, first, "cancel")

        assert [[each["state"] for each in variant["seeds"]] for variant in cancelled["variants"]] == [["queued", "queued"], ["cancelled", "queued"]]
        assert shown(api, second)["state"] == "queued"
        act(api, second, "cancel")
        assert [run(api, each)["state"] for each in (by_hand, first["variants"][0]["runs"][1])] == ["queued", "cancelled"]
        assert api.admin.post(f"/api/v1/studies/{first['id']}/seeds", json={"seeds": [9]}).status_code == 409

    def test_asks_running_runs_to_stop(self, api: Any, project: str) -> None:
        study = post(api, project)
        claim(api.database, "n1", study["variants"][0]["runs"][0], 60.0)

        assert act(api, study, "cancel")["state"] == "running"

        with api.database.read() as session:
            assert session.get_one(Run, study["variants"][0]["runs"][0]).cancel_requested_at is not None

    def test_cancels_piece_by_piece_whatever_has_become_of_its_runs(self, api: Any, project: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("api.services.studies.CANCELLED_AT_ONCE", 3)
        study = post(api, project, seeds=[0, 1, 2, 3])
        post(api, project, seeds=[3])
        baseline, batch = (each["runs"] for each in study["variants"])
        end(api, baseline[0], {})
        claim(api.database, "n1", baseline[1], 60.0)
        with api.database.begin() as session:
            lifecycle.release(session, claim(api.database, "n1", batch[0], 60.0), "its worker goes away")

        cancelled = act(api, study, "cancel")

        states = [[each["state"] for each in variant["seeds"]] for variant in cancelled["variants"]]
        assert states == [["finished", "running", "cancelled", "queued"], ["cancelled", "cancelled", "cancelled", "queued"]]
        with api.database.read() as session:
            assert [session.get_one(Run, each).cancel_requested_at is not None for each in (baseline[1], batch[3])] == [True, False]
            for run_id in (baseline[2], *batch[:3]):
                last = session.scalars(select(Turn).where(Turn.run_id == run_id).order_by(Turn.version.desc())).first()
                assert (last.state, last.reason, last.version) == ("cancelled", lifecycle.UNSTARTED, session.get_one(Head, run_id).version)

    def test_says_which_runs_were_deleted(self, api: Any, project: str) -> None:
        study = post(api, project)
        gone = study["variants"][1]["runs"][0]
        end(api, gone, {})
        assert api.admin.delete(f"/api/v1/runs/{gone}").status_code == 200

        found = shown(api, study)

        assert [each["missing"] for each in found["variants"]] == [0, 1]
        assert (found["variants"][1]["seeds"][0]["state"], found["progress"]["missing"]) == ("missing", 1)

    def test_is_archived_and_renamed(self, sqlite_api: Any, project: str) -> None:
        study = post(sqlite_api, project)

        changed = sqlite_api.admin.patch(f"/api/v1/studies/{study['id']}", json={"archived": True, "name": "old"}).json()

        assert (changed["archived"], changed["name"]) == (True, "old")
        listed = [sqlite_api.admin.get("/api/v1/studies", params={"project": project, "archived": each}).json()["items"] for each in (False, True)]
        assert [[each["id"] for each in items] for items in listed] == [[], [study["id"]]]

    def test_is_deleted_without_its_runs_once_it_has_ended(self, api: Any, project: str) -> None:
        study = post(api, project)
        assert api.admin.delete(f"/api/v1/studies/{study['id']}").status_code == 409
        end_all(api, study, lambda name, seed: {})

        assert api.admin.delete(f"/api/v1/studies/{study['id']}").status_code == 204

        assert api.admin.get(f"/api/v1/studies/{study['id']}").status_code == 404
        (listed, *_) = api.admin.get("/api/v1/runs", params={"project": project}).json()["items"]
        assert listed["studies"] == []

    def test_goes_with_its_project(self, api: Any, project: str) -> None:
        study = post(api, project)
        act(api, study, "cancel")

        assert api.admin.delete(f"/api/v1/projects/{project}", params={"runs": True}).status_code == 200

        assert api.admin.get(f"/api/v1/studies/{study['id']}").status_code == 404


class TestListing:
    def test_shows_progress_page_by_page_newest_first(self, api: Any, project: str) -> None:
        ids = [post(api, project, name=f"study {number}")["id"] for number in range(3)]

        first = api.admin.get("/api/v1/studies", params={"project": project, "limit": 2}).json()
        second = api.admin.get("/api/v1/studies", params={"project": project, "limit": 2, "cursor": first["next_cursor"]}).json()

        assert [each["id"] for each in (*first["items"], *second["items"])] == ids[::-1]
        assert first["items"][0]["progress"]["queued"] == 4
        assert second["next_cursor"] is None

    def test_is_closed_to_other_entities(self, api: Any, project: str) -> None:
        study = post(api, project)
        other, viewer = api.as_role("member", "others"), api.as_role("viewer", "team")

        tried = [other.get(f"/api/v1/studies/{study['id']}"), other.post(f"/api/v1/studies/{study['id']}/cancel", json={})]
        tried += [other.get(f"/api/v1/studies/{study['id']}/report"), other.get("/api/v1/studies", params={"project": project})]
        assert [each.status_code for each in tried] == [404] * 4
        assert viewer.get(f"/api/v1/studies/{study['id']}").status_code == 200
        assert viewer.post(f"/api/v1/studies/{study['id']}/seeds", json={"seeds": [5]}).status_code == 403
