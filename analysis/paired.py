"""A variant beside the baseline, seed by seed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis import intervals, significance
from analysis.study import Difference, Noise, Outcome, Spread, Variant

LARGEST = 1e150
Pair = tuple[Outcome, Outcome]  # baseline, variant


def number(outcome: Outcome) -> float | None:
    """The value, unless it is none: not there, NaN, infinite or so large (1e150) that its square would be."""
    return outcome.value if outcome.value is not None and abs(outcome.value) < LARGEST else None


def is_diverged(outcome: Outcome) -> bool:
    return outcome.diverged or number(outcome) is None


def spread(values: Sequence[float]) -> Spread:
    seen = np.asarray(values, dtype=np.float64)
    if not len(seen):
        return Spread(0, None, None, None, None, None)
    sd = float(seen.std(ddof=1)) if len(seen) > 1 else None
    return Spread(len(seen), float(seen.mean()), sd, float(np.median(seen)), float(seen.min()), float(seen.max()))


def pairs(baseline: Variant, variant: Variant) -> list[Pair]:
    """Seeds whose runs ended in both, by seed."""
    ours = {each.seed: each for each in baseline.outcomes}
    return [(ours[each.seed], each) for each in sorted(variant.outcomes, key=lambda each: each.seed) if each.seed in ours]


@dataclass(frozen=True)
class Differences:
    valued: tuple[float, ...]  # both sides gave a number
    tested: tuple[float, ...]  # all pairs, as the sign-flip test takes them


def differences(found: Sequence[Pair], bad: int) -> Differences:
    """Variant minus baseline. `bad` is the sign of a worse value: 1 when less is better.

    Where one side alone gave no number, the test takes a difference against that side as large as the largest one seen; where neither did, 0.
    Magnitudes do not depend on signs, so the p stays exact.
    """
    valued = {place: b - a for place, (one, other) in enumerate(found) if (a := number(one)) is not None and (b := number(other)) is not None}
    most = max(map(abs, valued.values()), default=0.0) or 1.0
    against = [bad * most * ((number(other) is None) - (number(one) is None)) for one, other in found]
    return Differences(tuple(valued.values()), tuple(valued.get(place, against[place]) for place in range(len(found))))


def difference(found: Sequence[Pair], bad: int, p_holm: float | None, contrasts: int, noise: Noise) -> Difference:
    seen = differences(found, bad)
    of = spread(seen.valued)
    effect = of.mean / of.sd if of.mean is not None and of.sd else None
    p = significance.sign_flip(seen.tested) if found else None
    smallest = intervals.detectable_effect(of.n, contrasts)
    error = noise.validation * math.sqrt(2) if noise.validation is not None else None
    return Difference(
        pairs=len(found),
        valued=of.n,
        mean=of.mean,
        median=of.median,
        sd=of.sd,
        ci95=intervals.bootstrap(seen.valued),
        p=p.value if p else None,
        exact=p.exact if p else True,
        p_holm=p_holm,
        smallest_p=significance.smallest_p(len(found), seen.tested.count(0.0)) if found else None,
        effect=effect,
        correlation=_correlation(found),
        p_welch=_welch(found),
        seed_noise=_in_units(of.mean, noise.seeds),
        machine_noise=_in_units(of.mean, noise.machine),
        validation_error=_in_units(of.mean, error),
        detectable=smallest * of.sd if smallest is not None and of.sd is not None else None,
        seeds_for_observed=intervals.seeds_for(effect, contrasts),
        lone_wrong=_lone_wrong(seen.valued, of.mean),
    )


def _in_units(mean: float | None, unit: float | None) -> float | None:
    return mean / unit if mean is not None and unit else None


def _lone_wrong(valued: Sequence[float], mean: float | None) -> float | None:
    return sum(each * mean < 0 for each in valued) / len(valued) if mean else None


def _both(found: Sequence[Pair]) -> tuple[list[float], list[float]]:
    numbers = [(a, b) for one, other in found if (a := number(one)) is not None and (b := number(other)) is not None]
    return [a for a, _ in numbers], [b for _, b in numbers]


def _correlation(found: Sequence[Pair]) -> float | None:
    """None under 3 pairs and where either side is constant."""
    a, b = (np.asarray(side) for side in _both(found))
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(np.corrcoef(a, b)[0, 1])


def _welch(found: Sequence[Pair]) -> float | None:
    """Welch (1947), two-sided; None under 2 pairs and where both sides are constant."""
    from scipy.special import stdtr

    a, b = (np.asarray(side) for side in _both(found))
    if len(a) < 2:
        return None
    va, vb = a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)
    if va + vb == 0:
        return None
    degrees = (va + vb) ** 2 / (va**2 / (len(a) - 1) + vb**2 / (len(b) - 1))
    return float(2 * stdtr(degrees, -abs(b.mean() - a.mean()) / math.sqrt(va + vb)))
