"""Sweeps as they are shown."""

from typing import Literal

from typing_extensions import TypedDict

from api.schemas.base import Json

SweepState = Literal["running", "paused", "finished", "cancelled"]
SweepRunState = Literal["given", "queued", "running", "finished", "failed", "cancelled", "crashed"]


class SweepMetric(TypedDict):
    name: str
    goal: Literal["minimize", "maximize"]


class SweepRunCounts(TypedDict):
    """Of `total` runs that began."""

    total: int
    queued: int
    running: int
    finished: int
    failed: int
    cancelled: int
    crashed: int


class SweepListed(TypedDict):
    """`external_id` is what the wandb SDK calls the sweep by, `expected` how many runs there will be, null when there is no end
    (or more than 2^53).

    `best_value` is the best of all values of the metric that any run logged.
    """

    id: str
    external_id: str
    project: str
    name: str
    state: SweepState
    method: Literal["grid", "random", "bayes"]
    metric: SweepMetric | None
    runs: SweepRunCounts
    expected: int | None
    best_value: float | None
    created_at: str
    updated_at: str
    created_by: str | None


class SweepBest(TypedDict):
    run: str
    external_id: str
    name: str
    value: float


class SweepEarlyStop(TypedDict):
    """Runs are compared at these numbers of logged values of the metric, and the best 1/eta of them go on."""

    kind: Literal["hyperband"]
    brackets: list[int]
    eta: float
    strict: bool


class SweepRun(TypedDict):
    """A point that was given out. `run` is null while its agent has not begun it (state `given`), and when its run was deleted."""

    place: int
    run: str | None
    external_id: str
    name: str | None
    state: SweepRunState
    values: Json
    value: float | None
    stopped_early: bool
    agent: str
    given_at: str


class SweepAgentShown(TypedDict):
    """A process that asks for runs; `alive` when it told of itself in the last five minutes."""

    id: str
    host: str
    alive: bool
    runs: int
    created_at: str
    heartbeat_at: str


class SweepShown(SweepListed):
    """`config` is YAML as it came; `points` the newest 1,000 of what was given out, in their order; `agents` the 100 that were heard of last."""

    description: str | None
    config: str
    program: str | None
    parameters: list[str]
    run_cap: int | None
    early_stop: SweepEarlyStop | None
    prior_runs: list[str]
    best: SweepBest | None
    points: list[SweepRun]
    agents: list[SweepAgentShown]
