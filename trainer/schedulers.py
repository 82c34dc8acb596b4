"""Configs of how the learning rate moves. schedule.py makes them: PyTorch's own schedulers, stepped after every iteration.

A warmup stands in front of any of them: the learning rate rises evenly to where the scheduler begins, which then runs as if its first step
were step `warmup_iterations`.
"""

from typing import Annotated, Any, Literal, Self

from annotated_types import Ge, Gt, Le, Len, Lt
from pydantic import BeforeValidator, FailFast, Field, Strict, model_validator

from trainer.part import LATER, MOST_ITERATIONS, Goal, Iterations, Metric, NotNegative, Part, Positive, Share, kind_is
from trainer.refusals import Takes, refuse

Warmup = Annotated[int, Ge(0), Le(MOST_ITERATIONS), LATER]
WARMUP = f"iterations in which the rate rises evenly to where the scheduler begins, 0 to {MOST_ITERATIONS}, less than the run's"
Length = Annotated[int | None, Ge(1), Le(MOST_ITERATIONS), Takes(f"a whole number of at least 1 and at most {MOST_ITERATIONS}, or null")]
REST = "default: what the run has after the warmup, and filled with it"


class Constant(Part):
    kind: Literal["constant"] = Field("constant", description="the optimizer's lr throughout")
    warmup_iterations: Warmup = Field(0, description=WARMUP)


class Exponential(Part):
    kind: Literal["exponential"] = Field("exponential", description="lr * gamma after every iteration")
    gamma: Positive = Field(0.995, description="factor per iteration, above 0")
    warmup_iterations: Warmup = Field(0, description=WARMUP)


class Linear(Part):
    kind: Literal["linear"] = Field("linear", description="lr times a factor that moves evenly from start to end")
    start_factor: Annotated[float, Gt(0), Le(1)] = Field(1.0, description="factor at step 0, above 0 to 1")
    end_factor: Share = Field(0.1, description="factor from total_iterations on, 0 to 1")
    total_iterations: Length = Field(None, description=f"iterations until end_factor; {REST}")
    warmup_iterations: Warmup = Field(0, description=WARMUP)


class Step(Part):
    kind: Literal["step"] = Field("step", description="lr * gamma after every step_size iterations")
    step_size: Iterations = Field(100, description="iterations between two changes")
    gamma: Positive = Field(0.5, description="factor per change, above 0")
    warmup_iterations: Warmup = Field(0, description=WARMUP)


class MultiStep(Part):
    kind: Literal["multistep"] = Field("multistep", description="lr * gamma at every milestone")
    milestones: Annotated[
        tuple[Annotated[int, Strict(), Ge(1), Le(MOST_ITERATIONS)], ...],
        Strict(False),
        Len(1, 1000),
        FailFast(),
        Takes(f"a list of 1 to 1000 rising iterations, each of at least 1 and at most {MOST_ITERATIONS}"),
    ] = Field(description="iterations after the warmup from which the rate is lower, rising; the first step of the scheduler is 0")
    gamma: Positive = Field(0.1, description="factor per change, above 0")
    warmup_iterations: Warmup = Field(0, description=WARMUP)

    @model_validator(mode="after")
    def _milestones_rise(self) -> Self:
        for at, (before, after) in enumerate(zip(self.milestones, self.milestones[1:], strict=False)):
            if after <= before:
                raise refuse(("milestones", at + 1), f"takes more than the milestone before it, {before}", after)
        return self


class Cosine(Part):
    """Half a cosine from lr to min_lr (Loshchilov and Hutter 2017, arXiv:1608.03983, without restarts)."""

    kind: Literal["cosine"] = Field("cosine", description="half a cosine from lr down to min_lr; in a run that goes on, up again")
    min_lr: NotNegative = Field(0.0, description="learning rate at the end, at least 0")
    total_iterations: Length = Field(None, description=f"iterations until min_lr; {REST}")
    warmup_iterations: Warmup = Field(0, description=WARMUP)


class OneCycle(Part):
    """From max_lr / 25 up to max_lr and down to max_lr / 250,000, both by cosine (Smith and Topin 2018, arXiv:1708.07120); momentum stays."""

    kind: Literal["one_cycle"] = Field("one_cycle", description="up to max_lr and down again, once over the whole run after the warmup")
    max_lr: Annotated[float | None, Gt(0), Takes("a finite number above 0, or null")] = Field(
        None, description="highest learning rate, above 0; default: the optimizer's lr, and filled with it"
    )
    pct_start: Annotated[float, Gt(0), Lt(1)] = Field(0.3, description="share of the cycle in which the rate rises, above 0 and below 1")
    warmup_iterations: Warmup = Field(0, description=WARMUP)


def _better_is(fields: dict[str, Any]) -> Goal:
    return "max" if fields.get("metric", "").endswith("accuracy") else "min"


class Plateau(Part):
    """lr * factor when a metric has not improved, by at least one part in 10,000, in more than `patience` evaluations after the warmup."""

    kind: Literal["plateau"] = Field("plateau", description="lr * factor when a metric no longer improves")
    metric: Metric = Field("val/loss", description="looked at at every evaluation")
    goal: Goal = Field(default_factory=_better_is, description="whether smaller or larger is better; default: max for an accuracy, min otherwise")
    factor: Annotated[float, Gt(0), Lt(1)] = Field(0.1, description="factor per change, above 0 and below 1")
    patience: Annotated[int, Ge(0), Le(MOST_ITERATIONS)] = Field(10, description="evaluations without improvement that are let pass")
    warmup_iterations: Warmup = Field(0, description=WARMUP)


Scheduler = Annotated[
    Constant | Exponential | Linear | Step | MultiStep | Cosine | OneCycle | Plateau,
    Field(discriminator="kind"),
    BeforeValidator(kind_is("constant", "exponential", "linear", "step", "multistep", "cosine", "one_cycle", "plateau")),
]


def filled(scheduler: Scheduler, lr: float, run_iterations: int) -> Scheduler:
    """The scheduler with what it takes from the run. Raises a refusal where it does not go together with it."""
    if scheduler.warmup_iterations >= run_iterations:
        sentence = f"takes less than the run's total_iterations, {run_iterations}"
        raise refuse(("scheduler", "warmup_iterations"), sentence, scheduler.warmup_iterations)
    rest = run_iterations - scheduler.warmup_iterations
    if isinstance(scheduler, OneCycle):
        if scheduler.pct_start * rest == 1.0:  # PyTorch would divide by the length of that way, which it counts as 0
            sentence = f"takes a share other than {scheduler.pct_start} of {rest} iterations, a way up of exactly one"
            raise refuse(("scheduler", "pct_start"), sentence, scheduler.pct_start)
        return scheduler.model_copy(update={"max_lr": lr}) if scheduler.max_lr is None else scheduler
    if isinstance(scheduler, Linear | Cosine) and scheduler.total_iterations is None:
        return scheduler.model_copy(update={"total_iterations": rest})
    return scheduler


def follows(scheduler: Scheduler, lr: float, run_iterations: int) -> frozenset[str]:
    """The fields that have the value which `filled` would give them."""
    names = set()
    if isinstance(scheduler, OneCycle) and scheduler.max_lr == lr:
        names.add("max_lr")
    if isinstance(scheduler, Linear | Cosine) and scheduler.total_iterations == run_iterations - scheduler.warmup_iterations:
        names.add("total_iterations")
    return frozenset(names)
