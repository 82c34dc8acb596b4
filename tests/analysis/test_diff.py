"""One experiment, one change: what counts as one, and how it is told."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from factors import FACTOR_NAMES, FREE, MANY, SINGLE_CHANGES, a_config, factor_of, put, put_both
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from analysis.diff import change_words, changed_factors, changes
from trainer.config import FACTORS, RunConfig

CASES = [
    pytest.param({}, {}, [], "no change", id="nothing"),
    pytest.param({}, {"dataset": {"name": "mnist5k"}}, ["dataset"], "dataset: digits → mnist5k; dataset val_size: 359 → 1000", id="dataset"),
    pytest.param({}, {"dataset": {"name": "digits", "split_seed": 1}}, ["dataset"], "dataset split_seed: 0 → 1", id="split"),
    pytest.param({}, {"model": {"hidden": [64, 64]}}, ["model"], "hidden: [256] → [64, 64]", id="sizes"),
    pytest.param({}, {"model": {"norm": {"kind": "batch"}}}, ["model.norm"], "norm: none → batch", id="norm"),
    pytest.param(
        {"model": {"norm": {"kind": "batch"}}},
        {"model": {"norm": {"kind": "layer", "eps": 0.001}}},
        ["model.norm"],
        "norm: batch → layer, eps 1e-05 → 0.001",
        id="another norm with another eps",
    ),
    pytest.param(
        {}, {"model": {"norm_position": "before_activation"}}, ["model.norm"], "norm_position: after_activation → before_activation", id="where"
    ),
    pytest.param({}, {"model": {"dropout": {"p": 0.5}}}, ["model.dropout"], "dropout: 0 → 0.5", id="dropout"),
    pytest.param(
        {},
        {"model": {"output": "softmax"}, "loss": {"targets": "one_hot"}},
        ["model.output"],
        "output: logits → softmax; loss targets: index → one_hot",
        id="the head and its loss are one factor",
    ),
    pytest.param({"optimizer": {"lr": 2.0}}, {"optimizer": {"lr": 0.5}}, ["optimizer"], "lr: 2 → 0.5", id="learning rate"),
    pytest.param({"optimizer": {"lr": 2.0}}, {"optimizer": {"kind": "adam"}}, ["optimizer"], "optimizer: sgd → adam, lr 2 → 0.001", id="optimizer"),
    pytest.param(
        {},
        {"optimizer": {"momentum": 0.9, "nesterov": True}},
        ["optimizer"],
        "optimizer momentum: 0 → 0.9; optimizer nesterov: false → true",
        id="momentum",
    ),
    pytest.param({}, {"scheduler": {"kind": "exponential"}}, ["scheduler"], "scheduler: constant → exponential", id="scheduler"),
    pytest.param({}, {"scheduler": {"kind": "linear"}}, ["scheduler"], "scheduler: constant → linear", id="linear scheduler"),
    pytest.param(
        {"scheduler": {"kind": "linear"}},
        {"scheduler": {"kind": "linear"}, "total_iterations": 500},
        ["total_iterations"],
        "total_iterations: 3000 → 500",
        id="a linear scheduler goes along with the run's length",
    ),
    pytest.param(
        {"scheduler": {"kind": "linear"}},
        {"scheduler": {"kind": "linear", "total_iterations": 500}},
        ["scheduler"],
        "scheduler total_iterations: 3000 → 500",
        id="unless it has a length of its own",
    ),
    pytest.param(
        {"scheduler": {"kind": "cosine", "warmup_iterations": 100}},
        {"scheduler": {"kind": "cosine", "warmup_iterations": 200}},
        ["scheduler"],
        "scheduler warmup_iterations: 100 → 200",
        id="a longer warmup shortens the cosine behind it",
    ),
    pytest.param(
        {"scheduler": {"kind": "one_cycle"}},
        {"scheduler": {"kind": "one_cycle"}, "optimizer": {"lr": 0.5}},
        ["optimizer"],
        "lr: 0.1 → 0.5",
        id="a cycle's peak goes along with the optimizer's rate",
    ),
    pytest.param({}, {"scheduler": {"kind": "plateau"}}, ["scheduler"], "scheduler: constant → plateau", id="plateau"),
    pytest.param({}, {"grad_clip": 1.0}, ["grad_clip"], "grad_clip: none → 1", id="clipping"),
    pytest.param({}, {"model": {"kind": "cnn"}}, ["model"], "model: mlp → cnn", id="another network"),
    pytest.param(
        {"model": {"kind": "cnn"}},
        {"model": {"kind": "resnet", "channels": [8], "activation": "gelu", "norm": {"kind": "batch"}}},
        ["model", "model.norm"],
        "model: cnn → resnet, channels [16, 32] → [8], activation relu → gelu; norm: none → batch",
        id="another network with another norm",
    ),
    pytest.param({}, {"batch_size": "full"}, ["batch_size"], "batch_size: 64 → full", id="batch size"),
    pytest.param({}, {"precision": "float64"}, ["precision"], "precision: float32 → float64", id="precision"),
    pytest.param({}, {"early_stopping": {"patience": 5}}, ["early_stopping"], "early_stopping: none → val/loss, min, 5", id="early stopping"),
    pytest.param({"early_stopping": {}}, {}, ["early_stopping"], "early_stopping: val/loss, min, 20 → none", id="no early stopping"),
    pytest.param({}, {"seed": 1, "threads": 2}, [], "seed: 0 → 1; threads: 1 → 2", id="what is free to differ"),
    pytest.param(
        {},
        {"model": {"norm": {"kind": "layer"}}, "optimizer": {"lr": 2.0}, "seed": 3},
        ["model.norm", "optimizer"],
        "norm: none → layer; lr: 0.1 → 2; seed: 0 → 3",
        id="two factors",
    ),
]


@pytest.mark.parametrize(("base", "other", "factors", "words"), CASES)
class TestChange:
    def test_touches_factors(self, base, other, factors, words):
        assert changed_factors(a_config(**base), a_config(**other)) == factors

    def test_backwards_touches_the_same(self, base, other, factors, words):
        assert changed_factors(a_config(**other), a_config(**base)) == factors

    def test_is_told_in_words(self, base, other, factors, words):
        assert change_words(a_config(**base), a_config(**other)) == words


@given(st.data())
def test_every_pair_of_changed_factors_is_two(data):
    one, other = data.draw(st.sampled_from(MANY))
    first, second = data.draw(SINGLE_CHANGES[one]), data.draw(SINGLE_CHANGES[other])
    try:
        singles = [put(one, first), put(other, second)]
        both = put_both(one, first, other, second)
    except ValidationError:  # does not fit together, such as a batch larger than what the validation images leave
        assume(False)
    assume(all(changed_factors(a_config(), single) for single in singles))

    assert set(changed_factors(a_config(), both)) == {factor_of(one), factor_of(other)}


@given(st.data())
def test_a_free_field_beside_one_changed_factor_stays_one(data):
    one, free = data.draw(st.sampled_from(sorted(set(SINGLE_CHANGES) - set(FREE) - {"model.kind"}))), data.draw(st.sampled_from(FREE))
    value, beside = data.draw(SINGLE_CHANGES[one]), data.draw(SINGLE_CHANGES[free])
    try:
        both = put_both(one, value, free, beside)
    except ValidationError:
        assume(False)

    assert len(changed_factors(a_config(), both)) <= 1


def test_every_pair_of_factors_has_been_drawn_from():
    covered = {frozenset(map(factor_of, pair)) for pair in MANY}

    assert covered == {frozenset(pair) for pair in combinations(sorted(FACTOR_NAMES), 2)}


@pytest.mark.parametrize(("vary", "factors"), [("seed", ["dataset"]), ("split", []), ("both", [])])
def test_the_split_is_free_in_a_study_that_varies_it(vary, factors):
    changed = a_config(dataset={"name": "digits", "split_seed": 4}, seed=9)

    assert changed_factors(a_config(), changed, vary) == factors
    assert changed_factors(a_config(), a_config(dataset={"name": "digits", "val_size": 99}), vary) == ["dataset"]


@given(st.data())
def test_a_single_change_touches_one_factor_or_is_free(data):
    path = data.draw(st.sampled_from(sorted(SINGLE_CHANGES)))
    changed = put(path, data.draw(SINGLE_CHANGES[path]))
    assume(changed != a_config())

    factors = changed_factors(a_config(), changed)

    assert len(factors) == (0 if path in FREE else 1)
    assert change_words(a_config(), changed) != "no change"


def test_every_field_of_a_config_is_a_factor_or_free():
    config = a_config().model_dump(mode="json")
    covered = {path.split(".")[0] for path in SINGLE_CHANGES}

    assert set(config) == covered
    assert {f"model.{name}" for name in config["model"]} == {path for path in SINGLE_CHANGES if "." in path}


def test_changes_of_resolved_configs_are_the_leaves():
    found = changes(a_config().model_dump(mode="json"), a_config(model={"norm": {"kind": "layer"}}).model_dump(mode="json"))

    assert [change.document() for change in found] == [
        {"path": "model.norm.kind", "from": "none", "to": "layer"},
        {"path": "model.norm.eps", "from": None, "to": 1e-5},
    ]


def schema_leaves(node: dict[str, Any], defs: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field of every kind of object in the schema, as a dotted path with what it takes."""
    if "$ref" in node:
        node = defs[node["$ref"].rpartition("/")[2]]
    choices = [*node.get("anyOf", []), *node.get("oneOf", [])]
    for choice in choices:
        yield from schema_leaves(choice, {**defs, **choice.get("$defs", {})}, path)
    for name, inner in node.get("properties", {}).items():
        yield from schema_leaves(inner, defs, f"{path}.{name}" if path else name)
    if not choices and not node.get("properties"):
        yield path, node


SCHEMA = RunConfig.model_json_schema()
LEAVES = sorted({path for path, _ in schema_leaves(SCHEMA, SCHEMA["$defs"])})


def test_the_schema_holds_the_fields_of_every_kind():
    assert {"optimizer.betas", "optimizer.momentum", "model.norm.groups", "model.channels", "scheduler.milestones", "diagnostics.every"} <= set(
        LEAVES
    )


@pytest.mark.parametrize("path", LEAVES)
def test_every_field_of_the_schema_is_of_one_factor_or_free(path):
    factors = [factor.name for factor in FACTORS if any(path == root or path.startswith(root + ".") for root in factor.paths)]

    assert len(factors) == (0 if path.split(".")[0] in FREE else 1)


KINDS = {
    union: [{"kind": kind} for kind in kinds]
    for union, kinds in {
        "optimizer": ("sgd", "adam", "adamw"),
        "scheduler": ("constant", "exponential", "linear", "step", "cosine", "one_cycle", "plateau"),
        "model.norm": ("none", "batch", "layer", "group", "rms"),
    }.items()
}


@st.composite
def numbers_of_a_kind(draw: st.DrawFn) -> tuple[RunConfig, RunConfig, str]:
    """A config with objects of drawn kinds, the same with one number in one of them changed, and the factor that is."""
    chosen = {union: draw(st.sampled_from(kinds)) for union, kinds in KINDS.items()}
    base = put_both("optimizer", chosen["optimizer"], "scheduler", chosen["scheduler"])
    base = RunConfig.model_validate({**base.model_dump(), "model": {"norm": chosen["model.norm"]}})
    document = base.model_dump(mode="json")
    places = [(union, name) for union in KINDS for name, value in _at(document, union).items() if type(value) in (int, float)]
    union, name = draw(st.sampled_from(places))
    _at(document, union)[name] = draw(st.sampled_from([0.25, 0.75, 1.5, 2, 3, 64]))
    try:
        return base, RunConfig.model_validate(document), union
    except ValidationError:  # out of that number's range
        assume(False)
        raise


def _at(document: dict[str, Any], path: str) -> dict[str, Any]:
    for part in path.split("."):
        document = document[part]
    return document


@given(numbers_of_a_kind())
def test_a_number_inside_an_object_changes_that_factor_alone(drawn):
    base, changed, factor = drawn
    assume(base != changed)

    assert set(changed_factors(base, changed)) <= {factor}
    assert change_words(base, changed) != "no change" or not changed_factors(base, changed)
