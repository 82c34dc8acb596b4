import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.leaves import Change, changes, leaves, side_by_side

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
trees = st.dictionaries(
    st.text(max_size=3), st.recursive(scalars, lambda inner: st.dictionaries(st.text(max_size=3), inner, max_size=3), max_leaves=6), max_size=4
)


class TestLeaves:
    @pytest.mark.parametrize(
        ("tree", "flat"),
        [
            pytest.param({"a": {"b": {"c": 1}}}, {"a.b.c": 1}, id="nested"),
            pytest.param({"a": [1, 2], "b": {}}, {"a": [1, 2], "b": {}}, id="lists and empty objects are leaves"),
            pytest.param({"a.b": 1, "a": {"b": 2}}, {'"a.b"': 1, "a.b": 2}, id="a key with a dot is quoted"),
            pytest.param({'say "x"': 1, "": 2}, {'"say ""x"""': 1, '""': 2}, id="a key with quotes, an empty key"),
            pytest.param({"val/loss": 1, "model-name": 2}, {"val/loss": 1, "model-name": 2}, id="other marks need no quotes"),
        ],
    )
    def test_are_dotted_paths(self, tree, flat):
        assert leaves(tree) == flat

    @given(trees)
    def test_no_two_leaves_share_a_path(self, tree):
        def count(node: dict) -> int:
            return sum(count(value) if isinstance(value, dict) and value else 1 for value in node.values())

        assert len(leaves(tree)) == count(tree)


class TestChanges:
    def test_are_in_the_order_of_the_base(self):
        assert changes({"b": 1, "a": 1, "same": 0}, {"a": 2, "same": 0, "b": 2, "new": 3}) == [
            Change("b", 1, 2),
            Change("a", 1, 2),
            Change("new", None, 3),
        ]

    def test_a_union_of_another_kind_counts_by_its_leaves(self):
        found = changes({"norm": {"kind": "none"}}, {"norm": {"kind": "layer", "eps": 1e-5}})

        assert [change.document() for change in found] == [
            {"path": "norm.kind", "from": "none", "to": "layer"},
            {"path": "norm.eps", "from": None, "to": 1e-5},
        ]

    def test_a_null_that_becomes_an_object_is_told_by_its_leaves(self):
        assert changes({"stop": None}, {"stop": {"patience": 3}}) == [Change("stop.patience", None, 3)]

    @pytest.mark.parametrize(
        ("a", "b", "same"),
        [
            pytest.param(1, 1.0, True, id="1 and 1.0"),
            pytest.param(1, True, False, id="1 and true"),
            pytest.param(math.nan, math.nan, True, id="NaN"),
            pytest.param([1, [2]], [1.0, [2]], True, id="lists"),
            pytest.param([1, True], [1, 1], False, id="lists with a boolean"),
            pytest.param([{"a": math.nan}], [{"a": math.nan}], True, id="objects in lists"),
            pytest.param("1", 1, False, id="text and number"),
            pytest.param(2**53 + 1, float(2**53), False, id="an integer that float64 cannot hold"),
        ],
    )
    def test_values_are_equal_as_in_json(self, a, b, same):
        assert (changes({"x": a}, {"x": b}) == []) is same

    @given(trees)
    def test_nothing_changed_against_itself(self, tree):
        assert changes(tree, tree) == []

    @given(trees, trees)
    def test_backwards_is_the_same_changes_turned_round(self, a, b):
        assert {c.path for c in changes(a, b)} == {c.path for c in changes(b, a)}


class TestSideBySide:
    def test_tells_what_all_share_from_what_they_do_not(self):
        compared = side_by_side({"r1": {"lr": 1, "seed": 0}, "r2": {"lr": 2, "seed": 0}, "r3": {"seed": 0, "eps": None}})

        assert compared.document() == {
            "same": {"seed": 0},
            "different": [{"path": "lr", "values": {"r1": 1, "r2": 2}}, {"path": "eps", "values": {"r3": None}}],
        }

    def test_one_run_shares_everything_with_itself(self):
        assert side_by_side({"r1": {"a": {"b": 1}}}).document() == {"same": {"a.b": 1}, "different": []}

    def test_no_runs_have_nothing(self):
        assert side_by_side({}).document() == {"same": {}, "different": []}
