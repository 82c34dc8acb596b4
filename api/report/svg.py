"""Drawings as SVG text: scales, ticks, and elements whose every text is escaped."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

Pair = tuple[float, float]


@dataclass(frozen=True)
class Scale:
    """From a metric's values to places in the drawing; `log` takes values above 0 only."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        low, high, value = (math.log10(each) if self.log else each for each in (self.low, self.high, value))
        share = 0.5 if high == low else (value - low) / (high - low)
        return self.start + share * (self.end - self.start)

    def clipped(self, value: float) -> tuple[float, bool]:
        """The place within the drawing, and whether the value lies outside of it."""
        inside = min(max(value, self.low), self.high)
        return self.at(inside), inside != value

    def ticks(self, count: int = 5) -> list[float]:
        if self.log:
            powers = range(math.ceil(math.log10(self.low)), math.floor(math.log10(self.high)) + 1)
            return [10.0**power for power in powers] if len(powers) > 1 else [self.low, self.high]
        span = self.high - self.low
        if span <= 0:
            return [self.low]
        raw = span / count
        unit = 10 ** math.floor(math.log10(raw))
        step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= raw * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        return [number * step for number in range(first, math.floor(self.high / step + 1e-9) + 1)]


def element(name: str, content: str = "", **attributes: object) -> str:
    """`content` is SVG already; `class_` stands for class, an underscore for a hyphen."""
    told = "".join(f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"' for key, value in attributes.items() if value is not None)
    return f"<{name}{told}>{content}</{name}>" if content else f"<{name}{told}/>"


def label(words: str, x: float, y: float, **attributes: object) -> str:
    return element("text", escape(words), x=x, y=y, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> str:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def path(points: Sequence[Pair], class_: str, closed: bool = False) -> str:
    steps = " ".join(f"{'L' if place else 'M'}{x:.2f} {y:.2f}" for place, (x, y) in enumerate(points))
    return element("path", d=steps + ("Z" if closed else ""), class_=class_)


def dot(x: float, y: float, class_: str, words: str, radius: float = 3.2) -> str:
    return element("circle", element("title", escape(words)), cx=x, cy=y, r=radius, class_=class_)


def drawing(width: float, height: float, content: str, words: str) -> str:
    """`words` is what a reader hears who does not see it."""
    size = {"viewBox": f"0 0 {width:g} {height:g}", "width": f"{width:g}", "height": f"{height:g}"}
    return element("svg", element("title", escape(words)) + content, role="img", **size)


def short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _value(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else escape(str(value))
