"""Streams of events as somebody on the other side of the network sees them."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
from servers import wait_until


@dataclass
class Heard:
    """A stream read in a thread of its own: (kind, id, data) of each event, until `is_over`."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    events: list[tuple[str, str, Any]] = field(default_factory=list)
    comments: int = 0
    is_over: bool = False

    def kinds(self) -> list[str]:
        return [kind for kind, _, _ in self.events]

    def last_id(self) -> str:
        return [number for _, number, _ in self.events if number][-1]

    def points(self) -> dict[str, dict[int, Any]]:
        """What is held of each metric by who applies every event."""
        held: dict[str, dict[int, Any]] = {}
        for kind, _, data in self.events:
            if kind == "reset":
                held = {name: {step: value for step, value in some.items() if step < data["from_step"]} for name, some in held.items()}
            for group in data["groups"] if kind == "points" else ():
                for name, values in group["metrics"].items():
                    fresh = dict(zip(group["steps"], values, strict=True))
                    assert not fresh.keys() & held.get(name, {}).keys(), "a point came twice"
                    held.setdefault(name, {}).update(fresh)
        return held

    def read(self, answer: httpx.Response) -> None:
        self.headers, self.status = dict(answer.headers), answer.status_code
        parts: dict[str, str] = {}
        for line in answer.iter_lines():
            if line.startswith(":"):
                self.comments += 1
            elif line:
                name, _, value = line.partition(": ")
                parts[name] = value
            else:
                if "event" in parts:
                    self.events.append((parts["event"], parts.get("id", ""), json.loads(parts["data"])))
                parts = {}


@contextmanager
def listening(client: httpx.Client, path: str, heard: Heard | None = None, **headers: str) -> Iterator[Heard]:
    heard = heard or Heard()

    def listen() -> None:
        try:
            with client.stream("GET", path, headers=headers, timeout=60.0) as answer:
                answers.append(answer)
                heard.read(answer)
        except (httpx.HTTPError, httpx.StreamError):
            pass
        heard.is_over = True

    answers: list[httpx.Response] = []
    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    wait_until(lambda: heard.status or heard.is_over, 20.0, "an answer")
    try:
        yield heard
    finally:
        for answer in answers:
            stop(answer)
        thread.join(10.0)


def stop(answer: httpx.Response) -> None:
    """Hang up, from another thread than the one that reads."""
    found = answer.extensions["network_stream"].get_extra_info("socket")
    with suppress(OSError):
        found.shutdown(socket.SHUT_RDWR)
