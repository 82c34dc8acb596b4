"""Points on their way from blocks into segments: whatever comes in whatever order, what is held is what a dictionary would hold."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from store import heads, pending, projects, runs, segments, series
from store.database import Database
from store.series import Points
from store.tables import Block, Clock, Run, Segment

METRICS = ("loss", "accuracy", "lr")
VALUES = st.sampled_from([0.0, 1.0, -1.5, math.nan, math.inf, None])
ROWS = st.tuples(st.integers(0, 80), st.tuples(VALUES, VALUES, VALUES))
WRITES = st.lists(st.one_of(st.lists(ROWS, max_size=12), st.integers(1, 15)), max_size=25)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks are joined and sealed after a few rows, so that few points go the whole way."""
    monkeypatch.setattr(pending, "FEW", 3)
    monkeypatch.setattr(pending, "MOST_ROWS", 16)
    monkeypatch.setattr(segments, "SEGMENT", 8)


class Model:
    """What is held, and which write brought it, by metric and step."""

    def __init__(self) -> None:
        self.held: dict[str, dict[int, float]] = {metric: {} for metric in METRICS}

    def rows(self, write: Any) -> list[tuple[int, tuple[float | None, ...]]]:
        """A list of rows as it is, or as many as a number says after the last step of all."""
        if isinstance(write, list):
            return write
        last = max((step for held in self.held.values() for step in held), default=-1)
        return [(last + 1 + more, (more / 3, None if more % 4 else 2.0, math.nan)) for more in range(write)]

    def take(self, rows: list[tuple[int, tuple[float | None, ...]]]) -> int:
        """How many values are refused."""
        refused = 0
        for step, values in rows:
            for metric, value in zip(METRICS, values, strict=True):
                if value is not None:
                    kept = self.held[metric].setdefault(step, value)
                    refused += not (kept == value or (math.isnan(kept) and math.isnan(value)))
        return refused


def sent(rows: list[tuple[int, tuple[float | None, ...]]]) -> Points:
    steps = [step for step, _ in rows]
    return Points(steps, [1000.0 + step for step in steps], {metric: [values[i] for _, values in rows] for i, metric in enumerate(METRICS)})


def new_run(database: Database) -> Run:
    with database.begin() as session:
        return runs.add_client(session, projects.find_or_add(session, "team", "digits"), {}, name="any")


def append(database: Database, run: Run, points: Points) -> series.Appended:
    with database.begin() as session:
        return series.append(session, run.id, points)


class TestWhateverComes:
    @settings(max_examples=examples(20, 400), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(writes=WRITES)
    def test_is_held_as_a_dictionary_would(self, database: Database, writes: list[Any]) -> None:
        run, model = new_run(database), Model()
        for write in writes:
            rows = model.rows(write)
            assert append(database, run, sent(rows)).refused_count == model.take(rows)

        with database.read() as session:
            for metric, held in model.held.items():
                column = series.read(session, run.id, metric)
                assert column.steps.tolist() == sorted(held)
                np.testing.assert_array_equal(column.values, [held[step] for step in sorted(held)])
                assert column.times.tolist() == [1000.0 + step for step in sorted(held)]
                some = series.read(session, run.id, metric, from_step=10, to_step=40)
                assert some.steps.tolist() == [step for step in sorted(held) if 10 <= step <= 40]
            assert series.count_metrics(session, run.id) == sum(1 for held in model.held.values() if held)
            self.must_be_tidy(session, run)

    def must_be_tidy(self, session: Any, run: Run) -> None:
        """Segments do not overlap, the open ones are the last, no clock is left over, the head knows the blocks that lie there."""
        used = set(session.scalars(select(Segment.clock).where(Segment.run_id == run.id)))
        assert used == set(session.scalars(select(Clock.id).where(Clock.run_id == run.id)))
        for metric in METRICS:
            found = session.scalars(select(Segment).where(Segment.run_id == run.id, Segment.metric == metric).order_by(Segment.first_step)).all()
            assert all(a.last_step < b.first_step for a, b in itertools.pairwise(found))
            assert [one.open for one in found] == sorted(one.open for one in found)
        head = heads.read(session.connection(), [run.id])[run.id]
        assert [block.number for block in head.blocks] == session.scalars(select(Block.number).where(Block.run_id == run.id)).all()
        assert head.metrics == series.count_metrics(session, run.id)


class TestSealing:
    def test_rewrites_a_point_a_few_times_however_slowly_points_come(self, database: Database) -> None:
        run = new_run(database)
        for step in range(200):
            append(database, run, Points([step], [1000.0], {"loss": [step / 7], "lr": [0.1]}))

        with database.read() as session:
            lengths = session.scalars(
                select(Segment.count).where(Segment.run_id == run.id, Segment.metric == "loss").order_by(Segment.first_step)
            ).all()
            blocks = session.scalar(select(func.count()).select_from(Block).where(Block.run_id == run.id))
        assert blocks is not None
        assert blocks <= 3 * pending.FEW
        assert lengths[:-2] == [segments.SEGMENT] * (len(lengths) - 2)

    def test_keeps_times_once_for_metrics_that_are_logged_together(self, database: Database) -> None:
        run = new_run(database)
        for start in range(0, 160, 5):
            steps = list(range(start, start + 5))
            append(database, run, Points(steps, [1000.0 + step for step in steps], {f"m{i}": [i / 3] * 5 for i in range(10)}))

        with database.read() as session:
            rows = session.scalar(select(func.count()).select_from(Segment).where(Segment.run_id == run.id))
            clocks = session.scalar(select(func.count()).select_from(Clock).where(Clock.run_id == run.id))
        assert rows == 10 * (clocks or 0)

    def test_leaves_nothing_waiting_when_the_tables_go_down_to_an_older_version(self, database: Database) -> None:
        run = new_run(database)
        append(database, run, Points([0, 1], [1000.0, 1001.0], {"loss": [0.5, 0.25]}))

        with database.begin() as session:
            pending.seal_all(session.connection())

        with database.read() as session:
            assert session.scalars(select(Block.number)).all() == []
            assert series.read(session, run.id, "loss").values.tolist() == [0.5, 0.25]
            assert heads.read(session.connection(), [run.id])[run.id].blocks == []
