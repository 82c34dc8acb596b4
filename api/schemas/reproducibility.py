"""What a project wants rerun by itself, how its runs came out again, whom it tells, and the keys of receipts."""

from typing import Annotated, Literal

from pydantic import Field, StrictInt, StrictStr
from typing_extensions import TypedDict

from api.schemas.base import Body, RunIdText
from api.schemas.others import Cause, FirstDifference, NodeFlag, Outcome

Rerun = Literal["never", "every", "sample"]
DEFAULT_FRACTION = 0.1


class CanaryBody(Body):
    """A small run that every living node trains again and again."""

    run: RunIdText | None = Field(
        None, description="a finished managed run of the project; left out: a recipe of the service's own, which is queued now"
    )
    every_hours: Annotated[float, Field(ge=0.01, le=8760)] = 24.0


class ReverifyBody(Body):
    """Runs whose last verdict is stale are run again."""

    per_hour: Annotated[StrictInt, Field(ge=1, le=1000, description="at most so many in an hour, and so many waiting")] = 10


class PolicyBody(Body):
    """What is left out is off."""

    rerun: Rerun = Field("never", description="which finished runs are run again by themselves, each once")
    fraction: Annotated[float, Field(gt=0, le=1)] | None = Field(None, description="of a sample, 0.1 by default")
    canary: CanaryBody | None = None
    reverify: ReverifyBody | None = None


class CanaryShown(TypedDict):
    run: str
    every_hours: float


class ReverifyShown(TypedDict):
    per_hour: int


class PolicyShown(TypedDict):
    rerun: Rerun
    fraction: float | None
    canary: CanaryShown | None
    reverify: ReverifyShown | None


class NodeCount(TypedDict):
    """Verdicts on reruns that this node trained."""

    node: str
    identical: int
    different: int
    not_comparable: int
    flagged: bool


class DifferentRun(TypedDict):
    run: str
    name: str
    rerun: str
    node: str | None
    judged_at: str
    first_difference: FirstDifference | None
    cause: Cause | None


class CanaryNode(TypedDict):
    """A node's last canary that finished. `agrees` is null when none has, `run` null when none was trained."""

    node: str
    alive: bool
    run: str | None
    ended_at: str | None
    outcome: Outcome | None
    agrees: bool | None
    flag: NodeFlag | None


class CanaryReport(TypedDict):
    """`original_agrees`: whether the nodes still give what the original gave."""

    run: str
    state: str
    every_hours: float
    original_agrees: bool | None
    nodes: list[CanaryNode]


class ProjectReport(TypedDict):
    """`runs`: finished managed runs, reruns not counted; `verified` of them have a verdict. A run with one different rerun counts as different."""

    project: str
    runs: int
    verified: int
    identical: int
    different: int
    not_comparable: int
    stale: int
    waiting: int
    by_node: list[NodeCount]
    different_runs: list[DifferentRun]
    canary: CanaryReport | None


class WebhookBody(Body):
    url: Annotated[StrictStr, Field(min_length=8, max_length=2000, description="http or https; must not lead inside")]
    secret: Annotated[StrictStr, Field(min_length=16, max_length=200)] | None = Field(
        None, description="signs what is sent; left out: the one it has, or a new one, which is shown this once"
    )


class WebhookShown(TypedDict):
    """`secret` stands only in the answer that made it."""

    url: str
    set_at: str
    secret: str | None


class DeliveryShown(TypedDict):
    id: str
    event: Literal["verdict", "alert"]
    rerun: str
    original: str
    state: Literal["waiting", "delivered", "given_up"]
    tries: int
    created_at: str
    tried_at: str | None
    next_try_at: str | None
    status: int | None
    error: str | None


class DeliveryList(TypedDict):
    items: list[DeliveryShown]
    next_cursor: None


class ReceiptSide(TypedDict):
    run: str
    project: str
    origin: str
    config_digest: str | None
    digests: dict[str, str]
    environment_digest: str | None
    node: str | None


class ReceiptServer(TypedDict):
    id: str
    url: str


class ReceiptVerdict(TypedDict):
    outcome: Outcome
    reason: str
    checked: dict[str, str]
    points_compared: int
    first_difference: FirstDifference | None
    causes: list[str]
    document_digest: str
    judged_at: str


class Receipt(TypedDict):
    kind: Literal["runtwice.receipt"]
    version: Literal[1]
    server: ReceiptServer
    original: ReceiptSide
    rerun: ReceiptSide
    verdict: ReceiptVerdict
    key: str
    signature: str


class ReceiptKey(TypedDict):
    key: str
    since: str
    in_force: bool


class ReceiptKeys(TypedDict):
    items: list[ReceiptKey]
    next_cursor: None
