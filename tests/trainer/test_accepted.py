"""What a config accepts can be built and learns without an error: odd sizes, short runs, every kind."""

from typing import Any

import torch
from effort import examples
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from trainer.config import RunConfig
from trainer.model import build
from trainer.optim import make_optimizer
from trainer.precision import forward, weight_type
from trainer.schedule import make_schedule

CPU = torch.device("cpu")


def one_of(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


def kind(name: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"kind": st.just(name)}, optional=fields)


SIZES = st.lists(st.integers(1, 9), min_size=1, max_size=4)
BETWEEN = {
    "norm": one_of("none", "batch", "layer", "instance", "rms").map(lambda name: {"kind": name})
    | st.integers(1, 4).map(lambda groups: {"kind": "group", "groups": groups}),
    "norm_position": one_of("after_activation", "before_activation"),
    "dropout": st.fixed_dictionaries({"p": one_of(0.0, 0.5, 1.0)}, optional={"spatial": st.booleans(), "scaling": one_of("inverted", "classic")}),
    "activation": one_of("relu", "gelu", "silu", "tanh"),
    "output": one_of("logits", "softmax"),
}
MODELS = (
    kind("mlp", hidden=SIZES, **BETWEEN)
    | kind("cnn", channels=SIZES, kernel=one_of(1, 3, 11), pooling=one_of("max", "average", "none"), **BETWEEN)
    | kind("resnet", channels=SIZES, blocks=st.integers(1, 2), **BETWEEN)
)
COUNT = st.integers(1, 12)
WARMUP = {"warmup_iterations": st.integers(0, 11)}
SCHEDULERS = (
    kind("constant", **WARMUP)
    | kind("exponential", gamma=st.floats(0.1, 2), **WARMUP)
    | kind("linear", start_factor=st.floats(0.01, 1), end_factor=st.floats(0, 1), total_iterations=COUNT, **WARMUP)
    | kind("step", step_size=COUNT, **WARMUP)
    | kind("multistep", milestones=st.sets(COUNT, min_size=1).map(sorted), **WARMUP)
    | kind("cosine", min_lr=st.floats(0, 1), total_iterations=COUNT, **WARMUP)
    | kind("one_cycle", max_lr=st.floats(0.01, 1), pct_start=one_of(0.1, 0.25, 0.3, 0.5, 0.999), **WARMUP)
    | kind("plateau", metric=one_of("val/loss", "train/accuracy"), patience=st.integers(0, 2), **WARMUP)
)


def accepted(**given: Any) -> RunConfig | None:
    try:
        return RunConfig.model_validate({"dataset": {"name": "digits"}, "device": "cpu", **given})
    except ValidationError:
        return None


@settings(max_examples=examples(25, 400), deadline=None)
@given(model=MODELS, precision=one_of("float32", "float64", "bfloat16"), batch=one_of(1, 2, 5))
def test_every_accepted_network_goes_forward_and_back(model: dict[str, Any], precision: str, batch: int) -> None:
    config = accepted(model=model, precision=precision, batch_size=batch)
    assume(config is not None)
    assert config is not None
    network = build(config).train()

    outputs = forward(config, network, torch.rand(batch, 64, dtype=weight_type(config)))
    torch.nn.functional.cross_entropy(outputs, torch.zeros(batch, dtype=torch.int64)).backward()

    assert outputs.shape == (batch, 10)
    assert outputs.dtype == weight_type(config)
    assert all(weight.grad is not None for weight in network.parameters())
    assert forward(config, network.eval(), torch.rand(1, 64, dtype=weight_type(config))).shape == (1, 10)


@settings(max_examples=examples(40, 1000), deadline=None)
@given(scheduler=SCHEDULERS, iterations=COUNT)
def test_every_accepted_schedule_lasts_as_long_as_the_run(scheduler: dict[str, Any], iterations: int) -> None:
    config = accepted(scheduler=scheduler, total_iterations=iterations)
    assume(config is not None)
    assert config is not None
    optimizer = make_optimizer(config, torch.nn.Linear(1, 1).parameters(), CPU)
    schedule = make_schedule(config, optimizer)

    rates = []
    for step in range(iterations):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        schedule.step({"val/loss": 1.0, "train/accuracy": 0.5} if step % 2 else {})

    # PyTorch goes from rate to rate by a factor: at the end of a fall to 0 it may round to a hair below.
    assert all(-1e-12 < rate < 1000 for rate in rates), rates
