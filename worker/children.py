"""A training process as its supervisor sees it: what it tells, what it prints, how it ended, and a way to stop it."""

import os
import selectors
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from trainer.events import Event, decode
from worker.death import kill_group

PIECE = 1 << 16
# A grandchild that left the group may hold a pipe open for ever.
SILENCE_AFTER_END_S = 1.0


@dataclass(frozen=True)
class Said:
    """Lines of its stdout and stderr."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Exited:
    """How it ended: an exit code, -N for signal N, or None when nobody knows, because the process that watched it died."""

    code: int | None
    refusal: str = ""


Happening = Event | Said | Exited


@dataclass
class Pipes:
    """The worker's ends of a child's three pipes, and, until they are handed over, the child's ends."""

    events: int
    log: int
    status: int
    theirs: tuple[int, int, int]

    @classmethod
    def make(cls) -> "Pipes":
        events, log, status = os.pipe(), os.pipe(), os.pipe()
        return cls(events[0], log[0], status[0], (events[1], log[1], status[1]))

    def close_theirs(self) -> None:
        for fd in self.theirs:
            os.close(fd)
        self.theirs = (-1, -1, -1)

    def close_ours(self) -> None:
        for fd in (self.events, self.log, self.status):
            os.close(fd)


@dataclass
class Child:
    """One attempt's process. `kill` reaches its whole process group, and does nothing once it has ended."""

    pipes: Pipes
    kill: Callable[[signal.Signals], None]
    pid: int | None = None
    _ended: Exited | None = field(default=None, init=False)

    def happenings(self) -> Iterator[Happening]:
        """Everything in the order it arrives, `Exited` last; read by one thread, which blocks the child while it does not read on."""
        selector = selectors.DefaultSelector()
        lines = {self.pipes.events: Lines(None), self.pipes.log: Lines(PIECE), self.pipes.status: Lines(None)}
        for fd in lines:
            selector.register(fd, selectors.EVENT_READ)
        try:
            while selector.get_map():
                ready = selector.select(SILENCE_AFTER_END_S if self._ended else None)
                if not ready:
                    break
                for key, _ in ready:
                    piece = os.read(key.fd, PIECE)
                    if not piece:
                        self._note_end(key.fd)
                        selector.unregister(key.fd)
                    yield from self._understand(key.fd, lines[key.fd].add(piece))
            yield from self._understand(self.pipes.log, lines[self.pipes.log].rest())
            yield self._ended or Exited(None)
        finally:
            selector.close()
            self.pipes.close_ours()

    def _understand(self, fd: int, lines: list[str]) -> Iterator[Happening]:
        if fd == self.pipes.events:
            yield from (self._event(line) for line in lines)
        elif fd == self.pipes.status:
            for line in lines:
                self._note_status(line)
        elif lines:
            yield Said(tuple(lines))

    def _event(self, line: str) -> Happening:
        try:
            return decode(line)
        except (ValueError, KeyError, TypeError) as error:
            return Said((f"(not understood: {error}) {line}",))

    def _note_end(self, fd: int) -> None:
        if fd == self.pipes.status and self._ended is None:
            self._ended = Exited(None)
            if self.pid is not None:
                kill_group(self.pid)  # the child died with its parent; what it had started is left to us

    def _note_status(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word == "started":
            self.pid = int(rest)
        elif word == "exited":
            self._ended = Exited(int(rest))
        else:
            self._ended = Exited(None, rest)


class Lines:
    """Bytes in, whole lines out; a line longer than `longest` bytes is broken there."""

    def __init__(self, longest: int | None) -> None:
        self._longest = longest
        self._part = bytearray()

    def add(self, piece: bytes) -> list[str]:
        *whole, part = piece.split(b"\n")
        if whole:
            whole[0] = bytes(self._part) + whole[0]
            self._part.clear()
        self._part += part
        if self._longest is not None and len(self._part) > self._longest:
            whole += [bytes(self._part)]
            self._part.clear()
        return [text(line) for line in whole]

    def rest(self) -> list[str]:
        part, self._part = self._part, bytearray()
        return [text(bytes(part))] if part else []


def text(line: bytes) -> str:
    """A progress bar's carriage returns leave its last state."""
    return line.rstrip(b"\r").rpartition(b"\r")[2].decode("utf-8", "replace")
