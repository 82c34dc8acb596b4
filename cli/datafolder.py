"""The data folder and its lock: of two services on one folder, the second refuses."""

import fcntl
import json
import os
from pathlib import Path
from typing import Any

from cli.errors import NotStarted


class FolderLock:
    """Held from `take` until the process ends, however it ends. The file says who holds it: {"pid", "url"}."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.file = data_dir / "up.lock"
        self._descriptor = -1

    def take(self) -> None:
        """Raises NotStarted, with nothing touched, when another process holds the folder or it cannot be written."""
        try:
            self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise NotStarted(
                f"The data folder {self.data_dir} cannot be used: {error.strerror}.", "Choose another one: runtwice up --data-dir FOLDER"
            ) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._descriptor)
            raise NotStarted(self._who_holds_it(), "Stop that one first (Ctrl-C there), or choose another folder with --data-dir.") from None
        os.ftruncate(self._descriptor, 0)
        self.data_dir.chmod(0o700)

    def write(self, url: str) -> None:
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, json.dumps({"pid": os.getpid(), "url": url}).encode(), 0)

    def release(self) -> None:
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)

    def _who_holds_it(self) -> str:
        holder = read_holder(self.data_dir)
        if holder is None:
            return f"Another Runtwice is just starting on the data folder {self.data_dir}."
        return f"Runtwice already runs on the data folder {self.data_dir}: process {holder['pid']}, at {holder['url']}."


def read_holder(data_dir: Path) -> dict[str, Any] | None:
    """{"pid", "url"} of the service that runs on the folder; None when none does, or it has no address yet."""
    try:
        holder = json.loads((data_dir / "up.lock").read_text())
        os.kill(int(holder["pid"]), 0)
        return {"pid": int(holder["pid"]), "url": str(holder["url"])}
    except (OSError, ValueError, KeyError, TypeError):
        return None
