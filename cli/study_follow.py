"""A study watched until its runs have ended: a bar on a terminal, a line now and then in a file, nothing with --json."""

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from cli import words
from cli.client import Service, ServiceError
from cli.errors import CANCELLED, DONE, NO, CliError
from cli.terminal import console, printable, terminal
from cli.wake import Wake

Document = Mapping[str, Any]
LINES = 10
LOOK_EVERY_S = 1.5
PATIENCE_S = 60.0  # with a service that does not answer: it may be starting again


def follow(service: Service, study: Document) -> Document:
    """The study once nothing of it is queued or running."""
    wake = Wake(service, study["project"])
    began = time.monotonic()
    try:
        with _Bar(study["name"]) if terminal.is_live else _Lines(study) as shown:
            while True:
                shown.update(study["progress"])
                if study["progress"]["ended"] == study["progress"]["total"]:
                    terminal.say(f"It took {words.duration(time.monotonic() - began)}.")
                    return study
                time.sleep(LOOK_EVERY_S)
                wake.wait()
                study = _patiently(service, study["id"])
    except KeyboardInterrupt:
        terminal.say(f"No longer watching; study {study['id']} goes on.")
        raise


def exit_code(study: Document) -> int:
    if study["state"] == "cancelled":
        return CANCELLED
    return NO if study["progress"]["failed"] else DONE


def progress(counts: Document) -> str:
    """ "12 of 80 runs have ended, 2 running, 1 failed"."""
    others = ", ".join(f"{counts[state]} {state}" for state in ("running", "failed", "cancelled", "missing") if counts[state])
    return f"{counts['ended']:,} of {words.counted(counts['total'], 'run')} have ended{', ' + others if others else ''}"


def _patiently(service: Service, study_id: str) -> Document:
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return dict(service.get(f"/studies/{study_id}"))
        except CliError as error:
            if (isinstance(error, ServiceError) and error.status < 500) or time.monotonic() > until:
                raise
        time.sleep(1)


class _Lines:
    """A line at every tenth of the runs."""

    def __init__(self, study: Document) -> None:
        self._study = study
        self._said = -1

    def __enter__(self) -> "_Lines":
        return self

    def __exit__(self, *_: object) -> None: ...

    def update(self, counts: Document) -> None:
        part = LINES * counts["ended"] // counts["total"]
        if part != self._said:
            self._said = part
            terminal.say(f"{self._study['id']}  {self._study['name']}: {progress(counts)}")


class _Bar:
    def __init__(self, name: str) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        text = TextColumn("{task.description}", markup=False)
        self._progress = Progress(text, BarColumn(bar_width=32), TimeElapsedColumn(), TimeRemainingColumn(), console=console(stderr=True))
        self._task = self._progress.add_task(printable(name), total=None)
        self._name = name

    def __enter__(self) -> "_Bar":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._progress.stop()

    def update(self, counts: Document) -> None:
        said = printable(f"{self._name}: {progress(counts)}")
        self._progress.update(self._task, completed=counts["ended"], total=counts["total"], description=said)
