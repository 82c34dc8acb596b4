"""A process that has loaded torch and forks a fresh child for every order: milliseconds instead of seconds. Linux only.

    python -m worker.forkserver SOCKET_FD WORKER_PID PRELOAD

Orders come as one SEQPACKET message each, with three file descriptors: where the child's events go, where its stdout and stderr go, and the
status pipe, on which this server says "started PID" and "exited CODE" (-N for signal N). A status pipe that ends without "exited" says that
the server died. No tensor operation and no CUDA may happen here before a fork: the children would inherit half of it.
"""

import contextlib
import gc
import json
import os
import selectors
import signal
import socket
import sys
import traceback
from dataclasses import dataclass
from typing import NoReturn

from worker import child
from worker.death import be_killed_first, die_with_parent, kill_group, os_threads

READY = b"ready"
LONGEST_MESSAGE = 1 << 20
NOT_ALONE = 3


@dataclass(frozen=True)
class Kid:
    pid: int
    pidfd: int
    status: int


class Server:
    def __init__(self, door: socket.socket) -> None:
        self.pid = os.getpid()
        self.door = door
        self.kids: dict[int, Kid] = {}
        self.selector = selectors.PollSelector()
        self.selector.register(door, selectors.EVENT_READ)

    def serve(self) -> NoReturn:
        """Until the worker's end of the socket closes, which it does however the worker ends."""
        signal.signal(signal.SIGTERM, lambda *_: self.end())
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.door.send(READY)
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is self.door:
                    self.receive()
                else:
                    self.reap(int(key.data))

    def receive(self) -> None:
        try:
            message, fds, _, _ = socket.recv_fds(self.door, LONGEST_MESSAGE, 3, socket.MSG_CMSG_CLOEXEC)
        except ConnectionError:
            self.end()
        if not message:
            self.end()
        request = json.loads(message)
        if "kill" in request:
            self.kill(request["kill"], signal.Signals(request["signal"]))
        else:
            events, log, status = fds
            self.fork(request["id"], child.Order(**request["order"]), events, log, status)
            os.close(events)
            os.close(log)

    def fork(self, number: int, order: child.Order, events: int, log: int, status: int) -> None:
        # A SIGTERM meant for this server must not find its handler in a child that is half made.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        try:
            pid = os.fork()
        except OSError as error:
            tell(status, f"refused {error}")
            os.close(status)
        else:
            if pid == 0:
                self.be_child(order, events, log, status)
            self.kids[number] = Kid(pid, os.pidfd_open(pid), status)
            self.selector.register(self.kids[number].pidfd, selectors.EVENT_READ, number)
            tell(status, f"started {pid}")
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})

    def be_child(self, order: child.Order, events: int, log: int, status: int) -> NoReturn:
        code = 1
        try:
            os.setsid()
            die_with_parent(self.pid)
            be_killed_first()
            self.door.close()
            for fd in (status, *(fd for kid in self.kids.values() for fd in (kid.pidfd, kid.status))):
                os.close(fd)
            null = os.open(os.devnull, os.O_RDONLY)
            for theirs, ours in ((null, 0), (log, 1), (log, 2)):
                os.dup2(theirs, ours)
            os.close(null)
            os.close(log)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
            code = child.carry_out(order, events)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)

    def kill(self, number: int, by: signal.Signals) -> None:
        kid = self.kids.get(number)
        if kid is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(kid.pidfd, by)  # it may not have made its group yet
            kill_group(kid.pid, by)

    def reap(self, number: int) -> None:
        kid = self.kids.pop(number)
        self.selector.unregister(kid.pidfd)
        kill_group(kid.pid)  # before the wait: until then nobody else can have its number
        _, status = os.waitpid(kid.pid, 0)
        tell(kid.status, f"exited {os.waitstatus_to_exitcode(status)}")
        os.close(kid.pidfd)
        os.close(kid.status)

    def end(self) -> NoReturn:
        for kid in self.kids.values():
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(kid.pidfd, signal.SIGKILL)
            kill_group(kid.pid)
        os._exit(0)


def tell(status: int, word: str) -> None:
    with contextlib.suppress(OSError):  # the supervisor may be gone
        os.write(status, f"{word}\n".encode())


def main(socket_fd: int, worker_pid: int, preload: str) -> None:
    die_with_parent(worker_pid, signal.SIGTERM)
    gc.disable()  # nothing of what is loaded now is garbage
    child.named(preload)()
    gc.enable()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    gc.collect()
    gc.freeze()  # what the children share stays shared
    if os_threads() != 1:
        sys.stderr.write(f"the fork server has {os_threads()} threads; a child of it could hang\n")
        os._exit(NOT_ALONE)
    Server(socket.socket(fileno=socket_fd)).serve()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
