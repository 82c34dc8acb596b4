"""Where the bytes of checkpoints lie, so that any node can take a run up: a folder that the nodes share, or an object store.

A file's name says its digest, so an attempt that has lost its run overwrites nothing: other bytes have another name.
"""

import errno
import os
import shutil
from pathlib import Path
from typing import Any, Protocol

from store.settings import Settings

PREFIX = "checkpoints"


class CheckpointFiles(Protocol):
    def put(self, run_id: str, file: Path) -> None:
        """Keep the file under its own name. It is gone from where it was; OSError."""

    def fetch(self, run_id: str, name: str, folder: Path) -> Path:
        """The file, where this machine can read it: in the folder or elsewhere. OSError."""

    def remove(self, run_id: str, name: str) -> None:
        """Nothing happens when it is gone already. OSError."""

    def remove_run(self, run_id: str) -> None:
        """All files of the run. OSError."""

    def runs(self) -> list[str]:
        """Ids of the runs that have files here. OSError."""


class LocalFiles:
    """A folder for each run in a folder of this machine, or one that machines share."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, run_id: str, file: Path) -> None:
        place = self.root / run_id / file.name
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            file.rename(place)
        except OSError as error:
            if error.errno != errno.EXDEV:  # it lies on another disk
                raise
            _copy(file, place)
        _fsync(place.parent)

    def fetch(self, run_id: str, name: str, folder: Path) -> Path:
        return self.root / run_id / name

    def remove(self, run_id: str, name: str) -> None:
        (self.root / run_id / name).unlink(missing_ok=True)

    def remove_run(self, run_id: str) -> None:
        shutil.rmtree(self.root / run_id, ignore_errors=True)

    def runs(self) -> list[str]:
        return [folder.name for folder in self.root.iterdir()] if self.root.is_dir() else []


class ObjectFiles:
    """An object store by its URL, such as s3://bucket/prefix; keys and region come from its usual environment variables (AWS_...)."""

    def __init__(self, url: str) -> None:
        from obstore.store import from_url

        self._store: Any = from_url(url)

    def put(self, run_id: str, file: Path) -> None:
        self._do(lambda: self._store.put(self._key(run_id, file.name), file))
        file.unlink(missing_ok=True)

    def fetch(self, run_id: str, name: str, folder: Path) -> Path:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = folder / name
        content = self._do(lambda: self._store.get(self._key(run_id, name)))
        with place.open("wb") as file:
            for piece in content.stream():
                file.write(piece)
        return place

    def remove(self, run_id: str, name: str) -> None:
        self._remove([self._key(run_id, name)])

    def remove_run(self, run_id: str) -> None:
        listed = self._do(lambda: [each["path"] for page in self._store.list(f"{PREFIX}/{run_id}/") for each in page])
        self._remove(listed)

    def runs(self) -> list[str]:
        paths = self._do(lambda: [each["path"] for page in self._store.list(f"{PREFIX}/") for each in page])
        return sorted({path.split("/")[-2] for path in paths})

    def _remove(self, keys: list[str]) -> None:
        try:
            if keys:
                self._do(lambda: self._store.delete(keys))
        except FileNotFoundError:
            return

    @staticmethod
    def _key(run_id: str, name: str) -> str:
        return f"{PREFIX}/{run_id}/{name}"

    @staticmethod
    def _do(act: Any) -> Any:
        """What the act gives. OSError, whatever the store says."""
        from obstore.exceptions import BaseError

        try:
            return act()
        except BaseError as error:
            raise OSError(f"the object store: {error}") from error


def checkpoint_files(settings: Settings) -> CheckpointFiles:
    """In the data folder, unless the settings name an object store."""
    return ObjectFiles(settings.artifacts_url) if settings.artifacts_url else LocalFiles(settings.data_dir / PREFIX)


def _copy(file: Path, place: Path) -> None:
    unfinished = place.with_name(f".unfinished-{place.name}")
    shutil.copyfile(file, unfinished)
    _fsync(unfinished)
    unfinished.replace(place)
    file.unlink()


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
