"""A run whose training process was killed goes on from its newest checkpoint, with the same bits."""

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from servers import wait_until

from store import artifacts, chain, checkpoints, lifecycle, logs, series
from store.checkpoint_files import CheckpointFiles, LocalFiles, ObjectFiles
from store.database import Database
from store.tables import Run
from worker.child import TRAIN
from worker.keeper import remove_checkpoints
from worker.nursery import Nursery
from worker.supervise import supervise

LONG: dict[str, Any] = {
    "total_iterations": 1500,
    "batch_size": 64,
    "model": {"norm": {"kind": "batch"}, "dropout": {"p": 0.2}},
    "optimizer": {"kind": "adam"},
    "checkpoint_every_s": 0.05,
}


def record(database: Database, run: Run) -> dict[str, Any]:
    """All that a run left, values by their bits."""
    with database.read() as session:
        names = [name for name in series.metric_names(session, run.id) if not name.startswith("system/")]
        columns = {name: series.read(session, run.id, name) for name in names}
        points = {name: (column.steps.tolist(), [value.hex() for value in column.values.tolist()]) for name, column in columns.items()}
        files = {each.name: each.sha256 for each in artifacts.of_run(session, run.id)}
        return {"points": points, "chain": chain.read(session, run.id), "files": files, "digests": session.get_one(Run, run.id).digests}


def kept(database: Database, run: Run) -> list[int]:
    with database.read() as session:
        return [each.step for each in checkpoints.of_run(session, run.id)]


class TestKilledTraining:
    @pytest.mark.parametrize(
        ("where", "database_url"),
        [
            ("folder", "postgres"),
            ("object store", "sqlite"),
            pytest.param("folder", "sqlite", marks=pytest.mark.proof),
            pytest.param("object store", "postgres", marks=pytest.mark.proof),
        ],
        indirect=["database_url"],
    )
    def test_goes_on_from_its_checkpoint_with_the_same_bits(
        self, database: Database, make_shop: Any, make_run: Any, claim: Any, now_is: Any, torch_nursery: Nursery, tmp_path: Path, where: str
    ) -> None:
        (tmp_path / "objects").mkdir()
        files: CheckpointFiles = LocalFiles(tmp_path / "kept") if where == "folder" else ObjectFiles(f"file://{tmp_path}/objects")
        shop = make_shop(TRAIN, nursery=torch_nursery, checkpoint_files=files)
        whole, run = make_run(**LONG), make_run(**LONG)
        supervise(shop, claim(whole), {})

        kill_when(database, shop, claim(run), torch_nursery, lambda: len(kept(database, run)) > 1)
        assert now_is(run).state == "queued"
        newest = kept(database, run)[0]
        supervise(shop, claim(run), {})

        assert record(database, run) == record(database, whole)
        with database.read() as session:
            first, second = lifecycle.attempts(session, run.id)
            lines = [line for _, line in logs.read(session, run.id, limit=1000)]
        assert (first.outcome, first.resumed_from, second.outcome, second.resumed_from) == ("lost", None, "finished", newest)
        assert f"resumed at step {newest} from a checkpoint" in lines
        assert kept(database, run) == []
        assert files.runs() == []
        assert list(shop.scratch.iterdir()) == []

    @pytest.mark.parametrize("database_url", [pytest.param("sqlite"), pytest.param("postgres", marks=pytest.mark.proof)], indirect=True)
    def test_begins_again_when_no_checkpoint_is_good(
        self, database: Database, make_shop: Any, make_run: Any, claim: Any, torch_nursery: Nursery, tmp_path: Path
    ) -> None:
        shop = make_shop(TRAIN, nursery=torch_nursery)
        whole, run = make_run(**LONG), make_run(**LONG)
        supervise(shop, claim(whole), {})
        kill_when(database, shop, claim(run), torch_nursery, lambda: len(kept(database, run)) > 1)
        newest, older = sorted((tmp_path / "checkpoints" / run.id).iterdir(), reverse=True)
        newest.write_bytes(newest.read_bytes()[:1000])
        older.unlink()

        supervise(shop, claim(run), {})

        assert record(database, run) == record(database, whole)
        with database.read() as session:
            assert lifecycle.attempts(session, run.id)[1].resumed_from is None
            assert "no checkpoint is good: the run begins again" in [line for _, line in logs.read(session, run.id, limit=1000)]


class TestLeftCheckpoints:
    def test_of_runs_that_ended_are_cleared_away_by_the_keeper(self, database: Database, make_run: Any, claim: Any, tmp_path: Path) -> None:
        files = LocalFiles(tmp_path / "kept")
        ended, going = make_run(), make_run()
        mine = claim(ended)
        claim(going)
        for run in (ended, going):
            (tmp_path / run.id).write_bytes(b"weights")
            files.put(run.id, tmp_path / run.id)
        with database.begin() as session:
            lifecycle.finish(session, mine, "failed", "out of memory", None)

        assert remove_checkpoints(database, files) == 1
        assert files.runs() == [going.id]


def kill_when(database: Database, shop: Any, claim: Any, nursery: Nursery, is_time: Callable[[], bool]) -> None:
    """See an attempt through whose process is killed when it is time."""
    thread = threading.Thread(target=supervise, args=(shop, claim, {}))
    thread.start()
    wait_until(is_time, 60.0, "the time to kill")
    for pid in children_of(nursery.server_pid or 0):
        os.kill(pid, signal.SIGKILL)
    thread.join()


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
