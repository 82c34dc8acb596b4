"""The worker's own folder, and what it tells of an earlier process."""

import os
import subprocess
import sys
from pathlib import Path

from worker.scratch import scratch


def die_in(parent: Path, node: str) -> None:
    """A process that takes a folder and is gone without clearing up."""
    take = f"from worker.scratch import scratch; taken = scratch(Path({str(parent)!r}), {node!r}); taken.__enter__()"
    code = f"import os; from pathlib import Path; {take}; os._exit(9)"
    subprocess.run([sys.executable, "-c", code], check=False)


class TestScratch:
    def test_is_removed_at_the_end(self, tmp_path: Path) -> None:
        with scratch(tmp_path, "a") as mine:
            (mine.folder / "weights").write_bytes(b"half")
            assert (mine.folder.stat().st_mode & 0o777, mine.follows_a_death) == (0o700, False)

        assert list(tmp_path.iterdir()) == []

    def test_tells_that_an_earlier_process_of_the_node_died_and_clears_up_after_it(self, tmp_path: Path) -> None:
        die_in(tmp_path, "a")

        with scratch(tmp_path, "a") as mine:
            assert mine.follows_a_death
            assert list(tmp_path.iterdir()) == [mine.folder]

    def test_leaves_other_nodes_alone(self, tmp_path: Path) -> None:
        die_in(tmp_path, "b")

        with scratch(tmp_path, "a") as mine:
            assert not mine.follows_a_death
            assert len(list(tmp_path.iterdir())) == 2

    def test_knows_its_own_number_from_a_restarted_container(self, tmp_path: Path) -> None:
        with scratch(tmp_path, "a") as mine:
            left = mine.folder
        left.mkdir()

        with scratch(tmp_path, "a") as mine:
            assert (mine.folder, mine.follows_a_death) == (left, True)
            assert str(os.getpid()) in mine.folder.name
