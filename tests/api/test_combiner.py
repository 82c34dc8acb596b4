"""Appends that wait are written together, and none pays for another's mistake."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, event

from api import combiner
from api.combiner import Append, Combiner
from api.room import Busy
from store import series
from store.errors import NotAClientRun, RunNotFound
from store.series import Appended, Points
from store.sums import Memory


def sent(run: str, step: int, value: float = 0.5, entity: str | None = None) -> Append:
    return Append(run, entity, Points([step], [1000.0], {"x": [value]}).groups(), True, 30)


def held(api: Any, run: str) -> list[int]:
    with api.database.read() as session:
        return series.read(session, run, "x").steps.tolist()


@pytest.fixture
def commits(api: Any) -> Iterator[list[int]]:
    """One entry for each writing transaction that was committed in the service's database by this test's own connections."""
    seen: list[int] = []

    def note(connection: Any) -> None:
        if connection.get_execution_options().get("runtwice_writes"):
            seen.append(1)

    event.listen(api.database.engine, "commit", note)
    yield seen
    event.remove(api.database.engine, "commit", note)


@pytest.fixture
def writer(api: Any) -> Iterator[Connection]:
    with api.database.writer() as connection:
        yield connection


class TestCommit:
    def test_writes_all_in_one_transaction(self, api: Any, writer: Connection, commits: list[int]) -> None:
        ids = [api.client_run()["id"] for _ in range(3)]

        results = combiner.commit(writer, [sent(run, step) for step in range(4) for run in ids], Memory())

        assert results == [Appended(1, [])] * 12
        assert [held(api, run) for run in ids] == [[0, 1, 2, 3]] * 3
        assert len(commits) == 1

    def test_an_append_sees_those_before_it_in_the_same_transaction(self, api: Any, writer: Connection) -> None:
        run = api.client_run()["id"]

        first, same, other, later = combiner.commit(writer, [sent(run, 5), sent(run, 5), sent(run, 5, 0.75), sent(run, 3)], Memory())

        assert (first, same, later) == (Appended(1, []), Appended(1, []), Appended(1, []))
        assert isinstance(other, Appended)
        assert [(item.step, item.held, item.got) for item in other.refused] == [(5, 0.5, 0.75)]
        assert held(api, run) == [3, 5]

    def test_tells_each_its_own_error(self, api: Any, writer: Connection, commits: list[int]) -> None:
        run, managed = api.client_run()["id"], api.submit()["id"]

        results = combiner.commit(writer, [sent(run, 0), sent("nosuch", 0), sent(managed, 0), sent(run, 1)], Memory())

        assert [type(result) for result in results] == [Appended, RunNotFound, NotAClientRun, Appended]
        assert held(api, run) == [0, 1]
        assert len(commits) == 1

    def test_an_append_that_the_database_refuses_fails_alone(self, api: Any, writer: Connection) -> None:
        ids = [api.client_run()["id"] for _ in range(2)]
        beyond = replace(sent(ids[0], 1), groups=Points([1], [1000.0], {"x" * 10 + "\ud800": [0.5]}).groups())  # no database keeps a lone surrogate

        results = combiner.commit(writer, [sent(ids[0], 0), beyond, sent(ids[1], 0)], Memory())

        assert [type(result) for result in results[::2]] == [Appended, Appended]
        assert isinstance(results[1], Exception)
        assert [held(api, run) for run in ids] == [[0], [0]]

    def test_hides_runs_of_another_entity_though_a_neighbour_may_see_them(self, api: Any, writer: Connection) -> None:
        run = api.client_run()["id"]

        mine, theirs = combiner.commit(writer, [sent(run, 0), sent(run, 1, entity="elsewhere")], Memory())

        assert mine == Appended(1, [])
        assert isinstance(theirs, RunNotFound)


class TestCombiner:
    def test_many_writers_lose_nothing(self, api: Any) -> None:
        ids = [api.client_run()["id"] for _ in range(4)]

        def write(place: int) -> int:
            body = {"steps": [place], "metrics": {"x": [0.5], "y": [1.0]}}
            return int(api.client(key).post(f"/api/v1/runs/{ids[place % 4]}/points", json=body).json()["accepted"])

        key = api.key("member")
        with ThreadPoolExecutor(16) as pool:
            accepted = list(pool.map(write, range(80)))

        assert accepted == [2] * 80
        assert [held(api, run) for run in ids] == [list(range(start, 80, 4)) for start in range(4)]

    @pytest.mark.parametrize("room", ["arriving", "waiting"])
    def test_turns_away_what_it_cannot_hold(self, api: Any, monkeypatch: pytest.MonkeyPatch, room: str) -> None:
        monkeypatch.setattr(getattr(api.app.state.parts.combiner, room), "most", 0)

        answer = api.admin.post(f"/api/v1/runs/{api.client_run()['id']}/points", json={"steps": [0], "metrics": {"x": [1]}})

        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert answer.headers["Content-Type"] == "application/problem+json"

    def test_counts_bytes_but_lets_one_body_in_whatever_its_size(self, api: Any) -> None:
        room = Combiner(api.database).waiting

        with room.take(combiner.MOST_WAITING_BYTES * 2), pytest.raises(Busy), room.take(1):
            pass

        with room.take(1), room.take(1):
            pass

    def test_stops_whether_or_not_it_was_started(self, api: Any) -> None:
        waiting = Combiner(api.database)
        waiting.stop()
        waiting = Combiner(api.database)
        waiting.start()

        waiting.stop()

        assert not any(thread is waiting._thread for thread in threading.enumerate())


class TestQuickWriter:
    """On SQLite the event loop commits by itself, but never waits."""

    def test_leaves_what_it_would_have_to_wait_for_to_the_thread(self, make_api: Any) -> None:
        api = make_api()
        run = api.client_run()["id"]
        body = {"steps": [0], "metrics": {"x": [0.5]}}
        assert api.admin.post(f"/api/v1/runs/{run}/points", json=body).status_code == 200
        with ThreadPoolExecutor(1) as pool:
            with api.database.begin() as session:
                session.connection()  # somebody else writes
                answer = pool.submit(api.admin.post, f"/api/v1/runs/{run}/points", json={**body, "steps": [1]})
                alive = [api.client().get("/healthz").status_code for _ in range(5)]
                assert not answer.done()

            assert answer.result(30.0).json() == {"accepted": 1, "refused": []}
        assert alive == [200] * 5
        assert held(api, run) == [0, 1]

    def test_rests_after_a_slow_commit(self, make_api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(combiner, "SLOW_S", 0.0)
        api = make_api()
        run = api.client_run()["id"]
        for step in range(3):
            assert api.admin.post(f"/api/v1/runs/{run}/points", json={"steps": [step], "metrics": {"x": [0.5]}}).status_code == 200

        assert not api.app.state.parts.combiner._quick.is_quick
        assert held(api, run) == [0, 1, 2]

    def test_has_its_log_copied_by_the_thread(self, make_api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(combiner, "COMMITS_UNTIL_TIDY", 4)
        api = make_api()
        run = api.client_run()["id"]
        for step in range(20):
            assert api.admin.post(f"/api/v1/runs/{run}/points", json={"steps": [step], "metrics": {"x": [0.5]}}).status_code == 200

        quick = api.app.state.parts.combiner._quick
        assert quick._since_tidy <= 4
        assert held(api, run) == list(range(20))
