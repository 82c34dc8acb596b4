"""Runs in this process, remembered as their events."""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import safetensors.torch
import torch

from trainer.config import RunConfig
from trainer.events import ArtifactWritten, Ended, Event, LogText, Points, Started
from trainer.job import Checkpoints, run


@dataclass
class Trained:
    """What one run said."""

    events: list[Event] = field(default_factory=list)
    exit_code: int = -1

    @property
    def started(self) -> Started:
        return next(each for each in self.events if isinstance(each, Started))

    @property
    def ended(self) -> Ended:
        (last,) = [each for each in self.events if isinstance(each, Ended)]
        assert self.events[-1] is last
        return last

    @property
    def log(self) -> list[str]:
        return [each.text for each in self.events if isinstance(each, LogText)]

    @property
    def points(self) -> list[Points]:
        return [each for each in self.events if isinstance(each, Points)]

    @property
    def artifacts(self) -> dict[str, ArtifactWritten]:
        return {each.name: each for each in self.events if isinstance(each, ArtifactWritten)}

    def weights(self, name: str = "final.safetensors") -> dict[str, torch.Tensor]:
        return dict(safetensors.torch.load_file(self.artifacts[name].path))

    @property
    def metrics(self) -> dict[str, dict[int, float]]:
        """{metric: {step: value}}, without what the system measures."""
        found: dict[str, dict[int, float]] = {}
        for points in self.points:
            for name, column in points.metrics.items():
                if not name.startswith("system/"):
                    held = {step: value for step, value in zip(points.steps, column, strict=True) if value is not None}
                    found.setdefault(name, {}).update(held)
        return found


Train = Callable[..., Trained]


@pytest.fixture
def train(tmp_path: Path) -> Train:
    """Trains a config given as a dict; digits on the CPU unless it says otherwise."""

    def train(threads: int = 0, checkpoints: Checkpoints | None = None, out_dir: Path = tmp_path, **given: Any) -> Trained:
        trained = Trained()
        config = RunConfig.model_validate({"dataset": {"name": "digits"}, "device": "cpu", "total_iterations": 30, **given})
        trained.exit_code = run(config, out_dir, trained.events.append, threads, checkpoints)
        return trained

    return train


@pytest.fixture(scope="session")
def in_forks() -> Callable[[list[RunConfig]], list[dict[str, Any]]]:
    """Trains configs one after the other, each in a fresh process: what forked.py says of each."""

    def train(configs: list[RunConfig]) -> list[dict[str, Any]]:
        folder = Path(__file__).parent
        asked = "".join(f"{config.model_dump_json()}\n" for config in configs)
        command = [sys.executable, "-W", "error", folder / "forked.py"]
        done = subprocess.run(command, input=asked, capture_output=True, text=True, check=True, cwd=folder.parent.parent)
        return [json.loads(line) for line in done.stdout.splitlines()]

    return train


@pytest.fixture(scope="session")
def straight_line() -> ModuleType:
    """The independent script, which shares no code with `trainer`."""
    spec = importlib.util.spec_from_file_location("straight_line", Path(__file__).parent / "straight_line.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
