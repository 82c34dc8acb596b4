"""Every way of changing a config: what each field may become, and what counts as one factor, written down here once more."""

from itertools import combinations
from typing import Any

from hypothesis import strategies as st

from trainer.config import FACTORS, RunConfig

BASE: dict[str, Any] = {"dataset": {"name": "digits"}}
FREE = ("seed", "eval_every", "device", "threads", "best_metric", "on_non_finite")
FREE += ("checkpoint_every_s", "digest_every", "diagnostics", "execution")


def a_config(**fields: Any) -> RunConfig:
    return RunConfig.model_validate({**BASE, **fields})


SINGLE_CHANGES: dict[str, st.SearchStrategy[Any]] = {
    "dataset": st.fixed_dictionaries({"name": st.just("digits")}, optional={"split_seed": st.integers(0, 9), "val_size": st.integers(1, 900)}),
    "model.activation": st.sampled_from(["relu", "gelu", "silu", "tanh"]),
    "model.kind": st.sampled_from(["mlp", "cnn", "resnet"]),
    "model.hidden": st.lists(st.integers(1, 512), max_size=3),
    "model.norm": st.sampled_from([{"kind": kind} for kind in ("none", "batch", "layer", "group", "rms")]),
    "model.norm_position": st.sampled_from(["after_activation", "before_activation"]),
    "model.dropout": st.fixed_dictionaries({"p": st.floats(0, 1), "scaling": st.sampled_from(["inverted", "classic"])}),
    "model.output": st.sampled_from(["logits", "softmax"]),
    "loss": st.fixed_dictionaries({"targets": st.sampled_from(["index", "one_hot"]), "label_smoothing": st.floats(0, 0.5)}),
    "optimizer": st.fixed_dictionaries({"kind": st.sampled_from(["sgd", "adam", "adamw"]), "lr": st.floats(1e-6, 10)}),
    "scheduler": st.fixed_dictionaries(
        {"kind": st.sampled_from(["constant", "exponential", "linear", "step", "cosine", "one_cycle", "plateau"])},
        optional={"warmup_iterations": st.integers(0, 100)},
    ),
    "total_iterations": st.integers(1, 10_000),
    "batch_size": st.integers(2, 512) | st.just("full"),
    "precision": st.sampled_from(["float32", "float64", "bfloat16"]),
    "grad_clip": st.none() | st.floats(0.1, 10),
    "augmentation": st.none() | st.fixed_dictionaries({"shift_pixels": st.integers(0, 8), "flip_p": st.floats(0, 1)}),
    "early_stopping": st.none() | st.fixed_dictionaries({"patience": st.integers(1, 99)}),
    "seed": st.integers(0, 99),
    "eval_every": st.integers(1, 99),
    "device": st.sampled_from(["auto", "cpu", "cuda:1"]),
    "threads": st.integers(1, 4),
    "best_metric": st.fixed_dictionaries({"metric": st.sampled_from(["val/loss", "val/accuracy"])}),
    "on_non_finite": st.sampled_from(["stop", "continue"]),
    "checkpoint_every_s": st.none() | st.floats(1, 100),
    "digest_every": st.none() | st.integers(3, 99),
    "diagnostics": st.none() | st.fixed_dictionaries({"every": st.integers(10, 99)}),
    "execution": st.sampled_from(["eager", "graph"]),
}


def put(path: str, value: Any) -> RunConfig:
    outer, _, inner = path.partition(".")
    return a_config(**{outer: {inner: value} if inner else value})


def factor_of(path: str) -> str:
    """What a path of SINGLE_CHANGES counts as, written down here once more; a new field of a config has none and fails."""
    if path in FREE:
        return "free"
    own = {"model.norm_position": "model.norm", "loss": "model.output"}
    return own.get(path) or (path if path in FACTOR_NAMES else "model")


FACTOR_NAMES = {factor.name for factor in FACTORS}


def put_both(one: str, first: Any, other: str, second: Any) -> RunConfig:
    fields: dict[str, Any] = {}
    for path, value in ((one, first), (other, second)):
        outer, _, inner = path.partition(".")
        fields[outer] = {**fields.get(outer, {}), inner: value} if inner else value
    return a_config(**fields)


PAIRS = [(one, other) for one, other in combinations(sorted(SINGLE_CHANGES), 2) if "model.kind" not in (one, other)]
MANY = [pair for pair in PAIRS if factor_of(pair[0]) != factor_of(pair[1]) and "free" not in map(factor_of, pair)]
