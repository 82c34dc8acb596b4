"""A proxy that stands between a client and the service and does to requests what networks and overloaded servers do."""

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ONE_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-authenticate", "proxy-authorization"}
TIMEOUT_S = 60

Fault = Callable[["Connection", Callable[[], None]], None]


class Proxy:
    """Passes requests on to the service on `port`, in the order of `faults` with what goes wrong; speaks TLS where it is given a context."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.upstream, self.tls = port, tls
        self.faults: list[tuple[str, Fault]] = []
        self.meeting = 0
        self.turned_away: int | None = None
        self.lock = threading.Lock()
        self.open: set[socket.socket] = set()
        self.server: ThreadingHTTPServer | None = None
        self.port = 0
        self._listen()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def arm(self, part: str, *faults: Fault) -> None:
        """The next requests whose path or body holds `part` meet these, one each."""
        with self.lock:
            self.faults += [(part, fault) for fault in faults]

    @property
    def is_spent(self) -> bool:
        """Whether all that it was armed with has happened."""
        with self.lock:
            return not self.faults and not self.meeting

    @contextlib.contextmanager
    def outage(self) -> Iterator[None]:
        """Meanwhile connections are refused, and those that were open are cut."""
        self.close()
        try:
            yield
        finally:
            self._listen()

    @contextlib.contextmanager
    def cut(self) -> Iterator[None]:
        """Meanwhile connections are cut as soon as they are made, and `turned_away` counts them."""
        self.turned_away = 0
        self._cut_all()
        try:
            yield
        finally:
            self.turned_away = None

    def close(self) -> None:
        if self.server is None:
            return
        self.server.shutdown()
        self.server.server_close()
        self.server = None
        self._cut_all()

    def _cut_all(self) -> None:
        with self.lock:
            for connection in self.open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _listen(self) -> None:
        self.server = _Server(("127.0.0.1", self.port), Connection, self)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], proxy: Proxy) -> None:
        self.proxy = proxy
        super().__init__(address, handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.proxy.turned_away is not None:
            self.proxy.turned_away += 1
            return
        if self.proxy.tls:
            request = self.proxy.tls.wrap_socket(request, server_side=True)
        with self.proxy.lock:
            self.proxy.open.add(request)
        try:
            self.RequestHandlerClass(request, client_address, self)
        finally:
            with self.proxy.lock:
                self.proxy.open.discard(request)
            if self.proxy.tls:  # the server closes what it accepted, which is another socket than the wrapped one
                request.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is nothing to tell of."""


class Connection(BaseHTTPRequestHandler):
    """A client's connection, which carries requests until one side closes it."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def pass_on(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("content-length") or 0))
        fault = self._fault()
        if fault is None:
            self._forward()
            return
        try:
            fault(self, self._forward)
        finally:
            with self.server.proxy.lock:
                self.server.proxy.meeting -= 1

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = pass_on

    def log_message(self, *_: Any) -> None:
        """Nothing is logged."""

    def answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ONE_HOP | {"content-length"}:
                self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    def drop(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def ask(self) -> tuple[int, list[tuple[str, str]], bytes]:
        """What the service answers."""
        service = http.client.HTTPConnection("127.0.0.1", self.server.proxy.upstream, timeout=TIMEOUT_S)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in ONE_HOP}
            service.request(
                self.command, self.path, self.body or None, {**headers, "x-forwarded-proto": "https" if self.server.proxy.tls else "http"}
            )
            answer = service.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            service.close()

    def _forward(self) -> None:
        try:
            answer = self.ask()
        except (OSError, http.client.HTTPException):
            self.drop()  # as where no proxy stands: the service went away
        else:
            self.answer(*answer)

    def _fault(self) -> Fault | None:
        proxy = self.server.proxy
        with proxy.lock:
            for place, (part, fault) in enumerate(proxy.faults):
                if part in self.path or part.encode() in self.body:
                    del proxy.faults[place]
                    proxy.meeting += 1
                    return fault
        return None


def status(code: int, **headers: str) -> Fault:
    """The service never sees the request."""
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return lambda connection, _: connection.answer(code, named, b"{}")


def unheard(connection: Connection, _forward: Callable[[], None]) -> None:
    """The service does what is asked, and its answer never arrives."""
    connection.ask()
    connection.drop()


def lost(connection: Connection, _forward: Callable[[], None]) -> None:
    """The request is lost on its way."""
    connection.drop()


def twice(connection: Connection, forward: Callable[[], None]) -> None:
    """The service is asked twice, as by a proxy that tries again."""
    connection.ask()
    forward()


def meanwhile(act: Callable[[], None]) -> Fault:
    """Something happens to the service between its commit and the client's hearing of it."""

    def fault(connection: Connection, _forward: Callable[[], None]) -> None:
        connection.ask()
        act()
        connection.drop()

    return fault
