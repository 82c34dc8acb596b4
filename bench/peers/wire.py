"""Raw HTTP for measuring: bytes out, bytes in, on a connection that stays open and holds nothing back."""

import http.client
import json
import multiprocessing
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

TIMEOUT_S = 600.0
SMALL_THREADS = 32


class Refused(Exception):
    """The server answered with an error."""


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def post(path: str, document: Any, headers: Mapping[str, str] | None = None) -> Request:
    """Encoded now, so that sending it costs no more than sending it."""
    body = document if isinstance(document, bytes) else json.dumps(document, separators=(",", ":")).encode()
    return Request("POST", path, body, {"Content-Type": "application/json", **(headers or {})})


class Wire:
    def __init__(self, port: int, timeout_s: float = TIMEOUT_S) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._connection.close()

    def send(self, request: Request) -> bytes:
        """The answer's bytes. Raises Refused, OSError."""
        try:
            return self._send(request)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):  # it was kept open for too long
            self._connection.close()
            return self._send(request)

    def ask(self, request: Request) -> Any:
        return json.loads(self.send(request))

    def _send(self, request: Request) -> bytes:
        if self._connection.sock is None:
            self._connection.connect()
            opened: Any = self._connection.sock  # connect() has set it
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection.request(request.method, request.path, request.body, {"Accept-Encoding": "identity", **request.headers})
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status >= 300:
            raise Refused(f"{request.method} {request.path[:80]}: {answer.status} {body[:200]!r}")
        return body


def send_all(port: int, requests: Iterable[Request]) -> list[float]:
    """Seconds of each request, one after another. Raises Refused."""
    spent = []
    with Wire(port) as wire:
        for request in requests:
            begun = time.perf_counter()
            wire.send(request)
            spent.append(time.perf_counter() - begun)
    return spent


def send_together(port: int, shares: Sequence[Sequence[Request]]) -> float:
    """Seconds until as many processes have each sent their share. Raises Refused."""
    with multiprocessing.get_context("spawn").Pool(len(shares)) as pool:
        pool.map(abs, range(len(shares) * 4))  # all are awake
        begun = time.perf_counter()
        pool.starmap(send_all, [(port, share) for share in shares], chunksize=1)
        return time.perf_counter() - begun


def timed(act: Callable[[], Any], patience_s: float, most: int = 20) -> list[float]:
    """Seconds of each of at most so many calls, after one that is not counted; a slow one is called at least once."""
    act()
    spent: list[float] = []
    until = time.perf_counter() + patience_s
    while len(spent) < most and (not spent or time.perf_counter() < until):
        begun = time.perf_counter()
        act()
        spent.append(time.perf_counter() - begun)
    return spent


@dataclass(frozen=True)
class Stream:
    """Seconds from when each request was due to its answer; and how many failed or were not sent any more."""

    waits: list[float]
    failed: int
    unsent: int
    lasted_s: float


def send_at_rate(port: int, requests: Sequence[Request], per_s: float, patience_s: float) -> Stream:
    """Each request is sent when it is due, whether or not those before it were answered; after `patience_s` no more are sent."""
    local = threading.local()
    failed: list[int] = []
    unsent: list[int] = []

    def send(number: int) -> float | None:
        due = begun + number / per_s
        time.sleep(max(0.0, due - time.perf_counter()))
        if time.perf_counter() > begun + patience_s:
            unsent.append(number)
            return None
        if not hasattr(local, "wire"):
            local.wire = Wire(port)
        try:
            local.wire.send(requests[number])
        except (Refused, OSError, http.client.HTTPException):
            failed.append(number)
        return time.perf_counter() - due

    with ThreadPoolExecutor(SMALL_THREADS) as pool:
        begun = time.perf_counter() + 0.5
        waits = [wait for wait in pool.map(send, range(len(requests))) if wait is not None]
        return Stream(waits, len(failed), len(unsent), time.perf_counter() - begun)


def in_parallel(act: Callable[[int], Any], count: int, threads: int = 8) -> list[Any]:
    """What `act` returns for each number, in order; for filling, which is not measured."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(act, range(count)))
