"""How the learning rate moves, and that a schedule stopped anywhere goes on as if it had not been."""

import json
from typing import Any

import pytest
import torch
from torch import nn

from trainer.config import RunConfig
from trainer.optim import clip_gradients, make_optimizer
from trainer.schedule import Schedule, make_schedule

PLANS: tuple[dict[str, Any], ...] = (
    {"kind": "constant"},
    {"kind": "exponential"},
    {"kind": "linear", "start_factor": 0.5},
    {"kind": "step", "step_size": 5},
    {"kind": "multistep", "milestones": [3, 4, 11]},
    {"kind": "cosine", "min_lr": 0.001},
    {"kind": "cosine", "total_iterations": 9},
    {"kind": "one_cycle", "max_lr": 0.4},
    {"kind": "plateau", "patience": 1},
    {"kind": "plateau", "metric": "val/accuracy", "patience": 0, "factor": 0.5},
)


def config(**given: Any) -> RunConfig:
    return RunConfig.model_validate({"dataset": {"name": "digits"}, "total_iterations": 30, **given})


def started(given: RunConfig) -> tuple[torch.optim.Optimizer, Schedule]:
    optimizer = make_optimizer(given, nn.Linear(2, 2).parameters(), torch.device("cpu"))
    return optimizer, make_schedule(given, optimizer)


def measured(step: int) -> dict[str, float]:
    """A loss that no longer falls after step 8, looked at every third step."""
    return {"val/loss": max(1.0, 9.0 - step), "val/accuracy": 0.5} if step % 3 == 2 else {}


def follow(optimizer: torch.optim.Optimizer, schedule: Schedule, steps: range) -> list[float]:
    """The rate that each step used."""
    rates = []
    for step in steps:
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        schedule.step(measured(step))
    return rates


class TestSchedule:
    @pytest.mark.parametrize("warmup", [0, 4, 29])
    @pytest.mark.parametrize("plan", PLANS, ids=lambda plan: "-".join(str(value) for value in plan.values()))
    def test_goes_on_from_any_step_as_if_it_had_not_been_stopped(self, plan: dict[str, Any], warmup: int) -> None:
        given = config(scheduler={**plan, "warmup_iterations": warmup})
        whole = follow(*started(given), range(30))

        for stop in range(30):
            first, second = started(given), started(given)
            before = follow(*first, range(stop))
            second[1].load_state_dict(json.loads(json.dumps(first[1].state_dict(), allow_nan=False)))
            after = follow(*second, range(stop, 30))

            assert before + after == whole, f"stopped after {stop} steps"

    @pytest.mark.parametrize("plan", PLANS, ids=lambda plan: "-".join(str(value) for value in plan.values()))
    def test_behind_a_warmup_begins_where_it_would_have_begun(self, plan: dict[str, Any]) -> None:
        begins = follow(*started(config(total_iterations=27, scheduler=plan)), range(1))[0]

        rates = follow(*started(config(scheduler={**plan, "warmup_iterations": 3})), range(4))

        base = begins / plan.get("start_factor", 1.0)  # a linear schedule lowers the rate the moment it begins
        assert rates == pytest.approx([base * 1 / 4, base * 2 / 4, base * 3 / 4, begins])
        assert rates[3] == begins

    def test_a_constant_is_the_optimizers_rate_to_the_bit_behind_a_warmup(self) -> None:
        rates = follow(*started(config(scheduler={"kind": "constant", "warmup_iterations": 7})), range(30))

        assert set(rates[7:]) == {0.1}
        assert rates[:7] == sorted(rates[:7])

    def test_a_cosine_ends_at_its_smallest_rate(self) -> None:
        optimizer, schedule = started(config(scheduler={"kind": "cosine", "min_lr": 0.02, "warmup_iterations": 5}))

        follow(optimizer, schedule, range(30))

        assert optimizer.param_groups[0]["lr"] == pytest.approx(0.02)

    def test_one_cycle_peaks_once_and_leaves_the_momentum(self) -> None:
        optimizer, schedule = started(config(scheduler={"kind": "one_cycle"}, optimizer={"momentum": 0.7}))

        rates = follow(optimizer, schedule, range(30))

        assert max(rates) == pytest.approx(0.1)
        assert rates.index(max(rates)) == 8  # three tenths of thirty
        assert optimizer.param_groups[0]["momentum"] == 0.7

    def test_a_plateau_counts_evaluations_after_the_warmup(self) -> None:
        plain, warmed = (follow(*started(config(scheduler={**PLANS[8], "warmup_iterations": each})), range(30)) for each in (0, 12))

        # The loss is best at step 8; the evaluations at 11 and 14 do not improve, and one is let pass.
        assert [plain.index(rate) for rate in dict.fromkeys(plain)] == [0, 15, 21, 27]
        # Evaluated at 14 for the first time, then two without improvement.
        assert next(step for step in range(13, 30) if warmed[step] < warmed[12]) == 21

    def test_multistep_falls_at_each_milestone(self) -> None:
        rates = follow(*started(config(scheduler={"kind": "multistep", "milestones": [2, 3], "gamma": 0.5})), range(5))

        assert rates == [0.1, 0.1, 0.05, 0.025, 0.025]


class TestOptimizer:
    @pytest.mark.parametrize(
        ("optimizer", "kind", "decay"), [({"kind": "sgd"}, "SGD", 0.0), ({"kind": "adam"}, "Adam", 0.0), ({"kind": "adamw"}, "AdamW", 0.01)]
    )
    def test_is_pytorchs_own_with_every_flag_said(self, optimizer: dict[str, Any], kind: str, decay: float) -> None:
        made = make_optimizer(config(optimizer=optimizer), nn.Linear(2, 2).parameters(), torch.device("cpu"))

        assert type(made).__name__ == kind
        assert made.defaults["weight_decay"] == decay
        assert made.defaults["foreach"] is not None
        assert made.defaults["fused"] is not None


class TestClipping:
    @pytest.mark.parametrize(("limit", "norm"), [(None, 5.0), (10.0, 5.0), (1.0, 1.0)])
    def test_shortens_what_is_longer_than_the_limit(self, limit: float | None, norm: float) -> None:
        weight = nn.Parameter(torch.zeros(2))
        weight.grad = torch.tensor([3.0, 4.0])

        clip_gradients(config(grad_clip=limit), [weight], torch.tensor(5.0))

        assert weight.grad.norm().item() == pytest.approx(norm, rel=1e-5)

    def test_is_not_seen_in_the_norm_that_is_recorded(self, train: Any) -> None:
        plain, clipped = train(total_iterations=3), train(total_iterations=3, grad_clip=1e-3)

        assert clipped.metrics["grad/norm"][0] == plain.metrics["grad/norm"][0] > 0.1
        assert clipped.metrics["train/loss"][2] > plain.metrics["train/loss"][2]
