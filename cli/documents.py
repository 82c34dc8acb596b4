"""Configs as people write them: JSON or YAML files, and `path=value` settings on the command line."""

import copy
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from cli.errors import CliError


class _Loader(yaml.SafeLoader):
    """YAML as its version 1.2 has it: 1e-3 is a number, `on` and `2026-01-01` are texts, and no key comes twice."""

    yaml_implicit_resolvers: dict[str, list[Any]] = {}  # noqa: RUF012

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if not isinstance(key, str):
                raise yaml.MarkedYAMLError(problem=f"the key {key!r} is not a text", problem_mark=node.start_mark)
            if keys.count(key) > 1:
                raise yaml.MarkedYAMLError(problem=f"{key} is given twice", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^(?:[-+]?(?:(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)|[-+]?\.inf|\.nan)$"),
    list("-+.0123456789"),
)


def read_value(text: str) -> Any:
    """The value of a YAML (or JSON) text. Raises CliError."""
    return _parse(text, "This")


def read_file(name: str) -> dict[str, Any]:
    """The mapping in a file; "-" is the standard input. Raises CliError naming the file."""
    shown = "the standard input" if name == "-" else name
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CliError(f"{shown} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    document = _parse(text, shown)
    if not isinstance(document, dict):
        raise CliError(f"{shown} holds no config: a config is a mapping of fields, this is {_kind(document)}.")
    return document


def _parse(text: str, shown: str) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506  (a SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise CliError(f"{shown} is neither YAML nor JSON: {_where(error)}.") from error


def with_settings(config: dict[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """A copy of the config with each "path=value" set; the value is YAML.

    Setting `x.kind` replaces the whole of x by that kind, whose other fields take their defaults. Kinds are set first, so the order does not matter.
    """
    changed = copy.deepcopy(config)
    split = [_split(setting) for setting in settings]
    for path, kind in sorted((pair for pair in split if pair[0][-1] == "kind"), key=lambda pair: len(pair[0])):
        _put(changed, path[:-1], {"kind": kind})
    for path, new in split:
        if path[-1] != "kind":
            _put(changed, path, new)
    if any(path == ["dataset", "name"] for path, _ in split) and not any(path[:2] == ["dataset", "content"] for path, _ in split):
        changed["dataset"].pop("content", None)  # it said what the other name stood for
    return changed


def _split(setting: str) -> tuple[list[str], Any]:
    name, equals, text = setting.partition("=")
    path = name.strip().split(".")
    if not equals or not all(path) or path == ["kind"]:
        raise CliError(f"--set {setting}: this sets nothing.", "Write it as path=value, for example --set optimizer.lr=0.1")
    return path, read_value(text)


def _put(config: dict[str, Any], path: list[str], new: Any) -> None:
    group = config
    for depth, name in enumerate(path[:-1]):
        below = group.setdefault(name, {})
        if not isinstance(below, dict):
            above = ".".join(path[: depth + 1])
            raise CliError(f"{'.'.join(path)} cannot be set: {above} is {json.dumps(below)}, not a group of fields.", f"Set the whole of {above}.")
        group = below
    group[path[-1]] = new


def _where(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"{problem} (line {mark.line + 1}, column {mark.column + 1})" if mark else str(problem)


def _kind(document: Any) -> str:
    return {type(None): "empty", list: "a list", str: "a text"}.get(type(document), json.dumps(document, default=str))
