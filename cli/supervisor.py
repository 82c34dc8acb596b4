"""Keeps the child processes of the embedded service running until this process is told to stop."""

import select
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from cli.child import Child
from cli.errors import NotStarted

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LONGEST_PAUSE_S = 30.0
CALM_S = 60.0  # a child that ran this long starts again without a pause
TRIM_LOGS_EVERY_S = 30.0


class Signals:
    """Turns signals into something to wait for: a stop that was asked for, or the end of a child."""

    def __init__(self) -> None:
        self.stops = 0
        self._read, self._write = socket.socketpair()

    def __enter__(self) -> Self:
        for end in (self._read, self._write):
            end.setblocking(False)
        signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        for number in STOP_SIGNALS:
            signal.signal(number, self._note_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # so that the wait below ends as soon as a child does
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        signal.set_wakeup_fd(-1)
        for number in (*STOP_SIGNALS, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)

    def wait(self, timeout_s: float) -> None:
        """Returns at the next signal, or when the time is over."""
        if select.select([self._read], [], [], timeout_s)[0]:
            with suppress(BlockingIOError):
                self._read.recv(4096)

    def _note_stop(self, *_: object) -> None:
        self.stops += 1


class StopAsked(Exception):
    """The user did not wait for the service to come up."""


@dataclass
class _Watched:
    child: Child
    started_at: float
    pause_s: float = 0.0
    start_at: float | None = None  # when it is to be started again


class Supervisor:
    def __init__(self, signals: Signals, tell: Callable[[str], None]) -> None:
        self._signals = signals
        self._tell = tell
        self._watched: list[_Watched] = []

    def start(self, child: Child) -> None:
        child.start()
        self._watched.append(_Watched(child, time.monotonic()))

    def wait_ready(self, child: Child, is_ready: Callable[[], bool], timeout_s: float = 60.0) -> None:
        """Returns once the child answers. Raises NotStarted with its last words, or StopAsked."""
        until = time.monotonic() + timeout_s
        while not is_ready():
            if self._signals.stops:
                raise StopAsked
            if not child.is_running:
                raise NotStarted(f"The {child.name} did not start: {child.ending()}.", last_words(child))
            if time.monotonic() > until:
                raise NotStarted(f"The {child.name} did not answer within {timeout_s:g} s.", last_words(child))
            self._signals.wait(0.05)

    def watch(self) -> None:
        """Returns when a stop was asked for; until then a child that ends is started again, after a pause that grows."""
        trim_at = 0.0
        while not self._signals.stops:
            for watched in self._watched:
                self._look_after(watched)
            if time.monotonic() > trim_at:
                trim_at = time.monotonic() + TRIM_LOGS_EVERY_S
                for watched in self._watched:
                    watched.child.trim_log()
            pending = [watched.start_at for watched in self._watched if watched.start_at is not None]
            self._signals.wait(max(0.0, min(pending, default=time.monotonic() + 5.0) - time.monotonic()))

    def stop(self, phases: list[tuple[tuple[str, ...], float]]) -> None:
        """Asks the named children to end, phase by phase, each with its seconds; then whatever is left is killed.

        A second Ctrl-C cuts the waiting short.
        """
        stops = self._signals.stops
        for names, patience_s in phases:
            children = [watched.child for watched in self._watched if watched.child.name in names]
            for child in children:
                child.terminate()
            until = time.monotonic() + patience_s
            while any(child.is_running for child in children) and time.monotonic() < until and self._signals.stops <= stops:
                self._signals.wait(0.1)
            for child in children:
                child.kill_group()

    def _look_after(self, watched: _Watched) -> None:
        moment = time.monotonic()
        if watched.start_at is not None:
            if moment >= watched.start_at:
                watched.start_at, watched.started_at = None, moment
                watched.child.start()
        elif not watched.child.is_running:
            calm = moment - watched.started_at > CALM_S
            watched.pause_s = 0.0 if calm else min(LONGEST_PAUSE_S, watched.pause_s * 2)
            ending = watched.child.ending()
            watched.child.kill_group()
            when = f"in {watched.pause_s:g} s" if watched.pause_s else "now"
            self._tell(f"The {watched.child.name} ended ({ending}); it is started again {when}. Its log: {watched.child.log}")
            watched.start_at = moment + watched.pause_s
            watched.pause_s = watched.pause_s or 0.5


def last_words(child: Child) -> str:
    tail = child.log_tail()
    return f"The end of its log, {child.log}:\n{tail}" if tail else f"Its log, {child.log}, is empty."
