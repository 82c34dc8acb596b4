"""`runtwice demo`, with a small data set and few iterations; the whole of it under `make proof`."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli import lecture

Run = Callable[..., Any]


@pytest.fixture
def short_lecture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(lecture.BASELINE, "dataset", {"name": "digits"})
    monkeypatch.setitem(lecture.BASELINE, "total_iterations", 40)


@pytest.mark.usefixtures("short_lecture")
class TestDemo:
    def test_runs_the_lecture_reproduces_its_baseline_and_does_so_again_in_the_same_folder(self, command: Run, tmp_path: Path) -> None:
        told = command("demo", "--data-dir", str(tmp_path / "demo"))

        assert told.code == 0, told.err
        for line in ("scheduler: constant → exponential (gamma 0.995)", "optimizer: sgd → adam (lr 0.001)", "norm: none → layer", "Identical: "):
            assert line in told.out
        assert f"up --data-dir {tmp_path / 'demo'}" in told.out
        assert "batchnorm: finished" in told.err

        again = command("demo", "--data-dir", str(tmp_path / "demo"), "--json")

        assert again.code == 0, again.err
        assert [row["name"] for row in again.json["runs"]] == list(lecture.configs())
        assert {row["state"] for row in again.json["runs"]} == {"finished"}
        assert again.json["verdict"]["outcome"] == "identical"

    def test_a_run_that_fails_is_a_failed_demo(self, command: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(lecture.CHANGES, "adam", {"optimizer": {"kind": "adam", "lr": 1e30}})
        monkeypatch.setitem(lecture.BASELINE, "model", {**lecture.BASELINE["model"], "output": "logits"})

        answer = command("demo", "--data-dir", str(tmp_path / "demo"))

        assert answer.code == 1
        assert "failed" in answer.out


@pytest.mark.proof
class TestWholeDemo:
    def test_tells_the_lecture_s_story(self, tmp_path: Path) -> None:
        done = subprocess.run([sys.executable, "-m", "cli", "demo", "--json", "--data-dir", tmp_path / "demo"], capture_output=True, text=True)

        assert done.returncode == 0, done.stderr
        rows = {row["name"]: row for row in json.loads(done.stdout)["runs"]}
        for schedule in ("exponential", "linear", "step"):
            assert rows[schedule]["val_loss"] > rows["baseline"]["val_loss"]
        assert rows["batchnorm"]["iterations_to_accuracy"] < rows["baseline"]["iterations_to_accuracy"]
