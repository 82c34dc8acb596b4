"""The layers do what the lecture's corrected formulas say."""

from typing import Any

import pytest
import torch
from torch import nn

from trainer.config import RunConfig
from trainer.layers import ClassicDropout
from trainer.layout import Maps, layers
from trainer.model import _norm, build
from trainer.precision import forward


def network(**model: Any) -> nn.Sequential:
    return build(config(model=model))


def config(**given: Any) -> RunConfig:
    return RunConfig.model_validate({"dataset": {"name": "digits"}, **given})


def kinds(model: nn.Sequential) -> list[str]:
    return [type(layer).__name__ for layer in model]


def drawn(model: nn.Sequential) -> list[torch.Tensor]:
    """The weights that the seed decides, in their order."""
    return [layer.weight for layer in model.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]


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
            pytest.param({"activation": "gelu"}, ["Linear", "GELU", "Linear"], id="gelu"),
            pytest.param({"activation": "tanh", "norm": {"kind": "rms"}}, ["Linear", "Tanh", "RmsNorm", "Linear"], id="tanh, rms norm"),
            pytest.param(
                {"kind": "cnn", "channels": [8], "norm": {"kind": "group"}, "dropout": {"p": 0.5, "spatial": True}},
                ["Unflatten", "Conv2d", "ReLU", "GroupNorm", "Dropout2d", "MaxPool2d", "Flatten", "Linear"],
                id="cnn",
            ),
            pytest.param(
                {"kind": "cnn", "pooling": "none", "norm": {"kind": "batch"}, "norm_position": "before_activation"},
                ["Unflatten", *["Conv2d", "BatchNorm2d", "ReLU"] * 2, "Flatten", "Linear"],
                id="cnn without pooling, norm before activation",
            ),
            pytest.param(
                {"kind": "resnet", "blocks": 2, "norm": {"kind": "instance"}},
                ["Unflatten", "Conv2d", *["Residual"] * 4, "ReLU", "InstanceNorm2d", "PixelMean", "Linear"],
                id="resnet",
            ),
        ],
    )
    def test_stacks_the_layers_in_order(self, model: dict[str, Any], layers: list[str]) -> None:
        assert kinds(network(**model)) == layers

    def test_begins_at_the_same_weights_whatever_the_variant(self) -> None:
        plain = network()[0].weight

        for variant in ({"norm": {"kind": "batch"}}, {"norm": {"kind": "layer"}}, {"dropout": {"p": 0.5}}, {"output": "softmax"}):
            assert torch.equal(network(**variant)[0].weight, plain)

    @pytest.mark.parametrize("kind", ["cnn", "resnet"])
    def test_over_images_begins_at_the_same_weights_whatever_the_variant(self, kind: str) -> None:
        variants: list[dict[str, Any]] = [
            *({"norm": {"kind": norm}} for norm in ("batch", "layer", "group", "instance", "rms")),
            {"norm": {"kind": "batch"}, "norm_position": "before_activation"},
            {"dropout": {"p": 0.5}},
            {"dropout": {"p": 0.5, "spatial": True}},
            {"activation": "tanh"},
            {"output": "softmax"},
        ]
        plain = drawn(network(kind=kind))

        for variant in variants:
            weights = drawn(network(kind=kind, **variant))
            assert len(weights) == len(plain)
            assert all(torch.equal(one, other) for one, other in zip(weights, plain, strict=True)), variant

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


class TestShapes:
    """What trainer.layout says of a network without torch is what the network does."""

    @pytest.mark.parametrize(
        "model",
        [
            pytest.param({"hidden": [32, 16], "norm": {"kind": "layer"}}, id="mlp"),
            pytest.param({"hidden": []}, id="mlp without hidden layers"),
            pytest.param({"kind": "cnn", "channels": [4, 8, 6], "kernel": 5}, id="cnn"),
            pytest.param({"kind": "cnn", "channels": [4, 8], "pooling": "none"}, id="cnn without pooling"),
            pytest.param({"kind": "resnet", "channels": [4, 8, 6, 6], "blocks": 2}, id="resnet"),
        ],
    )
    @pytest.mark.parametrize("name", ["digits", "mnist5k"])
    def test_are_those_of_every_layer(self, model: dict[str, Any], name: str) -> None:
        given = config(dataset={"name": name}, model=model)
        built = build(given).eval()
        seen: list[tuple[int, int]] = []
        for layer in built.modules():
            if isinstance(layer, nn.Linear | nn.Conv2d):
                weights = layer.weight.numel() + (0 if layer.bias is None else layer.bias.numel())
                layer.register_forward_hook(lambda _, __, out, weights=weights: seen.append((weights, out[0].numel())))

        built(torch.zeros(2, given.dataset.shape.features))

        said = [(layer.weights, layer.leaves.values) for layer in layers(given.model, given.dataset.shape)]
        assert sorted(seen) == sorted(said)

    def test_of_a_cnn_take_flat_images_by_channel_row_and_column(self) -> None:
        x_BD = torch.arange(128.0).reshape(2, 64)

        assert torch.equal(network(kind="cnn")[0](x_BD), x_BD.reshape(2, 1, 8, 8))

    def test_a_residual_block_adds_to_its_input(self) -> None:
        block = network(kind="resnet")[2]
        x_BCHW = torch.rand(2, 16, 8, 8)

        assert torch.equal(block(x_BCHW), x_BCHW + block.body(x_BCHW))


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
    def test_spatial_zeroes_whole_channels(self, scaling: str) -> None:
        dropout = {"p": 0.3, "spatial": True, "scaling": scaling}
        layer = next(each for each in network(kind="cnn", dropout=dropout) if "Dropout" in type(each).__name__)

        channels = (layer.train()(torch.ones(100, 50, 4, 4)) > 0).float().mean(dim=(2, 3))

        assert channels.unique().tolist() == [0.0, 1.0]
        assert channels.mean().item() == pytest.approx(0.7, abs=0.03)

    def test_spatial_draws_the_same_masks_in_both_scalings(self) -> None:
        ones = torch.ones(100, 50, 4, 4)
        torch.manual_seed(0)
        classic = ClassicDropout(0.3, spatial=True).train()(ones)
        torch.manual_seed(0)
        inverted = nn.Dropout2d(0.3).train()(ones)

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


class TestNormsOfFeatureMaps:
    """Over which axes each takes its mean and variance: B images, C channels, H by W pixels."""

    x_BCHW = torch.rand(6, 8, 5, 4, generator=torch.Generator().manual_seed(0))

    @pytest.mark.parametrize(
        ("norm", "groups", "axes"),
        [
            pytest.param("batch", 8, (0, 3, 4), id="batch: a channel over the batch and its pixels"),
            pytest.param("layer", 8, (1, 2, 3, 4), id="layer: an image over all channels and pixels"),
            pytest.param("group", 4, (2, 3, 4), id="group: an image over a group of channels and their pixels"),
            pytest.param("instance", 8, (3, 4), id="instance: an image's channel over its pixels"),
        ],
    )
    def test_take_mean_and_biased_variance_over(self, norm: str, groups: int, axes: tuple[int, ...]) -> None:
        given = config(model={"kind": "cnn", "channels": [8], "norm": {"kind": norm, **({"groups": 4} if norm == "group" else {})}}).model
        (layer,) = _norm(given.norm, Maps(8, 5, 4), flat=False)
        x = self.x_BCHW.reshape(6, groups, 8 // groups, 5, 4)

        expected = (x - x.mean(axes, keepdim=True)) / torch.sqrt(x.var(axes, correction=0, keepdim=True) + 1e-5)

        assert torch.allclose(layer.train()(self.x_BCHW), expected.reshape(6, 8, 5, 4), atol=1e-5)

    def test_rms_divides_an_image_by_its_root_mean_square(self) -> None:
        (layer,) = _norm(config(model={"kind": "cnn", "norm": {"kind": "rms"}}).model.norm, Maps(8, 5, 4), flat=False)

        expected = self.x_BCHW / torch.sqrt((self.x_BCHW**2).mean((1, 2, 3), keepdim=True) + 1e-6)

        assert torch.allclose(layer(self.x_BCHW), expected, atol=1e-6)

    @pytest.mark.parametrize(
        ("norm", "learned"),
        [("none", 0), ("batch", 2 * 8), ("layer", 2 * 8 * 8 * 8), ("group", 2 * 8), ("instance", 0), ("rms", 8 * 8 * 8)],
    )
    def test_learn_so_many_numbers(self, norm: str, learned: int) -> None:
        plain, normed = (network(kind="cnn", channels=[8], norm={"kind": each}) for each in ("none", norm))

        assert sum(each.numel() for each in normed.parameters()) - sum(each.numel() for each in plain.parameters()) == learned


class TestPrecision:
    @pytest.mark.parametrize("model", [{}, {"kind": "cnn", "norm": {"kind": "batch"}}, {"kind": "resnet", "norm": {"kind": "rms"}}])
    def test_bfloat16_is_of_layers_between_float32_weights_and_float32_outputs(self, model: dict[str, Any]) -> None:
        given = config(precision="bfloat16", model=model)
        built, types = build(given), []
        for layer in built.modules():
            if isinstance(layer, nn.Linear | nn.Conv2d):
                layer.register_forward_hook(lambda _, __, out: types.append(out.dtype))

        outputs = forward(given, built, torch.rand(4, 64))
        outputs.sum().backward()

        assert set(types) == {torch.bfloat16}
        assert outputs.dtype == torch.float32
        assert {each.dtype for each in built.parameters()} == {each.grad.dtype for each in built.parameters()} == {torch.float32}

    def test_float32_and_bfloat16_begin_at_the_same_weights(self) -> None:
        assert torch.equal(build(config(precision="bfloat16"))[0].weight, build(config())[0].weight)
