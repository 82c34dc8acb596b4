"""CSV as RFC 4180 has it: UTF-8, lines ended by CR LF, text in quotes where it must be."""

import json
from collections.abc import Iterable
from typing import Any

# A spreadsheet takes a text that begins so for a formula, which may run programs and send data away (OWASP, "CSV Injection").
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def line(cells: Iterable[str]) -> str:
    return ",".join(cells) + "\r\n"


def cell(value: Any, is_text: bool, guarded: bool) -> str:
    """A value as it stands between two commas: nothing for null, `""` for an empty text, float64 to the last bit.

    `is_text`: of a column that holds texts; `guarded` puts an apostrophe before those that a spreadsheet would run.
    """
    if value is None:
        return ""
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    text = value if isinstance(value, str) else plain(value)
    if guarded and is_text and text.startswith(FORMULA):
        text = "'" + text
    if not text or any(mark in text for mark in ',"\r\n') or text != text.strip():
        return '"' + text.replace('"', '""') + '"'
    return text


def plain(value: Any) -> str:
    """A list or an object on one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
