"""Data sets on this node: fetched once from where artifacts are kept, checked once, and mapped into memory by all children."""

import os
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path

import structlog

from store import datasets
from store.artifacts import ArtifactFiles
from store.database import Database
from trainer.content import Content
from trainer.library import FILES, Library

log = structlog.get_logger(__name__)


class DatasetShelf:
    def __init__(self, db: Database, files: ArtifactFiles, folder: Path, most_bytes: int) -> None:
        self.library = Library(folder)
        self._db, self._files, self._most_bytes = db, files, most_bytes
        self._fetching = threading.Lock()  # two slots that want the same data set fetch it once

    def has(self, content: Content) -> bool:
        return self.library.has(content.digest)

    def fetch(self, content: Content) -> None:
        """Returns when the data set is here. Raises DatasetMissing for wrong bytes, DatasetNotFound, and OSError."""
        with self._fetching:
            if self.has(content):
                return
            self.library.make_room(self._most_bytes)
            with self._db.read() as session:
                held = datasets.of_digest(session, content.digest)
            self.library.take(content, lambda folder: self._copy((held.x_sha256, held.y_sha256), folder))
            log.info("a data set was fetched", digest=content.digest, size_bytes=held.size_bytes)

    def _copy(self, digests: Sequence[str], folder: Path) -> None:
        for name, sha256 in zip(FILES, digests, strict=True):
            try:
                os.link(self._files.path(sha256), folder / name)  # on one disk it takes no room a second time
            except OSError:
                with self._files.open(sha256) as source, (folder / name).open("wb") as file:
                    shutil.copyfileobj(source, file, 1 << 20)
                    file.flush()
                    os.fsync(file.fileno())
