"""Projects, reruns and verdicts, comparisons, artifacts, nodes, keys, health."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, StrictInt, StrictStr
from typing_extensions import TypedDict

from api.numbers import Number
from api.schemas.base import Body, Json, KeyName, Moment, ProjectText, RunIdText
from api.schemas.runs import RunListed

Outcome = Literal["identical", "different", "not_comparable"]
Check = Literal["same", "different", "missing"]
Role = Literal["viewer", "member", "admin"]


class NewProject(Body):
    project: ProjectText


class ProjectShown(TypedDict):
    project: str
    entity: str
    name: str
    created_at: str
    runs: NotRequired[int]


class OneChange(Body):
    """What becomes of a run, and of a change of a study, that changes more than one factor against its baseline."""

    many_changes: Literal["refuse", "flag"] = Field(description="refuse: 422, unless the request says it is meant; flag: taken, with a warning")


class OneChangeShown(TypedDict):
    many_changes: Literal["refuse", "flag"]


class ProjectPage(TypedDict):
    items: list[ProjectShown]
    next_cursor: str | None
    total: NotRequired[int]


class NewReruns(Body):
    count: Annotated[StrictInt, Field(ge=1, le=100)] = 1
    node: Annotated[StrictStr, Field(min_length=1, max_length=256)] | None = Field(None, description="the only node that may train them")
    wait_s: Annotated[float, Field(ge=0, le=300)] = Field(0.0, description="wait so long for the verdicts")


class NewVerdict(Body):
    original: RunIdText
    rerun: RunIdText


class FirstDifference(TypedDict):
    metric: str
    step: int
    original: Number | None
    rerun: Number | None
    ulps: int | None
    ulp_of: Literal["float32", "float64"]


class Cause(TypedDict):
    what: str
    original: Any
    rerun: Any
    likely: bool
    why: str


class EnvironmentChange(TypedDict):
    path: str
    original: Any
    rerun: Any


class Judged(TypedDict):
    """Losses and state by themselves: the points of training, those of evaluations, and the digests of what training made."""

    training: Check
    evaluation: Check
    state: Check


class ChainBreak(TypedDict):
    """The first link that is not the same: behind `step`, in these parts, `part` being furthest upstream. Behind `after` all were the same."""

    step: int
    after: int | None
    part: str
    parts: list[str]


class ChainCompared(TypedDict):
    links_compared: int
    first_break: ChainBreak | None


class InitialDistance(TypedDict):
    """Of a sample of the initial weights: how many were compared, how many differ, by how many ulps of the largest at most (null: not finite)."""

    compared: int
    differing: int
    ulps: float | None


class VerdictShown(TypedDict):
    """A verdict of an earlier version lacks `judged`, `chain` and `initial`."""

    outcome: Outcome
    reason: str
    original: str
    rerun: str
    checked: dict[Literal["data", "split", "order", "initial", "points", "final"], Check]
    judged: NotRequired[Judged]
    points_compared: int
    first_difference: FirstDifference | None
    chain: NotRequired[ChainCompared]
    initial: NotRequired[InitialDistance | None]
    causes: list[Cause]
    environment: list[EnvironmentChange]
    judged_at: str
    stale: bool
    stale_reason: str | None


class RerunShown(RunListed):
    environment: Json
    verdict: VerdictShown | None


class Reruns(TypedDict):
    items: list[RerunShown]


class RerunListed(TypedDict):
    run: str
    state: str
    verdict: VerdictShown | None


class RerunList(TypedDict):
    items: list[RerunListed]
    next_cursor: None


class RunsToCompare(Body):
    runs: Annotated[list[RunIdText], Field(min_length=1, max_length=1000)]


class DifferentPath(TypedDict):
    """`values` leaves out the runs that lack the path."""

    path: str
    values: dict[str, Any]


class Sides(TypedDict):
    same: Json
    different: list[DifferentPath]


class MetricExtremes(TypedDict):
    last: Number
    min: Number | None
    max: Number | None


class MetricCompared(TypedDict):
    metric: str
    values: dict[str, MetricExtremes]


class Comparison(TypedDict):
    config: Sides
    environment: Sides
    metrics: list[MetricCompared]
    factors: list[str]
    warnings: list[str]


class ArtifactShown(TypedDict):
    id: str
    run: str
    name: str
    size_bytes: int
    sha256: str
    created_at: str


class VersionShown(TypedDict):
    """A version of an artifact that the wandb SDK logged; `name` is its collection's, `files` how many there are, references among them."""

    id: str
    project: str
    type: str
    name: str
    version: str
    aliases: list[str]
    tags: list[str]
    digest: str
    size_bytes: int
    files: int
    run: str | None
    created_at: str


class ArtifactList(TypedDict):
    """The run's files, and the versions of artifacts that it logged and that it used, the first 1,000 each."""

    items: list[ArtifactShown]
    logged: list[VersionShown]
    used: list[VersionShown]
    next_cursor: None


class NodeFlag(TypedDict):
    """Why a node is flagged: its canary's bits are not the others'. What the caller may not see is null."""

    since: str
    reason: str
    project: str | None
    canary: str | None
    run: str | None
    first_difference: FirstDifference | None
    cause: Cause | None


class NodeShown(TypedDict):
    name: str
    alive: bool
    queues: list[str]
    slots: int
    running: list[str]
    devices: list[Any]
    versions: Json
    started_at: str
    heartbeat_at: str
    flagged: bool
    flags: list[NodeFlag]


class NodeList(TypedDict):
    items: list[NodeShown]
    next_cursor: None


class QueuedRun(TypedDict):
    run: str
    project: str
    name: str
    state: Literal["queued", "running"]
    queue: str
    position: int | None
    waiting_for: str | None
    node: str | None
    priority: int
    created_at: str


class QueueShown(TypedDict):
    items: list[QueuedRun]
    next_cursor: None
    queued: int
    running: int


class NewKey(Body):
    name: KeyName
    role: Role
    entity: StrictStr | None = Field(None, max_length=128, description="the only entity the key reaches; null: every one")
    expires_at: Moment | None = None
    key: StrictStr | None = Field(None, description="a text of your own, which is kept as a digest like others; null: one is made")


class KeyPatch(Body):
    """What may be changed of a key; what is left out stays."""

    name: KeyName = ""
    role: Role = "viewer"


class KeyShown(TypedDict):
    id: str
    name: str
    prefix: str
    role: Role
    entity: str | None
    created_at: str
    expires_at: str | None


class KeyMinted(KeyShown):
    """`key` is shown this once."""

    key: str


class KeyPage(TypedDict):
    items: list[KeyShown]
    next_cursor: str | None


class CheckShown(TypedDict):
    ok: bool
    detail: str


class Readiness(TypedDict):
    status: Literal["ready", "degraded", "unavailable"]
    checks: dict[str, CheckShown]


class ProblemShown(TypedDict):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: NotRequired[list["FieldProblem"]]


class FieldProblem(TypedDict):
    pointer: str
    detail: str
