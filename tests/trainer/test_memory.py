"""Whether a config fits, judged before it is queued."""

from typing import Any

import pytest

from trainer.config import RunConfig
from trainer.memory import TooMuchMemory, check_memory, estimate_duration_s, estimate_memory_bytes

LIMIT_MB = 8192


def config(**given: Any) -> RunConfig:
    return RunConfig.model_validate({"dataset": {"name": "mnist5k"}, **given})


class TestCheckMemory:
    @pytest.mark.parametrize(
        ("hidden", "pointer"),
        [
            pytest.param([10**9], "/config/model/hidden/0", id="a layer of a billion"),
            pytest.param([64, 10**9, 64], "/config/model/hidden/1", id="in the middle"),
            pytest.param([64, 10**9], "/config/model/hidden/1", id="at the end"),
            pytest.param([10**9] * 64, "/config/model/hidden/0", id="all of them"),
        ],
    )
    def test_names_the_widest_layer_and_both_amounts(self, hidden: list[int], pointer: str) -> None:
        with pytest.raises(TooMuchMemory, match=r"would need about \d+ MB of memory; a run may take 8192 MB here") as refused:
            check_memory(config(model={"hidden": hidden}), LIMIT_MB)

        assert refused.value.pointer == pointer
        assert refused.value.estimated_mb > refused.value.limit_mb == LIMIT_MB

    @pytest.mark.parametrize(
        ("model", "pointer"),
        [
            pytest.param({"kind": "cnn", "channels": [16, 10**7]}, "/config/model/channels/1", id="channels of a cnn"),
            pytest.param({"kind": "cnn", "channels": [10**6, 16]}, "/config/model/channels/0", id="first block of a cnn"),
            pytest.param({"kind": "resnet", "channels": [16, 10**6, 16]}, "/config/model/channels/1", id="a stage of a resnet"),
        ],
    )
    def test_names_the_block_that_weighs_most(self, model: dict[str, Any], pointer: str) -> None:
        with pytest.raises(TooMuchMemory) as refused:
            check_memory(config(model=model), LIMIT_MB)

        assert refused.value.pointer == pointer

    @pytest.mark.parametrize("kind", ["cnn", "resnet"])
    def test_lets_the_defaults_over_images_pass(self, kind: str) -> None:
        check_memory(config(model={"kind": kind}), LIMIT_MB)

    def test_lets_the_lecture_pass(self) -> None:
        check_memory(config(batch_size="full"), LIMIT_MB)

    def test_lets_a_network_without_hidden_layers_pass(self) -> None:
        check_memory(config(model={"hidden": []}), LIMIT_MB)


class TestEstimates:
    @pytest.mark.parametrize(
        ("less", "more"),
        [
            pytest.param({}, {"model": {"hidden": [1024]}}, id="width"),
            pytest.param({}, {"precision": "float64"}, id="precision"),
            pytest.param({}, {"batch_size": "full"}, id="batch"),
            pytest.param({}, {"optimizer": {"kind": "adam"}}, id="adam keeps two more numbers per weight"),
            pytest.param({"model": {"kind": "cnn"}}, {"model": {"kind": "cnn", "channels": [32, 64]}}, id="channels"),
            pytest.param({"model": {"kind": "cnn"}}, {"model": {"kind": "cnn", "pooling": "none"}}, id="pixels that are kept"),
            pytest.param(
                {"model": {"kind": "resnet"}, "batch_size": 512}, {"model": {"kind": "resnet", "blocks": 3}, "batch_size": 512}, id="blocks"
            ),
        ],
    )
    def test_grow_with(self, less: dict[str, Any], more: dict[str, Any]) -> None:
        assert estimate_memory_bytes(config(**less)) < estimate_memory_bytes(config(**more))

    def test_tell_seconds_from_hours(self) -> None:
        assert estimate_duration_s(config(total_iterations=500)) < 10
        assert estimate_duration_s(config(total_iterations=500, batch_size="full", model={"hidden": [8192, 8192]})) > 3600

    def test_tell_minutes_from_days_of_convolutions(self) -> None:
        assert estimate_duration_s(config(total_iterations=500, model={"kind": "cnn"})) < 60
        assert estimate_duration_s(config(batch_size="full", model={"kind": "resnet", "channels": [64, 128], "blocks": 4})) > 24 * 3600

    def test_of_memory_hold_against_real_processes(self, in_forks: Any) -> None:
        few = {"dataset": {"name": "mnist5k", "val_size": 200}, "total_iterations": 2, "eval_every": 2, "device": "cpu"}
        configs = [
            config(model={"hidden": [2048, 2048]}, optimizer={"kind": "adam"}, **few),
            config(model={"kind": "cnn", "channels": [64], "norm": {"kind": "batch"}, "dropout": {"p": 0.1}}, batch_size=256, **few),
            config(model={"kind": "cnn", "channels": [32], "norm": {"kind": "group"}}, precision="float64", batch_size=256, **few),
            config(model={"kind": "resnet", "channels": [16]}, batch_size=448, **few),
        ]

        for given, told in zip(configs, in_forks(configs), strict=True):
            assert told["peak_bytes"] > 400e6, given.model  # the networks themselves weigh something
            assert 1 / 1.6 < estimate_memory_bytes(given) / told["peak_bytes"] < 1.6, (given.model, told["peak_bytes"])
