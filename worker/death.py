"""Dying with one's parent. Linux only; elsewhere these do nothing, and the end of a pipe says the same a little later."""

import contextlib
import ctypes
import os
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
LINUX = sys.platform == "linux"


def die_with_parent(parent: int, by: signal.Signals = signal.SIGKILL) -> None:
    """Ask for a signal when the parent ends: the very thread of it that forked us. Exits when process `parent` has ended already."""
    if LINUX:
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(by), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def kill_group(leader: int, by: signal.Signals = signal.SIGKILL) -> None:
    """Signal everything in the process group; a group that is gone is no trouble."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, by)


def be_killed_first() -> None:
    """When memory runs out, let the kernel take this process rather than the worker that watches it."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("800")


def os_threads() -> int:
    """How many threads the operating system counts in this process; 1 where it does not tell."""
    try:
        return len(os.listdir("/proc/self/task"))  # noqa: PTH208  the count alone is wanted
    except OSError:
        return 1
