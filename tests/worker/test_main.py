"""What a worker serves, and when it refuses to begin."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from store.settings import Settings
from worker import machine
from worker.main import lanes_for

GPUS = [{"kind": "cuda", "index": i, "uuid": f"GPU-{i}"} for i in range(2)]
CORES = machine.cores()


class TestLanes:
    @pytest.mark.parametrize(
        ("settings", "gpus", "lanes"),
        [
            pytest.param({}, [], [(("cpu",), CORES)], id="no GPU: a slot per core"),
            pytest.param({"slots": 5}, [], [(("cpu",), 5)], id="as many slots as told"),
            pytest.param({}, GPUS, [(("cuda",), 2), (("cpu",), CORES)], id="two GPUs: a slot each, and the cores"),
            pytest.param({"queues": "cuda"}, GPUS, [(("cuda",), 2)], id="GPUs alone"),
            pytest.param({"queues": "cuda", "slots": 4}, GPUS, [(("cuda",), 4)], id="two runs a GPU"),
            pytest.param({"queues": "cpu"}, GPUS, [(("cpu",), CORES)], id="cores alone"),
            pytest.param({"queues": "cuda"}, [], [], id="a GPU that is not there"),
            pytest.param({"queues": " cpu , night "}, [], [(("cpu", "night"), CORES)], id="a queue of one's own"),
        ],
    )
    def test_are(self, settings: dict[str, Any], gpus: list[dict[str, Any]], lanes: list[tuple[tuple[str, ...], int]]) -> None:
        assert [(lane.queues, lane.slots) for lane in lanes_for(Settings(**settings), gpus)] == lanes

    def test_of_gpus_show_each_slot_one_gpu(self) -> None:
        lane, _ = lanes_for(Settings(), GPUS)

        assert [lane.take(), lane.take(), lane.take()] == [{"CUDA_VISIBLE_DEVICES": "GPU-0"}, {"CUDA_VISIBLE_DEVICES": "GPU-1"}, None]

    def test_of_cores_show_no_gpu(self) -> None:
        _, lane = lanes_for(Settings(), GPUS)

        assert lane.take() == {"CUDA_VISIBLE_DEVICES": ""}


class TestRefusal:
    def begin(self, tmp_path: Path, **settings: str) -> subprocess.CompletedProcess[str]:
        variables = {f"RUNTWICE_{name.upper()}": value for name, value in {"data_dir": str(tmp_path), **settings}.items()}
        return subprocess.run([sys.executable, "-m", "worker"], env={**os.environ, **variables}, capture_output=True, text=True)

    def test_of_a_database_without_tables_says_what_to_do(self, tmp_path: Path) -> None:
        done = self.begin(tmp_path)

        assert done.returncode == 1
        assert "run `runtwice migrate` first" in done.stderr

    def test_of_a_gpu_queue_without_a_gpu(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", "/nowhere")

        done = self.begin(tmp_path, queues="cuda")

        assert done.returncode == 1
        assert "no NVIDIA GPU" in done.stderr
