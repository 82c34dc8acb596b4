"""Tests that assume nothing but symmetry: flipped signs, Holm's steps, and how many seeds they need.

Fisher (1935), The Design of Experiments, section 21; Pitman (1937); Holm (1979), Scand. J. Statist. 6:65-70; the added
one of a Monte Carlo p: Phipson and Smyth (2010), Stat. Appl. Genet. Mol. Biol. 9:39.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.study import ALPHA

MOST_EXACT = 32  # pairs: two halves of 2^16 sums each
FLIPS = 100_000  # random ones, beyond
FLIPS_AT_ONCE = 10_000
SIGNS = 1.0 - 2.0 * ((np.arange(256) >> np.arange(8)[:, np.newaxis]) & 1)  # a column a byte, a row a bit
ROUNDING = 1e-10  # of the sum of magnitudes: sums that are equal but for the order of addition


class P(NamedTuple):
    value: float
    exact: bool


def sign_flip(differences: Sequence[float]) -> P:
    """The share of all 2^n ways to flip signs whose sum is as far from 0 as the one seen: two-sided p under symmetry about 0.

    Exact up to 32 pairs; beyond by 100,000 random flips from a fixed seed, (hits + 1) / (flips + 1). 1.0 for no pairs and for zeros only.
    """
    return _sign_flip(tuple(differences))


@lru_cache(128)  # a study asks for each twice, and again when other variants of it have gone on
def _sign_flip(differences: tuple[float, ...]) -> P:
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
    """Eight signs are drawn as one byte, and looked up as the sum that they give."""
    rng, hits = np.random.default_rng(0), 0
    padded = np.zeros(-(-len(magnitudes) // 8) * 8)
    padded[: len(magnitudes)] = magnitudes
    sums = padded.reshape(-1, 8) @ SIGNS
    for _ in range(FLIPS // FLIPS_AT_ONCE):
        drawn = np.zeros(FLIPS_AT_ONCE)
        for of_eight in sums:
            drawn += of_eight[rng.integers(0, 256, FLIPS_AT_ONCE, dtype=np.uint8)]
        hits += int(np.count_nonzero(np.abs(drawn) >= bar))
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
