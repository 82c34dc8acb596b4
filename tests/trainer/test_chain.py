"""The digest chain: at which steps it has links, and what each part of a link stands for."""

import json
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from trainer.chain import is_link
from trainer.config import MOST_LINKS, RunConfig
from trainer.events import PARTS, Digests


def config(**given: Any) -> RunConfig:
    return RunConfig.model_validate({"dataset": {"name": "digits"}, "device": "cpu", **given})


def links(trained: Any) -> dict[int, dict[str, str]]:
    return {each.step: dict(each.parts) for each in trained.events if isinstance(each, Digests)}


def parting(one: dict[int, dict[str, str]], other: dict[int, dict[str, str]]) -> tuple[int, set[str]]:
    """The first step at which the chains differ, and in what."""
    step = next(step for step in one if one[step] != other[step])
    return step, {part for part in one[step] if one[step][part] != other[step][part]}


class TestLinks:
    def test_lie_dense_at_first_then_evenly_and_at_the_end(self, train: Any) -> None:
        assert list(links(train(total_iterations=250))) == [0, 1, 3, 7, 15, 31, 63, 99, 199, 249]

    def test_lie_where_the_config_says(self, train: Any) -> None:
        assert list(links(train(total_iterations=30, digest_every=8))) == [0, 1, 3, 7, 15, 23, 29]

    def test_are_at_the_last_step_of_a_run_that_ends_early(self, train: Any) -> None:
        stopped = train(total_iterations=100, eval_every=5, early_stopping={"goal": "max", "patience": 1})
        diverged = train(optimizer={"kind": "sgd", "lr": 1e30})

        assert max(links(stopped)) == stopped.ended.step
        assert max(links(diverged)) == diverged.ended.step

    @pytest.mark.parametrize("given", [{}, {"batch_size": 1}, {"digest_every": 1000}])
    def test_are_about_a_thousand_at_most(self, given: dict[str, Any]) -> None:
        long = config(total_iterations=1_000_000, **given)

        assert sum(is_link(long.link_every, step) for step in range(1_000_000)) <= MOST_LINKS + 10

    def test_too_many_are_refused_at_the_field(self) -> None:
        with pytest.raises(ValidationError) as refused:
            config(total_iterations=5000, digest_every=4)

        assert refused.value.errors()[0]["loc"] == ("digest_every",)
        assert "takes at least 5" in refused.value.errors()[0]["msg"]

    def test_are_fewer_for_small_batches_whose_steps_are_quick(self) -> None:
        assert [config(batch_size=size).link_every for size in (8, 64, 256)] == [800, 100, 100]
        assert [config(optimizer={"kind": "adam"}, batch_size=size).link_every for size in (8, 64, 256)] == [2400, 300, 100]

    def test_change_nothing_that_is_computed(self, train: Any) -> None:
        variant = {"model": {"norm": {"kind": "batch"}, "dropout": {"p": 0.3}}}

        often, seldom = train(digest_every=1, **variant), train(digest_every=1000, **variant)

        assert often.metrics == seldom.metrics
        assert often.ended == seldom.ended


class TestParts:
    VARIANT: ClassVar[dict[str, Any]] = {"model": {"norm": {"kind": "batch"}, "dropout": {"p": 0.3}}, "optimizer": {"kind": "adam"}}

    def test_are_named_and_equal_in_equal_runs(self, train: Any) -> None:
        first, second = links(train(**self.VARIANT)), links(train(**self.VARIANT))

        assert first == second
        assert all(tuple(parts) == PARTS and all(len(digest) == 64 for digest in parts.values()) for parts in first.values())

    @pytest.mark.parametrize(
        ("change", "parts"),
        [
            pytest.param({"optimizer": {"kind": "adam", "lr": 0.01}}, {"weights", "optimizer"}, id="learning rate"),
            pytest.param({"scheduler": {"kind": "exponential", "gamma": 0.5}}, {"optimizer"}, id="schedule"),
            pytest.param({"model": {"norm": {"kind": "batch", "momentum": 0.5}, "dropout": {"p": 0.3}}}, {"buffers"}, id="momentum of batch norm"),
            pytest.param({"seed": 1}, {"weights", "buffers", "optimizer", "rng", "order"}, id="seed"),
        ],
    )
    def test_tell_what_parted_first(self, train: Any, change: dict[str, Any], parts: set[str]) -> None:
        assert parting(links(train(**self.VARIANT)), links(train(**{**self.VARIANT, **change}))) == (0, parts)


class TestConfig:
    def test_of_the_chain_and_of_checkpoints_is_no_part_of_the_digest(self) -> None:
        assert config(digest_every=7, checkpoint_every_s=None).digest() == config().digest()

    def test_digest_is_that_of_before_there_was_a_chain(self) -> None:
        assert not {"digest_every", "checkpoint_every_s", "execution"} & set(json.loads(config().canonical()))

    def test_with_execution_graph_is_another_config(self) -> None:
        assert config(device="cuda", execution="graph").digest() != config(device="cuda").digest()

    def test_refuses_graph_on_a_cpu(self) -> None:
        with pytest.raises(ValidationError, match="takes graph only on a GPU: device is cpu"):
            config(execution="graph")

    def test_refuses_graph_with_diagnostics(self) -> None:
        with pytest.raises(ValidationError, match="takes graph only without diagnostics"):
            config(device="cuda", execution="graph", diagnostics={})

    def test_graph_where_auto_finds_no_gpu_fails_in_plain_words(self, train: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("torch.cuda.is_available", lambda: False)

        trained = train(device="auto", execution="graph")

        assert trained.ended.reason == "execution graph needs a CUDA device; this run is on cpu"
