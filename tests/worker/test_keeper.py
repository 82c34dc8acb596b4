"""What was deleted goes away by itself, and others write meanwhile."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import wait_until
from sqlalchemy import func, select

from store import projects, runs, series, trash
from store.artifacts import ArtifactFiles
from store.checkpoint_files import LocalFiles
from store.database import Database
from store.series import Points
from store.tables import Run
from worker.keeper import KeeperThread


def ended_run(database: Database, points: int) -> str:
    with database.begin() as session:
        run = runs.add_client(session, projects.find_or_add(session, "team", "digits"), {}, name="logged")
        series.append(session, run.id, Points(range(points), [0.0] * points, {"loss": [float(step) for step in range(points)]}))
        runs.finish_client(session, run, "finished", None)
        return run.id


def discard(database: Database, run_id: str) -> None:
    with database.begin() as session:
        trash.discard(session, [Run.id == run_id])


def count(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(Run)) or 0


class TestKeeper:
    @pytest.fixture
    def keepers(self, database: Database, tmp_path: Path) -> Iterator[list[KeeperThread]]:
        """Two, as in two API processes."""
        threads = [KeeperThread(database, ArtifactFiles(tmp_path), LocalFiles(tmp_path / "checkpoints"), 0.05) for _ in range(2)]
        for thread in threads:
            thread.start()
        yield threads
        for thread in threads:
            thread.stop()

    def test_purges_what_was_deleted(self, database: Database, keepers: list[KeeperThread]) -> None:
        for _ in range(3):
            discard(database, ended_run(database, 10))

        wait_until(lambda: count(database) == 0, 20.0, "the purge")

    def test_lets_others_write_while_it_purges(self, database: Database, keepers: list[KeeperThread], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(trash, "PURGE_S", 0.0)
        big, writes, done = ended_run(database, 300_000), 0, threading.Event()
        discard(database, big)

        while not done.is_set():
            ended_run(database, 1)
            writes += 1
            with database.read() as session:
                if session.get(Run, big) is None:
                    done.set()

        assert writes > 1

    def test_leaves_off_when_it_is_told_to_stop(self, database: Database, keepers: list[KeeperThread]) -> None:
        for keeper in keepers:
            keeper.stop()

        assert not any(keeper.goes_on() for keeper in keepers)
