"""Where training processes come from: a fork server that is kept alive, or, where there is none to be had, fresh processes."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import count
from signal import Signals

import structlog

from worker.child import Order
from worker.children import Child, Pipes
from worker.death import LINUX, kill_group
from worker.forkserver import NOT_ALONE, READY

log = structlog.get_logger(__name__)

PRELOAD = "trainer.preload:preload"
START_TIMEOUT_S = 120.0
SEND_TIMEOUT_S = 10.0
LONGEST_ORDER = 200_000
TRIES = 3
# numpy's OpenBLAS makes a pool of threads when it is loaded, which would not survive a fork; torch makes its own, later, in the child.
ONE_BLAS_THREAD = {"OPENBLAS_NUM_THREADS": "1"}


class CannotSpawn(Exception):
    """No training process could be started."""


class Nursery:
    """Children, forked from a server that has loaded torch. The first ones wait for it.

    The thread that starts the server lives as long as the worker, because the server's death signal fires when that very thread ends.
    A server that dies is started again. Three that do not even come up, and children are fresh processes from then on.
    """

    def __init__(self, preload: str = PRELOAD, forking: bool = LINUX) -> None:
        self.preload = preload
        self.forking = forking
        self._server: subprocess.Popen[bytes] | None = None
        self._door: socket.socket | None = None
        self._changed = threading.Condition()
        self._closing = False
        self._numbers = count()
        self._keeper = threading.Thread(target=self._keep, name="fork server", daemon=True)

    def start(self) -> None:
        if self.forking:
            self._keeper.start()

    def wait_until_ready(self, timeout_s: float) -> bool:
        """Whether children can be had."""
        with self._changed:
            return bool(self._changed.wait_for(self._is_settled, timeout_s))

    @property
    def server_pid(self) -> int | None:
        return None if self._server is None else self._server.pid

    def spawn(self, order: Order, meanwhile: Callable[[], object] = lambda: None, every_s: float = START_TIMEOUT_S) -> Child:
        """A child that has begun, or is about to. `meanwhile` is called every so often while the server is still loading. Raises CannotSpawn."""
        for _ in range(TRIES):
            door = self._door_or_none(meanwhile, every_s)
            if door is None:
                return fresh(order)
            try:
                return self._forked(door, order)
            except OSError as error:  # the server died this moment, or hangs: the next one is on its way
                log.warning("the fork server did not take an order", error=str(error))
                self._give_up(door)
        raise CannotSpawn("the fork server did not take the order")

    def close(self) -> None:
        """The server and everything it forked end now."""
        with self._changed:
            self._closing, door, self._door = True, self._door, None
            self._changed.notify_all()
        if door is not None:
            door.close()
        if self._keeper.is_alive():
            self._keeper.join(2.0)

    def _forked(self, door: socket.socket, order: Order) -> Child:
        number = next(self._numbers)
        message = json.dumps({"id": number, "order": vars(order)}).encode()
        if len(message) > LONGEST_ORDER:
            raise CannotSpawn(f"the order has {len(message)} bytes; the fork server takes {LONGEST_ORDER}")
        pipes = Pipes.make()
        try:
            socket.send_fds(door, [message], list(pipes.theirs))
        except OSError:
            pipes.close_ours()
            raise
        finally:
            pipes.close_theirs()
        return Child(pipes, lambda by: _send_kill(door, number, by))

    def _door_or_none(self, meanwhile: Callable[[], object], every_s: float) -> socket.socket | None:
        """The socket of a server that is ready; None when children are to be fresh processes. Raises CannotSpawn."""
        until = time.monotonic() + START_TIMEOUT_S
        while True:
            with self._changed:
                if self._changed.wait_for(self._is_settled, every_s):
                    if self._closing:
                        raise CannotSpawn("the worker is going away")
                    return self._door
            if time.monotonic() >= until:
                raise CannotSpawn("the fork server does not come up")
            meanwhile()

    def _is_settled(self) -> bool:
        return self._door is not None or not self.forking or self._closing

    def _give_up(self, door: socket.socket) -> None:
        with self._changed:
            if self._door is door and self._server is not None:
                self._door = None
                self._server.kill()

    def _keep(self) -> None:
        failures = 0
        while not self._closing and failures < TRIES:
            ours, server = _start_server(self.preload)
            if not _says_ready(ours):
                failures = TRIES if server.wait() == NOT_ALONE else failures + 1
                log.error("the fork server did not come up", exit_code=server.returncode)
                ours.close()
                continue
            failures = 0
            with self._changed:
                self._door, self._server = ours, server
                if self._closing:
                    ours.close()
                self._changed.notify_all()
            server.wait()
            self._give_up(ours)
            if not self._closing:
                log.error("the fork server died and is started again", exit_code=server.returncode)
            ours.close()
        if not self._closing:
            log.warning("training processes start fresh from now on, which takes seconds instead of milliseconds")
        with self._changed:
            self.forking = False
            self._changed.notify_all()


def fresh(order: Order) -> Child:
    """The same as a new Python process, which ends when the worker does, because its stdin ends."""
    pipes = Pipes.make()
    events, out, status = pipes.theirs
    command = [sys.executable, "-m", "worker.child", str(events)]
    # OMP_NUM_THREADS and its like take effect only before torch is loaded.
    environment = {**os.environ, **ONE_BLAS_THREAD, **order.environment}
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=out, stderr=out, pass_fds=[events], start_new_session=True, env=environment, text=True
    )
    status = os.dup(status)
    pipes.close_theirs()
    child = Child(pipes, lambda by: kill_group(process.pid, by) if process.poll() is None else None)
    threading.Thread(target=_mind, args=(process, order, status), name=f"child {process.pid}", daemon=True).start()
    return child


def _mind(process: subprocess.Popen[str], order: Order, status: int) -> None:
    stdin = process.stdin
    if stdin is None:
        raise AssertionError("the process was started with a pipe")
    os.write(status, f"started {process.pid}\n".encode())
    with contextlib.suppress(BrokenPipeError):  # it died at once; how, its exit code says
        stdin.write(order.to_json() + "\n")
        stdin.flush()
    if LINUX:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # unreaped, its number is nobody else's
    else:
        process.wait()
    kill_group(process.pid)
    os.write(status, f"exited {process.wait()}\n".encode())
    os.close(status)
    stdin.close()


def _start_server(preload: str) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, "-m", "worker.forkserver", str(theirs.fileno()), str(os.getpid()), preload]
        environment = {**os.environ, **ONE_BLAS_THREAD}
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()], start_new_session=True, env=environment)
    return ours, server


def _says_ready(door: socket.socket) -> bool:
    try:
        door.settimeout(START_TIMEOUT_S)
        ready = door.recv(len(READY)) == READY
        door.settimeout(SEND_TIMEOUT_S)
    except OSError:
        return False
    return ready


def _send_kill(door: socket.socket, number: int, by: Signals) -> None:
    with contextlib.suppress(OSError):  # the server is gone, and its children with it
        door.send(json.dumps({"kill": number, "signal": int(by)}).encode())
