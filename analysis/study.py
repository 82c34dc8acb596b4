"""A study as values: what goes into its statistics, and the table that comes out. `analysis.conclusions.conclude` leads from one to the other."""

from dataclasses import dataclass
from typing import Literal

Goal = Literal["min", "max"]
Vary = Literal["seed", "split", "both"]
Conclusion = Literal["better", "worse", "no_difference_found", "not_enough_seeds"]

ALPHA = 0.05  # the chance, at most, that a study without any difference holds a single "better" or "worse"


@dataclass(frozen=True)
class Outcome:
    """What one seed of a variant gave. A seed whose run is still to come has none."""

    seed: int
    value: float | None  # of the study's metric, last or best; None or not finite: the run gave no number
    diverged: bool = False  # failed, non-finite, or final val/accuracy at most twice chance; a run without a number is diverged whatever this says
    finished: bool = True  # False: the run failed
    reached: int | None = None  # iterations until the threshold; None: never got there
    iterations: int | None = None  # iterations seen; only where it is too early to tell (a cancelled run): not followed to the horizon
    reruns: tuple[float, ...] = ()  # the metric in exact reruns of this run: the machine's noise


@dataclass(frozen=True)
class Variant:
    name: str
    outcomes: tuple[Outcome, ...]  # one a seed, in any order


@dataclass(frozen=True)
class StudyData:
    metric: str
    goal: Goal
    baseline: Variant
    variants: tuple[Variant, ...]
    primary: tuple[str, ...] | None = None  # names of the variants that are concluded upon; None: all
    vary: Vary = "seed"
    validation_images: int | None = None  # for the binomial error of an accuracy
    threshold: float | None = None  # of the metric: iterations until there are counted
    horizon: int | None = None  # iterations of every run of the study; None: the longest seen


@dataclass(frozen=True)
class Spread:
    """Of the finite values. None: too few (sd takes two)."""

    n: int
    mean: float | None
    sd: float | None  # sample standard deviation, n - 1
    median: float | None
    min: float | None
    max: float | None


@dataclass(frozen=True)
class Difference:
    """Variant minus baseline, paired by seed."""

    pairs: int  # seeds whose runs ended in both; all of them are in p
    valued: int  # pairs with a number on both sides; mean, ci95, sd, effect and correlation are over them
    mean: float | None
    median: float | None
    sd: float | None
    ci95: tuple[float, float] | None  # bootstrap, BCa; None under 3 valued pairs
    p: float | None  # sign-flip, two-sided; None without pairs
    exact: bool  # False: p by random flips, one added above and below
    p_holm: float | None  # None for what is not a primary contrast
    smallest_p: float | None  # that so many pairs with so many ties could give
    effect: float | None  # dz, mean / sd of the differences; None when sd is 0
    correlation: float | None  # Pearson's r over seeds
    p_welch: float | None  # unpaired, for comparison; nothing rests on it
    seed_noise: float | None  # mean in units of the baseline's sd over seeds
    machine_noise: float | None  # mean in units of the sd of exact reruns; None: not measured, or they were identical
    validation_error: float | None  # mean in units of the binomial error of a difference of two accuracies
    detectable: float | None  # smallest difference that so many seeds show with a chance of 0.8; None: none can be shown
    seeds_for_observed: int | None  # seeds to show the observed effect with a chance of 0.8; None: over 10,000 or unknown
    lone_wrong: float | None  # share of single seeds whose difference has the other sign than the mean


@dataclass(frozen=True)
class ToThreshold:
    """Iterations to the threshold by Kaplan-Meier; a run that never got there is censored, not dropped."""

    reached: int
    censored: int
    median: float | None  # None: fewer than half got there
    restricted_mean: float | None  # mean of min(iterations, horizon)
    horizon: int


@dataclass(frozen=True)
class Row:
    name: str
    n: int  # finished
    diverged: int
    without_number: int  # ended, but gave no finite value
    all: Spread  # diverged ones with a number included
    converged: Spread  # without the diverged
    difference: Difference | None  # None for the baseline
    conclusion: Conclusion | None  # None for the baseline and for what is not primary
    words: str
    to_threshold: ToThreshold | None


@dataclass(frozen=True)
class Noise:
    """Sizes below which a difference means nothing, in the metric's unit."""

    machine: float | None  # sd of exact reruns: 0.0 when identical, None when none was made
    reruns: int
    seeds: float | None  # sd of the baseline over seeds
    validation: float | None  # binomial standard error of the baseline's accuracy


@dataclass(frozen=True)
class StudyTable:
    seeds_needed: int
    contrasts: int
    noise: Noise
    rows: tuple[Row, ...]  # the baseline first
    words: str
