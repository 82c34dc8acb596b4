"""What goes into a segment comes back bit for bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import columns

DENORMAL = 5e-324


class TestValues:
    @given(st.lists(st.floats(width=64), min_size=1, max_size=200))
    def test_keep_every_bit(self, given_values: list[float]) -> None:
        values = np.array(given_values)

        back = columns.decode_values(columns.encode_values(values))

        assert back.tobytes() == values.tobytes()

    @pytest.mark.parametrize("value", [float("nan"), -0.0, DENORMAL, float("-inf"), 1.7976931348623157e308])
    def test_keep_what_is_easily_lost(self, value: float) -> None:
        values = np.full(1000, value)

        assert columns.decode_values(columns.encode_values(values)).tobytes() == values.tobytes()

    def test_that_repeat_take_little_room(self) -> None:
        assert len(columns.encode_values(np.full(4096, 0.1))) < 400

    def test_that_are_noise_take_eight_bytes_each(self) -> None:
        assert len(columns.encode_values(np.random.default_rng(0).random(4096))) <= 4096 * 8 + 1


class TestSteps:
    @given(st.sets(st.integers(0, 2**53 - 1), min_size=1, max_size=200))
    def test_come_back(self, given_steps: set[int]) -> None:
        steps = np.array(sorted(given_steps), np.int64)

        assert columns.decode_steps(columns.encode_steps(steps), len(steps)).tolist() == steps.tolist()

    def test_at_equal_distance_take_no_room(self) -> None:
        assert len(columns.encode_steps(np.arange(19, 4096 * 20, 20))) == 17


class TestTimes:
    def test_are_kept_to_the_millisecond(self) -> None:
        times = np.array([1795464406.2019, 1795464406.2021, 1795464399.5])

        assert columns.decode_times(columns.encode_times(columns.milliseconds(times))).tolist() == [1795464406202, 1795464406202, 1795464399500]
