"""What a run can be searched by: its own fields, its config's leaves, its metrics and its tags."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from analysis.leaves import leaves
from store.errors import BadSearch
from store.search.leaves import LONGEST_PATH
from store.search.tokens import Token

Root = Literal["field", "config", "metric", "tags"]
TIMES = ("created_at", "started_at", "finished_at", "heartbeat_at")
NUMBERS = ("seed", "attempt", "priority", "duration")
TEXTS = (
    *("id", "external_id", "name", "state", "origin", "reason", "notes", "node", "config_digest", "baseline", "rerun_of", "project", "archived"),
    *("group", "job_type", "sweep", "username", "host", "commit", "program"),
)
FIELDS = (*TEXTS, *NUMBERS, *TIMES)
PARTS = ("last", "min", "max", "min_step", "count")
MLFLOW = {"status": "state", "run_id": "id", "run_name": "name"}


@dataclass(frozen=True)
class Key:
    """`name` is the field, the path in the config or the metric; `part` the sum of a metric that is meant."""

    root: Root
    name: str
    part: str = ""
    column: int = 1

    @property
    def is_time(self) -> bool:
        return self.root == "field" and self.name in TIMES

    @property
    def is_number(self) -> bool:
        return self.root == "metric" or (self.root == "field" and self.name in NUMBERS)


def key_of(segments: Sequence[Token]) -> Key:
    """What the dotted key means. Raises BadSearch."""
    first, rest = segments[0], list(segments[1:])
    root = first.value
    if root == "attributes" and rest:
        first, rest = rest[0], rest[1:]
        root = MLFLOW.get(first.value, first.value)
    if root in ("config", "params") and rest:
        return Key("config", _path(first, [segment.value for segment in rest]), column=first.column)
    if root == "metrics" and rest:
        part = rest.pop().value if len(rest) > 1 and rest[-1].kind == "word" and rest[-1].value in PARTS else "last"
        return Key("metric", ".".join(segment.value for segment in rest), part, first.column)
    if root == "tags" and not rest:
        return Key("tags", "tags", column=first.column)
    if root in FIELDS and not rest:
        return Key("field", root, column=first.column)
    raise BadSearch(first.column, _unknown(root))


def _path(first: Token, names: list[str]) -> str:
    """The path as analysis.leaves writes it."""
    tree: object = None
    for name in reversed(names):
        tree = {name: tree}
    (path,) = leaves(tree)  # type: ignore[arg-type]
    if len(path) > LONGEST_PATH:
        raise BadSearch(first.column, f"config paths beyond {LONGEST_PATH} characters cannot be searched")
    return path


def _unknown(root: str) -> str:
    if root in ("config", "params", "metrics"):
        return f"{root} needs a dot and a key after it"
    return f'there is no {root[:60]!r} to search by; there are config.KEY, metrics."NAME", tags and {", ".join(sorted(FIELDS))}'
