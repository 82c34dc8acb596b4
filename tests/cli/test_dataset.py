"""Data sets on the command line: from files as people have them to a run that learned from them."""

import gzip
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trainer import digests


@pytest.fixture
def images() -> tuple[np.ndarray, np.ndarray]:
    drawn = np.random.default_rng(2)
    return drawn.integers(0, 256, (80, 6, 5), dtype=np.uint8), np.arange(80) % 4


def write_idx(file: Path, array: np.ndarray) -> Path:
    content = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()
    file.write_bytes(gzip.compress(content) if file.suffix == ".gz" else content)
    return file


class TestAdd:
    def test_uploads_a_file_that_a_run_then_learns_from(self, runtwice: Callable[..., Any], tmp_path: Path, images: Any) -> None:
        x, y = images
        np.savez(tmp_path / "mine.npz", x=x, y=y)

        added = runtwice("dataset", "add", "mine", str(tmp_path / "mine.npz"))
        config = tmp_path / "config.json"
        config.write_text('{"dataset": {"name": "mine"}, "batch_size": 16, "total_iterations": 10}')
        run = runtwice("submit", str(config), "--wait", "--json")
        listed = runtwice("datasets")

        assert added.code == 0, added.err
        assert "80 of 6x5" in added.out
        assert "4, 20 images each" in added.out
        assert (run.code, run.json["state"]) == (0, "finished"), run.out
        assert run.json["digests"]["data"] == digests.of_arrays([("x", x), ("y", y)])
        assert "mine" in listed.out
        assert "digits" in listed.out

        other = runtwice("submit", "--from", run.json["id"], "--set", "dataset.name=digits", "--dry-run", "--json")
        assert other.code == 0, other.err
        assert other.json["factors"] == ["dataset"]

    def test_tells_what_is_wrong_with_a_file(self, runtwice: Callable[..., Any], tmp_path: Path, images: Any) -> None:
        np.savez(tmp_path / "floats.npz", x=images[0] / 255, y=images[1])

        floats = runtwice("dataset", "add", "floats", str(tmp_path / "floats.npz"))
        missing = runtwice("dataset", "add", "missing", str(tmp_path / "missing.npz"))

        assert (floats.code, missing.code) == (3, 3)
        assert "x is float64 [80, 6, 5]; takes uint8 [images, height, width]" in floats.err
        assert "missing.npz cannot be read: No such file or directory." in missing.err


class TestImportIdx:
    def test_joins_train_and_test_in_this_order_and_says_so(self, runtwice: Callable[..., Any], tmp_path: Path, images: Any) -> None:
        x, y = images
        parts = {"a-images.gz": x[:60], "a-labels.gz": y[:60], "b-images": x[60:], "b-labels": y[60:]}
        train_x, train_y, test_x, test_y = (str(write_idx(tmp_path / name, part)) for name, part in parts.items())

        told = runtwice("dataset", "import-idx", "joined", train_x, train_y, "--test", test_x, test_y)
        shown = runtwice("dataset", "show", "joined", "--json")

        assert told.code == 0, told.err
        assert "in this order: 60 + 20" in told.out
        assert shown.json["parts"] == [60, 20]
        assert shown.json["digest"] == digests.of_arrays([("x", x), ("y", y)])

    def test_of_files_in_the_wrong_places_finds_out_which_is_which(self, runtwice: Callable[..., Any], tmp_path: Path, images: Any) -> None:
        x, y = (str(write_idx(tmp_path / name, part)) for name, part in zip("xy", images, strict=True))

        assert runtwice("dataset", "import-idx", "swapped", y, x).code == 0
        assert runtwice("dataset", "import-idx", "twice", x, x).code == 3
        assert runtwice("dataset", "delete", "swapped", "--json").json == {"deleted": "swapped"}
