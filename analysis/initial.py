"""How far apart two initial states lie, by a sample of their values (trainer.digests.sample_of_state)."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SAMPLE = re.compile(r"float(32|64):((?:[0-9a-f]{8}){0,1024})")
ROUNDING = 4  # in the last place of the largest value: a draw is rounded a few times on its way to a weight


@dataclass(frozen=True)
class Distance:
    """Of `compared` values looked at, `differing` are not the same. `ulps` is the largest distance, in the last place of the largest value."""

    compared: int
    differing: int
    ulps: float

    @property
    def is_rounding(self) -> bool:
        """Whether the same numbers were drawn, and only rounded otherwise. So it is when the sample missed every difference."""
        return self.ulps <= ROUNDING

    def document(self) -> dict[str, Any]:
        return {"compared": self.compared, "differing": self.differing, "ulps": self.ulps if np.isfinite(self.ulps) else None}

    def words(self) -> str:
        if not self.differing:
            return f"{self.compared} of the initial weights were looked at one by one, and all are the same"
        share = f"{self.differing} of {self.compared} initial weights looked at are not the same"
        if not self.is_rounding:
            return f"{share}, and not by rounding alone"
        apart = "less than a unit" if self.ulps < 1 else f"at most {self.ulps:,.0f} unit{'s' if round(self.ulps) > 1 else ''}"
        return f"{share}, by {apart} in the last place of the largest"


def distance(original: Any, rerun: Any) -> Distance | None:
    """None when either sample is missing, unreadable, or of another length or format: then they are not of the same network."""
    ours, theirs = _read(original), _read(rerun)
    if ours is None or theirs is None or ours.dtype != theirs.dtype or len(ours) != len(theirs) or not len(ours):
        return None
    largest = np.maximum(np.abs(ours).max(), np.abs(theirs).max())
    apart = np.abs(ours.astype(np.float64) - theirs.astype(np.float64)).max()
    ulps = float(apart / np.spacing(largest)) if np.isfinite(largest) and apart else (0.0 if apart == 0 else np.inf)
    return Distance(len(ours), int(np.count_nonzero(ours.view(f"<i{ours.itemsize}") != theirs.view(f"<i{theirs.itemsize}"))), ulps)


def _read(sample: Any) -> "NDArray[Any] | None":
    match = SAMPLE.fullmatch(sample) if isinstance(sample, str) else None
    if match is None:
        return None
    width, digits = int(match.group(1)) // 8, match.group(2)
    return None if len(digits) % (2 * width) else np.frombuffer(bytes.fromhex(digits), f"<f{width}")
