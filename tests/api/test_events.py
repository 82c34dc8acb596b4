"""Runs followed over HTTP: every event once and in order, whatever falls over on the way."""

import time
from typing import Any

import pytest
from servers import wait_until
from streams import Heard, listening

from store import lifecycle


def append(api: Any, run: str, steps: list[int], **metrics: list[Any]) -> None:
    body = {"steps": steps, "metrics": metrics or {"loss": [step / 7 for step in steps]}}
    answer = api.admin.post(f"/api/v1/runs/{run}/points", json=body)
    assert answer.status_code == 200, answer.text


def path_of(run: str) -> str:
    return f"/api/v1/runs/{run}/events"


class TestRunEvents:
    def test_tell_what_happens_and_end_with_the_run(self, api: Any) -> None:
        run = api.client_run()["id"]
        append(api, run, [0, 1], loss=[0.5, "NaN"], lr=[0.1, 0.1])
        with listening(api.admin, path_of(run)) as heard:
            wait_until(lambda: len(heard.events) >= 2, 10.0, "what was there")
            append(api, run, [2])
            wait_until(lambda: len(heard.events) >= 3, 10.0, "what came")
            api.admin.post(f"/api/v1/runs/{run}/log", json={"lines": ["a", "b"]})
            wait_until(lambda: len(heard.events) >= 4, 10.0, "the log")
            api.admin.post(f"/api/v1/runs/{run}/finish", json={"state": "failed", "reason": "no more"})
            wait_until(lambda: heard.is_over, 10.0, "the end")

        assert heard.kinds() == ["state", "points", "points", "log", "state", "end"]
        assert heard.points() == {"loss": {0: 0.5, 1: "NaN", 2: 2 / 7}, "lr": {0: 0.1, 1: 0.1}}
        assert heard.events[3][2] == {"first": 0, "lines": ["a", "b"]}
        assert heard.events[4][2].items() >= {"state": "failed", "reason": "no more"}.items()
        numbers = [int(number) for _, number, _ in heard.events]
        assert numbers == sorted(numbers)
        assert heard.headers["content-type"].startswith("text/event-stream")
        assert heard.headers["cache-control"] == "no-store"
        assert heard.headers["x-accel-buffering"] == "no"

    def test_have_the_times_of_the_series(self, api: Any) -> None:
        run = api.client_run()["id"]
        append(api, run, [0, 1])
        with listening(api.admin, path_of(run)) as heard:
            wait_until(lambda: len(heard.events) >= 2, 10.0, "what was there")

        (curve,) = api.admin.get("/api/v1/series", params={"run": run, "metric": "loss", "x": "time"}).json()["series"]
        assert heard.events[1][2]["groups"][0]["times"] == curve["times"]

    def test_go_on_after_any_id(self, api: Any) -> None:
        run = api.client_run()["id"]
        for step in range(4):
            append(api, run, [step])
            api.admin.post(f"/api/v1/runs/{run}/log", json={"lines": [str(step)]})
        api.admin.post(f"/api/v1/runs/{run}/finish", json={"state": "finished"})
        with listening(api.admin, path_of(run)) as whole:
            wait_until(lambda: whole.is_over, 10.0, "the end")

        for place, (_, number, _) in enumerate(whole.events[:-2]):
            with listening(api.admin, path_of(run), **{"Last-Event-ID": number}) as rest:
                wait_until(lambda: rest.is_over, 10.0, "the end")
            assert rest.events == whole.events[place + 1 :]
            with listening(api.admin, f"{path_of(run)}?last_event_id={number}") as rest:
                wait_until(lambda: rest.is_over, 10.0, "the end")
            assert rest.events == whole.events[place + 1 :]

    def test_do_not_begin_again_after_the_end(self, api: Any) -> None:
        run = api.client_run()["id"]
        api.admin.post(f"/api/v1/runs/{run}/finish", json={"state": "finished"})
        with listening(api.admin, path_of(run)) as heard:
            wait_until(lambda: heard.is_over, 10.0, "the end")

        answer = api.admin.get(path_of(run), headers={"Last-Event-ID": heard.last_id()})

        assert (answer.status_code, answer.content) == (204, b"")

    @pytest.mark.parametrize("number", ["x", "-1", "1.5", "9" * 30, "999999", "١"])
    def test_after_a_bad_id_are_refused(self, sqlite_api: Any, number: str) -> None:
        run = sqlite_api.client_run()["id"]

        answer = sqlite_api.admin.get(path_of(run), params={"last_event_id": number})

        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"

    def test_of_another_entitys_run_are_not_found(self, api: Any) -> None:
        run = api.client_run("acme/digits")["id"]

        assert api.as_role("admin", "umbrella").get(path_of(run)).status_code == 404
        assert api.admin.get(path_of("nope")).status_code == 404

    def test_end_when_the_run_is_deleted(self, api: Any) -> None:
        run = api.client_run()["id"]
        with api.database.begin() as session:
            lifecycle.crash_silent_clients(session, -1.0)
        with listening(api.admin, path_of(run)) as heard:
            wait_until(lambda: len(heard.events) >= 2, 10.0, "what was there")
            assert api.admin.delete(f"/api/v1/runs/{run}").status_code == 200
            wait_until(lambda: heard.is_over, 10.0, "the end")

        assert heard.events[-1][::2] == ("end", {"state": "deleted"})

    def test_end_when_the_key_is_revoked(self, api: Any) -> None:
        run = api.client_run()["id"]
        key = api.admin.post("/api/v1/keys", json={"name": "gone", "role": "viewer"}).json()
        with listening(api.client(key["key"]), path_of(run)) as heard, listening(api.admin, path_of(run)) as other:
            api.admin.delete(f"/api/v1/keys/{key['id']}")
            wait_until(lambda: heard.is_over, 10.0, "the end")
            assert not other.is_over

    def test_end_when_the_key_expires(self, api: Any) -> None:
        run = api.client_run()["id"]
        with listening(api.client(api.key("viewer", expires_at=time.time() + 1.5)), path_of(run)) as heard:
            wait_until(lambda: heard.is_over, 10.0, "the end")

        assert heard.status == 200

    def test_are_had_with_the_pages_cookie(self, api: Any) -> None:
        run = api.client_run()["id"]
        page = api.client()
        signed_in = page.post("/login", json={"key": api.key("viewer")}, headers={"Origin": api.origin})
        assert signed_in.status_code == 303
        with listening(page, path_of(run)) as heard:
            wait_until(lambda: heard.events, 10.0, "an event")

        assert heard.kinds() == ["state"]


class TestStreams:
    def test_are_few_enough_and_free_their_place(self, make_api: Any) -> None:
        api = make_api(most_streams=2)
        run = api.client_run()["id"]
        with listening(api.admin, path_of(run)), listening(api.admin, path_of(run)):
            refused = api.admin.get(path_of(run))
        wait_until(lambda: api.app.state.parts.hub.count == 0, 10.0, "both to be gone")

        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0
        with listening(api.admin, path_of(run)) as again:
            assert again.status == 200

    def test_hold_no_connection_to_the_database_while_they_wait(self, make_api: Any) -> None:
        api = make_api()
        run = api.client_run()["id"]
        with listening(api.admin, path_of(run)) as heard:
            wait_until(lambda: heard.events, 10.0, "an event")
            wait_until(lambda: api.app.state.parts.db.engine.pool.checkedout() == 0, 10.0, "no connection to be out")

    def test_end_at_once_when_the_process_stops(self, make_api: Any) -> None:
        api = make_api()
        run = api.client_run()["id"]
        with listening(api.admin, path_of(run)) as heard:
            api._server.should_exit = True
            wait_until(lambda: heard.is_over, 10.0, "the end")
            api._thread.join(10.0)

        assert not api._thread.is_alive()

    def test_wait_for_a_reader_that_does_not_read_and_lose_nothing(self, api: Any) -> None:
        run = api.client_run()["id"]
        with api.admin.stream("GET", path_of(run)) as answer:
            for start in range(0, 200_000, 20_000):
                append(api, run, list(range(start, start + 20_000)))
            api.admin.post(f"/api/v1/runs/{run}/finish", json={"state": "finished"})
            heard = Heard()
            heard.read(answer)

        assert heard.events[-1][0] == "end"
        assert heard.points() == {"loss": {step: step / 7 for step in range(200_000)}}


class TestProjectEvents:
    def test_tell_of_new_runs_their_states_and_their_metrics(self, api: Any, project: str) -> None:
        api.client_run(project)
        with listening(api.admin, f"/api/v1/projects/{project}/events") as heard:
            run = api.client_run(project)["id"]
            wait_until(lambda: "run" in heard.kinds(), 10.0, "the run")
            append(api, run, [0, 1])
            wait_until(lambda: "metrics" in heard.kinds(), 10.0, "its metrics")
            api.admin.patch(f"/api/v1/runs/{run}", json={"tags": ["bn"]})
            wait_until(lambda: heard.kinds().count("run") == 2, 10.0, "the edit")
            api.admin.post(f"/api/v1/runs/{run}/finish", json={"state": "finished"})
            wait_until(lambda: heard.kinds().count("state") == 2, 10.0, "its end")
            api.client_run("team/elsewhere")

        assert heard.kinds() == ["run", "state", "metrics", "run", "state"]
        assert {data.get("run", data.get("id")) for _, _, data in heard.events} == {run}
        assert heard.events[2][2]["metrics"]["loss"] == api.admin.get(f"/api/v1/runs/{run}").json()["metrics"]["loss"]
        assert heard.events[3][2]["tags"] == ["bn"]
        assert heard.events[4][2]["state"] == "finished"
        numbers = [int(number) for _, number, _ in heard.events]
        assert numbers == sorted(numbers)

    def test_go_on_after_any_id_and_lose_no_run(self, api: Any, project: str) -> None:
        api.client_run(project)
        with listening(api.admin, f"/api/v1/projects/{project}/events") as heard:
            runs = [api.client_run(project)["id"] for _ in range(30)]
            wait_until(lambda: {data["id"] for kind, _, data in heard.events if kind == "run"} == set(runs), 10.0, "all runs")
        later = runs[-5:]
        for run in later:
            append(api, run, [0])

        places = [0, 10, len(heard.events) - 1]
        for place in places:
            seen = {data["id"] for kind, _, data in heard.events[: place + 1] if kind == "run"}
            with listening(api.admin, f"/api/v1/projects/{project}/events", **{"Last-Event-ID": heard.events[place][1]}) as rest:
                missing = (set(runs) - seen) | set(later)
                told = lambda: {data["id"] for kind, _, data in rest.events if kind == "run"}  # noqa: E731
                wait_until(lambda: missing <= told(), 10.0, "what was missed")  # noqa: B023

    def test_of_another_entity_are_not_found(self, api: Any) -> None:
        api.client_run("acme/digits")

        assert api.as_role("admin", "umbrella").get("/api/v1/projects/acme/digits/events").status_code == 404
        assert api.admin.get("/api/v1/projects/acme/nothing/events").status_code == 404
        assert api.admin.get("/api/v1/projects/acme/digits/events?last_event_id=x").status_code == 400
