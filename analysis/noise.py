"""How much of a difference is noise: of the machine, of the seeds, of a finite validation set."""

import math
from collections.abc import Sequence

import numpy as np

from analysis.paired import LARGEST, number
from analysis.study import Noise, StudyData


def noise_floor(study: StudyData) -> Noise:
    """Machine: sd within exact reruns of any run of the study. Seeds and validation: of the baseline's runs that gave a number."""
    values = [value for each in study.baseline.outcomes if (value := number(each)) is not None]
    groups = [[value, *each.reruns] for every in (study.baseline, *study.variants) for each in every.outcomes if (value := number(each)) is not None]
    return Noise(
        machine=pooled_sd(groups),
        reruns=sum(len(group) - 1 for group in groups),
        seeds=float(np.std(values, ddof=1)) if len(values) > 1 else None,
        validation=_binomial(study, values),
    )


def pooled_sd(groups: Sequence[Sequence[float]]) -> float | None:
    """sd within groups over all of them; exactly 0.0 when every group is of one value; None when no group has two finite ones."""
    finite = [[value for value in group if abs(value) < LARGEST] for group in groups]
    degrees = sum(len(group) - 1 for group in finite if group)
    if not degrees:
        return None
    squares = sum(float(np.var(group)) * len(group) for group in finite if group and max(group) > min(group))
    return math.sqrt(squares / degrees)


def _binomial(study: StudyData, values: Sequence[float]) -> float | None:
    """sqrt(a (1 - a) / images): only an accuracy on a validation set of known size has it."""
    if not study.metric.endswith("accuracy") or not study.validation_images or not values:
        return None
    accuracy = float(np.mean(values))
    return math.sqrt(accuracy * (1 - accuracy) / study.validation_images) if 0 <= accuracy <= 1 else None
