"""`runtwice demo`, with a small data set and few iterations; the whole of it under `make proof`."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cli import demo, lecture

Run = Callable[..., Any]


@pytest.fixture
def short_lecture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(lecture.BASELINE, "dataset", {"name": "digits"})
    monkeypatch.setitem(lecture.BASELINE, "total_iterations", 40)


@pytest.mark.usefixtures("short_lecture")
class TestDemo:
    def test_runs_the_lecture_and_reproduces_its_baseline_then_in_the_same_folder_tells_of_a_run_that_fails(
        self, command: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told = command("demo", "--data-dir", str(tmp_path / "demo"))

        assert told.code == 0, told.err
        for line in ("scheduler: constant → exponential (gamma 0.995)", "optimizer: sgd → adam (lr 0.001)", "norm: none → layer", "Identical: "):
            assert line in told.out
        assert f"up --data-dir {tmp_path / 'demo'}" in told.out
        assert "batchnorm: finished" in told.err

        monkeypatch.setitem(lecture.CHANGES, "adam", {"optimizer": {"kind": "adam", "lr": 1e30}})
        monkeypatch.setitem(lecture.BASELINE, "model", {**lecture.BASELINE["model"], "output": "logits"})
        again = command("demo", "--data-dir", str(tmp_path / "demo"), "--json")

        assert again.code == 1, again.err
        states = {row["name"]: row["state"] for row in again.json["runs"]}
        assert states == {name: "failed" if name == "adam" else "finished" for name in lecture.configs()}
        assert again.json["verdict"]["outcome"] == "identical"
        page = Console(file=io.StringIO(), width=200)
        page.print(demo._results(again.json["runs"], again.json["verdict"], tmp_path, 1.0))
        assert "failed" in page.file.getvalue()


@pytest.mark.proof
class TestWholeDemo:
    def test_tells_the_lecture_s_story(self, tmp_path: Path) -> None:
        done = subprocess.run([sys.executable, "-m", "cli", "demo", "--json", "--data-dir", tmp_path / "demo"], capture_output=True, text=True)

        assert done.returncode == 0, done.stderr
        rows = {row["name"]: row for row in json.loads(done.stdout)["runs"]}
        for schedule in ("exponential", "linear", "step"):
            assert rows[schedule]["val_loss"] > rows["baseline"]["val_loss"]
        assert rows["batchnorm"]["iterations_to_accuracy"] < rows["baseline"]["iterations_to_accuracy"]
