"""Runs as flat rows: one column for each field, leaf of a config and sum of a metric, with the kind of value that stands in it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from analysis.leaves import leaves
from api.csv_text import plain
from api.numbers import WORDS
from api.parquet import Kind
from api.problems import InvalidValue
from api.schemas.runs import RunListed

MOST_COLUMNS = 5_000
MOST_NAMED = 1_000
MOST_REMEMBERED = 50_000
LARGEST = 2**63 - 1
DIGESTS = ("data", "split", "order", "initial", "final", "code")
FIELDS: dict[str, Kind] = {
    **dict.fromkeys(("id", "external_id", "project", "name", "origin", "state", "reason", "config_digest"), "text"),
    "seed": "int",
    **dict.fromkeys(("created_at", "started_at", "finished_at"), "time"),
    "attempt": "int",
    "node": "text",
    **dict.fromkeys(("progress.step", "progress.total"), "int"),
    **dict.fromkeys(("baseline", "rerun_of", "reproduced.outcome"), "text"),
    "reproduced.reruns": "int",
    **dict.fromkeys(("tags", "notes", "group", "job_type", "sweep"), "text"),
    "archived": "bool",
    **dict.fromkeys((f"digests.{name}" for name in DIGESTS), "text"),
}
SUMS: dict[str, Kind] = {
    **dict.fromkeys(("last", "min", "max"), "float"),
    **dict.fromkeys(("min_step", "max_step", "count", "non_finite"), "int"),
}


@dataclass(frozen=True)
class Column:
    name: str
    kind: Kind


@dataclass
class Shape:
    """The leaves of configs and the metrics met so far, fewer than an export may have columns; `longest` is the length of the longest run."""

    leaves: dict[str, Kind | None] = field(default_factory=dict)
    metrics: set[str] = field(default_factory=set)
    longest: int = 0
    unwanted: set[str] = field(default_factory=set)

    def add(self, configs: Iterable[Mapping[str, Any]], metrics: Iterable[str], wanted: "Wanted") -> None:
        """Raises InvalidValue for too many columns."""
        for config in configs:
            for path, value in leaves(config).items():
                if path in self.leaves:
                    self.leaves[path] = _either(self.leaves[path], _kind(value))
                elif self._is_wanted(wanted, f"config.{path}"):
                    self.leaves[path] = _kind(value)
        self.metrics |= {metric for metric in metrics if any(self._is_wanted(wanted, f"metrics.{metric}.{part}") for part in SUMS)}
        if len(self.leaves) + len(self.metrics) * len(SUMS) > MOST_COLUMNS:
            raise InvalidValue("/fields", f"the runs hold more than {MOST_COLUMNS:,} columns; name those to export, or narrow the filter")

    def _is_wanted(self, wanted: "Wanted", name: str) -> bool:
        """What is unwanted in one run is so in the next: it is looked up once, as long as there are not too many to remember."""
        if name in self.unwanted:
            return False
        if wanted.of(name) is not None:
            return True
        if len(self.unwanted) >= MOST_REMEMBERED:
            self.unwanted.clear()
        self.unwanted.add(name)
        return False

    def columns(self) -> Iterator[Column]:
        yield from (Column(name, kind) for name, kind in FIELDS.items())
        yield from (Column(f"config.{path}", self.leaves[path] or "text") for path in sorted(self.leaves))
        yield from (Column(f"metrics.{metric}.{part}", kind) for metric in sorted(self.metrics) for part, kind in SUMS.items())


@dataclass(frozen=True)
class Wanted:
    """The columns asked for, as prefixes of their names; none means all."""

    prefixes: tuple[str, ...] = ()

    @classmethod
    def by(cls, paths: Sequence[tuple[str, ...]]) -> "Wanted":
        """Raises InvalidValue."""
        if len(paths) > MOST_NAMED:
            raise InvalidValue("/fields", f"takes at most {MOST_NAMED:,} paths; got {len(paths):,}")
        return cls(tuple(_name(path) for path in paths))

    def of(self, name: str) -> int | None:
        """Which of the prefixes the column belongs to; None when it was not asked for."""
        if not self.prefixes:
            return 0
        return next((at for at, prefix in enumerate(self.prefixes) if name == prefix or name.startswith(prefix + ".")), None)

    def chosen(self, shape: Shape) -> list[Column]:
        """In the order asked for; what was named and no run has is a column without values."""
        found: dict[int, list[Column]] = {at: [] for at in range(len(self.prefixes))}
        for column in shape.columns():
            if (at := self.of(column.name)) is not None:
                found.setdefault(at, []).append(column)
        return [column for at, some in sorted(found.items()) for column in (some or [Column(self.prefixes[at], "text")])]


def flat(run: RunListed) -> dict[str, Any]:
    """The run's values by column."""
    values: dict[str, Any] = {name: run.get(name) for name in FIELDS}
    values |= {"progress.step": run["progress"]["step"], "progress.total": run["progress"]["total"]}
    if run["reproduced"] is not None:
        values |= {f"reproduced.{name}": value for name, value in run["reproduced"].items()}
    values |= {f"digests.{name}": value for name, value in (run["digests"] or {}).items()}
    values |= {f"config.{path}": value for path, value in leaves(run["config"]).items()}
    for metric, sums in run["metrics"].items():
        values |= {f"metrics.{metric}.{part}": sums[part] for part in SUMS}  # type: ignore[literal-required]
    return values


def fitted(values: Sequence[Any], kind: Kind) -> list[Any]:
    """The values as a column of that kind takes them; null for one that does not fit, because it was changed after the columns were made."""
    return [None if value is None else _fitted(value, kind) for value in values]


def _fitted(value: Any, kind: Kind) -> Any:
    if kind == "text":
        return value if isinstance(value, str) else plain(value)
    if kind == "time":
        return round(datetime.fromisoformat(value).timestamp() * 1e6)
    if kind == "float" and isinstance(value, str):
        return WORDS.get(value)
    fits = isinstance(value, bool) if kind == "bool" else isinstance(value, int if kind == "int" else int | float) and not isinstance(value, bool)
    return value if fits and (kind != "int" or abs(value) <= LARGEST) else None


def _kind(value: Any) -> Kind | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int" if abs(value) <= LARGEST else "text"
    return "float" if isinstance(value, float) else "text"


def _either(held: Kind | None, other: Kind | None) -> Kind | None:
    if held == other or other is None:
        return held
    if held is None:
        return other
    return "float" if {held, other} == {"int", "float"} else "text"


def _name(path: Sequence[str]) -> str:
    """The column of a path as `fields` names it; in the config it is written as analysis.leaves does."""
    if path[0] not in ("config", "params") or len(path) == 1:
        return ".".join(path)
    tree: Any = None
    for step in reversed(path[1:]):
        tree = {step: tree}
    return f"config.{next(iter(leaves(tree)))}"
