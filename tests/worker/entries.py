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

from trainer.events import ArtifactWritten, Ended, Points, Probed, Started
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


# ---- in place of training: called with config, out_dir and threads, which none of them needs ----


def begin(emit: Emit, steps: int) -> None:
    emit(Started({"data": "d", "split": "s", "initial": "i", "code": "c"}, {"threads": 1}, 100))
    emit(Points(list(range(steps)), [time.time()] * steps, {"train/loss": [1.0 / (step + 1) for step in range(steps)]}))


def train_ten_steps(emit: Emit, out_dir: str, **_: Any) -> int:
    begin(emit, 10)
    file = Path(out_dir) / "final.safetensors"
    file.write_bytes(b"weights")
    emit(ArtifactWritten(file.name, str(file), 7, ""))
    emit(Ended("finished", None, 9, {"order": "o", "final": "f"}))
    return 0


def train_and_segfault(emit: Emit, **_: Any) -> int:
    begin(emit, 3)
    return segfault(emit)


def train_and_fail(emit: Emit, **_: Any) -> int:
    begin(emit, 3)
    return fail(emit, "these weights do not fit")


def train_and_leave(emit: Emit, **_: Any) -> int:
    print("cannot go on", file=sys.stderr)
    return exit_hard(emit, 7)


def train_for_ever(emit: Emit, **_: Any) -> int:
    begin(emit, 3)
    return sleep(emit)


def train_for_ever_ignoring_sigterm(emit: Emit, **_: Any) -> int:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return train_for_ever(emit)


def train_and_chatter(emit: Emit, out_dir: str, **_: Any) -> int:
    chatter(emit, 20_000_000)
    print("the last words", flush=True)
    return train_ten_steps(emit, out_dir)


def train_faster_than_sql(emit: Emit, **_: Any) -> int:
    emit(Started({}, {}, 100_000))
    for first in range(0, 100_000, 100):
        steps = list(range(first, first + 100))
        emit(Points(steps, [time.time()] * 100, {"train/loss": [float(step) for step in steps], "lr": [0.1] * 100}))
    emit(Ended("finished", None, 99_999, {}))
    return 0


def train_in_two_seconds(emit: Emit, **_: Any) -> int:
    for step in range(200):
        emit(Points([step], [time.time()], {"train/loss": [float(step)]}))
        time.sleep(0.01)
    emit(Ended("finished", None, 199, {}))
    return 0


# ---- in place of a probe: called with probe and config ----


def probe_well(emit: Emit, probe: Any, **_: Any) -> int:
    emit(Probed({"after": {"values": probe["shape"]}}))
    emit(Ended("finished", None, None))
    return 0


def probe_and_segfault(emit: Emit, **_: Any) -> int:
    return segfault(emit)


def probe_and_fail(emit: Emit, **_: Any) -> int:
    return fail(emit, "there is no such layer")


def probe_for_ever(emit: Emit, **_: Any) -> int:
    return sleep(emit)
