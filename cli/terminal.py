"""The one place that prints. Answers go to stdout, as text for people or as JSON; words about the work go to stderr."""

import json
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import CliError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

PIPE_WIDTH = 160  # a table that is piped into another program is not folded at 80 columns


class Terminal:
    """How this process prints: `as_json` is set by --json, before or after the command's name."""

    def __init__(self) -> None:
        self.as_json = False

    @property
    def is_live(self) -> bool:
        """Whether a progress bar can be redrawn in place."""
        return sys.stderr.isatty() and not self.as_json and os.environ.get("TERM") != "dumb"

    def answer(self, document: Any, view: Callable[[], "RenderableType"]) -> None:
        """Prints the result of a command: the document with --json, else the view of it."""
        if self.as_json:
            self.line(document)
        else:
            self.show(view())

    def show(self, view: "RenderableType") -> None:
        if isinstance(view, str):
            self.text(view)
        else:
            console().print(view)

    def line(self, document: Any) -> None:
        """One JSON document on one line."""
        print(json.dumps(document, ensure_ascii=False), flush=True)

    def text(self, text: str) -> None:
        """Plain lines on stdout, never folded: addresses and keys are copied from them."""
        print(printable(text), flush=True)

    def say(self, text: str) -> None:
        """A word about the work in progress, for people only."""
        if not self.as_json:
            console(stderr=True).print(printable(text), highlight=False, markup=False)

    def error(self, error: CliError) -> None:
        if self.as_json:
            document = {"error": error.sentence, "todo": error.todo, "exit_code": error.exit_code}
            print(json.dumps(document, ensure_ascii=False), file=sys.stderr, flush=True)
            return
        console(stderr=True).print(printable(error.sentence), style="red", highlight=False, markup=False)
        if error.todo:
            console(stderr=True).print(printable(error.todo), highlight=False, markup=False)


terminal = Terminal()

# A name that somebody gave a run must not move the cursor or set the title of somebody else's terminal.
UNPRINTABLE = {code: "\N{REPLACEMENT CHARACTER}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}


def printable(text: str) -> str:
    """The text without control characters, escape sequences among them."""
    return text.translate(UNPRINTABLE)


def console(stderr: bool = False) -> "Console":
    """Words are folded between words on a terminal, and left alone in a pipe or a file."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else PIPE_WIDTH
    return Console(stderr=stderr, width=width, soft_wrap=not stream.isatty())


def _want_json(value: bool) -> bool:
    terminal.as_json = terminal.as_json or value
    return value


Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.", callback=_want_json)]
