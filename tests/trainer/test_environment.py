"""The record of an environment says what is in force."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from trainer import digests, environment

ROOT = Path(__file__).parent.parent.parent
CPU = torch.device("cpu")


def parameters() -> list[torch.nn.Parameter]:
    return list(torch.nn.Linear(2, 2).parameters())


class TestRecord:
    def test_says_how_the_optimizer_computes(self) -> None:
        fused = torch.optim.Adam(parameters(), fused=True, foreach=False)

        assert environment.in_force(CPU, fused)["optimizer"] == {"class": "Adam", "foreach": False, "fused": True, "capturable": False}
        assert environment.in_force(CPU)["optimizer"] is None

    @pytest.mark.parametrize(("target", "words"), [(torch.tensor([1]), "class numbers"), (torch.tensor([[0.0, 1.0]]), "probabilities")])
    def test_says_what_the_loss_compares_with(self, target: torch.Tensor, words: str) -> None:
        assert environment.in_force(CPU, None, target)["targets"] == words

    def test_is_json(self) -> None:
        record = environment.in_force(CPU, torch.optim.SGD(parameters()), torch.tensor([1]))

        assert json.loads(json.dumps(record, allow_nan=False)) == record

    def test_reads_flags_back(self) -> None:
        try:
            torch.set_float32_matmul_precision("medium")
            torch.set_flush_denormal(True)
            flags = environment.in_force(CPU)["precision_flags"]
        finally:
            torch.set_float32_matmul_precision("highest")
            torch.set_flush_denormal(False)

        assert (flags["float32_matmul"], flags["flush_denormal"]) == ("medium", True)
        assert environment.in_force(CPU)["precision_flags"]["flush_denormal"] is False

    def test_tells_the_instruction_set_apart_from_the_build(self) -> None:
        ask = "import json, torch; from trainer import environment; print(json.dumps(environment.in_force(torch.device('cpu'))))"
        env = {"PATH": "", "PYTHONPATH": str(ROOT), "ATEN_CPU_CAPABILITY": "default"}
        said = subprocess.run([sys.executable, "-c", ask], env=env, cwd=ROOT, capture_output=True, check=True)
        there, here = json.loads(said.stdout), environment.in_force(CPU)

        assert there["cpu"]["capability"] == "DEFAULT"
        assert there["torch"] == here["torch"]
        assert there["variables"]["ATEN_CPU_CAPABILITY"] == "default"


class TestSample:
    def test_holds_values_of_every_tensor_of_floats(self) -> None:
        state = {"w": torch.arange(1000.0), "steps": torch.tensor(7), "b": torch.tensor([-1.0, -2.0])}

        kind, _, hexed = digests.sample_of_state(state).partition(":")

        values = np.frombuffer(bytes.fromhex(hexed), "<f4")
        assert kind == "float32"
        assert (len(values), values[0], values[255]) == (258, 0.0, 999.0)
        assert list(values[-2:]) == [-1.0, -2.0]

    def test_keeps_float64_whole(self) -> None:
        kind, _, hexed = digests.sample_of_state({"w": torch.tensor([0.1], dtype=torch.float64)}).partition(":")

        assert (kind, np.frombuffer(bytes.fromhex(hexed), "<f8")[0]) == ("float64", 0.1)

    def test_of_many_tensors_is_bounded(self) -> None:
        assert len(digests.sample_of_state({str(number): torch.ones(9) for number in range(2000)})) == len("float32:") + 512 * 8

    def test_of_no_floats_is_empty(self) -> None:
        assert digests.sample_of_state({"steps": torch.tensor(7)}) == "float32:"
