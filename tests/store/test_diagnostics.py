"""Snapshots of layers kept and read, bounded, fenced; findings on the row of a run that ends. On both databases."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from attempts import claim, expire, lose

from store import diagnostics, lifecycle, projects, runs, series, trash
from store.database import Database
from store.errors import LeaseLost
from store.series import Points
from store.tables import Run
from trainer.events import Snapshot


def snapshot(step: int, **layers: Any) -> Snapshot:
    return Snapshot(step, layers or {"activation": [{"layer": "0", "module": "Linear", "mean": step / 3}]})


def keep(database: Database, taken: Any, *snapshots: Snapshot) -> int | None:
    with database.begin() as session:
        return diagnostics.keep(session, taken, snapshots)


def read(database: Database, run: Run, **which: Any) -> list[tuple[int, str, Any]]:
    with database.read() as session:
        return [(taken.step, taken.kind, taken.layers) for taken in diagnostics.read(session, diagnostics.within(run.id, **which))]


class TestSnapshots:
    def test_come_back_by_kind_and_step_to_the_last_bit(self, database: Database, make_run: Callable[..., Run]) -> None:
        run = make_run()
        taken = claim(database, run=run)
        rows = [{"layer": "0", "module": "Linear", "mean": 0.1 + 0.2, "dead": None, "histogram": {"low": -1.0, "high": 5e-324, "counts": [1, 2]}}]

        keep(database, taken, snapshot(50, gradient=rows, activation=rows), snapshot(0))

        assert [(step, kind) for step, kind, _ in read(database, run)] == [(0, "activation"), (50, "activation"), (50, "gradient")]
        assert read(database, run, kind="gradient") == [(50, "gradient", rows)]
        assert [step for step, _, _ in read(database, run, kind="activation", first=1, last=50)] == [50]
        assert [[each.step for each in piece] for piece in diagnostics.pieces(database, run.id)] == [[0, 50, 50]]

    def test_of_a_later_attempt_take_the_place_of_an_earlier_ones(self, database: Database, make_run: Callable[..., Run]) -> None:
        run = make_run()
        first = claim(database, run=run)
        keep(database, first, snapshot(0), snapshot(50))
        expire(database, first)
        lose(database)

        keep(database, claim(database, "b", run), snapshot(50, activation=[{"layer": "0", "mean": -1.0}]))

        assert [layers[0]["mean"] for _, _, layers in read(database, run)] == [0.0, -1.0]

    def test_of_an_attempt_that_lost_the_run_are_refused(self, database: Database, make_run: Callable[..., Run]) -> None:
        run = make_run()
        first = claim(database, run=run)
        expire(database, first)
        lose(database)

        with pytest.raises(LeaseLost):
            keep(database, first, snapshot(0))

    def test_end_where_a_run_has_no_more_room(self, database: Database, make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(diagnostics, "MOST_BYTES", 25_000)
        run = make_run()
        noise = [snapshot(step, activation=[{"layer": os.urandom(5_000).hex()}]) for step in range(6)]

        full_at = keep(database, claim(database, run=run), *noise)

        assert full_at is not None
        assert [step for step, _, _ in read(database, run)] == list(range(full_at)) != []

    def test_go_with_their_run(self, database: Database, make_run: Callable[..., Run]) -> None:
        run = make_run()
        taken = claim(database, run=run)
        keep(database, taken, snapshot(0))
        with database.begin() as session:
            lifecycle.finish(session, taken, "finished")

        with database.begin() as session:
            deleted, _ = trash.discard(session, [Run.id == run.id])
        with database.begin() as session:
            trash.purge(session)

        assert deleted.rows["snapshots"] == 1
        assert read(database, run) == []


class TestFindings:
    def test_are_none_until_the_run_has_ended(self, database: Database, make_run: Callable[..., Run]) -> None:
        assert make_run().findings is None

    def test_are_named_on_a_run_that_ends(self, database: Database, make_run: Callable[..., Run]) -> None:
        taken = claim(database, run=make_run())
        layers = [{"layer": "0", "norm": 1e-9}, {"layer": "2", "norm": 1.0}]
        with database.begin() as session:
            series.append_attempt(session, taken, Points([0, 1], [0.0, 0.0], {"train/loss": [2.3, float("nan")], "grad/norm": [1.0, 500.0]}))
            diagnostics.keep(session, taken, [snapshot(0, gradient=layers)])

            lifecycle.finish(session, taken, "failed", "train/loss became NaN")

        with database.read() as session:
            found = {each["kind"]: each for each in runs.get(session, taken.run_id).findings or []}
        assert set(found) == {"diverged", "exploding_gradients", "vanishing_gradients"}
        assert (found["diverged"]["step"], found["diverged"]["figures"]) == (1, {"train/loss": "NaN"})
        assert (found["vanishing_gradients"]["layer"], found["vanishing_gradients"]["step"]) == ("0", 0)

    def test_of_a_healthy_run_are_an_empty_list(self, database: Database, make_run: Callable[..., Run]) -> None:
        taken = claim(database, run=make_run())
        with database.begin() as session:
            lifecycle.finish(session, taken, "finished")

        with database.read() as session:
            assert runs.get(session, taken.run_id).findings == []

    def test_are_named_on_a_clients_run_too(self, database: Database) -> None:
        with database.begin() as session:
            run = runs.add_client(session, projects.find_or_add(session, "team", "logged"), {}, name="logged")
            steps = list(range(100))
            val = [2.0 - step / 50 for step in range(50)] + [1.0 + step / 50 for step in range(50)]
            series.append(session, run.id, Points(steps, [0.0] * 100, {"train/loss": [2.0 * 0.95**step for step in steps], "val/loss": val}))

            run = runs.finish_client(session, run, "finished", None)

        (finding,) = run.findings or []
        assert (finding["kind"], finding["step"]) == ("overfitting", 50)
