"""Waiting for something to happen in a project, by its stream of events; for a moment only where there is none."""

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cli.client import Service

LOOK_ANYWAY_S = 5.0
POLL_S = 0.3


class Wake:
    """`wait` returns when there may be something new to see. The stream is only a hint: whoever waits looks for himself."""

    def __init__(self, service: "Service", project: str) -> None:
        self._happened = threading.Event()
        self._listens = threading.Event()
        threading.Thread(target=self._listen, args=(service, project), daemon=True).start()

    def wait(self, at_most_s: float = LOOK_ANYWAY_S) -> None:
        if not self._listens.is_set():
            time.sleep(POLL_S)
        elif self._happened.wait(min(LOOK_ANYWAY_S, at_most_s)):
            self._happened.clear()

    def _listen(self, service: "Service", project: str) -> None:
        from cli.errors import CliError

        try:
            for line in service.lines(f"/projects/{project}/events"):
                if line.startswith("event: ") or not self._listens.is_set():  # what happened before it listened is to be seen now
                    self._happened.set()
                self._listens.set()
        except CliError:
            pass  # those who wait poll from now on
        finally:
            self._listens.clear()
            self._happened.set()
