"""What an upload takes of the service's memory, however large it is."""

import io
import itertools
import os
import struct
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from trainer.decoding import npy_header

URL = "/api/v1/datasets"


def npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


class TestMemory:
    def test_stays_flat_while_much_is_uploaded(self, make_api: Any) -> None:
        api = make_api(body_limit_bytes=100_000)
        header = npy_header("|u1", (200_000, 32, 32))
        seen: list[int] = []

        def stored(name: str, size: int, pieces: Iterator[bytes]) -> Iterator[bytes]:
            """A zip member, not packed, whose checksum comes at its end."""
            head = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, 8, 0, 0, 0, 0, 0, 0, len(name), 0) + name.encode()
            yield head
            crc = 0
            for piece in pieces:
                crc = zlib.crc32(piece, crc)
                yield piece
            crcs.append((name, crc, size, begins[-1]))
            yield struct.pack("<4sIII", b"PK\7\x08", crc, size, size)

        crcs: list[tuple[str, int, int, int]] = []
        begins = [0]

        def body() -> Iterator[bytes]:
            at = 0
            megabyte = bytes(range(256)) * 4096
            x_size = len(header) + 200_000 * 1024
            x = itertools.chain([header], (megabyte[: min(len(megabyte), 200_000 * 1024 - done)] for done in range(0, 200_000 * 1024, len(megabyte))))
            labels = npy(np.arange(200_000) % 7)
            for name, size, pieces in (("x.npy", x_size, x), ("y.npy", len(labels), iter([labels]))):
                begins.append(at)
                for piece in stored(name, size, pieces):
                    at += len(piece)
                    seen.append(resident_bytes())
                    yield piece
            contents = b"".join(
                struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, 8, 0, 0, 0, crc, size, size, len(name), 0, 0, 0, 0, 0, begin) + name.encode()
                for name, crc, size, begin in crcs
            )
            yield contents + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 2, 2, len(contents), at, 0)

        before = resident_bytes()
        watching = threading.Event()

        def watch() -> None:
            while not watching.wait(0.01):
                seen.append(resident_bytes())

        watcher = threading.Thread(target=watch)
        watcher.start()
        answer = api.admin.post(URL, params={"name": "large"}, content=body())
        watching.set()
        watcher.join()

        assert answer.status_code == 201, answer.text
        assert answer.json()["size_bytes"] == 200_000 * (1024 + 8)
        assert max(seen) - before < 64_000_000


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
