"""Tests that assume nothing but symmetry: flipped signs, Holm's steps, and how many seeds they need.

Fisher (1935), The Design of Experiments, section 21; Pitman (1937); Holm (1979), Scand. J. Statist. 6:65-70; the added
one of a Monte Carlo p: Phipson and Smyth (2010), Stat. Appl. Genet. Mol. Biol. 9:39.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.study import ALPHA

MOST_EXACT = 32  # pairs: two halves of 2^16 sums each
FLIPS = 100_000  # random ones, beyond
ROUNDING = 1e-10  # of the sum of magnitudes: sums that are equal but for the order of addition


class P(NamedTuple):
    value: float
    exact: bool


def sign_flip(differences: Sequence[float]) -> P:
    """The share of all 2^n ways to flip signs whose sum is as far from 0 as the one seen: two-sided p under symmetry about 0.

    Exact up to 32 pairs; beyond by 100,000 random flips from a fixed seed, (hits + 1) / (flips + 1). 1.0 for no pairs and for zeros only.
    """
    values = np.abs(np.asarray(differences, dtype=np.float64))
    scale = values.max(initial=0.0)
    if scale == 0:
        return P(1.0, True)
    seen = abs(float(np.sum(np.asarray(differences, dtype=np.float64) / scale)))
    values = values / scale
    bar = seen - ROUNDING * float(values.sum())
    if len(values) > MOST_EXACT:
        return P(_by_chance(values, bar), False)
    return P(_by_counting(values, bar), True)


def _by_counting(magnitudes: NDArray[Any], bar: float) -> float:
    """Every sum is one of the first half plus one of the second: count pairs beyond the bar without making them."""
    half = len(magnitudes) // 2
    first, second = _sums(magnitudes[:half]), np.sort(_sums(magnitudes[half:]))
    above = second.size - np.searchsorted(second, bar - first, side="left")
    below = np.searchsorted(second, -bar - first, side="right")
    every = first.size * second.size
    return min(1.0, float(int(above.sum()) + int(below.sum())) / every)


def _sums(magnitudes: NDArray[Any]) -> NDArray[Any]:
    sums = np.zeros(1)
    for magnitude in magnitudes:
        sums = np.concatenate([sums + magnitude, sums - magnitude])
    return sums


def _by_chance(magnitudes: NDArray[Any], bar: float) -> float:
    rng, hits, width = np.random.default_rng(0), 0, len(magnitudes)
    chunk = max(1, 2_000_000 // width)
    for start in range(0, FLIPS, chunk):
        signs = rng.integers(0, 2, (min(chunk, FLIPS - start), width), dtype=np.int8)
        hits += int(np.count_nonzero(np.abs((2.0 * signs - 1) @ magnitudes) >= bar))
    return (hits + 1) / (FLIPS + 1)


def smallest_p(pairs: int, ties: int = 0) -> float:
    """What `sign_flip` can give at least: 2 / 2^n over the pairs that differ; 1.0 when none does."""
    return min(1.0, 2.0 ** (1 - (pairs - ties)))


def holm(ps: Sequence[float]) -> list[float]:
    """Each p for the whole family: steps down from the smallest, never below the one before, at most 1."""
    adjusted, floor = [0.0] * len(ps), 0.0
    for rank, place in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        floor = max(floor, min(1.0, (len(ps) - rank) * ps[place]))
        adjusted[place] = floor
    return adjusted


def seeds_needed(contrasts: int, alpha: float = ALPHA) -> int:
    """The fewest seeds with which a p of 2 / 2^n, times so many contrasts, is under alpha: 6 for one, 9 for seven."""
    seeds = 1
    while max(1, contrasts) * smallest_p(seeds) >= alpha:
        seeds += 1
    return seeds
