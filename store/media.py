"""Images, tables, histograms and other values that a run logged and that are no numbers: where they stand, and which file of the run holds each."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from store import dialect, history_pieces
from store.stream_tables import Streamed
from store.streamed import HISTORY
from store.tables import Artifact

PLAIN = {"number", "string", "boolean", "list", "nil", "map"}
SEPARATED = "images/separated"
OVER = ("masks", "boxes")  # what may lie over an image
LISTS = {"images": "image", SEPARATED: "image", "videos": "video"}  # how the SDK calls several of a kind at once
MOST_BINS = 10_000
LONGEST_TYPE = 100
Place = tuple[int, str, int]


@dataclass(frozen=True)
class Histogram:
    """Counts between edges, of which there is one more."""

    edges: Sequence[float]
    counts: Sequence[float]


@dataclass(frozen=True)
class Medium:
    """One of what was logged as `key` at `step`; `index` counts those that were logged as a list. `path` is the file's name among the run's."""

    step: int
    key: str
    index: int
    kind: str
    caption: str | None = None
    path: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    histogram: Histogram | None = None

    @property
    def place(self) -> Place:
        return self.step, self.key, self.index


def keys(session: Session, run_id: str) -> dict[str, dict[str, int]]:
    """The keys under which such values were logged, with how many rows hold each kind."""
    counted = session.scalar(select(Streamed.kinds).where(Streamed.run_id == run_id)) or {}
    found: dict[str, dict[str, int]] = {}
    for key, counts in sorted(counted.items()):
        for kind, count in counts.items():
            if kind not in PLAIN:
                of_key = found.setdefault(key, {})
                of_key[kind_of(kind)] = of_key.get(kind_of(kind), 0) + count
    return found


def page(session: Session, run_id: str, wanted: Collection[str], low: int, high: int, after: Place | None, limit: int) -> list[Medium]:
    """Up to `limit` of what was logged under these keys from step `low` to `high`, ascending by place, behind the place `after`."""
    found: list[Medium] = []
    if not wanted:
        return found
    for piece in history_pieces.walk(session, run_id, HISTORY, max(low, after[0] if after else 0), high):
        for step in sorted(piece.extras):
            found += [medium for medium in _of_row(step, piece.extras[step], wanted) if after is None or medium.place > after]
            if len(found) >= limit:
                return found[:limit]
    return found


def latest(session: Session, run_id: str, wanted: Collection[str], high: int) -> list[Medium]:
    """Of each of these keys what was logged last, at step `high` at the latest."""
    left, found = set(wanted), list[Medium]()
    for piece in history_pieces.backwards(session, run_id, HISTORY, 0, high) if left else ():
        for step in sorted(piece.extras, reverse=True):
            media = [*_of_row(step, piece.extras[step], left)]
            found += media
            left -= {medium.key for medium in media}
        if not left:
            break
    return sorted(found, key=lambda medium: (medium.key, medium.index))


def files(session: Session, run_id: str, paths: Collection[str]) -> dict[str, Artifact]:
    """Those of the run's files that have these names; one that has not arrived yet is left out."""
    names = sorted(paths)
    found: dict[str, Artifact] = {}
    for start in range(0, len(names), 500):
        asked = select(Artifact).where(Artifact.run_id == run_id, Artifact.name.in_(names[start : start + 500]))
        found |= {artifact.name: artifact for artifact in session.scalars(asked)}
    return found


def kind_of(type_name: str) -> str:
    """image, table, html, audio, video, histogram, object3D, molecule, plotly ... of what the SDK calls image-file, images/separated, videos."""
    kind = LISTS.get(type_name) or type_name[:LONGEST_TYPE].removesuffix("-file")
    return kind if dialect.is_text(kind) else "unknown"


def of_value(step: int, key: str, value: Any) -> Iterator[Medium]:
    """What a logged value holds: nothing of one that is no such thing."""
    if not isinstance(value, dict) or not isinstance(value.get("_type"), str) or value["_type"] in PLAIN:
        return
    kind = kind_of(value["_type"])
    if kind == "histogram":
        histogram = histogram_of(value)
        if histogram:
            yield Medium(step, key, 0, kind, histogram=histogram)
    elif value["_type"] == SEPARATED and isinstance(value.get("filenames"), list):
        captions = value.get("captions") or []
        for index, path in enumerate(value["filenames"]):
            caption = captions[index] if isinstance(captions, list) and index < len(captions) else None
            over = {name: of[index] for name in OVER if isinstance(of := value.get(f"all_{name}"), list) and index < len(of)}
            yield Medium(step, key, index, kind, _text(caption), _text(path), _details({**value, **over}))
    else:
        several = next((inner for inner in value.values() if isinstance(inner, list) and inner and isinstance(inner[0], dict)), None)
        together = value.get("captions") or []
        for index, one in enumerate([value] if several is None or "path" in value else several):
            if isinstance(one, dict):
                caption = one.get("caption") or (together[index] if isinstance(together, list) and index < len(together) else None)
                yield Medium(step, key, index, kind, _text(caption), _text(one.get("path")), _details(one))


def histogram_of(value: Mapping[str, Any]) -> Histogram | None:
    """From `bins` and `values`, or from `packedBins` of equal width; None when they do not go together."""
    counts, edges, packed = value.get("values"), value.get("bins"), value.get("packedBins")
    if isinstance(packed, dict) and isinstance(counts, list) and all(_is_finite(packed.get(name)) for name in ("min", "size")):
        edges = [packed["min"] + packed["size"] * place for place in range(len(counts) + 1)]
    if not isinstance(edges, list) or not isinstance(counts, list) or not 0 < len(counts) <= MOST_BINS or len(edges) != len(counts) + 1:
        return None
    return Histogram(edges, counts) if all(map(_is_finite, (*edges, *counts))) else None


def _of_row(step: int, extra: Mapping[str, Any], wanted: Collection[str]) -> Iterator[Medium]:
    for key in sorted(extra.keys() & wanted):
        yield from of_value(step, key, extra[key])


def _details(value: Mapping[str, Any]) -> dict[str, Any]:
    """Sizes, format, and which files hold masks and boxes."""
    found = {name: value[name] for name in ("width", "height", "nrows", "ncols") if _is_finite(value.get(name))}
    if _text(value.get("format")):
        found["format"] = value["format"]
    for name in OVER:
        of = value.get(name)
        paths = (
            {label: one["path"] for label, one in of.items() if isinstance(one, dict) and _text(one.get("path"))} if isinstance(of, dict) else None
        )
        if paths:
            found[name] = paths
    return found


def _is_finite(value: Any) -> bool:
    return value.__class__ in (int, float) and -1e308 < value < 1e308 and not math.isnan(value)


def _text(value: Any) -> str | None:
    """None for what is no text, or cannot be written as UTF-8 into a database."""
    return value if isinstance(value, str) and value and "\0" not in value and dialect.is_text(value) else None
