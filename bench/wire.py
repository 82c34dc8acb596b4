"""Bytes over one kept connection: what a client library would add to a request is not the service's time."""

import socket
from collections.abc import Mapping
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

import httpx
import orjson


class Wire:
    """A connection to where an httpx client would go, as who it would be."""

    def __init__(self, client: httpx.Client) -> None:
        self.base = client.base_url.path.rstrip("/")
        self.headers = {"Authorization": client.headers["Authorization"], "Content-Type": "application/json"}
        self.connection = HTTPConnection(client.base_url.host, client.base_url.port or 80)
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def get(self, path: str, query: Mapping[str, Any]) -> bytes:
        return self.send("GET", f"{path}?{urlencode(query, doseq=True)}")

    def post(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> bytes:
        return self.send("POST", path, orjson.dumps(body), headers)

    def send(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> bytes:
        self.connection.request(method, self.base + path, body, {**self.headers, **(headers or {})})
        answer = self.connection.getresponse()
        content = answer.read()
        assert answer.status in (200, 304), content[:500]
        return content
