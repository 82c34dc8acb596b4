import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.ulps import distance, in_json

finite = st.floats(allow_nan=False, allow_infinity=False)


class TestDistance:
    @pytest.mark.parametrize(
        ("a", "b", "expected"),
        [
            pytest.param(1.0, 1.0 + 2**-23, (1, "float32"), id="neighbours in float32"),
            pytest.param(1.0, 1.0 + 2**-52, (1, "float64"), id="neighbours in float64"),
            pytest.param(1.0, 0.1, (4607182418800017408 - 4591870180066957722, "float64"), id="one of them not exact in float32"),
            pytest.param(0.0, 2.0**-149, (1, "float32"), id="zero and the smallest float32"),
            pytest.param(0.0, 5e-324, (1, "float64"), id="zero and the smallest float64"),
            pytest.param(-(2.0**-149), 2.0**-149, (2, "float32"), id="across zero"),
            pytest.param(0.0, -0.0, (0, "float32"), id="the two zeros"),
            pytest.param(1e300, math.nextafter(1e300, math.inf), (1, "float64"), id="beyond float32"),
            pytest.param(math.nan, 1.0, (None, "float32"), id="NaN"),
            pytest.param(0.1, math.inf, (None, "float64"), id="infinity"),
        ],
    )
    def test_counts_representable_values(self, a, b, expected):
        assert distance(a, b) == expected
        assert distance(b, a) == expected

    @given(st.floats(width=32, allow_nan=False, allow_infinity=False), st.integers(0, 1000))
    def test_counts_in_float32_what_a_float32_loss_moves_by(self, value, steps):
        other = np.float32(value)
        for _ in range(steps):
            other = np.nextafter(other, np.float32(0))
            if other == 0:
                break

        ulps, ulp_of = distance(value, float(other))

        assert ulp_of == "float32"
        assert ulps == steps or other == 0

    @given(finite, finite)
    def test_is_the_same_both_ways(self, a, b):
        assert distance(a, b) == distance(b, a)


class TestInJson:
    @given(finite)
    def test_a_finite_number_stays_itself(self, value):
        assert in_json(value) is value

    def test_the_others_are_strings(self):
        assert [in_json(value) for value in (math.nan, math.inf, -math.inf)] == ["NaN", "Infinity", "-Infinity"]
