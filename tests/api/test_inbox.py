"""The inbox: what somebody should hear of, once."""

import time
from typing import Any

import httpx
import pytest
import studied
from judged import train
from servers import wait_until
from streams import listening

from store import inbox, lifecycle
from store.tables import Run


@pytest.fixture
def ann(api: Any) -> httpx.Client:
    client: httpx.Client = api.as_role("member")
    return client


def log(client: httpx.Client, project: str, name: str = "logged") -> str:
    answer = client.post("/api/v1/runs", json={"project": project, "origin": "client", "name": name})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def finish(client: httpx.Client, run: str, **how: Any) -> None:
    assert client.post(f"/api/v1/runs/{run}/finish", json={"state": "finished", **how}).status_code == 200


def shown(client: httpx.Client, **asked: Any) -> list[dict[str, Any]]:
    answer = client.get("/api/v1/inbox", params=asked)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def unread(client: httpx.Client) -> int:
    return int(client.get("/api/v1/inbox").json()["unread"])


class TestWhatStandsInIt:
    def test_is_how_ones_runs_ended(self, api: Any, ann: httpx.Client, project: str) -> None:
        first, second, running = (log(ann, project, name) for name in ("first", "second", "running"))
        finish(ann, first)
        finish(ann, second, state="failed", reason="out of memory")
        finish(api.admin, log(api.admin, project, "another's"))

        (failed, finished) = shown(ann)

        assert (finished["kind"], finished["run"], finished["name"], finished["project"]) == ("finished", first, "first", project)
        assert finished["text"].startswith("Finished after ")
        assert (failed["kind"], failed["run"], failed["text"]) == ("failed", second, "Failed: out of memory.")
        assert failed["address"] == f"/{project}/runs/{second}"
        assert not failed["read"]
        assert running not in {item["run"] for item in shown(ann)}

    def test_is_that_one_crashed_while_it_is_so(self, api: Any, ann: httpx.Client, project: str) -> None:
        run = log(ann, project)
        with api.database.begin() as session:
            session.get_one(Run, run).heartbeat_at = 1.0
            session.flush()
            lifecycle.crash_silent_clients(session, time.time() - 1000)

        (crashed,) = shown(ann)
        ann.post(f"/api/v1/runs/{run}/heartbeat", json={})

        assert (crashed["kind"], crashed["run"]) == ("crashed", run)
        assert crashed["text"].startswith("Crashed: no sign of life")
        assert shown(ann) == []

    def test_is_the_verdicts_on_ones_runs_and_reruns(self, api: Any, ann: httpx.Client, project: str) -> None:
        config = {**studied.DIGITS}
        mine = ann.post("/api/v1/runs", json={"project": project, "config": config}).json()["id"]
        train(api, mine)
        rerun = api.admin.post(f"/api/v1/runs/{mine}/reruns", json={}).json()["items"][0]["id"]
        train(api, rerun, node="n2", loss=0.6)

        verdict, ended = shown(ann)

        assert (ended["kind"], ended["run"]) == ("finished", mine)
        assert (verdict["kind"], verdict["run"], verdict["outcome"]) == ("verdict", mine, "different")
        assert verdict["text"]
        assert [item["kind"] for item in shown(api.admin, limit=2)] == ["verdict", "finished"]  # of the rerun that it asked for

    def test_is_the_alerts_that_ones_runs_raised(self, ann: httpx.Client, project: str) -> None:
        run = log(ann, project)
        for title in ("loss is NaN", "again"):
            ann.post(f"/api/v1/runs/{run}/alerts", json={"title": title, "text": "at step 3", "level": "ERROR"})

        found = shown(ann)

        assert [(item["kind"], item["text"], item["level"]) for item in found] == [
            ("alert", "again: at step 3", "ERROR"),
            ("alert", "loss is NaN: at step 3", "ERROR"),
        ]

    def test_is_a_study_once_when_its_last_run_has_ended_and_none_of_its_runs(self, api: Any, ann: httpx.Client, project: str) -> None:
        before = ann.post("/api/v1/runs", json={"project": project, "config": {**studied.DIGITS, "seed": 0}, "name": "was there"}).json()["id"]
        train(api, before)
        study = ann.post("/api/v1/studies", json=studied.asked(project, changes=[{"name": "batch", **studied.BATCH}])).json()
        queued = [seed["run"] for variant in study["variants"] for seed in variant["seeds"] if seed["state"] == "queued"]
        for number, run in enumerate(queued):
            assert (len(queued), [item["run"] for item in shown(ann)]) == (3, [before])
            studied.end(api, run, {}, "failed" if number == 0 else "finished")

        wait_until(lambda: len(shown(ann)) == 2, what="the study's end to be noted")
        item, alone = shown(ann)

        assert alone["run"] == before
        assert (item["kind"], item["study"], item["run"], item["name"]) == ("study", study["id"], None, "norms")
        assert item["text"].startswith("All 4 runs ended in ")
        assert item["text"].endswith(", 1 failed.")
        assert item["address"] == f"/{project}/studies/{study['id']}"
        assert shown(ann, after=alone["id"]) == [item]
        assert shown(api.as_role("member")) == []

    def test_is_a_study_again_when_it_has_grown(self, api: Any, ann: httpx.Client, project: str) -> None:
        study = ann.post("/api/v1/studies", json=studied.asked(project)).json()
        studied.end_all(api, study, lambda _variant, _seed: {})
        wait_until(lambda: len(shown(ann)) == 1, what="the study's end to be noted")
        (first,) = shown(ann)

        ann.post(f"/api/v1/studies/{study['id']}/seeds", json={"seeds": [7]})
        assert shown(ann) == []
        studied.end_all(api, study, lambda _variant, _seed: {})

        wait_until(lambda: len(shown(ann)) == 1, what="the study's end to be noted again")
        (again,) = shown(ann)
        assert (again["study"], again["text"].partition(" in ")[0]) == (study["id"], "All 6 runs ended")
        assert again["at"] > first["at"]

    def test_is_no_study_that_was_cancelled(self, api: Any, ann: httpx.Client, project: str) -> None:
        study = ann.post("/api/v1/studies", json=studied.asked(project)).json()
        other = ann.post("/api/v1/studies", json=studied.asked(project, name="other", seeds=[5, 6])).json()

        ann.post(f"/api/v1/studies/{study['id']}/cancel")
        studied.end_all(api, other, lambda _variant, _seed: {})

        wait_until(lambda: shown(ann), what="the other study's end to be noted")
        assert [item["study"] for item in shown(ann)] == [other["id"]]

    def test_is_of_the_last_thirty_days(self, api: Any, ann: httpx.Client, project: str) -> None:
        run = log(ann, project)
        finish(ann, run)
        with api.database.begin() as session:
            session.get_one(Run, run).finished_at = time.time() - inbox.FOR_S - 10

        assert shown(ann) == []

    def test_is_not_what_was_deleted(self, ann: httpx.Client, project: str) -> None:
        run = log(ann, project)
        finish(ann, run)

        assert ann.delete(f"/api/v1/runs/{run}").status_code == 200

        assert shown(ann) == []


class TestPages:
    def test_hold_every_item_once_in_order_also_where_moments_are_the_same(self, api: Any, ann: httpx.Client, project: str) -> None:
        ids = [log(ann, project, str(number)) for number in range(7)]
        for run in ids:
            ann.post(f"/api/v1/runs/{run}/alerts", json={"title": "a"})
            finish(ann, run)
        moment = time.time() - 60
        with api.database.begin() as session:
            for run in ids:
                session.get_one(Run, run).finished_at = moment
            session.execute(inbox.Alert.__table__.update().where(inbox.Alert.run_id.in_(ids)).values(at=moment))

        whole, cursor, seen = shown(ann, limit=100), None, []
        while True:
            page = ann.get("/api/v1/inbox", params={"limit": 3, **({"cursor": cursor} if cursor else {})}).json()
            seen += page["items"]
            if (cursor := page["next_cursor"]) is None:
                break

        assert len(whole) == 14
        assert seen == whole
        for place in (0, 5, 9, 13):
            assert shown(ann, after=whole[place]["id"], limit=100) == whole[:place]

    @pytest.mark.parametrize("place", ["x", "p3Yk0nq4W1tbMS43ZTksImszdjkiXQ", ""])
    def test_of_no_such_place_are_refused(self, ann: httpx.Client, place: str) -> None:
        assert ann.get("/api/v1/inbox", params={"cursor": place}).status_code == 400
        assert ann.get("/api/v1/inbox", params={"after": place}).status_code == 400


class TestReading:
    def test_counts_what_is_unread_up_to_an_item(self, ann: httpx.Client, project: str) -> None:
        for name in "abc":
            finish(ann, log(ann, project, name))
        newest, middle, _ = shown(ann)

        first = ann.post("/api/v1/inbox/read", json={"up_to": middle["id"]}).json()
        states = [item["read"] for item in shown(ann)]
        second = ann.post("/api/v1/inbox/read", json={"up_to": newest["id"]}).json()
        again = ann.post("/api/v1/inbox/read", json={"up_to": middle["id"]}).json()

        assert (first, second, again) == ({"unread": 1}, {"unread": 0}, {"unread": 0})
        assert states == [False, True, True]
        assert unread(ann) == 0

    def test_is_each_ones_own(self, api: Any, ann: httpx.Client, project: str) -> None:
        bob = api.as_role("member")
        for client in (ann, bob):
            finish(client, log(client, project))

        ann.post("/api/v1/inbox/read", json={"up_to": shown(ann)[0]["id"]})

        assert (unread(ann), unread(bob)) == (0, 1)

    def test_of_no_such_item_is_refused(self, ann: httpx.Client) -> None:
        assert ann.post("/api/v1/inbox/read", json={"up_to": "x"}).status_code == 400
        assert ann.post("/api/v1/inbox/read", json={}).status_code == 422


class TestEvents:
    def test_tell_what_is_new_while_it_happens(self, ann: httpx.Client, project: str) -> None:
        finish(ann, log(ann, project, "before"))

        with listening(ann, "/api/v1/inbox/events") as heard:
            wait_until(lambda: heard.kinds() == ["unread"], 10.0, "the number of unread items")
            run = log(ann, project, "now")
            finish(ann, run)
            wait_until(lambda: len(heard.events) >= 3, 15.0, "the item")

        told = [(kind, data.get("run"), data.get("unread")) for kind, _, data in heard.events]
        assert told == [("unread", None, 1), ("item", run, None), ("unread", None, 2)]

    def test_go_on_after_the_last_that_was_heard(self, ann: httpx.Client, project: str) -> None:
        runs = [log(ann, project, name) for name in "abc"]
        for run in runs:
            finish(ann, run)
        oldest = shown(ann)[-1]["id"]

        with listening(ann, "/api/v1/inbox/events", **{"Last-Event-ID": oldest}) as heard:
            wait_until(lambda: "unread" in heard.kinds(), 10.0, "the number of unread items")

        assert [data["run"] for kind, _, data in heard.events if kind == "item"] == runs[1:]

    def test_after_no_such_id_are_refused(self, ann: httpx.Client) -> None:
        assert ann.get("/api/v1/inbox/events", headers={"Last-Event-ID": "x"}).status_code == 400
