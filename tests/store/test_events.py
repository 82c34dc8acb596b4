"""What is new after a version of a run: applied in order, from wherever, it gives what the store holds."""

from typing import Any

import numpy as np
import pytest
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import blocks, events, heads, lifecycle, logs, pending, projects, runs, segments, series
from store.database import Database
from store.errors import RunNotFound
from store.events import LinesAdded, PointsAdded, PointsGone, StateChanged
from store.series import Points
from store.tables import Run

METRICS = ("loss", "accuracy", "lr")
VALUES = st.sampled_from([0.0, 1.0, -1.5, np.nan, np.inf, None])
ROWS = st.tuples(st.integers(0, 80), st.tuples(VALUES, VALUES, VALUES))
WRITES = st.lists(
    st.one_of(
        st.lists(ROWS, max_size=12),
        st.integers(1, 20),
        st.tuples(st.just("cut"), st.integers(0, 80)),
        st.tuples(st.just("log"), st.integers(1, 5)),
    ),
    max_size=20,
)


class Follower:
    """What somebody holds who applies every event, and the version that has been told."""

    def __init__(self) -> None:
        self.points: dict[str, dict[int, float]] = {}
        self.lines: dict[int, str] = {}
        self.states: list[str] = []
        self.version = events.BEGINNING

    def apply(self, event: events.Event) -> None:
        assert event.version > self.version
        self.version = event.version
        match event:
            case PointsAdded(_, groups):
                assert sum(len(group) * len(group.metrics) for group in groups) <= blocks.MOST_TOGETHER + len(METRICS)
                for group in groups:
                    for metric in group.metrics:
                        column = group.column(metric)
                        self.points.setdefault(metric, {}).update(zip(column.steps.tolist(), column.values.tolist(), strict=True))
            case PointsGone(_, from_step):
                self.points = {metric: {step: value for step, value in held.items() if step < from_step} for metric, held in self.points.items()}
            case LinesAdded(_, first, lines):
                self.lines.update(enumerate(lines, first))
            case StateChanged(_, state):
                self.states.append(state)

    def follow(self, database: Database, run: Run, most: int = 10) -> list[events.Event]:
        """The events there were, read piece by piece as a stream does."""
        told: list[events.Event] = []
        while True:
            with database.read() as session:
                news = events.changes(session, run.id, self.version, most)
            for event in news.events:
                self.apply(event)
            assert news.until >= self.version
            self.version = news.until
            told += news.events
            if news.is_all:
                return told

    def must_hold_what_is_held(self, database: Database, run: Run) -> None:
        with database.read() as session:
            for metric in METRICS:
                column, mine = series.read(session, run.id, metric), self.points.get(metric, {})
                assert column.steps.tolist() == sorted(mine)
                np.testing.assert_array_equal(column.values, [mine[step] for step in sorted(mine)])
            assert sorted(self.lines.items()) == logs.read(session, run.id)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks are joined and sealed after a few rows, versions bring few values, so that few points go the whole way."""
    monkeypatch.setattr(pending, "FEW", 3)
    monkeypatch.setattr(pending, "MOST_ROWS", 16)
    monkeypatch.setattr(segments, "SEGMENT", 8)
    monkeypatch.setattr(blocks, "MOST_TOGETHER", 12)
    monkeypatch.setattr(events, "CLOCKS_AT_ONCE", 2)
    monkeypatch.setattr(events, "METRICS_AT_ONCE", 2)
    monkeypatch.setattr(events, "MOST_ROWS", 3)


def new_run(database: Database) -> Run:
    with database.begin() as session:
        return runs.add_client(session, projects.find_or_add(session, "team", "digits"), {}, name="any")


def write(database: Database, run: Run, what: Any, last: int) -> int:
    """Do one of WRITES. Returns the last step sent so far."""
    with database.begin() as session:
        if isinstance(what, tuple) and what[0] == "cut":
            series.truncate(session, run.id, what[1])
        elif isinstance(what, tuple):
            logs.append(session, run.id, 0, [f"line {number}" for number in range(what[1])])
        else:
            rows = what if isinstance(what, list) else [(last + 1 + more, (more / 3, None if more % 4 else 2.0, np.nan)) for more in range(what)]
            steps = [step for step, _ in rows]
            sent = {metric: [values[i] for _, values in rows] for i, metric in enumerate(METRICS)}
            series.append(session, run.id, Points(steps, [1000.0 + step for step in steps], sent))
            last = max([last, *steps])
    return last


@pytest.mark.usefixtures("small")
class TestWhateverHappens:
    @settings(max_examples=examples(15, 300), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(writes=WRITES, reads=st.sets(st.integers(0, 20)))
    def test_is_told_to_those_who_follow_from_anywhere(self, database: Database, writes: list[Any], reads: set[int]) -> None:
        run, last, followers = new_run(database), -1, [Follower()]
        for place, what in enumerate(writes):
            last = write(database, run, what, last)
            if place in reads:
                followers[0].follow(database, run)
                followers.append(Follower())
                followers[-1].follow(database, run, most=1)

        for follower in [*followers, Follower()]:
            follower.follow(database, run)
            follower.must_hold_what_is_held(database, run)

    @settings(max_examples=examples(10, 100), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(writes=WRITES)
    def test_goes_on_from_every_event(self, database: Database, writes: list[Any]) -> None:
        run, last = new_run(database), -1
        for what in writes:
            last = write(database, run, what, last)
        told = Follower().follow(database, run)

        for stop in range(len(told)):
            follower = Follower()
            for event in told[: stop + 1]:
                follower.apply(event)
            follower.follow(database, run)
            follower.must_hold_what_is_held(database, run)


class TestEvents:
    def test_tell_states_lines_and_points_in_their_order(self, database: Database, client_run: Run) -> None:
        write(database, client_run, 1, -1)
        with database.begin() as session:
            logs.append(session, client_run.id, 0, ["one", "two"])
            runs.finish_client(session, client_run, "failed", "no more")

        follower = Follower()
        kinds = [type(event).__name__ for event in follower.follow(database, client_run)]

        assert kinds == ["StateChanged", "PointsAdded", "LinesAdded", "StateChanged"]
        assert follower.states == ["running", "failed"]
        assert follower.lines == {0: "one", 1: "two"}

    def test_tell_every_state_of_a_managed_run(self, database: Database, make_run: Any) -> None:
        run = make_run()
        for _ in range(2):
            with database.begin() as session:
                claim = lifecycle.claim(session, "node", ["cpu"], 60.0, run.id)
                assert claim is not None
                lifecycle.lose(session, claim, "it died", 2)

        follower = Follower()
        follower.follow(database, run)

        assert follower.states == ["queued", "running", "queued", "running", "failed"]

    def test_tell_that_a_silent_client_crashed_and_came_back(self, database: Database, client_run: Run) -> None:
        with database.begin() as session:
            assert lifecycle.crash_silent_clients(session, -1.0) == 1
        with database.begin() as session:
            runs.touch_client(session, client_run)
            runs.touch_client(session, client_run)

        follower = Follower()
        follower.follow(database, client_run)

        assert follower.states == ["running", "crashed", "running"]

    def test_tell_nothing_twice(self, database: Database, client_run: Run) -> None:
        write(database, client_run, 3, -1)
        follower = Follower()
        follower.follow(database, client_run)

        assert follower.follow(database, client_run) == []

        write(database, client_run, 1, 2)
        (event,) = follower.follow(database, client_run)
        assert isinstance(event, PointsAdded)
        assert [group.steps.tolist() for group in event.groups] == [[3], [3]] or event.groups[0].steps.tolist() == [3]

    def test_come_in_pieces_however_much_one_write_brought(self, database: Database, client_run: Run) -> None:
        count = 5 * blocks.MOST_TOGETHER
        with database.begin() as session:
            series.append(session, client_run.id, Points(range(count), [1000.0] * count, {"loss": np.arange(count) / 7}))

        with database.read() as session:
            news = events.changes(session, client_run.id)
            whole = heads.read(session.connection(), [client_run.id])[client_run.id].version

        assert not news.is_all
        sizes = [sum(map(len, event.groups)) for event in news.events if isinstance(event, PointsAdded)]
        assert sum(sizes) <= events.MOST_VALUES
        assert max(sizes) <= blocks.MOST_TOGETHER
        follower = Follower()
        follower.follow(database, client_run, events.MOST_VALUES)
        assert (follower.version, len(follower.points["loss"])) == (whole, count)

    def test_of_a_run_that_is_not_there_are_not_found(self, database: Database) -> None:
        with database.read() as session, pytest.raises(RunNotFound):
            events.changes(session, "nope")
