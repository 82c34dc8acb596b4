"""How much may be under way at once: what comes beyond it is turned away with 503, so that memory stays flat whatever is sent."""

from collections.abc import Iterator
from contextlib import contextmanager

from api.problems import Problem

RETRY_AFTER_S = 1


class Busy(Problem):
    def __init__(self) -> None:
        super().__init__(
            503, "More points wait to be written than this service takes at once; try again.", headers={"Retry-After": str(RETRY_AFTER_S)}
        )


class Room:
    """Places for bodies, by number and by bytes; one body is let in whatever its size. For the event loop's thread only."""

    def __init__(self, most: int, most_bytes: int) -> None:
        self.most, self.most_bytes = most, most_bytes
        self._count = self._bytes = 0

    @contextmanager
    def take(self, size_bytes: int) -> Iterator[None]:
        """Raises Busy."""
        if self._count >= self.most or (self._count and self._bytes + size_bytes > self.most_bytes):
            raise Busy
        self._count += 1
        self._bytes += size_bytes
        try:
            yield
        finally:
            self._count -= 1
            self._bytes -= size_bytes
