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
        ],
    )
    def test_grow_with(self, less: dict[str, Any], more: dict[str, Any]) -> None:
        assert estimate_memory_bytes(config(**less)) < estimate_memory_bytes(config(**more))

    def test_tell_seconds_from_hours(self) -> None:
        assert estimate_duration_s(config(total_iterations=500)) < 10
        assert estimate_duration_s(config(total_iterations=500, batch_size="full", model={"hidden": [8192, 8192]})) > 3600
