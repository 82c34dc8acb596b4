"""Runs as they are sent and shown."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Discriminator, Field, StrictBool, StrictInt, StrictStr, Tag
from typing_extensions import TypedDict

from api.numbers import Number
from api.schemas.base import Body, Json, Notes, Priority, ProjectText, RunIdText, RunName, Tags
from api.schemas.layers import FindingShown
from trainer.config import RunConfig

Sha256 = Annotated[StrictStr, Field(pattern=r"^[0-9a-f]{64}$")]
ExternalId = Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9_-]{1,128}$")]


class NewManagedRun(Body):
    """A config to be trained by a worker."""

    project: ProjectText
    config: RunConfig
    origin: Literal["managed"] = "managed"
    name: RunName | None = Field(None, description="default: what changed against the baseline, or the config in a few words")
    tags: Tags = Field(default=[])
    notes: Notes = ""
    baseline: RunIdText | None = Field(None, description="a managed run that this one is compared with")
    allow_many_changes: StrictBool = Field(False, description="more than one factor may differ from the baseline")
    priority: Priority = 0


class NewClientRun(Body):
    """A run that some other process trains and logs here."""

    project: ProjectText
    origin: Literal["client"]
    config: dict[str, Any] = Field({}, description="any JSON object up to 1 MB")
    name: RunName | None = None
    tags: Tags = Field(default=[])
    notes: Notes = ""
    external_id: ExternalId | None = Field(None, description="unique in the project; default: a new one")


def _origin(body: Any) -> str:
    origin = body.get("origin", "managed") if isinstance(body, dict) else getattr(body, "origin", "managed")
    return "client" if origin == "client" else "managed"


NewRun = Annotated[Annotated[NewManagedRun, Tag("managed")] | Annotated[NewClientRun, Tag("client")], Discriminator(_origin)]


class RunPatch(Body):
    """What may be changed afterwards; what is left out stays."""

    name: RunName = ""
    tags: Tags = Field(default=[])
    notes: Notes = ""
    archived: StrictBool = False


class ClientEnd(Body):
    state: Literal["finished", "failed"]
    reason: Annotated[StrictStr, Field(max_length=10_000)] | None = None


class ChainLink(Body):
    """Behind a step, the SHA-256 of each part of the training."""

    step: Annotated[StrictInt, Field(ge=0, lt=2**53)]
    parts: Annotated[dict[Literal["weights", "buffers", "optimizer", "rng", "order"], Sha256], Field(min_length=1)]


class ClientDigests(Body):
    """The digests that a managed run has, and the sample of its initial weights that verdicts measure distances by."""

    data: Sha256 | None = None
    split: Sha256 | None = None
    order: Sha256 | None = None
    initial: Sha256 | None = None
    final: Sha256 | None = None
    code: Sha256 | None = None
    initial_sample: Annotated[StrictStr, Field(max_length=10_000, pattern=r"^float(32|64):[0-9a-f]*$")] | None = None


class ClientEvidence(Body):
    """What a client says of a run that it trained, as `python -m trainer` tells it. It is believed as far as a verdict says so."""

    digests: ClientDigests = ClientDigests()
    environment: Annotated[dict[str, Any], Field(description="any JSON object up to 100 kB")] = Field({})
    chain: Annotated[list[ChainLink], Field(max_length=2000)] = Field([])


class LogText(Body):
    lines: Annotated[list[StrictStr], Field(max_length=10_000)]


Change = TypedDict("Change", {"path": str, "from": Any, "to": Any})


class Progress(TypedDict):
    step: int | None
    total: int | None


class Reproduced(TypedDict):
    """The outcome over all judged reruns: different if any differed, identical if some were, else not_comparable."""

    outcome: Literal["identical", "different", "not_comparable"]
    reruns: int


class MetricSummary(TypedDict):
    """min and max are over finite values, null when there are none."""

    last: Number
    min: Number | None
    max: Number | None
    min_step: int | None
    max_step: int | None
    count: int
    non_finite: int


class RunListed(TypedDict):
    """A run as it stands in a list: all but its environment. `stale`: no living node has what the last verdict on a rerun of it was judged with."""

    id: str
    external_id: str
    project: str
    name: str
    origin: Literal["managed", "client"]
    state: Literal["queued", "running", "finished", "failed", "cancelled", "crashed"]
    reason: str | None
    config: Json
    config_digest: str | None
    seed: int | None
    created_at: str
    started_at: str | None
    finished_at: str | None
    queue_position: int | None
    waiting_for: str | None
    attempt: int
    node: str | None
    progress: Progress
    baseline: str | None
    change: list[Change]
    factors: list[str]
    rerun_of: str | None
    reproduced: Reproduced | None
    stale: bool
    studies: list[str]
    tags: list[str]
    notes: str
    group: str | None
    job_type: str | None
    sweep: str | None
    archived: bool
    digests: Json | None
    metrics: dict[str, MetricSummary]


class Told(TypedDict):
    """What a client said of a run that it trained."""

    digests: dict[str, str]
    links: int


class Refusals(TypedDict):
    """What was sent to a run and not taken."""

    refused_points: int
    refused_reason: str | None


class RunShown(RunListed, Refusals):
    """`told` is what the client of a client run said of its training, null for any other run.

    `refused_points` counts values that were sent and not taken: another one was held, or the run had no room for the metric,
    or a line of the wandb SDK could not be read. Of lines, `refused_reason` says why the last could not.

    `findings` is null until the run has ended. `warnings` says what the run cannot show, such as which of two changed factors mattered."""

    environment: Json
    warnings: list[str]
    told: Told | None
    findings: list[FindingShown] | None


class DryRun(TypedDict):
    """What a submit would store; nothing was stored. `warnings` says what would be flagged, or refused."""

    config: Json
    config_digest: str
    change: list[Change]
    factors: list[str]
    warnings: list[str]
    estimate_s: float


class LinkShown(TypedDict):
    """Behind a step, the SHA-256 of each part of the training."""

    step: int
    weights: str
    buffers: str
    optimizer: str
    rng: str
    order: str


class AttemptShown(TypedDict):
    """One try at a run; `outcome` is null while it runs, `resumed_from` the step at which it took up a checkpoint."""

    number: int
    node: str
    started_at: str
    ended_at: str | None
    outcome: str | None
    reason: str | None
    resumed_from: int | None


class LogPage(TypedDict):
    """Consecutive lines; ask again with ?after= this `after`. `first` is the number of the first, null when there are none."""

    lines: list[str]
    first: int | None
    after: int


class LogWritten(TypedDict):
    """The number of the first of the lines, and how many there were."""

    first: int
    count: int


class FieldKey(TypedDict):
    key: str
    kind: Literal["text", "number", "time"]


class ConfigKey(TypedDict):
    """A leaf of some runs' configs: of how many runs it is a number, of how many a text."""

    key: str
    numbers: int
    texts: int


class MetricKey(TypedDict):
    key: str
    parts: list[str]


class RunFields(TypedDict):
    """What a filter and a sort may name, as they name it."""

    fields: list[FieldKey]
    config: list[ConfigKey]
    metrics: list[MetricKey]
    tags: list[str]


class FacetValue(TypedDict):
    value: Number | str
    runs: int


class RunFacet(TypedDict):
    """What runs have at a key, the values of most runs first. When there are more values than these, the least and the largest number."""

    key: str
    values: list[FacetValue]
    more: bool
    min: Number | None
    max: Number | None


class RunPage(TypedDict):
    """Of each run all that a list shows, or with ?fields= what that names."""

    items: list[RunListed]
    next_cursor: str | None
    total: NotRequired[int]
