"""What wandb.Api reads of a run's history, its machine and its output."""

import json
from typing import Any

from api import paging
from api.problems import InvalidValue, Problem
from api.wandb.asking import Asking
from api.wandb.resolvers.listing import page_info
from api.wandb.resolvers.runs import spelled
from store import console, dialect, histories, history
from store.console import Line
from store.history_rows import LARGEST_STEP, plain
from store.tables import Run

SAMPLES, MOST_ROWS = 500, 100_000
LINES, MOST_LINES = 1_000, 10_000
MOST_SPECS, MOST_KEYS, LONGEST_SPEC = 20, 1_000, 200_000
INT64 = 1 << 63
NO_NUMBER = -2  # what W&B says in the place of the last value of what is no number
Answer = dict[str, Any]


def rows(run: Run, asking: Asking, samples: int | None = None, minStep: int | None = None, maxStep: int | None = None) -> list[str]:
    """Whole rows, each as JSON: spread evenly over the run, or from minStep on, all before maxStep."""
    wanted = SAMPLES if samples is None else max(0, samples)
    if minStep is None and maxStep is None:
        found = history.spread(asking.session, run.id, min(wanted, MOST_ROWS))
    else:
        low, high = max(0, minStep or 0), LARGEST_STEP if maxStep is None else maxStep - 1
        if min(wanted, high - low + 1) > MOST_ROWS:
            raise InvalidValue("/samples", f"takes at most {MOST_ROWS:,} rows at once; got {wanted:,}: ask by smaller pages")
        found = history.rows(asking.session, run.id, low, high, wanted) if high >= low and wanted else []
    return [json.dumps(spelled(row)) for row in found]


def sampled(run: Run, asking: Asking, specs: list[str]) -> list[list[Answer]]:
    """For each spec rows with its keys, where all of them have a value; `maxStep` is included when there are as many samples as steps."""
    if len(specs) > MOST_SPECS:
        raise InvalidValue("/specs", f"takes at most {MOST_SPECS} specs; got {len(specs)}")
    return [_sampled(run, asking, _spec(text)) for text in specs]


def _sampled(run: Run, asking: Asking, spec: Answer) -> list[Answer]:
    low, high, samples = (_whole(spec, name, default) for name, default in (("minStep", 0), ("maxStep", LARGEST_STEP), ("samples", SAMPLES)))
    if high < low or samples < 1 or not spec["keys"]:
        return []
    if "maxStep" in spec and samples != high - low + 1:  # the SDK before 0.28 names the step that it goes on from
        high -= 1
    found = history.sampled(asking.session, run.id, spec["keys"], min(samples, MOST_ROWS), max(0, low), min(high, LARGEST_STEP))
    return [_held(spelled(row)) for row in found]


def _spec(text: str) -> Answer:
    """Raises Problem 422."""
    try:
        found = dialect.loads(text) if len(text) <= LONGEST_SPEC else None
    except (ValueError, RecursionError):
        found = None
    if found == {}:  # what the SDK asks of a sweep's runs when it only wants the sweep
        found = {"keys": []}
    keys = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(found, dict) or not isinstance(keys, list) or len(keys) > MOST_KEYS or not all(isinstance(key, str) for key in keys):
        raise InvalidValue(
            "/specs", f'takes JSON such as {{"keys": ["_step", "loss"], "samples": 500}} of at most {MOST_KEYS:,} keys; got {text[:80]!r}'
        )
    return found


def _whole(spec: Answer, name: str, default: int) -> int:
    value = spec.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # noqa: PLR0124 - a NaN
        raise InvalidValue(f"/specs/{name}", f"takes a whole number; got {str(value)[:40]!r}")
    return int(min(max(value, -1), LARGEST_STEP))


def _held(value: Any) -> Any:
    """As the answer's JSON holds it: a whole number beyond 64 bits as the float next to it."""
    if isinstance(value, int) and not isinstance(value, bool) and not -INT64 <= value < INT64:
        return float(value) if abs(value) < 10**308 else str(value)
    if isinstance(value, dict):
        return {key: _held(inner) for key, inner in value.items()}
    return [_held(inner) for inner in value] if isinstance(value, list) else value


def keys(run: Run, asking: Asking) -> Answer:
    """What was logged under which key, and the last number; the clients read the last step from here, too."""
    found = asking.of_page("shape", run.id, histories.shapes)
    listed = {
        key: {
            "typeCounts": [{"type": kind, "count": count} for kind, count in counts.items()],
            "monotonic": False,
            "previousValue": spelled(plain(found.last[key])) if key in found.last else NO_NUMBER,
        }
        for key, counts in found.kinds.items()
    }
    return {"lastStep": found.last_step, "sets": [], "keys": listed}


def events(run: Run, asking: Asking, samples: int | None = None) -> list[str]:
    found = history.events(asking.session, run.id, min(max(1, samples or SAMPLES), MOST_ROWS))
    return [json.dumps(spelled(row)) for row in found]


def system_metrics(run: Run, asking: Asking) -> str:
    """The last that is known of the machine."""
    return json.dumps(spelled(asking.of_page("machine", run.id, histories.machines)))


def lines(run: Run, asking: Asking, first: int | None = None, after: str | None = None, last: int | None = None, **_others: Any) -> Answer:
    """Lines of output by number: the last ones, or pages from the beginning on."""
    session, list_name = asking.session, f"wandb lines {run.id}"
    if last is not None:
        end = console.count(session, run.id)
        start = max(0, end - min(max(0, last), MOST_LINES))
        found, more = console.read(session, run.id, start, max(0, end - start)), False
    else:
        place = paging.decode(after or None, list_name, int)
        if place is not None and not 0 <= place[0] < LARGEST_STEP:
            raise Problem(400, "This cursor is not one that this list gave.")
        limit = min(max(1, LINES if first is None else first), MOST_LINES)
        found = console.read(session, run.id, 0 if place is None else place[0] + 1, limit + 1)
        found, more = found[:limit], len(found) > limit
    edges = [{"node": _line(number, line), "cursor": paging.encode(list_name, number)} for number, line in found]
    return {"edges": edges, "pageInfo": page_info(edges, more)}


def _line(number: int, line: Line) -> Answer:
    said = {"timestamp": line.time or None, "level": line.level, "label": line.label}
    return {"id": str(number), "number": number, "line": line.text, **said}


FIELDS = {
    "Run.history": rows,
    "Run.events": events,
    "Run.sampledHistory": sampled,
    "Run.historyKeys": keys,
    "Run.systemMetrics": system_metrics,
    "Run.parquetHistory": lambda _run, _asking, liveKeys=None: {"parquetUrls": [], "liveData": []},
    "Run.logLines": lines,
    "Run.lastHistoryStep": lambda run, asking: history.last_step(asking.session, run.id),
}
