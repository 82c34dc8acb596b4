"""Differences planted in real trainings, each found and named: what a verdict is worth when it is not `identical`."""

import gzip
import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from signal import SIGKILL
from typing import Any

import numpy as np
import pytest

from analysis.verdict import Column, Evidence, Verdict, compare
from trainer.config import RunConfig
from trainer.events import Digests, Ended, Event, Points, Started, decode

ROOT = Path(__file__).parent.parent.parent
BASE: dict[str, Any] = {
    "dataset": {"name": "digits"},
    "model": {"hidden": [256], "norm": {"kind": "batch"}, "dropout": {"p": 0.3}},
    "optimizer": {"kind": "adam"},
    "batch_size": "full",
    "total_iterations": 20,
    "eval_every": 5,
    "device": "cpu",
}


@dataclass
class Planted:
    """One training: what its config changes in the base, and what is planted in its process."""

    config: dict[str, Any] = field(default_factory=dict)
    plant: str | None = None
    arguments: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    pixel: bool = False
    resumed: bool = False  # killed behind a checkpoint first; what is planted strikes the process that takes it up


TRAININGS = {
    "base": Planted(),
    "again": Planted(),
    "other split": Planted({"dataset": {"name": "digits", "split_seed": 1}}),
    "other seed": Planted({"seed": 1}),
    "one pixel": Planted(pixel=True),
    "two threads": Planted(arguments=["--threads", "2"]),
    "other instructions": Planted(environment={"ATEN_CPU_CAPABILITY": "default"}),
    "avx2": Planted(environment={"ATEN_CPU_CAPABILITY": "avx2"}),
    "medium": Planted(plant="medium_precision"),
    "fused adam": Planted(plant="fused_adam"),
    "one-hot": Planted({"loss": {"targets": "one_hot"}}),
    "one-hot in force": Planted(plant="one_hot_in_force"),
    "compatible mkl": Planted(environment={"MKL_CBWR": "COMPATIBLE"}),
    "resumed": Planted(resumed=True),
    "lost buffers": Planted(plant="checkpoint_without_buffers", resumed=True),
    "lost masks": Planted(plant="checkpoint_without_masks", resumed=True),
    "lost moments": Planted(plant="checkpoint_without_moments", resumed=True),
    "stray draw": Planted(plant="stray_draw"),
    "stray draw before the model": Planted(plant="stray_draw_before_the_model"),
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Evidence]:
    """What each of the trainings left behind; each was a process of its own."""
    folder = tmp_path_factory.mktemp("planted")
    with_a_pixel_changed(folder / "site")
    orders = [order for name, planted in TRAININGS.items() for order in orders_of(folder, name, planted)]
    said = "\n".join(map(json.dumps, orders))
    done = subprocess.run([sys.executable, ROOT / "tests" / "planted.py"], input=said, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return {name: evidence(folder, name, planted) for name, planted in TRAININGS.items()}


@pytest.fixture
def judged(trained: dict[str, Evidence]) -> Callable[..., Verdict]:
    """The verdict on a training, held against the one with nothing planted in it."""

    def judge(name: str, **known: Any) -> Verdict:
        return compare(trained["base"], replace(trained[name], **known))

    return judge


def orders_of(folder: Path, name: str, planted: Planted) -> list[dict[str, Any]]:
    config = folder / f"{name}.json"
    config.write_text(json.dumps({**BASE, **planted.config}))
    checkpoints = ["--checkpoints", str(folder / f"{name} checkpoints")] if planted.resumed else []
    order = {
        "config": str(config),
        "out": str(folder / f"{name}.jsonl"),
        "plant": planted.plant,
        "arguments": [*planted.arguments, *checkpoints],
        "environment": planted.environment,
        "path": [str(folder / "site")] if planted.pixel else [],
    }
    before = {**order, "out": str(folder / f"{name} before.jsonl"), "plant": "killed_behind_a_checkpoint", "exit_code": -SIGKILL}
    return [before, order] if planted.resumed else [order]


def with_a_pixel_changed(site: Path) -> None:
    """A folder for the module path whose `digits` differ in one pixel of one image."""
    found = importlib.util.find_spec("sklearn")
    assert found is not None
    assert found.origin is not None
    with gzip.open(Path(found.origin).parent / "datasets/data/digits.csv.gz", "rt") as file:
        lines = file.read().splitlines()
    pixels = lines[7].split(",")
    pixels[20] = str((int(float(pixels[20])) + 1) % 17)
    lines[7] = ",".join(pixels)
    data = site / "sklearn" / "datasets" / "data"
    data.mkdir(parents=True)
    (site / "sklearn" / "__init__.py").touch()
    with gzip.open(data / "digits.csv.gz", "wt") as file:
        file.write("\n".join(lines) + "\n")


def evidence(folder: Path, name: str, planted: Planted) -> Evidence:
    config = RunConfig.model_validate(json.loads((folder / f"{name}.json").read_text()))
    attempts = [events(folder / f"{name} before.jsonl")] if planted.resumed else []
    last = events(folder / f"{name}.jsonl")
    said = [event for attempt in [*attempts, last] for event in attempt]
    started, ended = last[0], last[-1]
    assert isinstance(started, Started)
    assert isinstance(ended, Ended)
    return Evidence(
        run_id=name,
        state=ended.state,
        reason=ended.reason,
        config=config.model_dump(mode="json"),
        config_digest=config.digest(),
        digests={**started.digests, **ended.digests},
        environment=started.environment,
        series=series(said),
        chain={event.step: event.parts for event in said if isinstance(event, Digests)},
        resumed=() if started.resumed_from is None else (started.resumed_from,),
    )


def events(file: Path) -> list[Event]:
    return [decode(line) for line in file.read_text().splitlines()]


def series(said: list[Event]) -> dict[str, Column]:
    """Of a step that two attempts trained, the later one's values."""
    held: dict[str, dict[int, float]] = {}
    for points in said:
        if isinstance(points, Points):
            for metric, values in points.metrics.items():
                held.setdefault(metric, {}).update((step, value) for step, value in zip(points.steps, values, strict=True) if value is not None)
    return {metric: Column(np.array(list(column), np.int64), np.array(list(column.values()), np.float64)) for metric, column in held.items()}


class TestNothingPlanted:
    def test_is_identical_and_has_no_cause(self, judged: Callable[..., Verdict]) -> None:
        verdict = judged("again")

        assert verdict.outcome == "identical"
        assert verdict.causes == []
        assert set(verdict.judged.document().values()) == {"same"}


class TestPlanted:
    @pytest.mark.parametrize(
        ("name", "outcome", "cause"),
        [
            pytest.param("other split", "not_comparable", "config.dataset.split_seed", id="another split seed"),
            pytest.param("other seed", "not_comparable", "config.seed", id="another seed"),
            pytest.param("one pixel", "not_comparable", "data", id="one changed pixel"),
            pytest.param("two threads", "different", "threads", id="two threads for one"),
            pytest.param("other instructions", "different", "cpu_capability", id="ATEN_CPU_CAPABILITY=default"),
            pytest.param("avx2", "different", "cpu_capability", id="ATEN_CPU_CAPABILITY=avx2"),
            pytest.param("medium", "different", "float32_matmul", id="float32 matrix products of medium precision"),
            pytest.param("fused adam", "different", "optimizer.fused", id="fused Adam"),
            pytest.param("one-hot", "not_comparable", "config.loss.targets", id="one-hot targets by the config"),
            pytest.param("one-hot in force", "different", "targets", id="one-hot targets that no config asked for"),
            pytest.param("compatible mkl", "different", "variables.MKL_CBWR", id="MKL_CBWR=COMPATIBLE"),
            pytest.param("stray draw", "different", "random_stream", id="a draw between the dropout masks"),
            pytest.param("stray draw before the model", "different", "initial", id="a draw before the first weight"),
        ],
    )
    def test_is_the_first_cause(self, judged: Callable[..., Verdict], name: str, outcome: str, cause: str) -> None:
        verdict = judged(name)

        if name in ("avx2", "medium") and verdict.outcome == "identical":
            assert verdict.causes == []
            pytest.skip("this processor gives the same bits either way")
        assert verdict.outcome == outcome
        assert (verdict.causes[0].what, verdict.causes[0].likely) == (cause, True)

    @pytest.mark.parametrize(
        ("name", "cause"),
        [
            pytest.param("lost buffers", "checkpoint.buffers", id="the running statistics"),
            pytest.param("lost masks", "checkpoint.rng", id="the state of the random generator"),
            pytest.param("lost moments", "checkpoint", id="what Adam holds"),
        ],
    )
    def test_lost_on_resume_is_the_first_cause(self, judged: Callable[..., Verdict], name: str, cause: str) -> None:
        verdict = judged(name)

        assert verdict.outcome == "different"
        assert (verdict.causes[0].what, verdict.causes[0].likely) == (cause, True)
        assert verdict.causes[0].original is None
        assert verdict.causes[0].rerun >= 5

    def test_a_resume_that_lost_nothing_is_identical(self, trained: dict[str, Evidence], judged: Callable[..., Verdict]) -> None:
        assert trained["resumed"].resumed
        assert judged("resumed").outcome == "identical"

    def test_lost_buffers_leave_training_as_it_was(self, judged: Callable[..., Verdict]) -> None:
        verdict = judged("lost buffers", resumed=())

        assert verdict.judged.document() == {"training": "same", "evaluation": "different", "state": "different"}
        assert [cause.what for cause in verdict.causes] == ["buffers"]

    def test_another_build_of_torch_is_the_first_cause(self, trained: dict[str, Evidence]) -> None:
        """The bits are those of other MKL kernels, which is what another build brings; the record of the build is made up."""
        base, other = trained["base"], trained["compatible mkl"]
        build = {**base.environment["torch"], "version": "2.14.0+cpu", "git": "0" * 40, "config_digest": "1" * 64}

        verdict = compare(base, replace(other, environment={**base.environment, "torch": build}))

        assert verdict.outcome == "different"
        assert [(cause.what, cause.rerun) for cause in verdict.causes] == [("torch", "2.14.0+cpu")]

    def test_a_difference_that_nothing_on_record_explains_is_said_to_be_one(self, trained: dict[str, Evidence]) -> None:
        base = trained["base"]

        verdict = compare(base, replace(trained["compatible mkl"], environment=base.environment))

        assert verdict.causes == []
        assert "was not recorded" in verdict.reason
