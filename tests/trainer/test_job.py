"""A whole run as its events tell it."""

import hashlib
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch

from trainer import digests
from trainer.config import RunConfig
from trainer.events import Ended, Points, Started, decode
from trainer.job import reason_of, run

ROOT = Path(__file__).parent.parent.parent


class TestEvents:
    def test_begin_with_what_determines_the_run_and_end_with_what_came_of_it(self, train: Any) -> None:
        trained = train()

        assert isinstance(trained.events[0], Started)
        assert set(trained.started.digests) == {"data", "split", "initial", "initial_sample", "code"}
        assert trained.started.total_steps == 30
        assert trained.ended == Ended("finished", None, 29, trained.ended.digests)
        assert set(trained.ended.digests) == {"order", "final"}
        digests_of_run = {**trained.started.digests, **trained.ended.digests}
        assert all(len(digest) == 64 for name, digest in digests_of_run.items() if name != "initial_sample")

    def test_tell_the_first_step_at_once(self, train: Any) -> None:
        assert train().points[0].steps == [0]

    def test_tell_every_step_once_in_order_with_its_time(self, train: Any) -> None:
        points = train(total_iterations=200).points

        assert [step for each in points for step in each.steps] == list(range(200))
        times = [at for each in points for at in each.times]
        assert times == sorted(times)

    def test_say_why_a_device_cannot_be_had(self, train: Any) -> None:
        trained = train(device="cuda:99")

        count = torch.cuda.device_count()
        assert (trained.exit_code, trained.ended.state, trained.ended.step) == (1, "failed", None)
        assert trained.ended.reason.startswith(f"the config asks for device cuda:99; this node has {count or 'no'} CUDA device")

    def test_pass_on_what_the_listener_raises(self, tmp_path: Path) -> None:
        def gone(_: object) -> None:
            raise BrokenPipeError

        config = RunConfig.model_validate({"dataset": {"name": "digits"}, "device": "cpu"})
        with pytest.raises(BrokenPipeError):
            run(config, tmp_path, gone)

    @pytest.mark.parametrize(
        "error",
        [
            pytest.param(MemoryError(), id="Python"),
            pytest.param(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"), id="torch"),
            pytest.param(torch.OutOfMemoryError("CUDA out of memory."), id="CUDA"),
        ],
    )
    def test_call_missing_memory_by_one_name(self, error: BaseException) -> None:
        assert reason_of(error).startswith("out of memory: ")


class TestWeights:
    def test_final_is_the_state_of_the_final_digest(self, train: Any) -> None:
        trained = train(model={"norm": {"kind": "batch"}})

        state = trained.weights("final.safetensors")
        assert set(state) == {
            *("0.weight", "0.bias"),
            *("2.weight", "2.bias", "2.running_mean", "2.running_var", "2.num_batches_tracked"),
            *("3.weight", "3.bias"),
        }
        names = list(_network(model={"norm": {"kind": "batch"}}).state_dict())
        assert digests.of_state({name: state[name] for name in names}) == trained.ended.digests["final"]

    def test_best_is_the_state_of_the_best_evaluation(self, train: Any) -> None:
        falls = {"metric": "train/loss", "goal": "max"}

        best = train(total_iterations=30, eval_every=10, best_metric=falls).weights("best.safetensors")

        shorter = train(total_iterations=10, eval_every=10).weights("final.safetensors")
        assert all(torch.equal(best[name], shorter[name]) for name in shorter)

    def test_are_told_with_size_and_digest(self, train: Any) -> None:
        for name, artifact in train().artifacts.items():
            content = Path(artifact.path).read_bytes()
            assert Path(artifact.path).name == name
            assert (artifact.size_bytes, artifact.sha256) == (len(content), hashlib.sha256(content).hexdigest())

    def test_are_equal_files_for_equal_runs_and_leave_nothing_beside(self, train: Any, tmp_path: Path) -> None:
        first, second = train().artifacts, train().artifacts

        assert {name: each.sha256 for name, each in first.items()} == {name: each.sha256 for name, each in second.items()}
        assert sorted(file.name for file in tmp_path.iterdir()) == ["best.safetensors", "final.safetensors"]


class TestReproducibility:
    VARIANT: ClassVar[dict[str, Any]] = {"model": {"norm": {"kind": "batch"}, "dropout": {"p": 0.3}}, "optimizer": {"kind": "adam"}}

    def test_the_same_config_gives_the_same_everything(self, train: Any) -> None:
        first, second = train(**self.VARIANT), train(**self.VARIANT)

        assert first.metrics == second.metrics
        assert first.started.digests == second.started.digests
        assert first.started.environment == second.started.environment
        assert first.ended == second.ended

    @pytest.mark.parametrize(
        ("given", "changed"),
        [
            pytest.param({"seed": 1}, {"initial", "order", "final"}, id="seed"),
            pytest.param({"dataset": {"name": "digits", "split_seed": 1}}, {"split", "final"}, id="split seed"),
            pytest.param({"batch_size": 32}, {"order", "final"}, id="batch size"),
            pytest.param({"optimizer": {"lr": 0.2}}, {"final"}, id="learning rate"),
            pytest.param({"model": {"hidden": [128]}}, {"initial", "final"}, id="width"),
            pytest.param({"dataset": {"name": "mnist5k"}}, {"data", "split", "initial", "order", "final"}, id="data set"),
            pytest.param({"eval_every": 3}, set(), id="evaluations"),
        ],
    )
    def test_a_digest_changes_with_what_it_stands_for(self, train: Any, given: dict[str, Any], changed: set[str]) -> None:
        base, other = train(total_iterations=50), train(total_iterations=50, **given)

        before, after = ({**each.started.digests, **each.ended.digests} for each in (base, other))
        assert {name for name in before if before[name] != after[name]} - {"initial_sample"} == changed

    def test_threads_in_force_are_recorded_not_the_wished_ones(self, train: Any) -> None:
        assert train(threads=2).started.environment["threads"] == 2
        assert train().started.environment["threads"] == 1

    def test_the_environment_names_what_can_change_bits(self, train: Any) -> None:
        environment = train().started.environment

        assert json.loads(json.dumps(environment)) == environment
        assert environment["torch"]["version"] == torch.__version__
        assert environment["cpu"]["capability"] == torch.backends.cpu.get_cpu_capability()
        assert environment["precision_flags"]["deterministic_algorithms"] is True
        assert environment["precision_flags"]["float32_matmul"] == "highest"
        assert environment["variables"]["OMP_NUM_THREADS"] == "1"
        assert (environment["device"], environment["gpu"]) == ("cpu", None)


class TestCommand:
    def command(self, *arguments: object) -> list[str]:
        return [sys.executable, "-m", "trainer", *map(str, arguments)]

    def test_prints_one_event_a_line_and_nothing_else(self, tmp_path: Path) -> None:
        done = subprocess.run(
            self.command(ROOT / "examples" / "digits.yaml", "--out", tmp_path), cwd=ROOT, capture_output=True, text=True, check=True
        )

        events = [decode(line) for line in done.stdout.splitlines()]
        assert isinstance(events[0], Started)
        assert isinstance(events[-1], Ended)
        assert events[-1].state == "finished"
        assert sum(len(event.steps) for event in events if isinstance(event, Points)) == 600
        assert (tmp_path / "best.safetensors").exists()

    def test_refuses_a_bad_config_with_the_field_and_exit_code_2(self, tmp_path: Path) -> None:
        file = tmp_path / "bad.json"
        file.write_text('{"dataset": {"name": "digits"}, "optimizer": {"lr": -1}}')

        done = subprocess.run(self.command(file), cwd=ROOT, capture_output=True, text=True)

        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"{file}: /optimizer/lr: takes a finite number above 0; got -1\n"

    @pytest.mark.parametrize("text", ["", "{", '{"a":' * 100_000])
    def test_refuses_what_is_no_json(self, tmp_path: Path, text: str) -> None:
        file = tmp_path / "bad.json"
        file.write_text(text)

        done = subprocess.run(self.command(file), cwd=ROOT, capture_output=True, text=True)

        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"{file}: ")
        assert "Traceback" not in done.stderr

    def test_ends_at_once_when_told_to(self, tmp_path: Path) -> None:
        file = tmp_path / "long.json"
        file.write_text('{"dataset": {"name": "digits"}, "total_iterations": 10000000, "device": "cpu"}')

        with subprocess.Popen(self.command(file, "--out", tmp_path), cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert isinstance(decode(process.stdout.readline()), Started)
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=10) == -signal.SIGTERM


@pytest.mark.parametrize("file", sorted({*(ROOT / "examples").glob("*.*")} - {ROOT / "examples" / "lecture.yaml"}), ids=lambda file: file.name)
def test_examples_are_configs(file: Path) -> None:
    from trainer.__main__ import read

    assert RunConfig.model_validate(read(file)).digest()


def _network(**given: Any) -> torch.nn.Module:
    from trainer.model import build

    return build(RunConfig.model_validate({"dataset": {"name": "digits"}, **given}))
