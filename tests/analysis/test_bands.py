"""Bands of many curves, held against plain lists."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import bands
from analysis.bands import Bands

VALUES = st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf, -math.inf])
CURVES = st.lists(st.dictionaries(st.integers(0, 60), VALUES, max_size=12), max_size=12)


def banded(curves: list[dict[int, float]], most: int = 1000) -> bands.Columns:
    sums = Bands()
    for curve in curves:
        steps = sorted(curve)
        sums.add(np.array(steps, np.int64), np.array([curve[step] for step in steps], np.float64))
    return sums.columns(most)


class TestBands:
    @given(CURVES, st.sampled_from([1, 2, 64]))
    def test_are_what_plain_lists_give(self, curves: list[dict[int, float]], grids: int) -> None:
        by_step: dict[int, list[float]] = {}
        for curve in curves:
            for step, value in curve.items():
                by_step.setdefault(step, []).extend([value] if math.isfinite(value) else [])
        held = {step: values for step, values in sorted(by_step.items()) if values}

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bands, "MOST_GRIDS", grids)
            found = banded(curves)

        assert found.steps.tolist() == list(held)
        assert found.count.tolist() == [len(values) for values in held.values()]
        assert (found.low.tolist(), found.high.tolist()) == ([min(each) for each in held.values()], [max(each) for each in held.values()])
        assert found.mean.tolist() == pytest.approx([math.fsum(values) / len(values) for values in held.values()], rel=1e-9, abs=1e-6)

    @given(CURVES, st.integers(1, 20))
    def test_of_too_many_steps_keep_every_extreme_in_fewer_rows(self, curves: list[dict[int, float]], most: int) -> None:
        whole, found = banded(curves), banded(curves, most)

        assert len(found.steps) <= most
        assert list(found.steps) == sorted(set(found.steps.tolist()))
        assert found.count.sum() == whole.count.sum()
        assert (found.low.min(initial=0), found.high.max(initial=0)) == (whole.low.min(initial=0), whole.high.max(initial=0))

    @pytest.mark.parametrize("curves", [[], [{}], [{3: math.nan}]], ids=["no curve", "an empty one", "none of it finite"])
    def test_without_a_value_are_empty(self, curves: list[dict[int, Any]]) -> None:
        assert banded(curves).steps.tolist() == []
