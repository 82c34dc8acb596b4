"""Measured values on their way out: gathered into batches, with the process's own throughput and memory beside them."""

import time
from collections.abc import Callable
from pathlib import Path

from trainer.events import Event, Points

BATCH_S = 0.2
SYSTEM_S = 1.0
PAGE_BYTES = 4096


class PointBatches:
    """Emits the first step at once, so that a chart begins, and after that a batch every fifth of a second."""

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self._emit = emit
        self._rows: list[tuple[int, float, dict[str, float]]] = []
        self._flushed_at = 0.0
        self._looked_at = 0.0
        self._looked_step = 0
        self.last_step: int | None = None

    def add(self, step: int, metrics: dict[str, float]) -> None:
        self._rows.append((step, time.time(), metrics))
        self.last_step = step
        now = time.monotonic()
        if not self._looked_at:
            self._looked_at, self._looked_step = now, step
        elif now - self._looked_at >= SYSTEM_S:
            metrics.update(self._system(step, now))
        if now - self._flushed_at >= BATCH_S:
            self.flush()

    def flush(self) -> None:
        """Emits what has been gathered, if anything."""
        self._flushed_at = time.monotonic()
        if not self._rows:
            return
        names = sorted({name for _, _, metrics in self._rows for name in metrics})
        rows, self._rows = self._rows, []
        self._emit(
            Points(
                steps=[step for step, _, _ in rows],
                times=[at for _, at, _ in rows],
                metrics={name: [metrics.get(name) for _, _, metrics in rows] for name in names},
            )
        )

    def _system(self, step: int, now: float) -> dict[str, float]:
        """What no verdict looks at."""
        steps_per_s = (step - self._looked_step) / (now - self._looked_at)
        self._looked_at, self._looked_step = now, step
        resident = resident_mb()
        return {"system/steps_per_s": steps_per_s} | ({} if resident is None else {"system/memory_mb": resident})


def resident_mb() -> float | None:
    """Memory of this process in megabytes; None where the system does not tell."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * PAGE_BYTES / 1e6 if statm.exists() else None
