"""Files that are too large for memory, written to the disk while they arrive: the body itself, or the parts of a form."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from anyio import to_thread
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from api.problems import Problem

GATHER_BYTES = 1 << 20
MOST_FILES = 32
MOST_PARTS = 64
TAKEN = "the file itself as application/octet-stream, or files as multipart/form-data"


@dataclass
class Received:
    """The files, each with what to call it, and the digest of all bytes that came."""

    files: list[tuple[str, Path]] = field(default_factory=list)
    digest: str = ""


async def receive(request: Request, folder: Path) -> Received:
    """Every file of the body, in the folder, in the order they came. Raises Problem 400, 415, 422; what is too large, BodyGuard turns away."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind in (b"", b"application/octet-stream", b"application/zip", b"application/x-npz"):
        parser: _Parser = _Body(folder)
    elif kind == b"multipart/form-data":
        parser = _Form(folder, options.get(b"boundary", b""))
    else:
        raise Problem(415, f"This address takes {TAKEN}; got {kind.decode('latin-1')[:100]}.")
    running = hashlib.sha256()
    try:
        async for pieces in _gathered(request):
            running.update(pieces)
            await to_thread.run_sync(parser.take, pieces)
        await to_thread.run_sync(parser.end)
    except FormParserError as error:
        raise Problem(400, f"The form cannot be read: {str(error)[:200]}.") from error
    finally:
        parser.close()
    if not parser.files:
        raise Problem(422, f"There is no file in this request. It takes {TAKEN}.")
    return Received(parser.files, running.hexdigest())


async def _gathered(request: Request) -> AsyncIterator[bytes]:
    """The body in pieces of about a megabyte: each costs a change of thread."""
    held = bytearray()
    try:
        async for piece in request.stream():
            held += piece
            if len(held) >= GATHER_BYTES:
                yield bytes(held)
                held.clear()
    except ClientDisconnect as error:
        raise Problem(400, "The upload ended before its body did.") from error
    yield bytes(held)


class _Parser(ABC):
    def __init__(self, folder: Path) -> None:
        self.files: list[tuple[str, Path]] = []
        self._folder = folder
        self._file: BinaryIO | None = None

    @abstractmethod
    def take(self, piece: bytes) -> None: ...

    def end(self) -> None:
        self.close()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _begin(self, name: str) -> None:
        if len(self.files) == MOST_FILES:
            raise Problem(422, f"There are more than {MOST_FILES} files in this request.")
        place = self._folder / str(len(self.files))  # never a name that a client gave
        self._file = place.open("wb")
        self.files.append((name, place))


class _Body(_Parser):
    def take(self, piece: bytes) -> None:
        if self._file is None and piece:
            self._begin("the file")
        if self._file is not None:
            self._file.write(piece)


class _Form(_Parser):
    """Parts with a file name are files; others are read past."""

    def __init__(self, folder: Path, boundary: bytes) -> None:
        super().__init__(folder)
        if not boundary:
            raise Problem(400, "The form has no boundary.")
        self._parts = 0
        self._is_over = False
        self._header, self._value = bytearray(), bytearray()
        self._headers: dict[bytes, bytes] = {}
        told: dict[str, Callable[..., None]] = {
            "on_part_begin": self._part,
            "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._header_ended,
            "on_headers_finished": self._headers_ended,
            "on_part_data": self._data,
            "on_part_end": self.close,
            "on_end": self._ended,
        }
        try:
            self._parser = MultipartParser(boundary, told)  # type: ignore[arg-type]
        except FormParserError as error:
            raise Problem(400, f"The form cannot be read: {error}.") from error

    def take(self, piece: bytes) -> None:
        self._parser.write(piece)

    def end(self) -> None:
        self._parser.finalize()
        super().end()
        if not self._is_over:
            raise Problem(400, "The form ends before its last boundary.")

    def _ended(self) -> None:
        self._is_over = True

    def _part(self) -> None:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise Problem(422, f"The form has more than {MOST_PARTS} parts.")
        self._headers = {}

    def _header_ended(self) -> None:
        self._headers[bytes(self._header).lower()] = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _headers_ended(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        if b"filename" in options:
            field_name = options.get(b"name", b"").decode("utf-8", "replace")[:40] or "a file"
            self._begin(f"{field_name} (file {len(self.files) + 1})")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.write(data[start:end])
