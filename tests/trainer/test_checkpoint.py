"""A training that goes on from a file is the one that never stopped."""

import json
import math
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from trainer.checkpoint import Checkpoint, CheckpointFolder, NoCheckpoint, decode, encode, newest_good, read
from trainer.events import CheckpointWritten, Digests
from trainer.job import Checkpoints
from trainer.training import State

ROOT = Path(__file__).parent.parent.parent
BATCH_NORM: dict[str, Any] = {"model": {"norm": {"kind": "batch"}, "dropout": {"p": 0.3}}, "optimizer": {"kind": "sgd", "momentum": 0.9}}
RECIPES = [
    pytest.param({}, id="plain"),
    pytest.param(BATCH_NORM, id="batch norm, dropout, momentum"),
    pytest.param({"optimizer": {"kind": "adam"}, "scheduler": {"kind": "exponential"}, "model": {"dropout": {"p": 0.5}}}, id="adam, exponential"),
    pytest.param({"scheduler": {"kind": "linear"}, "batch_size": "full", "precision": "float64"}, id="linear, full batch, float64"),
    pytest.param({"scheduler": {"kind": "plateau", "patience": 0}, "optimizer": {"lr": 0.5}, "precision": "bfloat16"}, id="plateau, bfloat16"),
    pytest.param({"scheduler": {"kind": "one_cycle", "warmup_iterations": 12}, "optimizer": {"kind": "adamw"}, "grad_clip": 0.1}, id="one cycle"),
    pytest.param({"scheduler": {"kind": "step", "step_size": 7}, "early_stopping": {"goal": "max", "patience": 5}}, id="step, early stopping"),
    pytest.param({"model": {"dropout": {"p": 0.2, "scaling": "classic"}}, "dataset": {"name": "digits", "test_size": 50}}, id="classic, test part"),
]
Attempt = Callable[..., Any]


@pytest.fixture
def attempt(train: Any, tmp_path: Path) -> Attempt:
    """attempt("a", resume_from=[...], **config) trains 40 steps of digits with a checkpoint every ten, kept in the folder "a"."""

    def attempt(name: str, resume_from: Sequence[Path] = (), every: int = 10, **given: Any) -> Any:
        checkpoints = Checkpoints(CheckpointFolder(tmp_path / name / "checkpoints"), resume_from, lambda step: step % every == 0)
        return train(checkpoints=checkpoints, out_dir=tmp_path / name, **{"total_iterations": 40, "eval_every": 5, **given})

    return attempt


def written(trained: Any) -> list[Path]:
    """The checkpoints that were told of and are still there, newest first."""
    return [Path(each.path) for each in reversed(trained.events) if isinstance(each, CheckpointWritten) and Path(each.path).exists()]


def links(trained: Any) -> dict[int, dict[str, str]]:
    return {each.step: dict(each.parts) for each in trained.events if isinstance(each, Digests)}


class TestResumedRun:
    @pytest.mark.parametrize("given", RECIPES)
    def test_ends_as_the_undisturbed_one(self, attempt: Attempt, given: dict[str, Any]) -> None:
        whole = attempt("whole", **given)
        oldest = written(whole)[-1]

        resumed = attempt("resumed", [oldest], **given)

        step = resumed.started.resumed_from
        assert step == int(oldest.name[:10]) > 0
        assert resumed.log[0] == f"resumed at step {step} from a checkpoint"
        assert resumed.metrics == {name: {at: value for at, value in column.items() if at >= step} for name, column in whole.metrics.items()}
        assert links(resumed) == {at: parts for at, parts in links(whole).items() if at >= step}
        assert resumed.started.digests == whole.started.digests
        assert resumed.ended == whole.ended
        assert {each.name: each.sha256 for each in resumed.artifacts.values()} == {each.name: each.sha256 for each in whole.artifacts.values()}

    def test_keeps_the_best_weights_of_before(self, attempt: Attempt) -> None:
        given = {"best_metric": {"metric": "val/loss", "goal": "max"}}  # the best is the first evaluation
        whole = attempt("whole", **given)

        resumed = attempt("resumed", written(whole)[:1], **given)

        assert resumed.artifacts["best.safetensors"].sha256 == whole.artifacts["best.safetensors"].sha256

    def test_that_lost_the_buffers_of_batch_norm_has_the_same_losses_and_another_chain(self, attempt: Attempt, tmp_path: Path) -> None:
        whole = attempt("whole", eval_every=100, digest_every=10, **BATCH_NORM)
        found = decode(written(whole)[0].read_bytes())
        lost = {name: torch.zeros_like(each) if "running_mean" in name else each for name, each in found.state.tensors.items()}
        broken = CheckpointFolder(tmp_path / "broken").write(Checkpoint(State(lost, found.state.facts), found.of))

        resumed = attempt("resumed", [Path(broken.path)], eval_every=100, digest_every=10, **BATCH_NORM)

        at = resumed.started.resumed_from
        assert resumed.metrics["train/loss"] == {step: value for step, value in whole.metrics["train/loss"].items() if step >= at}
        assert {part for part, digest in links(resumed)[39].items() if digest != links(whole)[39][part]} == {"buffers"}

    def test_says_that_the_environment_is_another(self, attempt: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
        whole = attempt("whole")
        monkeypatch.setenv("TORCH_SHOW_CPP_STACKTRACES", "0")

        resumed = attempt("resumed", written(whole))

        assert "the checkpoint was written in another environment" in resumed.log[1]


class TestWriting:
    def test_does_not_change_the_run(self, attempt: Attempt) -> None:
        often, never = attempt("often", every=1, **BATCH_NORM), attempt("never", every=1000, **BATCH_NORM)

        assert written(often)
        assert not written(never)
        assert often.metrics == never.metrics
        assert often.ended == never.ended

    def test_keeps_two_generations_and_nothing_else(self, attempt: Attempt, tmp_path: Path) -> None:
        attempt("a", every=5)

        assert [int(file.name[:10]) for file in CheckpointFolder(tmp_path / "a" / "checkpoints").files()] == [35, 30]
        assert len(list((tmp_path / "a" / "checkpoints").iterdir())) == 2

    def test_is_told_after_all_points_and_links_of_the_steps_before(self, attempt: Attempt) -> None:
        told: set[int] = set()
        checkpoints = 0
        for event in attempt("a", digest_every=5).events:
            told |= set(getattr(event, "steps", ()))
            if isinstance(event, CheckpointWritten):
                checkpoints += 1
                assert told == set(range(event.step))
        assert checkpoints == 3

    def test_happens_every_so_many_seconds_and_never_with_null(self, train: Any, tmp_path: Path) -> None:
        counts = []
        for seconds in (0.01, 3600.0, None):
            checkpoints = Checkpoints(CheckpointFolder(tmp_path / "checkpoints"))
            events = train(checkpoints=checkpoints, total_iterations=400, checkpoint_every_s=seconds).events
            counts.append(sum(isinstance(event, CheckpointWritten) for event in events))

        assert counts[0] > 0
        assert counts[1:] == [0, 0]


class TestTornCheckpoint:
    def test_falls_back_to_the_one_before(self, attempt: Attempt) -> None:
        whole = attempt("whole", **BATCH_NORM)
        newest, older = written(whole)
        newest.write_bytes(newest.read_bytes()[:-100])

        resumed = attempt("resumed", [newest, older], **BATCH_NORM)

        assert resumed.started.resumed_from == 20
        assert resumed.log[0].startswith("checkpoint 0000000030 cannot be used: its ")
        assert resumed.ended == whole.ended

    def test_and_another_one_begin_again(self, attempt: Attempt) -> None:
        whole = attempt("whole")
        newest, older = written(whole)
        newest.write_bytes(b"")
        content = bytearray(older.read_bytes())
        content[len(content) // 2] ^= 1
        older.write_bytes(content)

        again = attempt("again", [newest, older])

        assert again.started.resumed_from is None
        assert again.log[-1] == "no checkpoint is good: the run begins again"
        assert again.metrics == whole.metrics

    def test_of_another_config_is_not_taken(self, attempt: Attempt) -> None:
        whole = attempt("whole")

        other = attempt("other", written(whole), seed=1)

        assert other.started.resumed_from is None
        assert "it is of another config" in other.log[0]

    def test_that_is_a_pickle_is_never_loaded(self, tmp_path: Path) -> None:
        torch.save({"a": torch.ones(3)}, tmp_path / "pickle")
        content = (tmp_path / "pickle").read_bytes()

        with pytest.raises(NoCheckpoint, match="it holds no training"):
            decode(content)

    def test_that_is_gone_is_said_to_be(self, tmp_path: Path) -> None:
        found, complaints = newest_good([tmp_path / f"{1:010d}-{'0' * 64}.safetensors"], {})

        assert found is None
        assert "No such file" in complaints[0]


class TestFile:
    def test_is_a_safetensors_file_that_holds_all_facts_as_they_were(self, tmp_path: Path) -> None:
        facts = {"step": 3, "milestones": Counter({5: 2}), "betas": (0.9, -0.0), "best": math.inf, "by place": {0: [None, True]}, "lr": 0.1 + 0.2}
        tensors = {"model.w": torch.tensor([1.0, -0.0, math.nan]), "model.n": torch.tensor(3)}

        told = CheckpointFolder(tmp_path).write(Checkpoint(State(tensors, facts), {"config": "c"}))
        found = read(Path(told.path), {"config": "c"})

        assert repr(found.state.facts) == repr(facts)
        held = safetensors.torch.load_file(told.path)
        assert all(held[name].numpy().tobytes() == each.numpy().tobytes() for name, each in tensors.items())
        assert (told.step, told.size_bytes) == (3, Path(told.path).stat().st_size)

    def test_refuses_to_hold_what_json_cannot(self) -> None:
        with pytest.raises(TypeError, match="cannot hold function"):
            encode(Checkpoint(State({}, {"step": 0, "by": lambda: 0}), {}))


class TestSelftest:
    def selftest(self, tmp_path: Path, recipes: list[dict[str, Any]], kills: int) -> list[dict[str, Any]]:
        files = [tmp_path / f"{number}.json" for number in range(len(recipes))]
        for file, recipe in zip(files, recipes, strict=True):
            file.write_text(json.dumps({"dataset": {"name": "digits"}, "device": "cpu", "total_iterations": 120, **recipe}))
        command = [sys.executable, "-m", "trainer.selftest", *map(str, files), "--kills", str(kills)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_kills_and_resumes_and_finds_every_bit_the_same(self, tmp_path: Path) -> None:
        (said,) = self.selftest(tmp_path, [{**BATCH_NORM, "model": {"hidden": [32], **BATCH_NORM["model"]}}], 3)

        assert said["exact"]
        assert len(said["kills"]) == 3
        assert any(kill["resumed_from"] for kill in said["kills"])

    @pytest.mark.proof
    def test_fifty_kills_over_ten_recipes_leave_no_trace(self, tmp_path: Path) -> None:
        said = self.selftest(tmp_path, TEN, 5)

        kills = [kill for recipe in said for kill in recipe["kills"]]
        assert len(kills) == 50
        assert sum(kill["exact"] for kill in kills) == 50
        assert {kill["moment"] for kill in kills} >= {"amid a step", "inside a checkpoint write", "after a checkpoint write"}


TEN: list[dict[str, Any]] = [
    {},
    {**BATCH_NORM, "scheduler": {"kind": "plateau", "patience": 1, "warmup_iterations": 20}, "eval_every": 4},
    {"model": {"norm": {"kind": "layer"}, "dropout": {"p": 0.5, "scaling": "classic"}}, "optimizer": {"kind": "adam"}},
    {"model": {"norm": {"kind": "batch"}}, "optimizer": {"kind": "adam"}, "scheduler": {"kind": "exponential", "warmup_iterations": 10}},
    {"scheduler": {"kind": "linear"}, "model": {"dropout": {"p": 0.1}}, "optimizer": {"kind": "sgd", "momentum": 0.5, "nesterov": True}},
    {"scheduler": {"kind": "step", "step_size": 17}, "batch_size": "full", "model": {"norm": {"kind": "batch"}}, "grad_clip": 0.5},
    {"scheduler": {"kind": "one_cycle"}, "precision": "float64", "optimizer": {"kind": "adamw"}, "model": {"dropout": {"p": 0.5}}},
    {"scheduler": {"kind": "cosine"}, "loss": {"targets": "one_hot", "label_smoothing": 0.1}, "model": {"output": "softmax"}},
    {
        "scheduler": {"kind": "multistep", "milestones": [30, 60]},
        "early_stopping": {"metric": "val/accuracy", "goal": "max", "patience": 4},
        "model": {"dropout": {"p": 0.4}},
    },
    {"model": {"kind": "cnn", "norm": {"kind": "batch"}, "dropout": {"p": 0.2}}, "batch_size": 16, "optimizer": {"kind": "adam"}},
]
