"""One process of the embedded service: in a session of its own, with a bounded log, and gone when this process is gone."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

LOG_LIMIT_BYTES = 10_000_000
PR_SET_PDEATHSIG = 1


class Child:
    """Start it from the main thread only: the death signal fires when the thread that started it ends."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        env: Mapping[str, str],
        log: Path,
        death: signal.Signals = signal.SIGKILL,
        waits: bool = False,
        is_heard: bool = False,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.env = dict(env)
        self.log = log
        self._death = death
        self._waits = waits  # it loads its modules, and begins when its stdin ends
        self._is_heard = is_heard  # what it prints is for us and not for the log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        self.trim_log()
        with os.fdopen(os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as log:
            self._process = subprocess.Popen(
                self.command,
                env=self.env,
                stdin=subprocess.PIPE if self._waits else subprocess.DEVNULL,
                stdout=subprocess.PIPE if self._is_heard else log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in the terminal reaches the supervisor alone, which stops its children in order
                preexec_fn=die_with_parent(self._death),  # noqa: PLW1509  (the supervisor has one thread)
            )

    def say(self, text: bytes) -> None:
        """To a child that waits."""
        if self._process is not None and self._process.stdin is not None:
            with suppress(BrokenPipeError):  # it has ended, which is seen elsewhere
                self._process.stdin.write(text)
                self._process.stdin.flush()

    def hear(self) -> bytes:
        """What a child that is heard has printed since it was last asked for, if anything."""
        if self._process is None or self._process.stdout is None:
            return b""
        os.set_blocking(self._process.stdout.fileno(), False)
        return self._process.stdout.read() or b""

    def release(self) -> None:
        """What it waited for is done, now and for every later start."""
        self._waits = False
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    def terminate(self) -> None:
        if self.is_running and self._process is not None:
            self._process.terminate()

    def kill_group(self) -> None:
        """Ends what is left of the child's session; it is reaped afterwards."""
        if self._process is None:
            return
        with suppress(ProcessLookupError, PermissionError):  # nothing is left (macOS says "not permitted" of a group of zombies)
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def ending(self) -> str:
        """How the process ended, in words: "exit code 1", "signal 9 (SIGKILL)"."""
        code = self._process.poll() if self._process else None
        if code is None:
            return "still running"
        return f"exit code {code}" if code >= 0 else f"signal {-code} ({signal.Signals(-code).name})"

    def log_tail(self, lines: int = 8) -> str:
        """The last lines of the log; empty when there are none."""
        try:
            with self.log.open("rb") as log:
                log.seek(max(0, self.log.stat().st_size - 20_000))
                text = log.read().decode(errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.rstrip().splitlines()[-lines:])

    def trim_log(self) -> None:
        """Keeps the log and the one before it within bounds. The child goes on writing: its file is open for appending."""
        try:
            if self.log.stat().st_size < LOG_LIMIT_BYTES:
                return
        except FileNotFoundError:
            return
        older = self.log.with_suffix(".log.1")
        older.unlink(missing_ok=True)
        older.touch(mode=0o600)
        older.write_bytes(self.log.read_bytes())
        os.truncate(self.log, 0)


def die_with_parent(death: signal.Signals = signal.SIGKILL) -> Callable[[], None] | None:
    """What the child does between fork and exec, so that the end of this process, even by kill -9, sends it `death`. Linux only; elsewhere none."""
    if sys.platform != "linux":
        return None
    libc, parent = ctypes.CDLL(None, use_errno=True), os.getpid()

    def ask_for_death_signal() -> None:
        libc.prctl(PR_SET_PDEATHSIG, death, 0, 0, 0)
        if os.getppid() != parent:  # the parent died before it could be asked for
            os._exit(1)

    return ask_for_death_signal
