"""How far a mean difference may lie from the one seen, and how large one must be to be seen.

BCa: Efron (1987), J. Am. Stat. Assoc. 82:171-185. Power: of the paired t test, by the noncentral t, as an approximation of the sign-flip test's.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.significance import seeds_needed
from analysis.study import ALPHA

RESAMPLES = 10_000
RESAMPLES_OF_MANY = 2000
KEPT = 100  # values up to which the draws are kept: 8 MB
FEWEST = 3  # pairs, under which resampling says nothing
POWER = 0.8
MOST_SEEDS = 10_000


@lru_cache(maxsize=4)
def _draws(n: int) -> NDArray[Any]:
    """How often each of n values is drawn, a row a resample: the same for every set of n values."""
    return np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=RESAMPLES) / n


def _means(seen: NDArray[Any]) -> NDArray[Any]:
    """Of every resample, sorted. Many values take fewer resamples, drawn a few at a time: their mean is near normal, and memory stays small."""
    n = len(seen)
    if n <= KEPT:
        return np.sort(_draws(n) @ seen)
    rng = np.random.default_rng(0)
    return np.sort(np.concatenate([rng.multinomial(n, np.full(n, 1 / n), size=100) @ seen / n for _ in range(RESAMPLES_OF_MANY // 100)]))


def bootstrap(values: Sequence[float]) -> tuple[float, float] | None:
    """95 % interval of the mean: bias-corrected and accelerated, from resamples of a fixed seed. None under 3 values; a point when all are equal."""
    from scipy.special import ndtr, ndtri

    seen = np.asarray(values, dtype=np.float64)
    if len(seen) < FEWEST:
        return None
    mean = float(seen.mean())
    if np.ptp(seen) == 0:
        return (mean, mean)
    means = _means(seen)
    below = (np.searchsorted(means, mean, "left") + np.searchsorted(means, mean, "right")) / 2
    bias = ndtri(np.clip(below / len(means), 1 / len(means), 1 - 1 / len(means)))
    pulls = (seen - mean) / np.abs(seen - mean).max()  # the jackknife's, up to a factor that cancels
    skew = float((pulls**3).sum() / (6 * (pulls**2).sum() ** 1.5))
    reach = bias + ndtri(np.array([0.025, 0.975]))
    low, high = np.quantile(means, ndtr(bias + reach / (1 - skew * reach)))
    return float(low), float(high)


def power(effect: float, seeds: int, alpha: float) -> float:
    """The chance that a paired t test of so many seeds finds a mean difference of `effect` standard deviations."""
    from scipy.special import nctdtr, stdtrit

    if seeds < 2:
        return 0.0
    shift = min(abs(effect) * math.sqrt(seeds), 30.0)  # beyond, the chance is 1 and the function is not made for it
    chance = 1.0 - float(nctdtr(seeds - 1, shift, float(stdtrit(seeds - 1, 1 - alpha / 2))))
    return min(1.0, max(0.0, chance))


def detectable_effect(seeds: int, contrasts: int) -> float | None:
    """The smallest effect (in sds of the differences) that so many seeds show with a chance of 0.8 at alpha / contrasts.

    None when no outcome at all of so many seeds would be shown.
    """
    if seeds < seeds_needed(contrasts):
        return None
    low, high, alpha = 0.0, 30.0, ALPHA / max(1, contrasts)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if power(middle, seeds, alpha) >= POWER else (middle, high)
    return high


def seeds_for(effect: float | None, contrasts: int) -> int | None:
    """Seeds with which an effect of this size is shown with a chance of 0.8. None: unknown, zero, or over 10,000."""
    fewest, alpha = seeds_needed(contrasts), ALPHA / max(1, contrasts)
    if effect is None or power(effect, MOST_SEEDS, alpha) < POWER:
        return None
    low, high = fewest - 1, MOST_SEEDS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(effect, middle, alpha) >= POWER else (middle, high)
    return high
