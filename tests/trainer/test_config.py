"""What a config takes, what it refuses and in which words, and the text it is known by."""

import json
import math
import subprocess
import sys
from typing import Any

import jsonschema
import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from trainer.config import FACTORS, LARGEST_SEED, RunConfig

DIGITS: dict[str, Any] = {"dataset": {"name": "digits"}}


def config(**given: Any) -> RunConfig:
    return RunConfig.model_validate({**DIGITS, **given})


def refusals(document: Any) -> dict[str, str]:
    """{pointer: sentence} of what is wrong with a document."""
    with pytest.raises(ValidationError) as refused:
        RunConfig.model_validate(document)
    return {"/".join(str(each) for each in error["loc"]): error["msg"] for error in refused.value.errors(include_url=False)}


class TestDefaults:
    def test_only_the_data_set_must_be_named(self) -> None:
        filled = json.loads(RunConfig.model_validate({"dataset": {"name": "mnist5k"}}).canonical())

        assert filled == {
            "dataset": {"name": "mnist5k", "split_seed": 0, "val_size": 1000, "test_size": 0},
            "model": {
                "kind": "mlp",
                "hidden": [256],
                "activation": "relu",
                "norm": {"kind": "none"},
                "norm_position": "after_activation",
                "dropout": {"p": 0.0, "scaling": "inverted"},
                "output": "logits",
            },
            "loss": {"kind": "cross_entropy", "targets": "index", "label_smoothing": 0.0},
            "optimizer": {"kind": "sgd", "lr": 0.1, "momentum": 0.0, "nesterov": False, "weight_decay": 0.0},
            "scheduler": {"kind": "constant"},
            "total_iterations": 3000,
            "batch_size": 64,
            "eval_every": 10,
            "seed": 0,
            "device": "auto",
            "precision": "float32",
            "threads": 1,
            "early_stopping": None,
            "best_metric": {"metric": "val/loss", "goal": "min"},
            "on_non_finite": "stop",
        }

    def test_validation_takes_a_fifth_of_a_small_set(self) -> None:
        assert config().dataset.val_size == 1797 // 5

    def test_a_part_without_a_kind_has_the_default_kind(self) -> None:
        assert config(optimizer={"lr": 0.5}) == config(optimizer={"kind": "sgd", "lr": 0.5})

    def test_a_kind_alone_has_the_defaults_of_that_kind(self) -> None:
        filled = config(optimizer={"kind": "adam"}, model={"norm": {"kind": "batch"}})

        assert filled.optimizer.model_dump() == {"kind": "adam", "lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0}
        assert filled.model.norm.model_dump() == {"kind": "batch", "momentum": 0.1, "eps": 1e-5}

    def test_a_linear_schedule_lasts_as_long_as_the_run(self) -> None:
        linear = config(total_iterations=77, scheduler={"kind": "linear"}).scheduler

        assert linear.model_dump() == {"kind": "linear", "start_factor": 1.0, "end_factor": 0.1, "total_iterations": 77, "warmup_iterations": 0}

    @pytest.mark.parametrize("kind", ["linear", "cosine"])
    def test_a_schedule_behind_a_warmup_lasts_for_the_rest_of_the_run(self, kind: str) -> None:
        assert config(total_iterations=77, scheduler={"kind": kind, "warmup_iterations": 7}).scheduler.model_dump()["total_iterations"] == 70

    def test_one_cycle_peaks_at_the_optimizers_rate(self) -> None:
        assert config(optimizer={"lr": 0.3}, scheduler={"kind": "one_cycle"}).scheduler.model_dump()["max_lr"] == 0.3

    @pytest.mark.parametrize(("metric", "goal"), [("val/loss", "min"), ("grad/norm", "min"), ("val/accuracy", "max")])
    def test_a_plateau_is_of_what_should_fall_or_of_an_accuracy_that_should_rise(self, metric: str, goal: str) -> None:
        assert config(scheduler={"kind": "plateau", "metric": metric}).scheduler.model_dump()["goal"] == goal

    @pytest.mark.parametrize(
        ("kind", "defaults"),
        [
            pytest.param("cnn", {"channels": (16, 32), "kernel": 3, "pooling": "max"}, id="cnn"),
            pytest.param("resnet", {"channels": (16, 32), "blocks": 1}, id="resnet"),
        ],
    )
    def test_of_networks_over_images(self, kind: str, defaults: dict[str, Any]) -> None:
        filled = config(model={"kind": kind}).model.model_dump()

        assert {name: filled[name] for name in defaults} == defaults
        assert filled["norm"] == {"kind": "none"}
        assert filled["dropout"] == {"p": 0.0, "scaling": "inverted", "spatial": False}


class TestCanonicalText:
    def test_has_sorted_keys_and_no_spaces(self) -> None:
        text = config().canonical()

        assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))

    def test_is_the_same_however_the_config_was_written(self) -> None:
        written_out = config().model_dump(mode="json")

        assert RunConfig.model_validate(written_out).digest() == config().digest()
        assert RunConfig.model_validate_json(config().canonical()).digest() == config().digest()

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            pytest.param({"optimizer": {"lr": 1}}, {"optimizer": {"lr": 1.0}}, id="1 and 1.0"),
            pytest.param({"model": {"dropout": {"p": -0.0}}}, {"model": {"dropout": {"p": 0.0}}}, id="-0.0 and 0.0"),
            pytest.param({"model": {"dropout": {"p": 0}}}, {"model": {"dropout": {"p": 0.0}}}, id="0 and 0.0"),
        ],
    )
    def test_does_not_tell_equal_numbers_apart(self, one: dict[str, Any], other: dict[str, Any]) -> None:
        assert config(**one).digest() == config(**other).digest()

    def test_tells_neighbouring_floats_apart(self) -> None:
        lr = 0.1

        assert config(optimizer={"lr": lr}).digest() != config(optimizer={"lr": math.nextafter(lr, 1)}).digest()

    def test_every_field_belongs_to_at_most_one_factor(self) -> None:
        paths = [path for factor in FACTORS for path in factor.paths]
        leaves = {f"{top}.{inner}" if top in ("model", "dataset") else top for top, inner in _two_levels(config().model_dump())}

        covering = {leaf: [path for path in paths if leaf == path or leaf.startswith(f"{path}.")] for leaf in leaves}

        free = {leaf for leaf, paths in covering.items() if not paths}
        looks_on = {"checkpoint_every_s", "digest_every", "diagnostics"}
        assert free == {"seed", "eval_every", "device", "threads", "best_metric", "on_non_finite", "execution", *looks_on}
        assert all(len(paths) <= 1 for paths in covering.values())


def _two_levels(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [(top, inner) for top, value in document.items() for inner in (value if isinstance(value, dict) else [""])]


HUGE = 10**5000
BOUNDS = "a whole number of at least 1 and at most 10000000"


class TestRefusals:
    @pytest.mark.parametrize(
        ("given", "pointer", "sentence"),
        [
            pytest.param({"optimizer": {"lr": -1}}, "optimizer/lr", "takes a finite number above 0; got -1", id="negative lr"),
            pytest.param({"optimizer": {"lr": math.nan}}, "optimizer/lr", "takes a finite number above 0; got nan", id="NaN"),
            pytest.param({"optimizer": {"lr": math.inf}}, "optimizer/lr", "takes a finite number above 0; got inf", id="infinity"),
            pytest.param({"optimizer": {"lr": True}}, "optimizer/lr", "takes a finite number above 0; got true", id="true is not 1"),
            pytest.param({"optimizer": {"lr": "1"}}, "optimizer/lr", 'takes a finite number above 0; got "1"', id="a string is no number"),
            pytest.param(
                {"optimizer": {"lr": HUGE}}, "optimizer/lr", "takes a finite number above 0; got a whole number of 16610 bits", id="beyond float64"
            ),
            pytest.param({"total_iterations": 0}, "total_iterations", f"takes {BOUNDS}; got 0", id="no iterations"),
            pytest.param({"total_iterations": 1.0}, "total_iterations", f"takes {BOUNDS}; got 1.0", id="1.0 is no whole number"),
            pytest.param({"total_iterations": None}, "total_iterations", f"takes {BOUNDS}; got null", id="null"),
            pytest.param(
                {"model": {"dropout": {"p": 1.5}}}, "model/dropout/p", "takes a finite number of at least 0 and at most 1; got 1.5", id="p above 1"
            ),
            pytest.param(
                {"model": {"norm": {"kind": "batch"}}, "batch_size": 1},
                "batch_size",
                "takes at least 2 with norm batch: one image has no variance; got 1",
                id="batch norm over one image",
            ),
            pytest.param({"batch_size": 1439}, "batch_size", 'takes at most the 1438 training images, or "full"; got 1439', id="batch too large"),
            pytest.param({"batch_size": "half"}, "batch_size", f'takes {BOUNDS}, or "full"; got "half"', id="batch size in words"),
            pytest.param({"batch_size": True}, "batch_size", f'takes {BOUNDS}, or "full"; got true', id="batch size true"),
            pytest.param({"batch_size": HUGE}, "batch_size", f'takes {BOUNDS}, or "full"; got a whole number of 16610 bits', id="batch size huge"),
            pytest.param(
                {"dataset": {"name": "cats"}}, "dataset/name", 'takes a data set, one of "digits" or "mnist5k"; got "cats"', id="unknown data set"
            ),
            pytest.param(
                {"dataset": {"name": "digits", "val_size": 1700, "test_size": 97}},
                "dataset/val_size",
                "takes less: digits has 1797 images, val_size 1700 + test_size 97 leave none to train on; got 1700",
                id="nothing left to train on",
            ),
            pytest.param(
                {"model": {"norm": {"kind": "power"}}},
                "model/norm/kind",
                'takes "none", "batch", "layer", "group" or "rms"; got "power"',
                id="wrong kind",
            ),
            pytest.param({"optimizer": {"kind": ["sgd"]}}, "optimizer/kind", 'takes "sgd", "adam" or "adamw"; got a list of 1', id="kind is a list"),
            pytest.param({"optimizer": "sgd"}, "optimizer", 'takes an object whose kind is "sgd", "adam" or "adamw"; got "sgd"', id="bare kind"),
            pytest.param(
                {"optimizer": {"lrr": 1}},
                "optimizer/lrr",
                "unknown field; known here: kind, lr, momentum, nesterov, weight_decay",
                id="unknown field",
            ),
            pytest.param({"optimizer": {"nesterov": True}}, "optimizer/nesterov", "takes true only with a momentum above 0; got true", id="nesterov"),
            pytest.param(
                {"loss": {"label_smoothing": 1}}, "loss/label_smoothing", "takes a finite number of at least 0 and below 1; got 1", id="smoothing"
            ),
            pytest.param({"device": "cuda:x"}, "device", 'takes "auto", "cpu", "cuda" or "cuda:N"; got "cuda:x"', id="device"),
            pytest.param({"device": "cpu\n"}, "device", 'takes "auto", "cpu", "cuda" or "cuda:N"; got "cpu\\n"', id="device with a line end"),
            pytest.param({"precision": "float16"}, "precision", 'takes "float32", "float64" or "bfloat16"; got "float16"', id="precision"),
            pytest.param(
                {"early_stopping": 5}, "early_stopping", "takes an object with metric, goal, patience; got 5", id="early stopping is a number"
            ),
            pytest.param({"seed": LARGEST_SEED + 1}, "seed", f"takes a whole number of at least 0 and at most {2**40}; got {2**40 + 1}", id="seed"),
        ],
    )
    def test_name_the_field_what_it_takes_and_what_it_got(self, given: dict[str, Any], pointer: str, sentence: str) -> None:
        assert refusals({**DIGITS, **given}) == {pointer: sentence}

    def test_name_every_field_that_is_wrong(self) -> None:
        wrong = refusals({**DIGITS, "seed": -1, "optimizer": {"lr": 0, "momentum": 2}, "model": {"hidden": [8, 0, 8]}, "extra": 1})

        assert set(wrong) == {"seed", "optimizer/lr", "optimizer/momentum", "model/hidden/1", "extra"}

    def test_keep_their_path_inside_another_document(self) -> None:
        class Body(BaseModel):
            config: RunConfig

        with pytest.raises(ValidationError) as refused:
            Body.model_validate({"config": {**DIGITS, "optimizer": {"kind": "adam", "betas": [0.9, 1.0]}}})

        assert [error["loc"] for error in refused.value.errors()] == [("config", "optimizer", "betas", 1)]

    def test_of_a_missing_data_set_say_so(self) -> None:
        assert refusals({}) == {"dataset": "is missing; takes an object"}
        assert refusals({"dataset": {}}) == {"dataset/name": 'is missing; takes a data set, one of "digits" or "mnist5k"'}

    @pytest.mark.parametrize(
        "junk",
        [
            pytest.param({f"k{number}": number for number in range(300_000)}, id="many keys"),
            pytest.param(["x"] * 300_000, id="a long list"),
            pytest.param("x" * 300_000, id="a long string"),
            pytest.param("\ud800", id="half a character"),
            pytest.param(HUGE, id="a huge number"),
            pytest.param(-HUGE, id="a huge negative number"),
            pytest.param({"kind": HUGE}, id="a huge kind"),
            pytest.param([HUGE], id="a huge number in a list"),
            pytest.param({1: 2}, id="a key that is no string"),
            pytest.param(math.nan, id="NaN"),
        ],
    )
    @pytest.mark.parametrize("place", ["dataset", "model", "loss", "optimizer", "scheduler", "batch_size", "device", "early_stopping", "seed", "new"])
    def test_stay_refusals_whatever_is_sent(self, place: str, junk: Any) -> None:
        assert refusals({**DIGITS, place: junk})

    def test_of_something_very_deep_come_without_a_recursion(self) -> None:
        deep: Any = 1
        for _ in range(100_000):
            deep = {"kind": deep}

        assert refusals({**DIGITS, "model": {"norm": deep}})
        assert refusals({**DIGITS, "seed": deep})

    @settings(max_examples=examples(60, 1000), deadline=None)
    @given(
        document=st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=4)
                | st.dictionaries(st.sampled_from([*RunConfig.model_fields, "kind", "lr", "hidden", "norm", "p", "name"]), inner, max_size=5)
            ),
            max_leaves=20,
        )
    )
    def test_are_the_only_error_there_is(self, document: Any) -> None:
        try:
            RunConfig.model_validate({**DIGITS, **document} if isinstance(document, dict) else document)
        except ValidationError as refused:
            json.dumps(refused.errors(include_url=False))


class TestSchema:
    def test_describes_every_field(self) -> None:
        schema = RunConfig.model_json_schema()

        parts = [schema, *schema["$defs"].values()]
        bare = [f"{part['title']}.{name}" for part in parts for name, field in part["properties"].items() if "description" not in field]
        assert bare == []

    def test_says_the_bounds_in_json_schemas_own_words(self) -> None:
        schema = RunConfig.model_json_schema()
        validator = jsonschema.Draft202012Validator(schema)

        def fits(document: dict[str, Any]) -> bool:
            return validator.is_valid({**DIGITS, **document})

        assert fits({})
        assert fits(json.loads(config(scheduler={"kind": "linear"}).canonical()))
        for wrong in (
            {"optimizer": {"kind": "sgd", "lr": 0}},
            {"model": {"dropout": {"p": 1.5}}},
            {"batch_size": 0},
            {"device": "gpu"},
            {"seed": -1},
            {"x": 1},
        ):
            assert not fits(wrong), wrong

    def test_requires_the_data_set_alone(self) -> None:
        schema = RunConfig.model_json_schema()

        assert schema["required"] == ["dataset"]
        assert schema["$defs"]["Dataset"]["required"] == ["name"]


def test_needs_neither_torch_nor_numpy() -> None:
    look = "import sys, trainer.config, trainer.catalog, trainer.memory, trainer.events; print({'torch', 'numpy'} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"
