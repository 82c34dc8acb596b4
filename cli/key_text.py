"""Where `runtwice keys import` finds the text of a key."""

import re
import sys
from pathlib import Path

from cli.errors import CliError

A_KEY = re.compile(r"(?:[A-Za-z0-9_]*-)?+[A-Za-z0-9_-]{40,}")
NAME = "imported"
MOST_READ = 4096
HOW = "Give it by --file FILE, in the environment as RUNTWICE_IMPORT_KEY, or through the standard input: runtwice keys import NAME < key.txt"


def name_and_text(words: list[str], key: str | None, file: Path | None) -> tuple[str, str]:
    """The key's name and its text. Of the words one that can be a key is the text, and another the name.

    Raises CliError when there is no text, or more than one.
    """
    texts = [word for word in words if A_KEY.fullmatch(word)]
    names = [word for word in words if not A_KEY.fullmatch(word)]
    texts += [] if key is None else [key.strip()]
    texts += [] if file is None else [_of_file(file)]
    if len(names) > 1:
        raise CliError(f"A key has one name; got {len(names)}: {', '.join(names)}.", "Put a name of several words in quotes.")
    if len(texts) > 1:
        raise CliError(f"One key is imported at a time; got {len(texts)} texts.", HOW)
    text = texts[0] if texts else _of_input()
    if not text:
        raise CliError("There is no text of a key.", HOW)
    return (names[0] if names else NAME), text


def _of_file(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as opened:
            return opened.read(MOST_READ).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CliError(f"The file {file} cannot be read: {getattr(error, 'strerror', None) or 'it holds no text'}.", HOW) from error


def _of_input() -> str:
    if sys.stdin.isatty():
        import getpass

        return getpass.getpass("The key's text (it is not shown): ").strip()
    return sys.stdin.read(MOST_READ).strip()
