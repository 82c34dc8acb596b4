"""Curves with bands, a small panel a variant: the variant over the baseline, all panels of a metric on the same axes."""

import math
from collections.abc import Sequence

from api.report.contents import Band, Report
from api.report.svg import Scale, drawing, label, line, path, short

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 290.0, 170.0, 44.0, 22.0, 20.0, 8.0
FAR = 100.0  # times the smallest value: from there on the axis is logarithmic
MOST_PANELS = 100


def panels(report: Report, metric: str) -> list[str]:
    """The baseline alone where a study has no other variant to show."""
    bands = report.bands[metric]
    steady = [band for band, variant in zip(bands, report.study["variants"], strict=True) if not variant["diverged"]]
    x, y = _across(bands), _up(steady) or _up(bands)
    if x is None or y is None:
        return []
    names = [variant["name"] for variant in report.study["variants"]]
    return [_panel(names[place], bands[0], band, x, y, metric) for place, band in enumerate(bands) if place][:MOST_PANELS]


def _panel(name: str, baseline: Band, band: Band, x: Scale, y: Scale, metric: str) -> str:
    content = "".join(line(LEFT, y.at(tick), WIDTH - RIGHT, y.at(tick), "grid") for tick in y.ticks(4))
    content += "".join(label(f"{tick:.3g}", LEFT - 5, y.at(tick) + 4, text_anchor="end") for tick in y.ticks(4))
    content += "".join(label(f"{tick:g}", x.at(tick), HEIGHT - 6, text_anchor="middle") for tick in x.ticks(4))
    content += _drawn(baseline, x, y, "base") + _drawn(band, x, y, "variant")
    content += label(short(name, 38), LEFT, 13, class_="name")
    return drawing(WIDTH, HEIGHT, content, f"{metric} of {name} and of the baseline along the training")


def _drawn(band: Band, x: Scale, y: Scale, kind: str) -> str:
    if not band.steps:
        return ""
    across = [x.at(step + 1) for step in band.steps]
    above = [(at, y.clipped(value)[0]) for at, value in zip(across, band.high, strict=True)]
    below = [(at, y.clipped(value)[0]) for at, value in zip(across, band.low, strict=True)]
    middle = [(at, y.clipped(value)[0]) for at, value in zip(across, band.mean, strict=True)]
    return path([*above, *reversed(below)], f"{kind} band", closed=True) + path(middle, f"{kind} curve")


def _across(bands: Sequence[Band]) -> Scale | None:
    steps = [step + 1 for band in bands for step in band.steps]
    return Scale(0.0, float(max(steps)), LEFT, WIDTH - RIGHT) if steps else None


def _up(bands: Sequence[Band]) -> Scale | None:
    values = [value for band in bands for column in (band.low, band.mean, band.high) for value in column if math.isfinite(value)]
    if not values:
        return None
    low, high = min(values), max(values)
    if low > 0 and high > FAR * low:
        return Scale(low, high, HEIGHT - BOTTOM, TOP, log=True)
    margin = 0.04 * (high - low) or abs(high) * 0.01 or 0.01
    return Scale(low - margin, high + margin, HEIGHT - BOTTOM, TOP)
