"""What a machine is, without loading torch."""

import sys

import pytest

from worker import machine

TWO = """0, GPU-5c1d, NVIDIA A100-SXM4-80GB, 81920, 570.86.15
1, GPU-77ab, NVIDIA A100-SXM4-80GB, [N/A], 570.86.15
"""


class TestGpus:
    def test_are_read_from_the_table_of_nvidia_smi(self) -> None:
        first, second = machine.parse(TWO)

        assert (first["kind"], first["index"], first["uuid"], first["name"]) == ("cuda", 0, "GPU-5c1d", "NVIDIA A100-SXM4-80GB")
        assert (first["memory_mb"], first["driver"]) == (81920, "570.86.15")
        assert (second["index"], second["memory_mb"]) == (1, None)

    @pytest.mark.parametrize(
        ("wanted", "indices"),
        [
            pytest.param(None, [0, 1], id="not set"),
            pytest.param("", [], id="set to nothing"),
            pytest.param("1", [1], id="by number"),
            pytest.param("1,0", [1, 0], id="in their order"),
            pytest.param("GPU-77", [1], id="by the beginning of a uuid"),
            pytest.param("0,-1,1", [0], id="up to the first that is none"),
        ],
    )
    def test_are_those_that_cuda_visible_devices_leaves(self, wanted: str | None, indices: list[int]) -> None:
        assert [gpu["index"] for gpu in machine.visible(machine.parse(TWO), wanted)] == indices


class TestMachine:
    def test_has_a_processor_with_a_name_and_cores(self) -> None:
        cpu = machine.devices()[0]

        assert cpu["kind"] == "cpu"
        assert cpu["name"]
        assert cpu["cores"] >= 1

    def test_knows_versions_without_importing_what_they_are_of(self) -> None:
        assert set(machine.versions()) == {"torch", "python", "runtwice", "code", "image"}
        assert machine.version("no-such-package") is None
        assert "torch" not in sys.modules or machine.versions()["torch"]
