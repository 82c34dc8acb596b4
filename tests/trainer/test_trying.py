"""A layer on an input, bit for bit what plain PyTorch gives."""

from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from trainer.config import RunConfig
from trainer.probe import Probe
from trainer.trying import tried

DIGITS = RunConfig.model_validate({"dataset": {"name": "digits"}, "device": "cpu", "batch_size": 32, "total_iterations": 100, "seed": 3})


def probe(layer: dict[str, Any], **asked: Any) -> Probe:
    return Probe.model_validate({"layer": layer, **asked})


def batch_norm(shape: list[int]) -> nn.Module:
    return nn.BatchNorm1d(shape[1]) if len(shape) < 4 else nn.BatchNorm2d(shape[1])


PLAIN: list[Any] = [
    pytest.param({"kind": "dropout", "p": 0.3}, [28, 28], lambda s: nn.Dropout(0.3), id="dropout"),
    pytest.param({"kind": "dropout", "p": 0.3, "spatial": True}, [4, 6, 5, 5], lambda s: nn.Dropout2d(0.3), id="spatial dropout"),
    pytest.param({"kind": "batch"}, [28, 28], batch_norm, id="batch norm"),
    pytest.param({"kind": "batch", "momentum": 0.5, "eps": 1e-3}, [8, 4], lambda s: nn.BatchNorm1d(4, 1e-3, 0.5), id="batch norm otherwise"),
    pytest.param({"kind": "batch"}, [4, 3, 5, 5], batch_norm, id="batch norm of images"),
    pytest.param({"kind": "layer"}, [28, 28], lambda s: nn.LayerNorm(28), id="layer norm"),
    pytest.param({"kind": "layer"}, [4, 3, 5, 5], lambda s: nn.LayerNorm(s[1:]), id="layer norm of images"),
    pytest.param({"kind": "group", "groups": 7}, [28, 28], lambda s: nn.GroupNorm(7, 28), id="group norm"),
    pytest.param({"kind": "group", "groups": 3}, [4, 6, 5, 5], lambda s: nn.GroupNorm(3, 6), id="group norm of images"),
    pytest.param({"kind": "instance"}, [4, 3, 9], lambda s: nn.InstanceNorm1d(3), id="instance norm of rows"),
    pytest.param({"kind": "instance"}, [4, 3, 5, 5], lambda s: nn.InstanceNorm2d(3), id="instance norm"),
    pytest.param({"kind": "rms"}, [28, 28], lambda s: nn.RMSNorm(28, eps=1e-6), id="rms norm"),
    pytest.param({"kind": "relu"}, [28, 28], lambda s: nn.ReLU(), id="relu"),
    pytest.param({"kind": "gelu"}, [28, 28], lambda s: nn.GELU(), id="gelu"),
    pytest.param({"kind": "silu"}, [28, 28], lambda s: nn.SiLU(), id="silu"),
    pytest.param({"kind": "tanh"}, [28, 28], lambda s: nn.Tanh(), id="tanh"),
    pytest.param({"kind": "softmax"}, [28, 28], lambda s: nn.Softmax(1), id="softmax"),
]


class TestBits:
    @pytest.mark.parametrize("mode", ["train", "eval"])
    @pytest.mark.parametrize(("layer", "shape", "plain"), PLAIN)
    def test_are_those_of_plain_pytorch(self, layer: dict[str, Any], shape: list[int], plain: Any, mode: str) -> None:
        found = tried(probe(layer, shape=shape, mode=mode, seed=7))

        torch.manual_seed(7)
        x = torch.randn(shape)
        module = plain(shape).train(mode == "train")
        assert found["before"]["values"] == x.tolist()
        assert found["after"]["values"] == module(x).tolist()
        assert found["buffers"] == {name: buffer.tolist() for name, buffer in module.named_buffers()}
        assert found["shape"] == shape

    def test_of_a_runs_images_are_those_it_learned_from(self) -> None:
        from trainer.data import load
        from trainer.order import BatchOrder

        asked = probe({"kind": "batch"}, input={"run": "r", "batch": 61}).of(DIGITS)
        found = tried(asked, DIGITS)

        data = load(DIGITS, torch.device("cpu"))
        order = BatchOrder(DIGITS, data.train)
        learned = [order.batch(step).x_ND for step in range(62)][61]
        assert asked.shape == (32, 64)
        assert found["before"]["values"] == learned.tolist()
        assert found["after"]["values"] == nn.BatchNorm1d(64)(learned).tolist()

    def test_of_one_image_as_the_lecture_shows_it(self) -> None:
        asked = probe({"kind": "dropout", "p": 0.5}, input={"run": "r", "batch": 0}, shape=[8, 8]).of(DIGITS)

        assert len(tried(asked, DIGITS)["before"]["values"]) == 8


class TestWhatTheLectureShows:
    def test_dropout_in_training_zeroes_a_share_p_and_scales_the_rest(self) -> None:
        found = tried(probe({"kind": "dropout", "p": 0.3}, input="ones", shape=[256, 256]))["after"]

        assert found["max"] == torch.tensor(1.0).div(0.7).item() == 1.4285714626312256
        assert found["zeros"] == pytest.approx(0.3, abs=0.01)
        assert found["histogram"]["counts"][0] + found["histogram"]["counts"][-1] == 65_536

    def test_dropout_at_evaluation_changes_nothing(self) -> None:
        found = tried(probe({"kind": "dropout", "p": 0.3}, mode="eval"))

        assert found["after"] == found["before"]

    def test_classic_dropout_weakens_at_evaluation(self) -> None:
        layer = {"kind": "dropout", "p": 0.25, "scaling": "classic"}

        assert tried(probe(layer, input="ones"))["after"]["max"] == 1.0
        assert tried(probe(layer, input="ones", mode="eval"))["after"]["max"] == 0.75

    @pytest.mark.parametrize("scaling", ["classic", "inverted"])
    def test_spatial_dropout_zeroes_whole_channels(self, scaling: str) -> None:
        layer = {"kind": "dropout", "p": 0.5, "scaling": scaling, "spatial": True}

        after = torch.tensor(tried(probe(layer, input="ones", shape=[16, 8, 3, 3]))["after"]["values"])

        assert after.flatten(2).std(dim=2).max() == 0
        assert 0.3 < (after == 0).float().mean() < 0.7

    def test_batch_norm_moves_its_running_statistics_by_a_tenth(self) -> None:
        found = tried(probe({"kind": "batch"}))

        columns = torch.tensor(found["before"]["values"])
        assert torch.allclose(torch.tensor(found["buffers"]["running_mean"]), 0.1 * columns.mean(0), atol=1e-6)
        assert torch.allclose(torch.tensor(found["buffers"]["running_var"]), 0.9 + 0.1 * columns.var(0), atol=1e-6)
        assert found["after"]["mean"] == pytest.approx(0, abs=1e-6)
        assert found["after"]["sd"] == pytest.approx(1, abs=1e-4)


class TestRefusals:
    @pytest.mark.parametrize(
        ("asked", "where", "words"),
        [
            ({"layer": {"kind": "conv"}}, ("layer", "kind"), 'takes "dropout", "batch"'),
            ({"layer": {"kind": "dropout", "p": 1.5}}, ("layer", "p"), "takes a finite number of at least 0 and at most 1; got 1.5"),
            ({"layer": {"kind": "relu"}, "shape": [300, 300]}, ("shape",), "multiply to 90000"),
            ({"layer": {"kind": "relu"}, "shape": [3]}, ("shape",), "takes a list of 2 to 4 sizes"),
            ({"layer": {"kind": "relu"}, "shape": [0, 3]}, ("shape",), "takes a list of 2 to 4 sizes"),
            ({"layer": {"kind": "relu"}, "input": "zeros"}, ("input",), 'takes "normal", "ones", or an object with run and batch; got "zeros"'),
            ({"layer": {"kind": "batch"}, "shape": [1, 3]}, ("shape",), "one has no variance"),
            ({"layer": {"kind": "instance"}}, ("shape",), "takes three or four sizes"),
            ({"layer": {"kind": "group", "groups": 5}}, ("shape",), "takes a second size that 5 groups divide"),
            ({"layer": {"kind": "dropout", "spatial": True}}, ("shape",), "samples, channels, height, width"),
            ({"layer": {"kind": "relu"}, "mode": "test"}, ("mode",), 'takes "train" or "eval"'),
            ({"layer": {"kind": "relu"}, "more": 1}, ("more",), "unknown field"),
        ],
    )
    def test_say_what_is_taken(self, asked: dict[str, Any], where: tuple[Any, ...], words: str) -> None:
        with pytest.raises(ValidationError) as refused:
            Probe.model_validate(asked)

        (first, *_) = refused.value.errors()
        assert first["loc"][: len(where)] == where[: len(first["loc"])]
        assert words in first["msg"]

    @pytest.mark.parametrize(
        ("asked", "where"),
        [
            ({"input": {"run": "r", "batch": 100}}, ("input", "batch")),
            ({"input": {"run": "r"}, "shape": [33, 64]}, ("shape",)),
            ({"input": {"run": "r"}, "shape": [5, 5]}, ("shape",)),
        ],
    )
    def test_of_what_the_run_has_not(self, asked: dict[str, Any], where: tuple[str, ...]) -> None:
        with pytest.raises(ValidationError) as refused:
            probe({"kind": "relu"}, **asked).of(DIGITS)

        assert refused.value.errors()[0]["loc"] == where
