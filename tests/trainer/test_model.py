"""The layers do what the lecture's corrected formulas say."""

from typing import Any

import pytest
import torch
from torch import nn

from trainer.config import RunConfig
from trainer.model import ClassicDropout, build


def network(**model: Any) -> nn.Sequential:
    return build(config(model=model))


def config(**given: Any) -> RunConfig:
    return RunConfig.model_validate({"dataset": {"name": "digits"}, **given})


def kinds(model: nn.Sequential) -> list[str]:
    return [type(layer).__name__ for layer in model]


class TestBuild:
    @pytest.mark.parametrize(
        ("model", "layers"),
        [
            pytest.param({}, ["Linear", "ReLU", "Linear"], id="plain"),
            pytest.param({"hidden": []}, ["Linear"], id="no hidden layer"),
            pytest.param({"output": "softmax"}, ["Linear", "ReLU", "Linear", "Softmax"], id="softmax"),
            pytest.param(
                {"norm": {"kind": "batch"}, "dropout": {"p": 0.5}},
                ["Linear", "ReLU", "BatchNorm1d", "Dropout", "Linear"],
                id="activation, norm, dropout",
            ),
            pytest.param(
                {"norm": {"kind": "layer"}, "norm_position": "before_activation", "dropout": {"p": 0.5, "scaling": "classic"}},
                ["Linear", "LayerNorm", "ReLU", "ClassicDropout", "Linear"],
                id="norm before activation",
            ),
        ],
    )
    def test_stacks_the_layers_in_order(self, model: dict[str, Any], layers: list[str]) -> None:
        assert kinds(network(**model)) == layers

    def test_begins_at_the_same_weights_whatever_the_variant(self) -> None:
        plain = network()[0].weight

        for variant in ({"norm": {"kind": "batch"}}, {"norm": {"kind": "layer"}}, {"dropout": {"p": 0.5}}, {"output": "softmax"}):
            assert torch.equal(network(**variant)[0].weight, plain)

    def test_begins_at_the_same_weights_in_both_precisions(self) -> None:
        single, double = build(config()), build(config(precision="float64"))

        assert double[0].weight.dtype == torch.float64
        assert torch.equal(double[0].weight, single[0].weight.double())

    def test_begins_at_other_weights_with_another_seed(self) -> None:
        assert not torch.equal(build(config(seed=1))[0].weight, build(config(seed=0))[0].weight)

    def test_does_not_care_what_was_drawn_before(self) -> None:
        before = network()[0].weight
        torch.rand(100)

        assert torch.equal(network()[0].weight, before)


class TestDropout:
    ONES = torch.ones(1000, 1000)

    def test_inverted_scales_in_training_and_does_nothing_at_evaluation(self) -> None:
        layer = network(dropout={"p": 0.3})[2]

        trained, evaluated = layer.train()(self.ONES), layer.eval()(self.ONES)

        assert trained.unique().tolist() == [0.0, pytest.approx(1 / 0.7)]
        assert (trained == 0).float().mean().item() == pytest.approx(0.3, abs=0.005)
        assert evaluated is self.ONES

    def test_classic_masks_in_training_and_scales_at_evaluation(self) -> None:
        layer = ClassicDropout(0.3)

        trained, evaluated = layer.train()(self.ONES), layer.eval()(self.ONES)

        assert trained.unique().tolist() == [0.0, 1.0]
        assert evaluated.unique().tolist() == [pytest.approx(0.7)]
        assert trained.mean().item() == pytest.approx(evaluated.mean().item(), abs=0.005)  # the same in expectation, not per element

    def test_both_scalings_draw_the_same_masks(self) -> None:
        torch.manual_seed(0)
        classic = ClassicDropout(0.3).train()(self.ONES)
        torch.manual_seed(0)
        inverted = nn.Dropout(0.3).train()(self.ONES)

        assert torch.equal(classic > 0, inverted > 0)

    @pytest.mark.parametrize("scaling", ["inverted", "classic"])
    def test_with_p_1_zeroes_all_in_training(self, scaling: str) -> None:
        layer = network(dropout={"p": 1.0, "scaling": scaling})[2]

        assert not layer.train()(self.ONES).any()

    @pytest.mark.parametrize("scaling", ["inverted", "classic"])
    def test_with_p_0_is_left_out(self, scaling: str) -> None:
        assert kinds(network(dropout={"p": 0, "scaling": scaling})) == ["Linear", "ReLU", "Linear"]


class TestBatchNorm:
    x_BD = torch.rand(28, 28, generator=torch.Generator().manual_seed(0))

    def layer(self) -> nn.BatchNorm1d:
        layer = network(hidden=[28], norm={"kind": "batch"})[2]
        assert isinstance(layer, nn.BatchNorm1d)
        return layer

    def test_starts_at_mean_0_and_variance_1(self) -> None:
        layer = self.layer()

        assert layer.running_mean is not None
        assert layer.running_var is not None
        assert not layer.running_mean.any()
        assert layer.running_var.unique().tolist() == [1.0]

    def test_normalizes_with_the_biased_variance_of_the_batch_per_feature(self) -> None:
        expected = (self.x_BD - self.x_BD.mean(0)) / torch.sqrt(self.x_BD.var(0, correction=0) + 1e-5)

        assert torch.allclose(self.layer().train()(self.x_BD), expected, atol=1e-6)

    def test_moves_its_running_variance_by_the_unbiased_one(self) -> None:
        layer = self.layer()

        layer.train()(self.x_BD)

        assert layer.running_mean is not None
        assert layer.running_var is not None
        assert torch.allclose(layer.running_mean, 0.1 * self.x_BD.mean(0), atol=1e-6)
        assert torch.allclose(layer.running_var, 0.9 + 0.1 * self.x_BD.var(0, correction=1), atol=1e-6)
        assert not torch.allclose(layer.running_var, 0.9 + 0.1 * self.x_BD.var(0, correction=0), atol=1e-6)

    def test_uses_running_statistics_at_evaluation_and_leaves_them(self) -> None:
        layer = self.layer()
        layer.train()(self.x_BD)
        before = {name: tensor.clone() for name, tensor in layer.state_dict().items()}

        got = layer.eval()(self.x_BD)

        expected = (self.x_BD - before["running_mean"]) / torch.sqrt(before["running_var"] + 1e-5)
        assert torch.allclose(got, expected, atol=1e-6)
        assert all(torch.equal(tensor, before[name]) for name, tensor in layer.state_dict().items())


class TestLayerNorm:
    def test_is_the_same_in_training_and_at_evaluation_and_per_sample(self) -> None:
        layer = network(hidden=[28], norm={"kind": "layer"})[2]
        x_BD = TestBatchNorm.x_BD

        expected = (x_BD - x_BD.mean(1, keepdim=True)) / torch.sqrt(x_BD.var(1, correction=0, keepdim=True) + 1e-5)

        assert torch.allclose(layer.train()(x_BD), expected, atol=1e-6)
        assert torch.equal(layer.train()(x_BD), layer.eval()(x_BD))
        assert list(layer.buffers()) == []
