"""Which checkpoints a run goes on from, and where their bytes lie."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attempts import claim, expire, lose

from store import checkpoints, lifecycle, trash
from store.checkpoint_files import CheckpointFiles, LocalFiles, ObjectFiles, checkpoint_files
from store.database import Database
from store.errors import LeaseLost
from store.lifecycle import Claim
from store.settings import Settings
from store.tables import Run


def requeue(database: Database, attempt: Claim) -> None:
    """The attempt's worker is gone, and another may have the run."""
    expire(database, attempt)
    lose(database)


def steps(database: Database, run: Run) -> list[tuple[int, int]]:
    with database.read() as session:
        return [(each.attempt, each.step) for each in checkpoints.of_run(session, run.id)]


class TestRows:
    def test_are_the_newest_two(self, database: Database, make_run: Any) -> None:
        run = make_run()
        mine = claim(database, run=run)

        outdated = []
        for step in (10, 20, 30):
            with database.begin() as session:
                outdated += checkpoints.add(session, mine, step, f"file {step}", 5)

        assert steps(database, run) == [(1, 30), (1, 20)]
        assert outdated == ["file 10"]

    def test_of_a_later_attempt_are_newer_whatever_their_steps(self, database: Database, make_run: Any) -> None:
        run = make_run()
        first = claim(database, run=run)
        with database.begin() as session:
            checkpoints.add(session, first, 30, "the first's", 5)
        requeue(database, first)

        second = claim(database, run=run)
        with database.begin() as session:
            checkpoints.add(session, second, 10, "the second's", 5)

        assert steps(database, run) == [(2, 10), (1, 30)]

    def test_are_not_written_by_an_attempt_that_lost_its_run(self, database: Database, make_run: Any) -> None:
        run = make_run()
        first = claim(database, run=run)
        requeue(database, first)

        with pytest.raises(LeaseLost), database.begin() as session:
            checkpoints.add(session, first, 10, "late", 5)

        assert steps(database, run) == []

    def test_are_gone_when_the_run_has_ended(self, database: Database, make_run: Any) -> None:
        run, other = make_run(), make_run()
        mine = claim(database, run=run)
        with database.begin() as session:
            checkpoints.add(session, mine, 10, "a", 5)
            assert checkpoints.over(session, [run.id, other.id, "unknown"]) == ["unknown"]

        with database.begin() as session:
            lifecycle.finish(session, mine, "finished", None, None)

        assert steps(database, run) == []
        with database.read() as session:
            assert checkpoints.over(session, [run.id, other.id]) == [run.id]

    def test_are_counted_among_what_a_deletion_takes(self) -> None:
        assert {"checkpoints", "links"} <= {part.name for part in trash.PARTS}


@pytest.fixture(params=["folder", "file store", "memory store"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> CheckpointFiles:
    if request.param == "folder":
        return LocalFiles(tmp_path / "kept")
    (tmp_path / "kept").mkdir()
    return ObjectFiles("memory://" if request.param == "memory store" else f"file://{tmp_path}/kept")


@pytest.fixture
def a_file(tmp_path: Path) -> Callable[[str], Path]:
    def make(name: str) -> Path:
        file = tmp_path / name
        file.write_bytes(name.encode() * 1000)
        return file

    return make


class TestFiles:
    def test_come_back_as_they_were_put_and_are_gone_from_where_they_were(self, files: CheckpointFiles, a_file: Any, tmp_path: Path) -> None:
        file = a_file("one")

        files.put("run", file)

        assert not file.exists()
        fetched = files.fetch("run", "one", tmp_path / "here")
        assert fetched.name == "one"
        assert fetched.read_bytes() == b"one" * 1000

    def test_of_a_run_are_removed_one_by_one_or_all_at_once(self, files: CheckpointFiles, a_file: Any, tmp_path: Path) -> None:
        for run, name in (("a", "1"), ("a", "2"), ("b", "3")):
            files.put(run, a_file(name))
        assert sorted(files.runs()) == ["a", "b"]

        files.remove("a", "1")
        files.remove("a", "never there")
        assert files.fetch("a", "2", tmp_path / "here").read_bytes() == b"2" * 1000

        files.remove_run("a")
        files.remove_run("never there")
        assert files.runs() == ["b"]

    def test_that_are_not_there_are_an_os_error(self, files: CheckpointFiles, a_file: Any, tmp_path: Path) -> None:
        files.put("run", a_file("one"))

        with pytest.raises(OSError):
            files.fetch("run", "two", tmp_path / "here").read_bytes()

    def test_lie_in_the_data_folder_or_where_the_settings_say(self, tmp_path: Path) -> None:
        assert isinstance(checkpoint_files(Settings(data_dir=tmp_path)), LocalFiles)
        assert isinstance(checkpoint_files(Settings(data_dir=tmp_path, artifacts_url="s3://bucket/prefix")), ObjectFiles)
