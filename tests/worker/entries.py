"""What children do in tests of the fork server: entries by name, each called with `emit`."""

import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from worker.child import Emit


def preload() -> None:
    """Nothing: these tests need no torch."""


def preload_fails() -> None:
    raise RuntimeError("no torch here")


def preload_with_a_thread() -> None:
    import threading

    threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()


def exit_with(emit: Emit, code: int) -> int:
    return code


def exit_hard(emit: Emit, code: int) -> int:
    os._exit(code)


def die_by(emit: Emit, number: int) -> int:
    os.kill(os.getpid(), number)
    time.sleep(60)
    return 0


def segfault(emit: Emit) -> int:
    ctypes.string_at(0)
    return 0


def abort(emit: Emit) -> int:
    os.abort()


def fail(emit: Emit, words: str) -> int:
    raise ValueError(words)


def eat_memory(emit: Emit) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    return len(bytearray(8 << 30))


def echo(emit: Emit, **words: Any) -> int:
    print(*words.values(), sep="\n")
    return 0


def tell_surroundings(emit: Emit) -> int:
    fds = list(Path("/proc/self/fd").iterdir())
    print(os.getpid() == os.getsid(0), os.environ.get("COLOUR"), signal.getsignal(signal.SIGTERM), len(fds))
    return 0


def chatter(emit: Emit, size_bytes: int) -> int:
    line = "x" * 99 + "\n"
    for _ in range(size_bytes // 100):
        sys.stdout.write(line)
    return 0


def sleep(emit: Emit, family: str | None = None) -> int:
    """Sleep long; with a grandchild whose pid is written to the file `family`, after ours."""
    if family:
        grandchild = subprocess.Popen(["sleep", "3600"])
        draft = Path(family + ".draft")
        draft.write_text(f"{os.getpid()} {grandchild.pid}")
        draft.rename(family)
    time.sleep(3600)
    return 0


def ignore_sigterm(emit: Emit, family: str) -> int:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return sleep(emit, family)


def sleep_in_a_session_of_its_own(emit: Emit, family: str) -> int:
    grandchild = subprocess.Popen(["sleep", "5"], start_new_session=True)
    Path(family).write_text(str(grandchild.pid))
    return 0
