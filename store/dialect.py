"""JSON as the wandb SDK writes it: with NaN and the infinities by their names, and integers of any size."""

import json
from typing import Any

import orjson

BEYOND_64_BITS = 2.0**63  # where orjson makes floats of integers


def loads(text: str | bytes) -> Any:
    """The value, every integer exact. Raises ValueError, and RecursionError for what is nested too deep."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)
    return json.loads(text) if _may_have_lost_digits(value) else value


def dumps(value: Any) -> str:
    """The value in as few characters as hold it; half a surrogate pair, which no database takes, stays an escape."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text if is_text(text) else json.dumps(value, separators=(",", ":"))


def is_text(text: str) -> bool:
    """Whether it can be written as UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _may_have_lost_digits(value: Any) -> bool:
    if value.__class__ is float:
        return not -BEYOND_64_BITS < value < BEYOND_64_BITS
    if value.__class__ is dict:
        return any(_may_have_lost_digits(inner) for inner in value.values() if inner.__class__ in (float, dict, list))
    if value.__class__ is list:
        return any(_may_have_lost_digits(inner) for inner in value if inner.__class__ in (float, dict, list))
    return False
