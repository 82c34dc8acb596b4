"""The seeds of every variant as dots, and the differences to the baseline with their intervals."""

import math
from collections.abc import Iterator, Sequence

from api.report.contents import numbered
from api.report.svg import Scale, dot, drawing, element, label, line, path, short
from api.schemas.studies import StudyShown, StudyVariant

NAMES, WIDTH, ROW, TOP, BOTTOM = 190.0, 900.0, 26.0, 8.0, 34.0
RIGHT = 150.0
FAR = 3.0  # times the reach of nine in ten dots: what lies beyond is drawn at the edge


def seeds(study: StudyShown) -> str:
    """A row a variant, a dot a seed, a bar at the mean and a tick at the median."""
    rows = [(variant, [(_finite(dot["value"]), dot) for dot in variant["seeds"]]) for variant in study["variants"]]
    values = [value for _, dots in rows for value, _ in dots if value is not None]
    scale = _robust(values)
    content = _frame(scale, len(rows), study["metric"])
    for place, (variant, dots) in enumerate(rows):
        y = _middle(place)
        content += label(short(variant["name"], 28), NAMES - 12, y + 4, text_anchor="end", class_="name")
        for value, seed in dots:
            kind = "bad" if seed["diverged"] else "seed"
            if value is not None:
                words = f"seed {seed['seed']}: {numbered(value, 6)}{', diverged' if seed['diverged'] else ''}"
                content += _at_or_beside(scale, value, y, kind, words)
            elif seed["diverged"]:
                content += label("×", WIDTH - RIGHT + 6, y + 5, class_="bad")
        content += "".join(_summary(scale, y, variant))
    return drawing(WIDTH, _height(len(rows)), content, f"{study['metric']} of every seed by variant")


def forest(study: StudyShown) -> str:
    """A row a variant: a dot a seed's difference, the mean with its 95 % interval, and the conclusion."""
    variants = [variant for variant in study["variants"] if variant["difference"] is not None]
    found = [(variant, list(_differences(study["variants"][0], variant))) for variant in variants]
    edges = [edge for variant in variants if variant["difference"] and variant["difference"]["ci95"] for edge in variant["difference"]["ci95"]]
    scale = _robust([0.0, *(value for _, pairs in found for _, value in pairs), *edges])
    content = _frame(scale, len(variants), f"difference in {study['metric']}, variant minus baseline")
    content += line(scale.at(0.0), TOP, scale.at(0.0), TOP + ROW * len(variants), "zero")
    for place, (variant, pairs) in enumerate(found):
        y = _middle(place)
        content += label(short(variant["name"], 28), NAMES - 12, y + 4, text_anchor="end", class_="name")
        content += "".join(_at_or_beside(scale, value, y, "faint", f"seed {seed}: {value:+.4g}") for seed, value in pairs)
        content += "".join(_interval(scale, y, variant))
        conclusion = variant["conclusion"] or "not primary"
        content += label(conclusion.replace("_", " "), WIDTH - RIGHT + 22, y + 4, class_=variant["conclusion"] or "none")
    return drawing(WIDTH, _height(len(variants)), content, "Differences to the baseline with 95 % intervals")


def _differences(baseline: StudyVariant, variant: StudyVariant) -> Iterator[tuple[int, float]]:
    held = {seed["seed"]: _finite(seed["value"]) for seed in baseline["seeds"]}
    for seed in variant["seeds"]:
        value, base = _finite(seed["value"]), held.get(seed["seed"])
        if value is not None and base is not None:
            yield seed["seed"], value - base


def _interval(scale: Scale, y: float, variant: StudyVariant) -> Iterator[str]:
    paired = variant["difference"]
    kind = variant["conclusion"] or "none"
    if paired is None or paired["mean"] is None:
        return
    if paired["ci95"] is not None:
        low, high = (scale.clipped(edge)[0] for edge in paired["ci95"])
        yield line(low, y, high, y, f"interval {kind}")
    x, _ = scale.clipped(paired["mean"])
    yield element("rect", x=x - 4, y=y - 4, width=8.0, height=8.0, class_=f"mean {kind}")


def _summary(scale: Scale, y: float, variant: StudyVariant) -> Iterator[str]:
    if variant["mean"] is not None:
        x, _ = scale.clipped(variant["mean"])
        yield line(x, y - 9, x, y + 9, "bar")
    if variant["median"] is not None:
        x, _ = scale.clipped(variant["median"])
        yield path([(x - 4, y + 11), (x + 4, y + 11), (x, y + 5)], "tick", closed=True)


def _at_or_beside(scale: Scale, value: float, y: float, kind: str, words: str) -> str:
    x, outside = scale.clipped(value)
    if not outside:
        return dot(x, y, kind, words)
    tip = 7.0 if value > scale.high else -7.0
    return path([(x, y - 5), (x, y + 5), (x + tip, y)], kind, closed=True).replace("/>", f"><title>{words}</title></path>")


def _robust(values: Sequence[float]) -> Scale:
    """Around the median as far as nine in ten reach, times three: two collapsed seeds must not hide the rest."""
    finite = sorted(value for value in values if math.isfinite(value))
    if not finite:
        return Scale(-1.0, 1.0, NAMES, WIDTH - RIGHT)
    middle = finite[len(finite) // 2]
    reaches = sorted(abs(value - middle) for value in finite)
    reach = FAR * reaches[int(0.9 * (len(reaches) - 1))] or reaches[-1] or abs(middle) * 0.01 or 1.0
    low, high = max(finite[0], middle - reach), min(finite[-1], middle + reach)
    margin = 0.04 * (high - low) or 0.01
    return Scale(low - margin, high + margin, NAMES, WIDTH - RIGHT)


def _frame(scale: Scale, rows: int, words: str) -> str:
    bottom = TOP + ROW * rows
    content = "".join(
        line(scale.at(tick), TOP, scale.at(tick), bottom, "grid") + label(f"{tick:.4g}", scale.at(tick), bottom + 14, text_anchor="middle")
        for tick in scale.ticks()
    )
    return content + label(words, (scale.start + scale.end) / 2, bottom + 30, text_anchor="middle", class_="axis")


def _middle(place: int) -> float:
    return TOP + ROW * (place + 0.5)


def _height(rows: int) -> float:
    return TOP + ROW * rows + BOTTOM


def _finite(value: float | str | None) -> float | None:
    return value if isinstance(value, int | float) and math.isfinite(value) else None
