"""The names that the wandb client has for what runs are searched by, as keys of the search that REST filters use too."""

from collections.abc import Callable

from analysis.leaves import leaves
from store.errors import StoreError
from store.search.keys import FIELDS, Key
from store.search.leaves import LONGEST_PATH, SUMMARY
from store.search.syntax import MOST_SORT_KEYS, SortKey

FIELD_NAMES = {
    "name": "external_id",
    "run_id": "external_id",
    "id": "id",
    "displayName": "name",
    "display_name": "name",
    "state": "state",
    "notes": "notes",
    "description": "notes",
    "createdAt": "created_at",
    "created_at": "created_at",
    "startedAt": "started_at",
    "started_at": "started_at",
    "finishedAt": "finished_at",
    "finished_at": "finished_at",
    "heartbeatAt": "heartbeat_at",
    "heartbeat_at": "heartbeat_at",
    "duration": "duration",
    "group": "group",
    "groupName": "group",
    "jobType": "job_type",
    "job_type": "job_type",
    "sweep": "sweep",
    "sweepName": "sweep",
    "sweep_name": "sweep",
    "username": "username",
    "user": "username",
    "user.username": "username",
    "user.name": "username",
    "host": "host",
    "commit": "commit",
    "program": "program",
    "origin": "origin",
    "seed": "seed",
    "node": "node",
    "archived": "archived",
}
SUMMARIES = ("summary_metrics", "summaryMetrics", "summary")
STATES = {"killed": "cancelled", "pending": "queued"}
SHOWN = "config.KEY, summary_metrics.KEY, tags, " + ", ".join(sorted({name for name, field in FIELD_NAMES.items() if field in FIELDS}))
MOST_STEPS = 6  # of a key whose dots may be part of it: each reading is looked up
HasPath = Callable[[str], bool]
SummaryPath = Callable[[str], str | None]  # where runs have what was set in their summaries under a name
TURNED = ("min", "max", "last", "count", "min_step")


class BadFilter(StoreError):
    """Filters or an order, as the wandb client sends them, that cannot be read."""


def key_of(name: str, has_path: HasPath) -> Key:
    """What the client's name means. Raises BadFilter.

    `config.K.value.a` is what the client's own schema has for `config.K.a`; both are understood. A dot may also be part of a key: `has_path`
    says which reading the project's runs have.
    """
    root, _, rest = name.partition(".")
    if root in ("config", "rawconfig") and rest:
        return Key("config", _path(name, _without_value(rest.split(".")), has_path))
    if root in SUMMARIES and rest:
        return _summary(rest)
    if name == "tags":
        return Key("tags", "tags")
    field = FIELD_NAMES.get(name)
    if field is None or field not in FIELDS:
        raise BadFilter(f"There is no {name[:100]!r} to search runs by; there are {SHOWN}.")
    return Key("field", field)


def no_summary(_name: str) -> None:
    return None


def in_summary(name: str, path: SummaryPath) -> Key | None:
    """Where what was set under a summary's name stands; None for other names, and where no run has it."""
    root, _, rest = name.partition(".")
    found = path(rest) if root in SUMMARIES and rest else None
    return None if found is None else Key("config", found)


def summary_path(rest: str, has_path: HasPath) -> str | None:
    """The reading of a summary's name, dots between keys or in them, that runs have."""
    steps = rest.split(".")
    if not all(steps) or len(steps) > MOST_STEPS or len(rest) > LONGEST_PATH:
        return None
    readings = [SUMMARY + _written([*steps[:cut], ".".join(steps[cut:])]) for cut in range(len(steps) - 1, -1, -1)]
    return next((path for path in readings if has_path(path)), None)


def sort_keys(order: str | None, has_path: HasPath, summary: SummaryPath = no_summary) -> tuple[SortKey, ...]:
    """Names by commas, those with a minus descending; oldest first when there are none. Raises BadFilter."""
    names = [name.strip() for name in (order or "").split(",") if name.strip()] or ["+created_at"]
    if len(names) > MOST_SORT_KEYS:
        raise BadFilter(f"An order has at most {MOST_SORT_KEYS} keys, this one {len(names)}.")
    return tuple(_sort_key(name, has_path, summary) for name in names)


def state(text: str) -> str:
    """Our word for a state of the client's."""
    return STATES.get(text, text)


def _sort_key(name: str, has_path: HasPath, summary: SummaryPath) -> SortKey:
    bare = name.lstrip("+-")
    key = in_summary(bare, summary) or key_of(bare, has_path)
    if key.root == "tags":
        raise BadFilter("Tags have no order to sort runs by.")
    return SortKey(key, name.startswith("-"))


def _summary(rest: str) -> Key:
    steps = rest.split(".")
    if len(steps) > 1 and steps[-1] in TURNED:
        return Key("metric", ".".join(steps[:-1]), steps[-1])
    return Key("metric", rest, "last")


def _without_value(steps: list[str]) -> list[str]:
    return [steps[0], *steps[2:]] if len(steps) > 1 and steps[1] == "value" else steps


def _path(name: str, steps: list[str], has_path: HasPath) -> str:
    """The path as analysis.leaves writes it: of the readings that the runs have, the one with the most steps."""
    if not all(steps):
        raise BadFilter(f"In {name[:100]!r} a key between two dots is missing.")
    nested = _written(steps)
    if len(nested) > LONGEST_PATH:
        raise BadFilter(f"Config paths beyond {LONGEST_PATH} characters cannot be searched; this one has {len(nested):,}.")
    if len(steps) == 1 or len(steps) > MOST_STEPS or has_path(nested):
        return nested
    if steps[-1] == "value" and has_path(_written(steps[:-1])):
        return _written(steps[:-1])
    joined = (_written([*steps[:cut], ".".join(steps[cut:])]) for cut in range(len(steps) - 2, -1, -1))
    return next((path for path in joined if has_path(path)), nested)


def _written(steps: list[str]) -> str:
    tree: object = None
    for step in reversed(steps):
        tree = {step: tree}
    (path,) = leaves(tree)  # type: ignore[arg-type]
    return path
