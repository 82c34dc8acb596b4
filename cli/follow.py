"""Runs watched until they end: bars on a terminal, a line now and then in a file, nothing with --json."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from cli import words
from cli.client import Service, ServiceError
from cli.errors import CANCELLED, CRASHED, DONE, NO, CliError
from cli.terminal import console, printable, terminal
from cli.wake import Wake

Document = Mapping[str, Any]
EXIT_CODES = {"finished": DONE, "failed": NO, "cancelled": CANCELLED, "crashed": CRASHED}
LOOK_EVERY_S = 0.3
PATIENCE_S = 60.0  # with a service that does not answer: it may be starting again
LINES_PER_RUN = 5


class _Shown(Protocol):
    def __enter__(self) -> Any: ...
    def __exit__(self, *_: object) -> Any: ...
    def update(self, run: Document) -> None: ...


def follow(
    look: Callable[[], Sequence[Document]], names: Mapping[str, str] | None = None, pause: Callable[[], None] = lambda: time.sleep(LOOK_EVERY_S)
) -> list[Document]:
    """The runs once all have ended; `look` gets them as they are now, and may come to return more of them; `pause` lies between two looks."""
    names = names or {}
    with _Bars(names) if terminal.is_live else _Lines(names) as shown:
        while True:
            runs = _patiently(look)
            for run in runs:
                shown.update(run)
            if all(run["state"] in EXIT_CODES for run in runs):
                return list(runs)
            pause()


def follow_ids(service: Service, ids: Sequence[str], timeout_s: float | None = None) -> list[Document]:
    """Those runs once all have ended. A run that has ended is not asked for again. Raises TimeoutError when that takes too long."""
    until = math.inf if timeout_s is None else time.monotonic() + timeout_s
    ended: dict[str, Document] = {}
    wakes: dict[str, Wake] = {}

    def look() -> list[Document]:
        runs = [ended.get(run_id) or service.get(f"/runs/{run_id}") for run_id in ids]
        ended.update({run["id"]: run for run in runs if run["state"] in EXIT_CODES})
        if len(ended) < len(ids) and not wakes and len(projects := {run["project"] for run in runs}) == 1:
            (project,) = projects
            wakes[project] = Wake(service, project)
        return runs

    def pause() -> None:
        if time.monotonic() >= until:
            raise TimeoutError
        for wake in wakes.values():
            wake.wait(until - time.monotonic())
        if not wakes:
            time.sleep(LOOK_EVERY_S)

    try:
        return follow(look, pause=pause)
    except KeyboardInterrupt:
        terminal.say("No longer watching; what was submitted goes on.")
        raise


def _patiently(look: Callable[[], Sequence[Document]]) -> Sequence[Document]:
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return look()
        except ServiceError as error:
            if error.status < 500 or time.monotonic() > until:
                raise
        except CliError:
            if time.monotonic() > until:
                raise
        time.sleep(1)


class _Lines:
    """A line when a run changes its state, and at every fifth of its steps."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._said: dict[str, tuple[str, int]] = {}

    def __enter__(self) -> "_Lines":
        return self

    def __exit__(self, *_: object) -> None: ...

    def update(self, run: Document) -> None:
        fifth = int(LINES_PER_RUN * _share(run)) if run["state"] == "running" else 0
        if self._said.get(run["id"]) == (run["state"], fifth):
            return
        self._said[run["id"]] = (run["state"], fifth)
        name = self._names.get(run["id"]) or run["name"]
        terminal.say(f"{run['id']}  {name}: {words.progress(run)}{_loss(run)}")


class _Bars:
    def __init__(self, names: Mapping[str, str]) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=24), TextColumn("{task.fields[said]}", markup=False))
        self._progress = Progress(*columns, TimeElapsedColumn(), console=console(stderr=True))
        self._names = names
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> "_Bars":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def update(self, run: Document) -> None:
        if run["id"] not in self._tasks:
            name = self._names.get(run["id"]) or run["name"]
            self._tasks[run["id"]] = self._progress.add_task(printable(name), total=1.0, said="", start=False)
        task = self._tasks[run["id"]]
        if run["state"] != "queued" and self._progress.tasks[self._progress.task_ids.index(task)].start_time is None:
            self._progress.start_task(task)
        self._progress.update(task, completed=_share(run), said=f"{words.progress(run)}{_loss(run)}")
        if run["state"] in EXIT_CODES:
            self._progress.stop_task(task)


def _share(run: Document) -> float:
    if run["state"] == "finished":
        return 1.0
    steps = run.get("progress") or {}
    return (steps["step"] + 1) / steps["total"] if steps.get("step") is not None and steps.get("total") else 0.0


def _loss(run: Document) -> str:
    last = ((run.get("metrics") or {}).get("val/loss") or {}).get("last")
    return "" if last is None else f", val/loss {words.number(last, 4)}"
