"""`$regex`, without a pattern that can take for ever and alike on both databases.

What is no more than a text with gaps (`^run-.*a$`) becomes a LIKE. Anything else is tried by RE2, whose time grows with the text alone, on the
different texts that the project's runs have at the key; those that match become a list, which the database looks up like any other.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from store.search.keys import Key
from store.search.syntax import Filter, In, Like, Value

LONGEST_PATTERN = 1_000
MOST_TEXTS = 50_000
MOST_MATCHES = 10_000
MEMORY_BYTES = 4 << 20
MARKS = set("\\^$.|?*+()[]{}")
Texts = Callable[[Key, int], Sequence[str]]


class BadPattern(ValueError):
    """What is wrong with it, in words."""


def matching(key: Key, pattern: str, folds: bool, texts: Texts) -> Filter:
    """That a text at the key has a part that the pattern matches; `folds`: of either case. `.` is any character. Raises BadPattern."""
    if len(pattern) > LONGEST_PATTERN:
        raise BadPattern(f"a pattern has at most {LONGEST_PATTERN:,} characters, this one {len(pattern):,}")
    if pattern.startswith("(?i)"):
        pattern, folds = pattern[4:], True
    like = as_like(pattern)
    if like is not None and not (folds and not like.isascii()):
        return Like(key, like, folds, negated=False, escapes=True)
    return _listed(key, compiled(pattern, folds), texts)


def as_like(pattern: str) -> str | None:
    """The pattern with % and _ for its gaps, a backslash before those that are meant; None when it is more than a text with gaps."""
    starts, ends = pattern.startswith("^"), pattern.endswith("$") and not pattern.endswith("\\$")
    body = pattern[starts : len(pattern) - ends] if len(pattern) > 1 or not ends else ""
    pieces = list(_pieces(body))
    if None in pieces:
        return None
    return "".join(["" if starts else "%", *map(str, pieces), "" if ends else "%"])


def _pieces(body: str) -> Iterator[str | None]:
    """Each letter or gap of the body as LIKE has it; None for what LIKE cannot say."""
    at = 0
    while at < len(body):
        letter, behind = body[at], body[at + 1 : at + 2]
        at += 1
        if letter == ".":
            yield {"*": "%", "+": "_%"}.get(behind, "_")
            at += behind in ("*", "+") and behind != ""
        elif letter == "\\" and behind and not behind.isalnum() and behind.isascii():
            yield _meant(behind)
            at += 1
        elif letter in MARKS:
            yield None
        else:
            yield _meant(letter)
        if body[at : at + 1] in ("*", "+", "?", "{") and body[at : at + 1]:
            yield None


def _meant(letter: str) -> str:
    return "\\" + letter if letter in "%_\\" else letter


def _listed(key: Key, compiled: Any, texts: Texts) -> Filter:
    held = texts(key, MOST_TEXTS + 1)
    if len(held) > MOST_TEXTS:
        raise BadPattern(f"more than {MOST_TEXTS:,} different texts stand there, too many to try a pattern on that is more than a text with .* in it")
    found = [text for text in held if compiled.search(text) is not None]
    if len(found) > MOST_MATCHES:
        raise BadPattern(f"more than {MOST_MATCHES:,} different texts match, too many for a pattern that is more than a text with .* in it")
    return In(key, tuple(Value(text, 1) for text in found), negated=False)


def compiled(pattern: str, folds: bool) -> Any:
    import re2

    options = re2.Options()
    options.dot_nl, options.case_sensitive, options.max_mem, options.log_errors = True, not folds, MEMORY_BYTES, False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        detail = error.args[0].decode(errors="replace") if error.args and isinstance(error.args[0], bytes) else str(error)
        raise BadPattern(f"{detail}; patterns are those of RE2: no look-ahead, no look-behind, no references back") from error
