"""Parts of answers as they were last sent: of a hundred runs on a chart or a page, those that train are made anew and the others are at hand."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any


class PieceCache:
    """Pieces by what was asked and what was held then; when they take too much room, those that were not asked for longest go."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._pieces: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self.size_bytes = 0

    def get(self, name: Hashable) -> Any | None:
        with self._lock:
            if name not in self._pieces:
                return None
            self._pieces.move_to_end(name)
            return self._pieces[name][0]

    def put(self, name: Hashable, piece: Any, size_bytes: int) -> None:
        """One that would take more than an eighth of the room is not kept."""
        if size_bytes > self._most_bytes // 8:
            return
        with self._lock:
            self.size_bytes += size_bytes - self._pieces.pop(name, (None, 0))[1]
            self._pieces[name] = (piece, size_bytes)
            while self.size_bytes > self._most_bytes:
                self.size_bytes -= self._pieces.popitem(last=False)[1][1]
