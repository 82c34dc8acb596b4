"""What a run told of its layers, as columns."""

from contextlib import closing
from dataclasses import dataclass
from typing import Any, cast

from api.auth import Caller
from api.parts import Parts
from api.problems import InvalidValue
from api.schemas.layers import DiagnosticsShown, LayerColumns
from store import diagnostics, runs
from store.diagnostics import Taken
from trainer.diagnostics import STATISTICS

MOST_NUMBERS = 3_000_000


@dataclass(frozen=True)
class Asked:
    """`first` and `last` are steps, both included."""

    kind: str | None
    layer: str | None
    first: int | None
    last: int | None
    histograms: bool


def read(parts: Parts, caller: Caller, run_id: str, asked: Asked) -> DiagnosticsShown:
    """Raises RunNotFound; InvalidValue when that is too much for one answer."""
    with parts.db.read() as session:
        run = runs.get(session, run_id, caller.entity)
        kinds = diagnostics.kinds(session, run.id)
        columns: dict[tuple[str, str], dict[str, Any]] = {}
        numbers = 0
        with closing(diagnostics.read(session, diagnostics.within(run.id, asked.kind, asked.first, asked.last))) as found:
            for taken in found:
                numbers += _add(columns, taken, asked)
                if numbers > MOST_NUMBERS:
                    narrower = "ask for one kind, one layer, fewer steps (from, to), or histograms=false"
                    raise InvalidValue("/kind", f"takes less at once: these are more than {MOST_NUMBERS:,} numbers; {narrower}")
    return {"run": run.id, "kinds": kinds, "items": [cast(LayerColumns, each) for each in columns.values()]}


def _add(columns: dict[tuple[str, str], dict[str, Any]], taken: Taken, asked: Asked) -> int:
    """How many numbers were added."""
    added = 0
    for row in taken.layers:
        if asked.layer is not None and row["layer"] != asked.layer:
            continue
        with_bars = asked.histograms and "histogram" in row
        held = columns.get((taken.kind, row["layer"]))
        if held is None:
            held = columns[taken.kind, row["layer"]] = _empty(taken.kind, row, with_bars)
        held["steps"].append(taken.step)
        for name in STATISTICS:
            held[name].append(row.get(name))
        added += 1 + len(STATISTICS)
        if with_bars:
            bars = row["histogram"] or {"low": None, "high": None, "counts": None}
            for name in ("low", "high", "counts"):
                held["histogram"][name].append(bars[name])
            added += 2 + len(bars["counts"] or ())
    return added


def _empty(kind: str, row: dict[str, Any], with_bars: bool) -> dict[str, Any]:
    bars: dict[str, list[Any]] | None = {"low": [], "high": [], "counts": []} if with_bars else None
    return {"kind": kind, "layer": row["layer"], "module": row["module"], "steps": [], **{name: [] for name in STATISTICS}, "histogram": bars}
