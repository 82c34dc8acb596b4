"""Choices that do not go together are refused at the field, whatever is sent is a config or a clean refusal, and a form finds its way."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from trainer.config import RunConfig
from trainer.layout import layers
from trainer.memory import estimate_duration_s, estimate_memory_bytes

DIGITS: dict[str, Any] = {"dataset": {"name": "digits"}}
NO_PIXELS = "instance norm is taken over the pixels of a feature map, and an mlp has none"


def refusals(**given: Any) -> dict[str, str]:
    with pytest.raises(ValidationError) as refused:
        RunConfig.model_validate({**DIGITS, **given})
    return {"/".join(str(each) for each in error["loc"]): error["msg"] for error in refused.value.errors(include_url=False)}


def cnn(**fields: Any) -> dict[str, Any]:
    return {"model": {"kind": "cnn", **fields}}


CASES = [
    pytest.param(
        {"model": {"norm": {"kind": "instance"}}},
        "model/norm/kind",
        f'takes "none", "batch", "layer", "group" or "rms" ({NO_PIXELS}); got "instance"',
        id="instance norm in an mlp",
    ),
    pytest.param(
        {"model": {"dropout": {"p": 0.1, "spatial": True}}},
        "model/dropout/spatial",
        "takes false in an mlp: it has no channels to zero; got true",
        id="spatial dropout in an mlp",
    ),
    pytest.param(
        {"model": {"hidden": [32, 12], "norm": {"kind": "group"}}},
        "model/norm/groups",
        "takes a number that divides every layer's width, and so 12 too; got 8",
        id="groups that divide no width",
    ),
    pytest.param(
        {"model": {"hidden": [32, 8], "norm": {"kind": "group"}}},
        "model/norm/groups",
        "takes less than the width 8: a group of one feature has no variance; got 8",
        id="groups of one feature",
    ),
    pytest.param(
        cnn(channels=[16, 20], norm={"kind": "group"}),
        "model/norm/groups",
        "takes a number that divides every layer's number of channels, and so 20 too; got 8",
        id="groups that divide no channels",
    ),
    pytest.param(
        cnn(channels=[8, 8, 8, 8]),
        "model/channels",
        'takes at most 3 blocks with pooling of 8x8 images; pooling "none" lets more pass; got a list of 4',
        id="more pooling than pixels",
    ),
    pytest.param(
        {"model": {"kind": "resnet", "channels": [8, 8, 8, 8], "norm": {"kind": "instance"}}},
        "model/norm/kind",
        'takes another norm: in the smallest feature map, 1x1 pixels, instance norm has one value; got "instance"',
        id="instance norm of one pixel",
    ),
    pytest.param(
        {"model": {"kind": "resnet", "channels": [8, 8, 8, 8], "norm": {"kind": "batch"}}, "batch_size": 1},
        "batch_size",
        "takes at least 2 with norm batch: one image has no variance; got 1",
        id="batch norm of one pixel of one image",
    ),
    pytest.param(
        cnn(kernel=4),
        "model/kernel",
        "takes 1, 3, 5, 7, 9 or 11; got 4",
        id="even kernel",
    ),
    pytest.param(cnn(kernel=True), "model/kernel", "takes 1, 3, 5, 7, 9 or 11; got true", id="true is no kernel"),
    pytest.param(
        cnn(channels=[]),
        "model/channels",
        "takes a list of 1 to 16 numbers of channels, each of at least 1 and at most 1000000000; got a list of 0",
        id="no channels",
    ),
    pytest.param(
        cnn(hidden=[3]),
        "model/hidden",
        "unknown field; known here: kind, channels, kernel, pooling, activation, norm, norm_position, dropout, output",
        id="a field of another kind",
    ),
    pytest.param({"model": {"kind": "vit"}}, "model/kind", 'takes "mlp", "cnn" or "resnet"; got "vit"', id="unknown network"),
    pytest.param({"model": {"activation": "relu6"}}, "model/activation", 'takes "relu", "gelu", "silu" or "tanh"; got "relu6"', id="activation"),
    pytest.param({"model": "cnn"}, "model", 'takes an object whose kind is "mlp", "cnn" or "resnet"; got "cnn"', id="a bare network"),
    pytest.param(
        {"scheduler": {"kind": "multistep"}},
        "scheduler/milestones",
        "is missing; takes a list of 1 to 1000 rising iterations, each of at least 1 and at most 10000000",
        id="no milestones",
    ),
    pytest.param(
        {"scheduler": {"kind": "multistep", "milestones": [5, 9, 9]}},
        "scheduler/milestones/2",
        "takes more than the milestone before it, 9; got 9",
        id="milestones that do not rise",
    ),
    pytest.param(
        {"scheduler": {"kind": "cosine", "warmup_iterations": 30}, "total_iterations": 30},
        "scheduler/warmup_iterations",
        "takes less than the run's total_iterations, 30; got 30",
        id="nothing but warmup",
    ),
    pytest.param(
        {"scheduler": {"kind": "one_cycle", "pct_start": 0.1}, "total_iterations": 10},
        "scheduler/pct_start",
        "takes a share other than 0.1 of 10 iterations, a way up of exactly one; got 0.1",
        id="a cycle that PyTorch cannot divide",
    ),
    pytest.param(
        {"scheduler": {"kind": "plateau", "factor": 1}}, "scheduler/factor", "takes a finite number above 0 and below 1; got 1", id="factor"
    ),
    pytest.param(
        {"scheduler": {"kind": "plateau", "metric": "test/loss"}},
        "scheduler/metric",
        'takes "train/loss", "train/accuracy", "val/loss", "val/accuracy" or "grad/norm"; got "test/loss"',
        id="a metric that is not there in time",
    ),
    pytest.param({"grad_clip": 0}, "grad_clip", "takes a finite number above 0, or null; got 0", id="clipping to nothing"),
    pytest.param({"grad_clip": "1"}, "grad_clip", 'takes a finite number above 0, or null; got "1"', id="clipping to a text"),
]


class TestRefusals:
    @pytest.mark.parametrize(("given", "pointer", "sentence"), CASES)
    def test_name_the_field_what_it_takes_and_what_it_got(self, given: dict[str, Any], pointer: str, sentence: str) -> None:
        assert refusals(**given) == {pointer: sentence}

    @pytest.mark.parametrize("kind", ["cnn", "resnet"])
    def test_spare_what_goes_together(self, kind: str) -> None:
        for norm in ("none", "batch", "layer", "group", "instance", "rms"):
            RunConfig.model_validate({**DIGITS, "model": {"kind": kind, "norm": {"kind": norm}, "dropout": {"p": 0.1, "spatial": True}}})


def junk() -> st.SearchStrategy[Any]:
    leaf = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.lists(st.integers(-2, 300), max_size=6)
    return st.recursive(leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=5)


def part_like(choices: dict[str, Any], fields: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """An object that looks right at first sight: a known kind, and known fields with likely or unlikely values."""
    values = st.integers(0, 40) | st.floats(0, 1) | st.lists(st.integers(1, 40), max_size=5) | st.booleans() | junk()
    optional = {**dict.fromkeys(fields, values), **choices}
    return st.fixed_dictionaries({}, optional=optional) | junk()


NORMS = part_like({"kind": st.sampled_from(["none", "batch", "layer", "group", "instance", "rms"])}, ("groups", "eps", "momentum"))
DROPOUT = part_like({"scaling": st.sampled_from(["inverted", "classic"])}, ("p", "spatial"))
MODELS = part_like(
    {
        "kind": st.sampled_from(["mlp", "cnn", "resnet"]),
        **{
            "norm": NORMS,
            "dropout": DROPOUT,
            "pooling": st.sampled_from(["max", "average", "none"]),
            "activation": st.sampled_from(["relu", "tanh"]),
        },
    },
    ("hidden", "channels", "kernel", "blocks"),
)
SCHEDULERS = part_like(
    {"kind": st.sampled_from(["constant", "exponential", "linear", "step", "multistep", "cosine", "one_cycle", "plateau"])},
    ("gamma", "milestones", "step_size", "total_iterations", "warmup_iterations", "max_lr", "pct_start", "patience", "metric", "factor"),
)
OPTIMIZERS = part_like({"kind": st.sampled_from(["sgd", "adam", "adamw"])}, ("lr", "momentum", "betas", "weight_decay", "nesterov"))


class TestAnyJson:
    @settings(max_examples=examples(60, 1000), deadline=None)
    @given(
        document=st.fixed_dictionaries(
            {},
            optional={
                **{"model": MODELS, "scheduler": SCHEDULERS, "optimizer": OPTIMIZERS, "grad_clip": st.floats() | junk()},
                **{"total_iterations": st.integers(-1, 40), "batch_size": st.integers(-1, 2000) | st.just("full"), "precision": junk()},
            },
        )
    )
    def test_is_a_config_that_can_be_told_and_estimated_or_a_clean_refusal(self, document: dict[str, Any]) -> None:
        try:
            config = RunConfig.model_validate({**DIGITS, **document})
        except ValidationError as refused:
            errors = refused.errors(include_url=False)
            assert errors
            assert all(error["type"] == "refused" and error["loc"] for error in errors), errors
            json.dumps(errors)
            return

        assert RunConfig.model_validate_json(config.canonical()).digest() == config.digest()
        assert all(min(layer.leaves) >= 1 for layer in layers(config.model, config.dataset.shape))
        assert estimate_memory_bytes(config) > 0
        assert estimate_duration_s(config) > 0


class TestSchema:
    SCHEMA = RunConfig.model_json_schema()

    @pytest.mark.parametrize(
        ("field", "kinds"),
        [
            ("model", ["mlp", "cnn", "resnet"]),
            ("optimizer", ["sgd", "adam", "adamw"]),
            ("scheduler", ["constant", "exponential", "linear", "step", "multistep", "cosine", "one_cycle", "plateau"]),
        ],
    )
    def test_tells_a_form_which_kinds_there_are_and_where_each_stands(self, field: str, kinds: list[str]) -> None:
        union = self.SCHEMA["properties"][field]

        assert union["discriminator"]["propertyName"] == "kind"
        assert sorted(union["discriminator"]["mapping"]) == sorted(kinds)
        assert len(union["oneOf"]) == len(kinds)

    def test_offers_an_mlp_no_norm_that_it_cannot_have(self) -> None:
        offered = {kind: set(self.SCHEMA["$defs"][kind]["properties"]["norm"]["discriminator"]["mapping"]) for kind in ("Mlp", "Cnn", "Resnet")}

        assert offered["Cnn"] == offered["Resnet"] == {"none", "batch", "layer", "group", "instance", "rms"}
        assert offered["Mlp"] == offered["Cnn"] - {"instance"}

    @pytest.mark.parametrize(("given", "pointer", "sentence"), [case for case in CASES if case.id in ("factor", "even kernel", "no milestones")])
    def test_refuses_what_needs_no_arithmetic(self, given: dict[str, Any], pointer: str, sentence: str) -> None:
        assert not jsonschema.Draft202012Validator(self.SCHEMA).is_valid({**DIGITS, **given})

    @pytest.mark.parametrize("model", [{"kind": "mlp"}, {"kind": "cnn", "norm": {"kind": "instance"}}, {"kind": "resnet", "blocks": 3}])
    def test_takes_what_is_stored(self, model: dict[str, Any]) -> None:
        stored = json.loads(json.dumps(RunConfig.model_validate({**DIGITS, "model": model, "scheduler": {"kind": "plateau"}}).model_dump()))

        jsonschema.Draft202012Validator(self.SCHEMA).validate(stored)


class TestExamples:
    FOLDER = Path(__file__).parents[2] / "examples"
    FILES = sorted({*FOLDER.glob("*.[jy]*")} - {FOLDER / "lecture.yaml"})  # which is a study

    @pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
    def test_are_configs(self, file: Path) -> None:
        RunConfig.model_validate(yaml.safe_load(file.read_text()))

    def test_show_a_cnn_that_learns(self, train: Any) -> None:
        given = yaml.safe_load((self.FILES[0].parent / "cnn.yaml").read_text())

        trained = train(
            **{
                **given,
                "total_iterations": 30,
                "eval_every": 30,
                "dataset": {"name": "digits"},
                "scheduler": {"kind": "cosine", "warmup_iterations": 5},
            }
        )

        assert given["model"]["kind"] == "cnn"
        assert trained.metrics["val/accuracy"][29] > 0.8
