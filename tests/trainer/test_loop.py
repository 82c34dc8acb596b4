"""What a training step records, and when training ends."""

import math
from typing import Any

import pytest
import torch

from trainer.config import RunConfig
from trainer.data import load
from trainer.loop import Watch, evaluate, train
from trainer.model import build
from trainer.order import BatchOrder
from trainer.training import Training

CPU = torch.device("cpu")
EXPLODES = {"optimizer": {"kind": "sgd", "lr": 1e30}}


class TestMetrics:
    def test_are_the_same_set_for_every_variant(self, train: Any) -> None:
        for given in ({}, {"model": {"norm": {"kind": "batch"}}}, {"optimizer": {"kind": "adam"}}, {"scheduler": {"kind": "step"}}):
            assert set(train(**given).metrics) == {"train/loss", "train/accuracy", "lr", "grad/norm", "val/loss", "val/accuracy"}

    def test_come_every_step_and_validation_every_so_many_and_after_the_last(self, train: Any) -> None:
        metrics = train(total_iterations=25, eval_every=10).metrics

        assert list(metrics["train/loss"]) == list(metrics["lr"]) == list(metrics["grad/norm"]) == list(range(25))
        assert list(metrics["val/loss"]) == list(metrics["val/accuracy"]) == [9, 19, 24]

    def test_do_not_depend_on_how_often_validation_runs(self, train: Any) -> None:
        model = {"dropout": {"p": 0.5}, "norm": {"kind": "batch"}}

        often, seldom = train(model=model, eval_every=3), train(model=model, eval_every=20)

        assert often.metrics["train/loss"] == seldom.metrics["train/loss"]
        assert often.ended.digests == seldom.ended.digests

    def test_hold_the_learning_rate_that_the_step_used(self, train: Any) -> None:
        rates = train(total_iterations=5, optimizer={"kind": "sgd", "lr": 1.0}, scheduler={"kind": "step", "step_size": 2}).metrics["lr"]

        assert list(rates.values()) == [1.0, 1.0, 0.5, 0.5, 0.25]

    def test_hold_the_test_part_once_at_the_last_step(self, train: Any) -> None:
        metrics = train(dataset={"name": "digits", "test_size": 100}).metrics

        assert list(metrics["test/loss"]) == list(metrics["test/accuracy"]) == [29]

    def test_of_validation_are_over_the_whole_part_in_evaluation_mode(self) -> None:
        config = RunConfig.model_validate({"dataset": {"name": "digits"}, "model": {"dropout": {"p": 0.5}}})
        model, data = build(config), load(config, CPU)

        loss, accuracy = (each.item() for each in evaluate(model, data.val, config))

        assert model.training
        outputs = model.eval()(data.val.x_ND)
        assert loss == torch.nn.functional.cross_entropy(outputs, data.val.y_N).item()
        assert accuracy == pytest.approx((outputs.argmax(1) == data.val.y_N).double().mean().item())


class TestEarlyStopping:
    def test_ends_a_run_that_no_longer_improves(self, train: Any) -> None:
        stopping = {"metric": "val/loss", "goal": "max", "patience": 3}  # a falling loss never becomes larger

        trained = train(total_iterations=100, eval_every=5, early_stopping=stopping, dataset={"name": "digits", "test_size": 50})

        assert trained.ended.state == "finished"
        assert trained.ended.step == 19  # the best at step 4, then three evaluations
        assert list(trained.metrics["train/loss"]) == list(range(20))
        assert list(trained.metrics["test/loss"]) == [19]
        assert "val/loss did not improve in 3 evaluations" in trained.log[0]

    def test_lets_a_run_that_improves_go_on(self, train: Any) -> None:
        trained = train(total_iterations=40, eval_every=5, early_stopping={"patience": 3})

        assert (trained.ended.step, trained.log) == (39, [])

    def test_does_not_change_the_steps_before(self, train: Any) -> None:
        stopped = train(total_iterations=100, eval_every=5, early_stopping={"goal": "max", "patience": 1}).metrics["train/loss"]
        whole = train(total_iterations=100, eval_every=5).metrics["train/loss"]

        assert len(stopped) < len(whole)
        assert stopped == {step: value for step, value in whole.items() if step in stopped}

    def test_counts_nan_as_no_improvement(self) -> None:
        watch = Watch("val/loss", "min")

        assert [watch.improves({"val/loss": value}) for value in (math.nan, 2.0, math.nan, 2.0, 1.0, -math.inf)] == [
            False,
            True,
            False,
            False,
            True,
            True,
        ]


class TestNonFiniteLoss:
    def test_ends_the_run_as_failed_with_the_step_and_records_it(self, train: Any) -> None:
        trained = train(**EXPLODES)

        last = trained.ended.step
        assert (trained.exit_code, trained.ended.state) == (1, "failed")
        assert trained.ended.reason.startswith("train/loss became ")
        assert f" at step {last}," in trained.ended.reason
        assert not math.isfinite(trained.metrics["train/loss"][last])
        assert all(math.isfinite(value) for step, value in trained.metrics["train/loss"].items() if step < last)

    @pytest.mark.parametrize(
        "given", [{}, {"model": {"norm": {"kind": "batch"}, "dropout": {"p": 0.3}}, "optimizer": {"kind": "sgd", "momentum": 0.9}}]
    )
    def test_noticed_steps_later_leaves_the_run_as_if_it_had_been_noticed_at_once(self, train: Any, given: dict[str, Any]) -> None:
        config = {"total_iterations": 200, "precision": "float32", **given}
        config["optimizer"] = {"kind": "sgd", **given.get("optimizer", {}), "lr": 60.0}
        config["scheduler"] = {"kind": "exponential", "gamma": 1.6}

        late, at_once = train(eval_every=200, **config), train(eval_every=200, digest_every=1, **config)

        assert late.ended.state == "failed"
        assert late.ended.step > 3
        assert late.ended == at_once.ended
        assert repr(late.metrics) == repr(at_once.metrics)  # NaN is not equal to itself
        assert late.artifacts["final.safetensors"].sha256 == at_once.artifacts["final.safetensors"].sha256

    def test_goes_on_if_the_config_says_so(self, train: Any) -> None:
        trained = train(on_non_finite="continue", **EXPLODES)

        assert (trained.exit_code, trained.ended.state, trained.ended.step) == (0, "finished", 29)
        assert math.isnan(trained.metrics["train/loss"][29])

    def test_in_validation_alone_ends_the_run_too(self, train: Any) -> None:
        trained = train(total_iterations=1, **EXPLODES)

        assert math.isfinite(trained.metrics["train/loss"][0])
        assert trained.ended.state == "failed"
        assert trained.ended.reason.startswith("val/loss became ")


def test_training_can_be_followed_a_few_steps_at_a_time() -> None:
    config = RunConfig.model_validate({"dataset": {"name": "digits"}, "total_iterations": 4, "eval_every": 2})
    model, data = build(config), load(config, CPU)

    seen = [(each.rows.first, each.rows.last, each.link is not None) for each in train(Training(config, model), data, BatchOrder(config, data.train))]

    assert seen == [(0, 0, True), (1, 1, True), (2, 3, True)]
