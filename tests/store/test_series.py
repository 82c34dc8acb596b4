"""Points in, points out, on both databases."""

import math
from typing import Any

import numpy as np
import pytest
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from store import curves, pending, projects, runs, segments, series
from store.curves import Curve, Window
from store.database import Database
from store.series import Points
from store.tables import Block, Run, Segment

FIXTURES_STAY = settings(max_examples=examples(25, 400), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def points(steps: list[int], values: list[float | None], metric: str = "loss") -> Points:
    return Points(steps, [1000.0 + step for step in steps], {metric: values})


def send(database: Database, run: Run, sent: Points) -> series.Appended:
    with database.begin() as session:
        return series.append(session, run.id, sent)


def held(database: Database, run: Run, metric: str = "loss", **bounds: int) -> tuple[list[int], list[float]]:
    with database.read() as session:
        column = series.read(session, run.id, metric, **bounds)
    return column.steps.tolist(), column.values.tolist()


def curve(session: Session, run: Run, metric: str, window: Window) -> Curve:
    (found,) = curves.read(session, curves.outlines(session, [run.id], [metric]), window)
    return found


def summary(database: Database, run: Run, metric: str = "loss") -> Any:
    with database.read() as session:
        return series.summaries(session, [run.id])[run.id][metric]


class TestAppend:
    def test_keeps_points_in_order_of_step(self, database: Database, client_run: Run) -> None:
        result = send(database, client_run, points([3, 1, 2], [0.3, 0.1, 0.2]))

        assert (result.accepted, result.refused) == (3, [])
        assert held(database, client_run) == ([1, 2, 3], [0.1, 0.2, 0.3])

    def test_doubles_nothing_when_sent_again(self, database: Database, client_run: Run) -> None:
        sent = points([0, 1, 2], [0.5, math.nan, -0.0])
        first = send(database, client_run, sent)

        again = send(database, client_run, sent)

        assert (first.accepted, again.accepted, again.refused) == (3, 3, [])
        assert held(database, client_run)[0] == [0, 1, 2]
        assert summary(database, client_run).count == 3

    def test_never_overwrites_and_says_what_it_holds(self, database: Database, client_run: Run) -> None:
        send(database, client_run, points([0, 1], [0.5, 0.0]))

        result = send(database, client_run, points([0, 1, 2], [0.75, -0.0, 0.25]))

        assert result.accepted == 1
        assert [(r.metric, r.step, r.held, r.got) for r in result.refused] == [("loss", 0, 0.5, 0.75), ("loss", 1, 0.0, -0.0)]
        assert held(database, client_run) == ([0, 1, 2], [0.5, 0.0, 0.25])

    def test_lets_the_first_of_two_win_within_one_request(self, database: Database, client_run: Run) -> None:
        result = send(database, client_run, points([4, 4, 4], [1.0, 2.0, 1.0]))

        assert result.accepted == 2
        assert [(r.step, r.held, r.got) for r in result.refused] == [(4, 1.0, 2.0)]
        assert held(database, client_run) == ([4], [1.0])

    def test_holds_a_repeated_step_against_what_was_there_before(self, database: Database, client_run: Run) -> None:
        send(database, client_run, points([0], [0.5]))

        result = send(database, client_run, points([0, 0], [0.75, 0.5]))

        assert result.accepted == 1
        assert [(r.step, r.held, r.got) for r in result.refused] == [(0, 0.5, 0.75)]

    def test_takes_none_for_no_value(self, database: Database, client_run: Run) -> None:
        result = send(database, client_run, points([0, 1, 2], [None, 0.5, None]))

        assert result.accepted == 1
        assert held(database, client_run) == ([1], [0.5])

    def test_seals_many_small_appends_into_few_segments(self, database: Database, client_run: Run) -> None:
        total = 2 * segments.SEGMENT + 1000
        for start in range(0, total, 7):
            steps = list(range(start, min(start + 7, total)))
            send(database, client_run, points(steps, [step / 8 for step in steps]))

        with database.read() as session:
            counts = session.scalars(select(Segment.count).where(Segment.run_id == client_run.id).order_by(Segment.first_step)).all()
            waiting = session.scalars(select(Block.number).where(Block.run_id == client_run.id)).all()
        assert counts == [segments.SEGMENT, segments.SEGMENT, 12]
        assert len(waiting) <= 2 * pending.FEW
        assert held(database, client_run) == (list(range(total)), [step / 8 for step in range(total)])

    def test_splits_a_large_append_into_segments(self, database: Database, client_run: Run) -> None:
        steps = list(range(10_000))

        send(database, client_run, points(steps, [float(step) for step in steps]))

        assert held(database, client_run) == (steps, [float(step) for step in steps])
        assert held(database, client_run, from_step=4095, to_step=4097)[0] == [4095, 4096, 4097]

    @FIXTURES_STAY
    @given(
        batches=st.lists(
            st.lists(st.tuples(st.integers(0, 60), st.sampled_from([0.0, 1.0, -1.0, math.nan, math.inf, None])), max_size=30), max_size=8
        )
    )
    def test_agrees_with_a_dictionary_whatever_comes(self, database: Database, batches: list[list[tuple[int, float | None]]]) -> None:
        with database.begin() as session:
            run = runs.add_client(session, projects.find_or_add(session, "team", "digits"), {}, name="any")
        model: dict[int, float] = {}
        for batch in batches:
            result = send(database, run, points([step for step, _ in batch], [value for _, value in batch]))
            refused, real = 0, [(step, value) for step, value in batch if value is not None]
            for step, value in real:
                kept = model.setdefault(step, value)
                refused += not (kept == value or (math.isnan(kept) and math.isnan(value)))
            assert (len(result.refused), result.accepted) == (refused, len(real) - refused)

        steps, values = held(database, run)

        assert steps == sorted(model)
        np.testing.assert_array_equal(values, [model[step] for step in steps])
        if model:
            found, finite = summary(database, run), [(model[s], s) for s in steps if math.isfinite(model[s])]
            assert (found.count, found.non_finite) == (len(model), len(model) - len(finite))
            assert (found.first_step, found.last_step) == (steps[0], steps[-1])
            np.testing.assert_equal(found.last, model[steps[-1]])
            assert (found.min, found.min_step) == (min(finite) if finite else (None, None))

    def test_shares_what_metrics_have_in_common_and_no_more(self, database: Database, client_run: Run) -> None:
        for start in range(0, 600, 3):
            steps = [start, start + 1, start + 2]
            metrics = {"all": [0.5, 1.0, 1.5], "first": [float(start), None, None], "late": [None, None, 2.0] if start > 300 else [None] * 3}
            send(database, client_run, Points(steps, [1000.0 + step for step in steps], metrics))

        assert held(database, client_run, "all") == (list(range(600)), [0.5, 1.0, 1.5] * 200)
        assert held(database, client_run, "first") == (list(range(0, 600, 3)), [float(step) for step in range(0, 600, 3)])
        assert held(database, client_run, "late")[0] == list(range(305, 600, 3))
        with database.read() as session:
            assert series.read(session, client_run.id, "first").times.tolist() == [1000.0 + step for step in range(0, 600, 3)]


class TestTruncate:
    @pytest.mark.parametrize("cut", [0, 1, 100, 4096, 5000, 9999, 10_000])
    def test_leaves_what_came_before(self, database: Database, client_run: Run, cut: int) -> None:
        steps = list(range(10_000))
        send(database, client_run, points(steps, [math.sin(step) for step in steps]))

        with database.begin() as session:
            series.truncate(session, client_run.id, cut)

        assert held(database, client_run) == (steps[:cut], [math.sin(step) for step in steps[:cut]])
        if cut:
            assert (summary(database, client_run).count, summary(database, client_run).last_step) == (cut, cut - 1)


class TestCurve:
    def test_keeps_every_spike(self, database: Database, client_run: Run) -> None:
        values = [float(step % 7) for step in range(30_000)]
        values[12_345], values[20_001] = 1e9, -1e9
        send(database, client_run, points(list(range(30_000)), values))

        with database.read() as session:
            found = curve(session, client_run, "loss", Window(points=100))

        assert found.count == 30_000
        assert found.buckets is not None
        assert (found.buckets.max.max(), found.buckets.min.min()) == (1e9, -1e9)

    def test_is_exact_when_short(self, database: Database, client_run: Run) -> None:
        send(database, client_run, points([0, 5, 9], [1.0, 2.0, 3.0]))

        with database.read() as session:
            found = curve(session, client_run, "loss", Window(points=2, low=1, high=9))

        assert found.exact is not None
        assert (found.exact.steps.tolist(), found.count) == ([5, 9], 2)

    def test_of_an_unknown_metric_is_empty(self, database: Database, client_run: Run) -> None:
        with database.read() as session:
            assert curve(session, client_run, "nothing", Window()).count == 0

    def test_over_time_counts_seconds_from_the_start(self, database: Database, client_run: Run) -> None:
        began = client_run.started_at or 0.0
        send(database, client_run, Points([0, 1, 2], [began + 1, began + 2, began + 9], {"loss": [1.0, 2.0, 3.0]}))

        with database.read() as session:
            found = curve(session, client_run, "loss", Window(low=1.5, high=8.5, by_time=True))

        assert found.exact is not None
        assert found.exact.steps.tolist() == [1]
        assert found.exact.times.tolist() == pytest.approx([2.0], abs=0.002)
