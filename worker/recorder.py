"""What a child tells, on its way into SQL: gathered in memory, written in one transaction with the heartbeat."""

import contextlib
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import structlog
from sqlalchemy.orm import Session

from store import artifacts, chain, checkpoints, diagnostics, lifecycle, logs, series
from store.artifacts import ArtifactFiles
from store.checkpoint_files import CheckpointFiles
from store.database import Database
from store.lifecycle import Claim, Lost
from trainer.events import ArtifactWritten, CheckpointWritten, Digests, Ended, LogText, Points, Snapshot, Started
from worker.children import Exited, Happening, Said

log = structlog.get_logger(__name__)

LAST_WORDS = 100
MOST_LOG_CHARACTERS = 1_000_000


class Recorder:
    """One attempt's record. `add` what happens, `flush` it; what a failed transaction did not take is kept for the next."""

    def __init__(self, db: Database, claim: Claim, checkpoint_files: CheckpointFiles) -> None:
        self.db = db
        self.claim = claim
        self.checkpoint_files = checkpoint_files
        self.ended: Ended | None = None
        self.exited: Exited | None = None
        self.has_points = False
        self.last_words: deque[str] = deque(maxlen=LAST_WORDS)
        self._started: Started | None = None
        self._points: list[Points] = []
        self._snapshots: list[Snapshot] = []
        self._room_for_snapshots = True
        self._links: list[Digests] = []
        self._checkpoint: CheckpointWritten | None = None
        self._superseded: list[str] = []  # before they were written down
        self._outdated: list[str] = []
        self._lines: list[str] = []
        self._room_for_log = MOST_LOG_CHARACTERS
        self._unwritten = 0
        self._artifacts: dict[str, ArtifactWritten] = {}

    def add(self, happenings: Sequence[Happening]) -> None:
        for happening in happenings:
            match happening:
                case Started():
                    self._started = happening
                case Points():
                    self._points.append(happening)
                    self.has_points = True
                case Snapshot():
                    self._snapshots += [happening] if self._room_for_snapshots else []
                case Digests():
                    self._links.append(happening)
                case CheckpointWritten():
                    self._keep(happening)
                case ArtifactWritten():
                    self._artifacts[happening.name] = happening
                case LogText(text):
                    self._say(text.splitlines())
                case Said(lines):
                    self._say(lines)
                case Ended():
                    self.ended = happening
                case Exited():
                    self.exited = happening

    def flush(self) -> bool:
        """Whether somebody asked to cancel. The lease starts afresh. Raises LeaseLost."""
        with self.db.begin() as session:
            cancel = self._write(session)
        self._forget_written()
        self._remove_outdated()
        return cancel

    def finish(self, state: str, reason: str | None, files: ArtifactFiles) -> None:
        """The run's end for good, with the last points and its files, in one transaction. Raises LeaseLost."""
        blobs = {name: files.put_file(Path(written.path)) for name, written in self._artifacts.items()}
        with self.db.begin() as session:
            self._write(session, last=True)
            for name, blob in blobs.items():
                artifacts.add_from_attempt(session, self.claim, name, blob)
            lifecycle.finish(session, self.claim, state, reason, self.ended.digests if self.ended else None)

    def lose(self, reason: str, max_attempts: int) -> Lost:
        """Raises LeaseLost."""
        with self.db.begin() as session:
            self._write(session, last=True)
            return lifecycle.lose(session, self.claim, reason, max_attempts)

    def release(self, reason: str) -> str:
        """The queue to ring. Raises LeaseLost."""
        with self.db.begin() as session:
            self._write(session, last=True)
            return lifecycle.release(session, self.claim, reason)

    def _write(self, session: Session, last: bool = False) -> bool:
        cancel = lifecycle.renew(session, self.claim, self._points[-1].steps[-1] if self._points else None)
        if self._started is not None:
            begun = self._started
            lifecycle.record_start(session, self.claim, begun.digests, begun.environment, begun.total_steps, begun.resumed_from)
        differs_from = series.append_attempt(session, self.claim, joined(self._points)) if self._points else None
        if self._links:
            chain.append(session, self.claim, self._links)
        if self._checkpoint is not None:  # in the transaction of the points before it: who goes on from it has them all
            name = Path(self._checkpoint.path).name
            outdated = checkpoints.add(session, self.claim, self._checkpoint.step, name, self._checkpoint.size_bytes)
            self._outdated = [*outdated, *self._superseded]
        lines = [*self._lines, *self._left_out()] if last else list(self._lines)
        full_at = diagnostics.keep(session, self.claim, self._snapshots) if self._snapshots else None
        if full_at is not None:
            lines.append(f"no room for diagnostics from step {full_at} on: a run keeps at most {diagnostics.MOST_BYTES // 1_000_000} MB of them")
            self._room_for_snapshots = False
        if differs_from is not None:
            lines.append(f"attempt {self.claim.attempt} differs from an earlier one from step {differs_from} on, and takes its place")
        if lines:
            logs.append(session, self.claim.run_id, self.claim.attempt, lines)
        return cancel

    def _forget_written(self) -> None:
        self._started = None
        self._points.clear()
        self._snapshots.clear()
        self._links.clear()
        self._checkpoint = None
        self._lines.clear()

    def _keep(self, written: CheckpointWritten) -> None:
        """Put a checkpoint where any node can take it up. Without one that cannot be kept, the run goes on all the same."""
        try:
            self.checkpoint_files.put(self.claim.run_id, Path(written.path))
        except FileNotFoundError:  # a newer one took its place, and is told of further on
            return
        except OSError as error:
            log.warning("a checkpoint could not be kept", run=self.claim.run_id, step=written.step, error=str(error))
            return
        if self._checkpoint is not None:
            self._superseded.append(Path(self._checkpoint.path).name)
        self._checkpoint = written

    def _remove_outdated(self) -> None:
        outdated, self._outdated, self._superseded = self._outdated, [], []
        for name in outdated:
            with contextlib.suppress(OSError):  # what stays goes when the run ends
                self.checkpoint_files.remove(self.claim.run_id, name)

    def _say(self, lines: Sequence[str]) -> None:
        for line in lines:
            self.last_words.append(line)
            if self._room_for_log > 0:
                self._lines.append(line)
                self._room_for_log -= len(line) + 1
            else:
                self._unwritten += 1

    def _left_out(self) -> list[str]:
        """The log keeps its first megabyte and its last words."""
        kept = list(self.last_words)[-self._unwritten :] if self._unwritten else []
        silent = self._unwritten - len(kept)
        return [f"({silent} lines left out)", *kept] if silent else kept


def joined(parts: Sequence[Points]) -> series.Points:
    """One table of points; a metric that a part lacks has no value there."""
    metrics = dict.fromkeys(metric for part in parts for metric in part.metrics)
    return series.Points(
        steps=[step for part in parts for step in part.steps],
        times=[time for part in parts for time in part.times],
        metrics={metric: [value for part in parts for value in part.metrics.get(metric) or [None] * len(part.steps)] for metric in metrics},
    )
