"""Downsampling keeps every extreme, whatever the data."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.buckets import bucket

VALUES = st.lists(st.floats(allow_nan=True, allow_infinity=True, width=64), min_size=1, max_size=300)


class TestBucket:
    @given(values=VALUES, number=st.integers(1, 40), stride=st.integers(1, 2**40))
    def test_keeps_the_extremes_and_counts_every_point(self, values: list[float], number: int, stride: int) -> None:
        column = np.array(values)
        steps = np.arange(len(values), dtype=np.int64) * stride

        found = bucket(steps, steps, column, number)

        finite = column[np.isfinite(column)]
        assert len(found.steps) <= number
        assert found.counts.sum() == len(values)
        assert found.non_finite.sum() == len(values) - len(finite)
        if len(finite):
            assert np.nanmin(found.min) == finite.min()
            assert np.nanmax(found.max) == finite.max()

    @given(values=VALUES, number=st.integers(1, 40))
    def test_every_value_lies_between_its_buckets_min_and_max(self, values: list[float], number: int) -> None:
        column, steps = np.array(values), np.arange(len(values), dtype=np.int64)

        found = bucket(steps, steps, column, number)

        at = np.searchsorted(found.steps, steps, "right") - 1
        finite = np.isfinite(column)
        assert np.all(found.min[at][finite] <= column[finite])
        assert np.all(found.max[at][finite] >= column[finite])

    def test_puts_points_into_buckets_of_equal_width(self) -> None:
        steps = np.array([0, 1, 2, 50, 99, 100])
        values = np.array([5.0, 1.0, 3.0, np.nan, 2.0, 4.0])

        found = bucket(steps, steps, values, 4)

        assert found.steps.tolist() == [0, 50, 99]
        assert found.counts.tolist() == [3, 1, 2]
        assert found.min.tolist()[0] == 1.0
        assert np.isnan(found.mean[1])
        assert found.first.tolist()[0] == 5.0
        assert found.last.tolist()[2] == 4.0
        assert found.mean.tolist()[2] == 3.0

    @pytest.mark.parametrize(
        "values",
        [pytest.param([1.7e308, 1.7e308], id="a sum beyond float64"), pytest.param([0.0, 0.0], id="nothing but zeros")],
    )
    def test_has_a_mean_where_the_values_have_one(self, values: list[float]) -> None:
        found = bucket(np.array([0, 1]), np.array([0, 1]), np.array(values), 1)

        assert found.mean.tolist() == [values[0]]

    def test_takes_a_single_moment(self) -> None:
        found = bucket(np.array([7.5, 7.5]), np.array([0, 1]), np.array([1.0, 3.0]), 10)

        assert found.counts.tolist() == [2]
        assert found.x.tolist() == [7.5]
