"""Where in a request something is wrong: JSON pointers (RFC 6901) from pydantic's locations, and what was wrong in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SHOWN = 80
WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "list_type": "must be a list",
    "string_type": "must be a string",
    "bool_type": "must be true or false",
    "int_type": "must be an integer",
    "float_type": "must be a number",
}


@dataclass(frozen=True)
class FieldError:
    pointer: str
    detail: str


def escaped(key: str | int) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")


def field_errors(errors: Sequence[Mapping[str, Any]], body: Any, prefix: str = "") -> list[FieldError]:
    """One error for each place; several ways in which one value fits no branch of a union become one sentence."""
    found: dict[str, list[str]] = {}
    for error in errors:
        details = found.setdefault(prefix + _pointer(error, body), [])
        if (detail := _detail(error)) not in details:
            details.append(detail)
    return [FieldError(pointer, _either(details)) for pointer, details in found.items()]


def _pointer(error: Mapping[str, Any], body: Any) -> str:
    """The path to the value, by walking along the body: pydantic also names union branches (`sgd`), which are no part of it."""
    location = list(error["loc"])
    if location and location[0] in ("body", "query", "path", "header", "cookie"):
        location.pop(0)
    path, value = "", body
    for place, part in enumerate(location):
        is_last = place == len(location) - 1
        if isinstance(value, Mapping):
            if part in value and (is_last or part != value.get("kind")):
                path, value = f"{path}/{escaped(part)}", value[part]
            elif is_last and error["type"] in ("missing", "refused"):
                path = f"{path}/{escaped(part)}"
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            path, value = f"{path}/{part}", value[part]
    return path if isinstance(body, Mapping) and body else "".join(f"/{escaped(part)}" for part in location)


def _detail(error: Mapping[str, Any]) -> str:
    if error["type"] == "refused":  # a config's own words, which say all there is to say
        return str(error["msg"])
    message = WORDS.get(error["type"], error["msg"].removeprefix("Value error, "))
    return message if error["type"] == "missing" else f"{message}; got {shown(error.get('input'))}"


def _either(details: list[str]) -> str:
    if len(details) == 1:
        return details[0]
    given = details[-1].rpartition("; got ")
    return " or ".join(detail.rpartition("; got ")[0] or detail for detail in details) + (f"; got {given[2]}" if given[1] else "")


def shown(value: Any) -> str:
    """A value as JSON would have it, shortened."""
    text = {True: "true", False: "false", None: "null"}.get(value) if value is None or isinstance(value, bool) else None
    text = text or (f'"{value}"' if isinstance(value, str) else repr(value))
    return text if len(text) <= SHOWN else text[:SHOWN] + " ..."
