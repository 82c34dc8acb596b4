"""`runtwice rerun RUN --here`: trained by a fresh process of the caller's own environment, judged by the service."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cli import here

Run = Callable[..., Any]


class TestHere:
    def test_comes_out_the_same_in_the_same_environment(self, runtwice: Run, finished_run: dict[str, Any]) -> None:
        answer = runtwice("rerun", finished_run["id"], "--here", "--json")

        verdict = answer.json
        assert (answer.code, verdict["outcome"]) == (0, "identical"), answer.err
        assert set(verdict["checked"].values()) == {"same"}
        assert "was trained elsewhere" in verdict["reason"]
        run = runtwice("show", verdict["rerun"], "--json").json
        assert (run["origin"], run["state"], run["project"]) == ("client", "finished", finished_run["project"])
        assert run["environment"]["threads"] == 1
        assert runtwice("show", finished_run["id"], "--json").json["reproduced"] is None

    def test_in_another_environment_differs_and_names_it(self, runtwice: Run, config_file: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        changes = ("model.norm.kind=batch", "model.hidden=[64]", "batch_size=full")
        original = runtwice("submit", str(config_file), *(word for change in changes for word in ("--set", change)), "--wait", "--json").json
        monkeypatch.setenv("ATEN_CPU_CAPABILITY", "default")

        answer = runtwice("rerun", original["id"], "--here")

        assert answer.code == 1, answer.out
        assert "Likely cause: cpu_capability was" in answer.out
        assert "now DEFAULT" in answer.out

    def test_that_dies_is_not_comparable(self, runtwice: Run, finished_run: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
        (tmp_path / "sitecustomize.py").write_text("import sys\nif 'trainer' in ' '.join(sys.orig_argv): sys.exit('no way')\n")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))

        answer = runtwice("rerun", finished_run["id"], "--here")

        assert answer.code == 2
        assert "is failed, not finished: the training process ended with exit code 1: SystemExit: no way" in answer.out

    def test_without_torch_says_what_to_install(self, runtwice: Run, finished_run: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
        found = importlib.util.find_spec
        monkeypatch.setattr(here.importlib.util, "find_spec", lambda name: None if name == "torch" else found(name))

        answer = runtwice("rerun", finished_run["id"], "--here")

        assert answer.code == 3
        assert "has no torch" in answer.err
        assert "pip install 'runtwice[worker]'" in answer.err

    def test_of_uploaded_images_needs_them_here(self, runtwice: Run, tmp_path: Path) -> None:
        random = np.random.default_rng(0)
        file = tmp_path / "blots.npz"
        np.savez(file, x=random.integers(0, 256, (60, 8, 8), np.uint8), y=np.arange(60, dtype=np.int64) % 3)
        assert runtwice("dataset", "add", "blots", str(file)).code == 0
        config = tmp_path / "config.json"
        config.write_text(json.dumps({"dataset": {"name": "blots"}, "total_iterations": 3, "batch_size": 8}))
        original = runtwice("submit", str(config), "--wait", "--json").json

        refused = runtwice("rerun", original["id"], "--here")
        trained = runtwice("rerun", original["id"], "--here", "--datasets", str(tmp_path))

        assert (refused.code, "--datasets FOLDER" in refused.err) == (3, True)
        assert (trained.code, trained.out.startswith("Identical")) == (0, True), trained.out

    def test_takes_no_node_and_no_count(self, runtwice: Run) -> None:
        assert runtwice("rerun", "whatever", "--here", "--count", "2").code == 64

    def test_of_no_such_run_is_no_verdict(self, runtwice: Run) -> None:
        assert runtwice("rerun", "nosuchrun", "--here").code == 3
