"""Data sets in a folder: kept once, checked once, mapped and not read; and configs that name them without a service."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from trainer import catalog, data, digests, library, shelf
from trainer.arrays import BadDataset
from trainer.config import RunConfig
from trainer.library import DatasetMissing, Library


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with rgb.npz, whose data sets this process knows."""
    drawn = np.random.default_rng(0)
    np.savez(tmp_path / "rgb.npz", x=drawn.integers(0, 256, (50, 4, 3, 2), dtype=np.uint8), y=np.arange(50, dtype=np.uint8) % 5)
    with catalog.knowing(shelf.put_up(tmp_path)):
        yield tmp_path


def config() -> RunConfig:
    return RunConfig.model_validate({"dataset": {"name": "rgb"}, "batch_size": 8, "total_iterations": 5, "device": "cpu"})


class TestLibrary:
    def test_gives_the_arrays_mapped_under_the_digest_that_runs_record(self, folder: Path) -> None:
        held = np.load(folder / "rgb.npz")

        images = data.images_of(config().dataset)

        assert isinstance(images.x, np.memmap)
        assert np.array_equal(images.x, held["x"])
        assert (images.y.dtype, images.y.tolist()) == (np.int64, held["y"].tolist())
        assert digests.of_data(config().dataset) == digests.of_arrays([("x", images.x), ("y", images.y)]) == library.digest_of(images)

    def test_takes_nothing_whose_digest_is_another(self, folder: Path, tmp_path: Path) -> None:
        content, other = config().dataset.content, Library(tmp_path / "other")
        assert content is not None

        def fill(draft: Path) -> None:
            np.save(draft / "x.npy", np.zeros((50, 4, 3, 2), np.uint8))
            np.save(draft / "y.npy", np.zeros(50, np.int64))

        with pytest.raises(DatasetMissing, match="has the digest"):
            other.take(content, fill)

        assert list(other.folder.iterdir()) == []

    def test_makes_room_by_removing_what_nobody_wanted_for_an_hour(self, tmp_path: Path) -> None:
        library = Library(tmp_path)
        for name, age_s in (("a" * 64, 10), ("b" * 64, 5000), ("c" * 64, 9000), (".draft-x", 9000)):
            (tmp_path / name).mkdir()
            (tmp_path / name / "x.npy").write_bytes(bytes(1000))
            os.utime(tmp_path / name, (time.time() - age_s,) * 2)

        library.make_room(2000)

        assert sorted(place.name[0] for place in tmp_path.iterdir()) == ["a", "b"]
        library.make_room(0)
        assert [place.name[0] for place in tmp_path.iterdir()] == ["a"]


class TestImages:
    def test_of_several_channels_are_rows_by_channel_row_and_column(self, folder: Path) -> None:
        loaded = data.load(config(), torch.device("cpu"))

        first = np.load(folder / "rgb.npz")["x"][loaded.indices["train"][0]]
        wanted = [float(np.float32(first[row, column, channel]) / np.float32(255)) for channel in range(2) for row in range(4) for column in range(3)]
        assert loaded.train.x_ND[0].tolist() == wanted


class TestFolderOfFiles:
    def test_trains_without_a_service(self, folder: Path) -> None:
        (folder / "config.json").write_text(json.dumps({"dataset": {"name": "rgb"}, "batch_size": 8, "total_iterations": 5, "device": "cpu"}))

        command = [sys.executable, "-m", "trainer", str(folder / "config.json"), "--out", str(folder / "out"), "--datasets", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True)

        started, ended = (json.loads(line) for line in (done.stdout.splitlines()[0], done.stdout.splitlines()[-1]))
        assert (done.returncode, ended["state"]) == (0, "finished"), done.stderr
        assert started["digests"]["data"] == digests.of_data(config().dataset)

    def test_refuses_a_name_that_is_taken(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "digits.npz", x=np.zeros((2, 1, 1), np.uint8), y=np.zeros(2, int))

        with pytest.raises(BadDataset, match="cannot be the name of a data set"):
            shelf.put_up(tmp_path)
