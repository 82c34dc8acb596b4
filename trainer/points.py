"""Measured values on their way out: gathered into batches, with the process's own throughput and memory beside them."""

import time
from collections.abc import Callable
from pathlib import Path

from trainer.events import Event, Points
from trainer.readings import Rows

BATCH_S = 0.2
SYSTEM_S = 1.0
PAGE_BYTES = 4096


class PointBatches:
    """Emits the first step at once, so that a chart begins, and after that a batch every fifth of a second."""

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self._emit = emit
        self._held: list[Rows] = []
        self._flushed_at = 0.0
        self._looked_at = 0.0
        self._looked_step = 0
        self.last_step: int | None = None

    def add(self, rows: Rows) -> None:
        self._held.append(rows)
        self.last_step = rows.last
        now = time.monotonic()
        if not self._looked_at:
            self._looked_at, self._looked_step = now, rows.last
        elif now - self._looked_at >= SYSTEM_S:
            rows.metrics[-1].update(self._system(rows.last, now))
        if now - self._flushed_at >= BATCH_S:
            self.flush()

    def flush(self) -> None:
        """Emits what has been gathered, if anything."""
        self._flushed_at = time.monotonic()
        if not self._held:
            return
        held, self._held = self._held, []
        metrics = [each for rows in held for each in rows.metrics]
        names = sorted({name for each in metrics for name in each})
        self._emit(
            Points(
                steps=[step for rows in held for step in range(rows.first, rows.last + 1)],
                times=[at for rows in held for at in rows.times],
                metrics={name: [each.get(name) for each in metrics] for name in names},
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
