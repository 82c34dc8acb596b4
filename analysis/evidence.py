"""What a run left behind for a verdict to look at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from analysis.points import Column

Check = Literal["same", "different", "missing"]
Chain = Mapping[int, Mapping[str, str]]  # behind a step, the digest of each part

# In the order in which training makes them. `code` is not among them: other code that gives the same bits has reproduced the run.
CHECKED_DIGESTS = ("data", "split", "order", "initial", "final")


@dataclass(frozen=True)
class Evidence:
    """A run as its records tell it. A client run has no config digest, and no digests unless the client told them."""

    run_id: str
    state: str
    reason: str | None
    config: Mapping[str, Any]
    config_digest: str | None
    digests: Mapping[str, str | None]
    environment: Mapping[str, Any]
    series: Mapping[str, Column]
    chain: Chain = field(default_factory=dict)
    resumed: tuple[int, ...] = ()  # the steps at which later attempts took up a checkpoint
    origin: str = "managed"  # or client: trained elsewhere, and known by what somebody says of it


def checked_digests(original: Evidence, rerun: Evidence) -> dict[str, Check]:
    return {name: _check(original.digests.get(name), rerun.digests.get(name)) for name in CHECKED_DIGESTS}


def _check(ours: str | None, theirs: str | None) -> Check:
    if not ours or not theirs:
        return "missing"
    return "same" if ours == theirs else "different"
