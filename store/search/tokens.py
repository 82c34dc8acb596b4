"""A filter's text as tokens, each with the column it begins at, counted from 1."""

import re
from dataclasses import dataclass
from typing import Literal

from store.errors import BadSearch

LONGEST = 16_384
Kind = Literal["word", "quoted", "text", "number", "mark", "end"]

TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<number>-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![A-Za-z0-9_]))
      | (?P<text>'(?:[^']|'')*')
      | (?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`)
      | (?P<mark>!=|<=|>=|[=<>(),.-])""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Token:
    """`value` is what it stands for: a text or a quoted key without its quotes, a word or mark as written."""

    kind: Kind
    value: str
    column: int

    def is_word(self, *words: str) -> bool:
        return self.kind == "word" and self.value.lower() in words

    def is_mark(self, *marks: str) -> bool:
        return self.kind == "mark" and self.value in marks

    @property
    def shown(self) -> str:
        return "the end" if self.kind == "end" else self.value[:40] if self.kind in ("word", "mark", "number") else repr(self.value[:40])


def tokens(text: str) -> list[Token]:
    """All of them, an end last. Raises BadSearch."""
    if len(text) > LONGEST:
        raise BadSearch(LONGEST + 1, f"this is longer than {LONGEST:,} characters")
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise BadSearch(at + 1, _unreadable(text[at]))
        kind = match.lastgroup
        if kind in ("text", "quoted"):
            quote = match[0][0]
            found.append(Token(kind, match[0][1:-1].replace(quote * 2, quote), at + 1))  # type: ignore[arg-type]
        elif kind != "space":
            found.append(Token(kind, match[0], at + 1))  # type: ignore[arg-type]
        at = match.end()
    return [*found, Token("end", "", len(text) + 1)]


def _unreadable(letter: str) -> str:
    if letter in "'\"`":
        return f"this quote {letter} is never closed"
    return f"{letter!r} means nothing here"
