"""Appends to PostgreSQL by one statement leave what the usual way would have left, or nothing at all."""

import math
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from servers import wait_until
from sqlalchemy import select, text

from api import combiner
from api.combiner import Append, DirectWriter, Result
from store import direct, heads, logged, pending, projects, runs, segments, series
from store.database import Database, connect
from store.series import Appended, Points
from store.sums import Memory
from store.tables import Project, Run, Series

VALUES = st.sampled_from([0.0, -0.0, 1.0, -1.5, 1e308, 5e-324, 0.1, math.nan, math.inf, -math.inf, None])
SENT = st.tuples(st.integers(0, 1), st.integers(-2, 3), st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=4), st.booleans())
BATCHES = st.lists(st.lists(SENT, min_size=1, max_size=3), min_size=1, max_size=15)


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    db = connect(postgres_url)
    yield db
    db.close()


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sign of life comes due while a test runs."""
    monkeypatch.setattr(direct, "HEARTBEAT_EVERY_S", 1000.0)
    monkeypatch.setattr(logged, "HEARTBEAT_EVERY_S", 1000.0)


class Writer:
    """Both ways in the order in which the service goes them; counts those that went by one statement."""

    def __init__(self, database: Database) -> None:
        self.memory, self.direct, self.usual = Memory(), DirectWriter(database), database.writer()
        self.direct_count = 0

    def commit(self, *batch: Append) -> list[Result]:
        results = self.commit_directly(*batch)
        return combiner.commit(self.usual, batch, self.memory, self.direct.runs) if results is None else results

    def commit_directly(self, *batch: Append) -> list[Result] | None:
        results = self.direct.commit(batch, self.memory)
        self.direct_count += results is not None
        return results

    def close(self) -> None:
        self.direct.close()
        self.usual.close()


@pytest.fixture
def writer(database: Database) -> Iterator[Writer]:
    both = Writer(database)
    yield both
    both.close()


def client_run(database: Database) -> str:
    with database.begin() as session:
        return runs.add_client(session, projects.find_or_add(session, "team", "digits"), {}, name="logged").id


def sent(run: str, step: int, *values: float, metric: str = "x", entity: str | None = None) -> Append:
    steps = list(range(step, step + max(len(values), 1)))
    return Append(run, entity, Points(steps, [1000.0 + one for one in steps], {metric: list(values or [0.5])}).groups(), True, 30)


def held(database: Database, run: str) -> list[int]:
    with database.read() as session:
        return series.read(session, run, "x").steps.tolist()


def everything(database: Database, run: str) -> Any:
    """All that is held of a run's points."""
    with database.read() as session:
        rows = session.scalars(select(Series).where(Series.run_id == run).order_by(Series.metric)).all()
        columns = {row.metric: series.read(session, run, row.metric) for row in rows}
        head = heads.read(session.connection(), [run])[run]
        return (
            [[repr(getattr(row, column.name)) for column in Series.__table__.columns if column.name != "run_id"] for row in rows],
            {metric: (column.steps.tolist(), column.values.tobytes(), column.times.tolist()) for metric, column in columns.items()},
            (head.version, head.metrics, head.refused, head.clocks, [block.rows for block in head.blocks]),
        )


class TestWhatIsWritten:
    @settings(max_examples=examples(15, 300), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(batches=BATCHES)
    def test_is_what_the_usual_way_writes(self, database: Database, monkeypatch: pytest.MonkeyPatch, batches: list[Any]) -> None:
        monkeypatch.setattr(pending, "FEW", 3)
        monkeypatch.setattr(pending, "MOST_ROWS", 16)
        monkeypatch.setattr(segments, "SEGMENT", 8)
        ours, theirs = [client_run(database), client_run(database)], [client_run(database), client_run(database)]
        both, alone, memory, after = Writer(database), database.writer(), Memory(), [0, 0]

        for batch in batches:
            places = [(place, max(after[place] + gap, 0), rows, is_one) for place, gap, rows, is_one in batch]
            results = both.commit(*(self._append(ours[place], start, rows, is_one) for place, start, rows, is_one in places))
            expected = combiner.commit(alone, [self._append(theirs[place], start, rows, is_one) for place, start, rows, is_one in places], memory)
            assert list(map(repr, results)) == list(map(repr, expected))
            for place, start, rows, _ in places:
                after[place] = max(after[place], start + len(rows))

        assert [everything(database, run) for run in ours] == [everything(database, run) for run in theirs]
        both.close()
        alone.close()

    def test_is_written_by_one_statement_from_the_second_append_on(self, database: Database, writer: Writer) -> None:
        ids = [client_run(database) for _ in range(3)]

        for step in range(10):
            assert writer.commit(*(sent(run, step) for run in ids)) == [Appended(1, [])] * 3

        assert writer.direct_count == 9
        assert [held(database, run) for run in ids] == [list(range(10))] * 3

    def test_is_told_to_those_who_follow(self, database: Database, writer: Writer) -> None:
        run, heard = client_run(database), []
        writer.commit(sent(run, 0))
        database.on_written.append(heard.append)

        assert writer.commit_directly(sent(run, 1)) == [Appended(1, [])]

        assert heard == [{run}]

    def test_without_times_is_of_now(self, database: Database, writer: Writer) -> None:
        run = client_run(database)
        writer.commit(sent(run, 0))
        groups = Points([1], [0.0], {"x": [0.5]}).groups()

        assert writer.commit_directly(Append(run, None, groups, False, 30)) == [Appended(1, [])]

        with database.read() as session:
            assert abs(series.read(session, run, "x").times[1] - projects.moment(session)) < 60

    @staticmethod
    def _append(run: str, start: int, rows: list[tuple[float | None, float | None]], is_one: bool) -> Append:
        steps = list(range(start, start + len(rows)))
        metrics = {"loss": [row[0] for row in rows], **({} if is_one else {"lr": [row[1] for row in rows]})}
        return Append(run, None, Points(steps, [1000.0 + step for step in steps], metrics).groups(), True, 30)


class TestNothing:
    """Is written, and the usual way is gone, when ..."""

    @pytest.fixture
    def run(self, database: Database, writer: Writer) -> str:
        """Known to the writer, with a point at step 5."""
        run = client_run(database)
        writer.commit(sent(run, 5))
        return run

    def refused(self, writer: Writer, database: Database, *batch: Append) -> bool:
        """Whether nothing of it was written."""
        before = [everything(database, append.run_id) for append in batch]
        assert writer.commit_directly(*batch) is None
        return [everything(database, append.run_id) for append in batch] == before

    def test_the_run_was_never_written_to_from_here(self, database: Database, writer: Writer) -> None:
        assert self.refused(writer, database, sent(client_run(database), 0))

    @pytest.mark.parametrize("other", [sent("", 4), sent("", 5), sent("", 6, metric="y")], ids=["late", "held", "a new metric"])
    def test_there_is_more_to_it(self, database: Database, writer: Writer, run: str, other: Append) -> None:
        assert self.refused(writer, database, Append(run, None, other.groups, True, 30))

    def test_it_comes_twice(self, database: Database, writer: Writer, run: str) -> None:
        assert self.refused(writer, database, sent(run, 6), sent(run, 7))

    def test_another_entity_sent_it(self, database: Database, writer: Writer, run: str) -> None:
        assert self.refused(writer, database, sent(run, 6, entity="elsewhere"))

    def test_somebody_else_has_written(self, database: Database, writer: Writer, run: str) -> None:
        with database.begin() as session:
            series.append(session, run, Points([6], [1006.0], {"x": [0.25]}))

        assert self.refused(writer, database, sent(run, 6))
        (result,) = writer.commit(sent(run, 6))
        assert isinstance(result, Appended)
        assert result.refused_count == 1

    def test_another_run_of_the_batch_was_written_to(self, database: Database, writer: Writer, run: str) -> None:
        other = client_run(database)
        writer.commit(sent(other, 0))
        with database.begin() as session:
            series.append(session, other, Points([1], [1001.0], {"x": [0.25]}))

        assert self.refused(writer, database, sent(run, 6), sent(other, 2))

    def test_the_run_has_ended(self, database: Database, writer: Writer, run: str) -> None:
        with database.begin() as session:
            runs.finish_client(session, session.get_one(Run, run), "finished", None)

        assert self.refused(writer, database, sent(run, 6))

    def test_the_run_lies_elsewhere_or_is_no_longer_running(self, database: Database, writer: Writer, run: str) -> None:
        for change in ("state = 'crashed'", "project_id = (SELECT id FROM projects WHERE name = 'other')"):
            with database.begin() as session:
                projects.find_or_add(session, "team", "other")
                session.flush()
                session.execute(text(f"UPDATE runs SET {change} WHERE id = :run"), {"run": run})
            known = writer.direct.runs.get(run)
            assert self.refused(writer, database, sent(run, 6))
            assert known is not None
            writer.direct.runs.keep(known)
            with database.begin() as session:
                home = session.scalars(select(Project.id).where(Project.name == "digits")).one()
                session.execute(text("UPDATE runs SET state = 'running', project_id = :home WHERE id = :run"), {"run": run, "home": home})

        assert writer.commit_directly(sent(run, 6)) == [Appended(1, [])]

    def test_a_sign_of_life_is_due(self, database: Database, writer: Writer, run: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(direct, "HEARTBEAT_EVERY_S", 0.0)
        writer.commit(sent(run, 6), sent(run, 7))

        assert self.refused(writer, database, sent(run, 8))

    def test_the_connection_is_gone(self, database: Database, writer: Writer, run: str) -> None:
        writer.commit_directly(sent(run, 6))
        with database.begin() as session:
            session.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
            )

        assert self.refused(writer, database, sent(run, 7))
        assert writer.commit(sent(run, 7)) == [Appended(1, [])]
        assert held(database, run) == [5, 6, 7]
        assert writer.commit_directly(sent(run, 8)) == [Appended(1, [])]


class TestTwoWriters:
    def test_who_waits_for_another_sees_what_it_wrote(self, database: Database, writer: Writer) -> None:
        run = client_run(database)
        writer.commit(sent(run, 0))
        with ThreadPoolExecutor(1) as pool:
            with database.begin() as session:
                logged.lock(session.connection(), [run])()
                waiting = pool.submit(writer.commit_directly, sent(run, 1, 0.25))
                wait_until(lambda: self._waits(database), what="the statement waits for the row")
                series.append(session, run, Points([1], [1001.0], {"x": [0.75]}))

            assert waiting.result() is None
        with database.read() as session:
            assert series.read(session, run, "x").values.tolist() == [0.5, 0.75]

    def test_who_waits_for_nothing_goes_on(self, database: Database, writer: Writer) -> None:
        run = client_run(database)
        writer.commit(sent(run, 0))
        with ThreadPoolExecutor(1) as pool:
            with database.begin() as session:
                logged.lock(session.connection(), [run])()
                waiting = pool.submit(writer.commit_directly, sent(run, 1))
                wait_until(lambda: self._waits(database), what="the statement waits for the row")

            assert waiting.result() == [Appended(1, [])]

    def test_of_two_processes_lose_nothing(self, database: Database) -> None:
        ids, writers, begin = [client_run(database) for _ in range(3)], [Writer(database), Writer(database)], threading.Barrier(2)

        def write(place: int) -> None:
            begin.wait()
            for step in range(place, 200, 2):
                appends = [sent(run, step, step / 7) for run in np.roll(ids, step).tolist()]
                assert writers[place].commit(*appends) == [Appended(1, [])] * 3

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(write, range(2)))

        assert [held(database, run) for run in ids] == [list(range(200))] * 3
        with database.read() as session:
            found = series.summaries(session, ids)
        assert [(found[run]["x"].count, found[run]["x"].last, found[run]["x"].max_step) for run in ids] == [(200, 199 / 7, 199)] * 3
        for each in writers:
            each.close()

    def test_in_the_usual_way_lose_nothing(self, database: Database) -> None:
        ids, begin = [client_run(database) for _ in range(2)], threading.Barrier(2)

        def write(place: int) -> list[Result]:
            with database.writer() as connection:
                memory = Memory()
                begin.wait()
                batches = [combiner.commit(connection, [sent(run, step) for run in ids], memory) for step in range(place, 60, 2)]
            return [result for batch in batches for result in batch]

        with ThreadPoolExecutor(2) as pool:
            results = [result for found in pool.map(write, range(2)) for result in found]

        assert [result for result in results if result != Appended(1, [])] == []
        assert [held(database, run) for run in ids] == [list(range(60))] * 2

    @staticmethod
    def _waits(database: Database) -> bool:
        with database.read() as session:
            return session.scalar(text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")) == 1
