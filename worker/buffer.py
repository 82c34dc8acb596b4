"""Between the thread that reads a child's pipes and the one that writes to SQL: bounded, so that a slow database slows the child down."""

import threading
from collections import deque
from collections.abc import Iterable

from worker.children import Exited, Happening

MOST = 512


class Buffer:
    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._held: deque[Happening] = deque()
        self._changed = threading.Condition()
        self._deaf = False
        self.ended = threading.Event()

    def fill(self, happenings: Iterable[Happening]) -> None:
        """Put everything in, waiting whenever the buffer is full; `ended` is set after the last."""
        for happening in happenings:
            with self._changed:
                self._changed.wait_for(lambda: self._deaf or len(self._held) < self._most)
                if not self._deaf:
                    self._held.append(happening)
                if isinstance(happening, Exited):
                    self.ended.set()
                self._changed.notify_all()

    def take(self, timeout_s: float) -> list[Happening]:
        """Everything that is there, once there is something; empty when nothing came in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._held, timeout_s)
            taken = list(self._held)
            self._held.clear()
            self._changed.notify_all()
        return taken

    def throw_away(self) -> None:
        """Nobody wants to know any more: take everything that still comes, and keep nothing."""
        with self._changed:
            self._deaf = True
            self._held.clear()
            self._changed.notify_all()
