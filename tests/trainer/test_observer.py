"""Statistics of layers, against plain PyTorch; and that looking changes no bit."""

import math
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from trainer.config import RunConfig
from trainer.diagnostics import KINDS, Diagnostics
from trainer.events import Snapshot, decode, encode
from trainer.observer import LayerObserver, histogram, statistics

RICH: dict[str, Any] = {
    "model": {"hidden": [32, 16], "norm": {"kind": "batch"}, "dropout": {"p": 0.3}},
    "optimizer": {"kind": "adam"},
    "total_iterations": 41,
}


def snapshots(trained: Any) -> list[Snapshot]:
    return [event for event in trained.events if isinstance(event, Snapshot)]


def of(snapshot: Snapshot, kind: str, layer: str) -> dict[str, Any]:
    (row,) = [row for row in snapshot.layers[kind] if row["layer"] == layer]
    return row


class TestObserving:
    @pytest.mark.parametrize("precision", ["float32", "float64"])
    def test_changes_no_bit_of_the_run(self, train: Any, precision: str) -> None:
        plain = train(**RICH, precision=precision)
        watched = train(**RICH, precision=precision, diagnostics={"every": 3})

        assert watched.metrics == plain.metrics
        assert watched.ended.digests == plain.ended.digests
        assert watched.started.digests == plain.started.digests

    def test_is_no_part_of_the_configs_digest(self) -> None:
        plain, watched = ({"dataset": {"name": "digits"}, "diagnostics": each} for each in (None, {"every": 7}))

        assert RunConfig.model_validate(plain).digest() == RunConfig.model_validate(watched).digest()

    def test_happens_at_the_first_step_every_k_and_the_last(self, train: Any) -> None:
        trained = train(**RICH, diagnostics={"every": 15})

        assert [each.step for each in snapshots(trained)] == [0, 15, 30, 40]
        assert Diagnostics(every=15).snapshots(41) == 4
        assert Diagnostics(every=20).snapshots(41) == 3

    def test_tells_every_kind_of_every_layer_in_the_order_of_the_network(self, train: Any) -> None:
        (first, *_) = snapshots(train(**RICH, diagnostics={"every": 40}))

        assert set(first.layers) == set(KINDS)
        assert [row["module"] for row in first.layers["activation"]] == ["Linear", "ReLU", "BatchNorm1d", "Dropout"] * 2 + ["Linear"]
        assert [row["layer"] for row in first.layers["gradient"]] == [str(place) for place in range(9)]
        assert [row["layer"] for row in first.layers["running_var"]] == ["2", "6"]
        assert len(first.layers["weight"]) == len(first.layers["weight_gradient"]) == 10

    def test_survives_the_way_through_a_pipe(self, train: Any) -> None:
        (first, *_) = snapshots(train(**RICH, diagnostics={}))

        assert decode(encode(first)) == first

    def test_tells_what_a_diverged_run_was_like(self, train: Any) -> None:
        trained = train(optimizer={"lr": 1e30}, total_iterations=5, on_non_finite="continue", diagnostics={"every": 1})

        last = snapshots(trained)[-1]
        assert of(last, "weight", "0.weight")["non_finite"] > 0
        assert all(math.isfinite(value) for row in last.layers["weight"] for value in row.values() if isinstance(value, float))
        encode(last)

    def test_ends_with_the_step_that_went_wrong(self, train: Any) -> None:
        trained = train(optimizer={"lr": 1e30}, total_iterations=50, diagnostics={"every": 1})

        assert trained.ended.state == "failed"
        assert snapshots(trained)[-1].step == trained.ended.step < 49

    def test_is_refused_for_steps_that_are_one_graph(self) -> None:
        with pytest.raises(ValidationError, match="takes graph only without diagnostics"):
            RunConfig.model_validate({"dataset": {"name": "digits"}, "device": "cuda", "execution": "graph", "diagnostics": {}})

    def test_more_snapshots_than_are_kept_are_refused_with_what_would_do(self) -> None:
        with pytest.raises(ValidationError, match=r"takes at least 11: a run keeps at most 1000 snapshots; got 1"):
            RunConfig.model_validate({"dataset": {"name": "digits"}, "total_iterations": 10_000, "diagnostics": {"every": 1}})

        RunConfig.model_validate({"dataset": {"name": "digits"}, "total_iterations": 10_000, "diagnostics": {"every": 11}})


class TestAgainstPlainTorch:
    """Two steps of a network by hand, watched by an LayerObserver, and the same figures taken by plain means."""

    @pytest.fixture
    def two_steps(self) -> tuple[list[Snapshot], dict[str, torch.Tensor]]:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.BatchNorm1d(5), nn.Linear(5, 3))
        x_BD, y_B = torch.randn(8, 6), torch.tensor([0, 1, 2, 0, 1, 2, 0, 1])
        taken: list[Snapshot] = []
        seen: dict[str, torch.Tensor] = {}
        observer = LayerObserver(Diagnostics(every=1, bins=4), 2, model, taken.append)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
        for step in range(2):
            optimizer.zero_grad()
            observer.begin(step)
            hidden = model[1](model[0](x_BD))
            hidden.retain_grad()
            nn.functional.cross_entropy(model[3](model[2](hidden)), y_B).backward()
            observer.after_backward()
            seen = {
                "hidden": hidden.detach(),
                "by_hidden": hidden.grad,
                "grad": model[0].weight.grad.clone(),
                "before": model[0].weight.detach().clone(),
            }
            optimizer.step()
            observer.after_step()
        seen["after"], seen["running_var"] = model[0].weight.detach(), model[2].running_var
        return taken, seen

    @pytest.mark.parametrize(
        ("kind", "layer", "tensor"),
        [
            ("activation", "1", "hidden"),
            ("gradient", "1", "by_hidden"),
            ("weight_gradient", "0.weight", "grad"),
            ("weight", "0.weight", "after"),
            ("running_var", "2", "running_var"),
        ],
    )
    def test_every_kind_is_what_it_says(self, two_steps: Any, kind: str, layer: str, tensor: str) -> None:
        taken, seen = two_steps
        values = seen[tensor].double()

        row = of(taken[-1], kind, layer)

        expected = [values.mean(), values.std(correction=0), values.min(), values.max(), values.norm(), (values == 0).double().mean()]
        assert [row[name] for name in ("mean", "sd", "min", "max", "norm", "zeros")] == pytest.approx([float(each) for each in expected], rel=1e-12)
        assert sum(row["histogram"]["counts"]) == values.numel()
        counts = torch.histc(values, 4, float(values.min()), float(values.max())).long().tolist()
        assert row["histogram"]["counts"] == counts

    def test_the_ratio_is_the_updates_norm_over_the_weights(self, two_steps: Any) -> None:
        taken, seen = two_steps

        ratio = of(taken[-1], "weight", "0.weight")["ratio"]

        assert ratio == pytest.approx(float((seen["after"] - seen["before"]).norm() / seen["before"].norm()), rel=1e-5)

    def test_no_hook_stays_in_the_model(self, two_steps: Any) -> None:
        model = nn.Sequential(nn.Linear(2, 2))
        observer = LayerObserver(Diagnostics(every=1), 1, model, lambda _: None)

        observer.begin(0)
        model(torch.ones(1, 2)).sum().backward()
        observer.after_backward()

        assert not model[0]._forward_hooks


class TestDeadUnits:
    def test_a_unit_is_dead_when_256_images_in_a_row_got_nothing_from_it(self) -> None:
        model = nn.Sequential(nn.Linear(2, 4), nn.ReLU())
        with torch.no_grad():
            model[0].weight.fill_(1.0)
            model[0].bias.copy_(torch.tensor([1.0, 1.0, -100.0, 1.0]))
        taken: list[Snapshot] = []
        observer = LayerObserver(Diagnostics(every=1), 9, model, taken.append)

        for step in range(5):
            observer.begin(step)
            model(torch.rand(64, 2)).sum().backward()
            observer.after_backward()
            observer.after_step()

        assert [of(each, "activation", "1")["dead"] for each in taken] == [0.0, 0.0, 0.0, 0.25, 0.25]
        assert of(taken[0], "activation", "0")["dead"] is None

    def test_a_channel_of_an_image_is_one_unit(self) -> None:
        model = nn.Sequential(nn.Identity(), nn.ReLU())
        taken: list[Snapshot] = []
        observer = LayerObserver(Diagnostics(every=1), 1, model, taken.append)
        x_BCHW = torch.ones(300, 2, 3, 3)
        x_BCHW[:, 1] = -1.0

        observer.begin(0)
        model(x_BCHW)
        observer.after_backward()
        observer.after_step()

        assert of(taken[0], "activation", "1")["dead"] == 0.5


class TestStatistics:
    def test_shares_count_what_is_near_a_limit(self) -> None:
        found = statistics(torch.tensor([-1.0, -0.5, 0.0, 0.99]), (-1.0, 1.0))

        assert found["saturated"] == 0.5
        assert found["zeros"] == 0.25

    def test_what_is_not_finite_is_counted_and_left_out(self) -> None:
        found = statistics(torch.tensor([1.0, math.nan, math.inf, 3.0]))

        assert (found["mean"], found["max"], found["non_finite"]) == (2.0, 3.0, 0.5)

    def test_nothing_finite_gives_no_numbers(self) -> None:
        assert statistics(torch.tensor([math.nan]))["mean"] is None
        assert histogram(torch.tensor([math.nan]), 4) is None

    def test_a_histogram_of_one_value_is_all_in_its_first_part(self) -> None:
        assert histogram(torch.full((7,), 2.5), 3) == {"low": 2.5, "high": 2.5, "counts": [7, 0, 0]}

    def test_large_float32_values_do_not_overflow(self) -> None:
        assert statistics(torch.full((4,), 3e38))["norm"] == pytest.approx(6e38, rel=1e-6)
