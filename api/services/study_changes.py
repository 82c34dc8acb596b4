"""A baseline with values set by path, and the grids among them."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from api.problems import InvalidValue
from trainer.config import RunConfig

SHORT = {"lr": "optimizer.lr"}
LONGEST_PATH = 200
LONGEST_GRID = 100


def spread_out(baseline: RunConfig, values: Mapping[str, Any], where: str) -> Iterator[dict[str, Any]]:
    """The changes of a grid one by one; what has no grid gives itself. Raises InvalidValue.

    A list that the field itself takes is a value (the sizes of hidden layers); any other is a grid.
    """
    if any(len(path) > LONGEST_PATH for path in values):
        raise InvalidValue(where, f"takes paths of fields, of at most {LONGEST_PATH} characters")
    lists = [path for path, value in values.items() if isinstance(value, list) and value]
    if not lists or _is_taken(baseline, values):
        yield dict(values)
        return
    grids = [path for path in lists if _is_taken(baseline, {**values, path: values[path][0]})] or lists
    if len(grids) > 1:
        raise InvalidValue(where, f"takes a grid over one path; got {', '.join(grids)}")
    if len(values[grids[0]]) > LONGEST_GRID:
        raise InvalidValue(where, f"takes a grid of at most {LONGEST_GRID} values; got {len(values[grids[0]])} for {grids[0]}")
    for value in values[grids[0]]:
        yield {**values, grids[0]: value}


def changed(baseline: RunConfig, values: Mapping[str, Any], where: str) -> RunConfig:
    """The baseline with these values by path. A `kind` alone replaces the whole union by that kind with its defaults. Raises InvalidValue."""
    try:
        return _changed(baseline, values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise InvalidValue(where, f"gives a config that is refused{f' at {place}' if place else ''}: {first['msg']}") from error


def _is_taken(baseline: RunConfig, values: Mapping[str, Any]) -> bool:
    try:
        _changed(baseline, values)
    except ValidationError:
        return False
    return True


def _changed(baseline: RunConfig, values: Mapping[str, Any]) -> RunConfig:
    document, full = baseline.model_dump(mode="json", exclude_unset=True), baseline.model_dump(mode="json")
    parts = [(path.removesuffix(".kind").split("."), path.endswith(".kind"), value) for path, value in _in_full(values)]
    for (*folders, last), is_kind, value in sorted(parts, key=lambda part: (len(part[0]), not part[1])):
        _put(document, full, folders, last, {"kind": value} if is_kind else copy.deepcopy(value))
    if "dataset.name" in values and "dataset.content" not in values:
        document["dataset"].pop("content", None)  # it said what the other name stood for
    config = RunConfig.model_validate(document)
    return config if config.device != "auto" else config.model_copy(update={"device": baseline.device})


def _in_full(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for path, value in values.items():
        yield SHORT.get(path, path), value


def _put(document: dict[str, Any], full: Any, folders: Sequence[str], last: str, value: Any) -> None:
    """Set a value within the objects that somebody set; one that is there by default becomes set with all it holds."""
    here = document
    for folder in folders:
        full = full.get(folder) if isinstance(full, dict) else None
        below = here.setdefault(folder, copy.deepcopy(full) if isinstance(full, dict) else {})
        here = below if isinstance(below, dict) else here.setdefault(folder, {})
    here[last] = value
