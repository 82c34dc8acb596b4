"""The rules for findings, on networks that were really trained: some to go wrong, some not to."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from analysis.findings import RULES, Finding, Layers, found
from analysis.points import Column
from trainer.events import Snapshot

Look = Callable[..., dict[str, Finding]]
LECTURE: dict[str, Any] = {
    "dataset": {"name": "mnist5k"},
    "batch_size": 256,
    "total_iterations": 200,
    "eval_every": 20,
    "loss": {"targets": "one_hot"},
    "optimizer": {"lr": 2.0},
}
FEW_DIGITS: dict[str, Any] = {"name": "digits", "val_size": 400, "test_size": 1297}


def layers(snapshot: Snapshot) -> Layers:
    gradients = {row["layer"]: row["norm"] for row in snapshot.layers["gradient"]}
    return Layers(snapshot.step, gradients, {row["layer"]: row["dead"] for row in snapshot.layers["activation"] if row["dead"] is not None})


@pytest.fixture
def look(train: Any) -> Look:
    """look(optimizer={"lr": 9}) is what is found on that run, by kind."""

    def look(**config: Any) -> dict[str, Finding]:
        trained = train(**{"diagnostics": {"every": 25, "histograms": False}, "total_iterations": 300, **config})
        series = {name: Column(np.array([*points]), np.array([*points.values()])) for name, points in trained.metrics.items()}
        snapshots = [layers(event) for event in trained.events if isinstance(event, Snapshot)]
        return {each.kind: each for each in found(series, snapshots, 10)}

    return look


class TestHealthyRuns:
    @pytest.mark.parametrize(
        "config",
        [
            pytest.param({}, id="an mlp on digits"),
            pytest.param({"total_iterations": 10}, id="ten steps"),
            pytest.param({"model": {"hidden": [64, 64], "norm": {"kind": "batch"}, "dropout": {"p": 0.3}}}, id="batch norm and dropout"),
            pytest.param({"model": {"hidden": [64, 64, 64]}}, id="three layers"),
            pytest.param({"model": {"hidden": [64] * 20, "norm": {"kind": "batch"}}, "total_iterations": 150}, id="twenty layers with batch norm"),
            pytest.param({"optimizer": {"kind": "adam"}, "total_iterations": 1000}, id="adam"),
            pytest.param({"model": {"kind": "cnn", "norm": {"kind": "batch"}}, "total_iterations": 100}, id="a cnn"),
            pytest.param({"model": {"kind": "resnet", "channels": [8, 16], "norm": {"kind": "group"}}, "total_iterations": 100}, id="a resnet"),
            pytest.param({"model": {"hidden": [64, 64], "activation": "tanh"}, "precision": "bfloat16"}, id="tanh in bfloat16"),
            pytest.param({**LECTURE, "model": {"output": "softmax"}}, id="the lecture's baseline"),
            pytest.param({**LECTURE, "model": {"output": "softmax", "norm": {"kind": "batch"}}}, id="the lecture's batch norm"),
            pytest.param({**LECTURE, "model": {"output": "softmax", "dropout": {"p": 0.3}}}, id="the lecture's dropout"),
        ],
    )
    def test_have_no_findings(self, look: Look, config: dict[str, Any]) -> None:
        assert look(**config) == {}


class TestDiverged:
    def test_a_loss_that_is_not_finite(self, look: Look) -> None:
        finding = look(optimizer={"lr": 1e20}, model={"hidden": [64, 64]}, total_iterations=20)["diverged"]

        assert finding.step < 20
        assert "loss is NaN" in finding.words or "loss is infinite" in finding.words
        assert finding.rule == RULES["not finite"]
        assert finding.document()["figures"] in ({"train/loss": "NaN"}, {"train/loss": "Infinity"}, {"val/loss": "NaN"}, {"val/loss": "Infinity"})

    def test_adam_at_the_lectures_learning_rate_of_2(self, look: Look) -> None:
        found = look(**{**LECTURE, "model": {"output": "softmax"}, "optimizer": {"kind": "adam", "lr": 2.0}})

        assert found["diverged"].rule == RULES["learned nothing"]
        assert found["diverged"].figures["val/accuracy"] <= 0.2


class TestExplodingGradients:
    @pytest.mark.parametrize("lr", [10.0, 100.0])
    def test_too_large_a_learning_rate(self, look: Look, lr: float) -> None:
        finding = look(optimizer={"lr": lr}, on_non_finite="continue")["exploding_gradients"]

        assert finding.figures["largest"] >= 50 * finding.figures["first"]
        assert finding.layer is not None
        assert finding.step < 20

    def test_need_no_diagnostics(self, look: Look) -> None:
        finding = look(optimizer={"lr": 10.0}, diagnostics=None)["exploding_gradients"]

        assert finding.layer is None


class TestVanishingGradients:
    def test_a_deep_network_without_norm(self, look: Look) -> None:
        finding = look(model={"hidden": [64] * 15}, total_iterations=100)["vanishing_gradients"]

        assert (finding.layer, finding.step) == ("0", 0)
        assert finding.figures["ratio"] < 1e-4
        assert "29" not in finding.figures["layers"]

    @pytest.mark.parametrize("output", ["logits", "softmax"])
    def test_a_deep_network_of_tanh(self, look: Look, output: str) -> None:
        model = {"hidden": [64] * 20, "activation": "tanh", "output": output}

        finding = look(model=model, total_iterations=100)["vanishing_gradients"]

        assert (finding.layer, finding.step) == ("0", 0)
        assert finding.figures["ratio"] < 1e-3

    def test_the_same_with_batch_norm_has_none(self, look: Look) -> None:
        assert "vanishing_gradients" not in look(model={"hidden": [64] * 15, "norm": {"kind": "batch"}}, total_iterations=100)


class TestDeadActivations:
    def test_relus_after_too_large_a_step(self, look: Look) -> None:
        finding = look(optimizer={"lr": 2.0}, model={"hidden": [128, 128, 128]})["dead_activations"]

        assert finding.layer == "5"
        assert finding.figures["share"] > 0.9


class TestOverfitting:
    @pytest.mark.parametrize(
        "config",
        [
            pytest.param({"optimizer": {"kind": "adam", "lr": 0.003}, "total_iterations": 1000}, id="adam"),
            pytest.param({"optimizer": {"lr": 0.5}, "total_iterations": 1500}, id="sgd"),
        ],
    )
    def test_a_hundred_images_learned_by_heart(self, look: Look, config: dict[str, Any]) -> None:
        found = look(dataset=FEW_DIGITS, batch_size=50, diagnostics=None, **config)

        assert [*found] == ["overfitting"]
        assert found["overfitting"].figures["val/loss"] > 1.1 * found["overfitting"].figures["least val/loss"]
        assert found["overfitting"].step < 300

    def test_a_gap_without_a_rise(self, look: Look) -> None:
        few = {"name": "mnist5k", "val_size": 500, "test_size": 4400}
        finding = look(dataset=few, batch_size=50, model={"output": "softmax"}, optimizer={"lr": 2.0}, total_iterations=1000, diagnostics=None)

        assert finding["overfitting"].rule == RULES["gap"]

    def test_the_same_with_all_digits_has_none(self, look: Look) -> None:
        assert look(optimizer={"kind": "adam", "lr": 0.003}, total_iterations=500, diagnostics=None) == {}
