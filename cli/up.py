"""`runtwice up`: the whole service on this machine - SQLite, a broker, the API and a worker - until Ctrl-C."""

import errno
import http.client
import math
import os
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.broker import Broker
from cli.child import Child
from cli.datafolder import FolderLock
from cli.errors import NotStarted
from cli.preparation import Admin, Asked, Preparation
from cli.supervisor import Signals, StopAsked, Supervisor
from cli.terminal import Json, terminal

if TYPE_CHECKING:
    from store.settings import Settings

# Together under the 5 s in which everything is gone after Ctrl-C: the worker gives its runs back and ends its children first.
STOPPING = [(("worker", "API"), 3.2), (("broker",), 0.8)]


def up(
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port of the API and the page; 0 picks a free one.", show_default="8800")] = None,
    host: Annotated[str | None, typer.Option(help="Address to bind to.", show_default="127.0.0.1")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder that holds everything.", show_default="runtwice-data")] = None,
    worker: Annotated[bool, typer.Option(" /--no-worker", help="Start no worker: runs wait for one that is started elsewhere.")] = True,
    new_admin_key: Annotated[bool, typer.Option("--new-admin-key", help="Make another admin key, when the first is lost.")] = False,
    as_json: Json = False,
) -> None:
    """Keep the service running on this machine until Ctrl-C.

    The first start prints the admin key, once, and keeps it in the data folder's admin.key for the commands run on this machine.
    """
    given = {"port": port, "host": host, "data_dir": data_dir}
    settings = read_settings({name: value for name, value in given.items() if value is not None})
    lock = FolderLock(settings.data_dir)
    lock.take()
    try:
        settings = settings.model_copy(update={"port": _bindable_port(settings.host, settings.port)})
        with Signals() as signals:
            supervisor = Supervisor(signals, lambda text: _tell({"event": "restarted", "detail": text}, text))
            _run(settings, lock, supervisor, with_worker=worker, new_admin_key=new_admin_key)
    finally:
        lock.release()


def read_settings(given: dict[str, object]) -> "Settings":
    """The settings in force, with an absolute data folder."""
    from cli.settings import load

    settings = load()
    return settings.model_copy(update={**given, "data_dir": Path(str(given.get("data_dir", settings.data_dir))).absolute()})


def _run(settings: "Settings", lock: FolderLock, supervisor: Supervisor, *, with_worker: bool, new_admin_key: bool) -> None:
    logs = settings.data_dir / "logs"
    logs.mkdir(mode=0o700, exist_ok=True)
    broker = None if settings.broker_url else Broker(settings.data_dir)
    try:
        env = _environment(settings, broker.url if broker else settings.broker_url)
        asked = Asked(settings.database, str(settings.data_dir / "admin.key"), new_admin_key, env["RUNTWICE_NODE"] if with_worker else "")
        with Preparation(asked, env, logs / "preparation.log") as preparation:
            admin = _bring_up(settings, lock, supervisor, broker, preparation, env, with_worker=with_worker)
        _welcome(settings, admin, with_worker)
        supervisor.watch()
        _tell({"event": "stopping"}, "Stopping ...")
    except StopAsked:
        _tell({"event": "stopping"}, "Stopping before the service was up ...")
    finally:
        supervisor.stop(STOPPING)
        if broker is not None:
            broker.forget()
    _tell({"event": "stopped"}, "Stopped. Everything is kept in " + str(settings.data_dir))


def _bring_up(
    settings: "Settings",
    lock: FolderLock,
    supervisor: Supervisor,
    broker: Broker | None,
    preparation: Preparation,
    env: Mapping[str, str],
    *,
    with_worker: bool,
) -> Admin:
    """Returns once every part answers."""
    logs = settings.data_dir / "logs"
    if broker is not None:
        server = Child("broker", broker.command(), env, logs / "broker.log")
        supervisor.start(server)
    # Several API processes have a parent that ends them when it is asked to, but not when it is killed.
    death = signal.SIGTERM if settings.api_processes > 1 else signal.SIGKILL
    api = Child("API", [sys.executable, "-m", "api", "--when-stdin-ends"], env, logs / "api.log", death, waits=True)
    trainer = Child("worker", [sys.executable, "-m", "worker", "--when-stdin-ends"], env, logs / "worker.log", waits=True)
    started = [api, trainer] if with_worker else [api]
    for child in started:  # they load their modules while the database is prepared
        supervisor.start(child)
    supervisor.wait_ready(preparation, preparation.is_done, timeout_s=math.inf)  # tables of many gigabytes may have to be moved
    if preparation.admin.new_key:  # at once: should the API not come up, the key is not made again
        _show_key(preparation.admin.new_key, settings.data_dir / "admin.key")
    if broker is not None:
        supervisor.wait_ready(server, broker.answers)
    for child in started:
        child.release()
    supervisor.wait_ready(api, lambda: _api_answers(settings))
    lock.write(_address(settings))
    if with_worker:
        supervisor.wait_ready(trainer, preparation.has_seen_the_worker)
    return preparation.admin


def _environment(settings: "Settings", broker_url: str) -> dict[str, str]:
    """What the children are told: the settings in force, and not to import from the folder they happen to be started in."""
    told = {name: str(value) for name, value in settings.model_dump().items()}
    told |= {"broker_url": broker_url, "node": settings.node or socket.gethostname()}
    return {**os.environ, **{f"RUNTWICE_{name.upper()}": value for name, value in told.items()}, "PYTHONSAFEPATH": "1", "PYTHONUNBUFFERED": "1"}


def _api_answers(settings: "Settings") -> bool:
    connection = http.client.HTTPConnection(_reachable(settings.host), settings.port, timeout=1)
    try:
        connection.request("GET", "/healthz", headers={"Host": f"127.0.0.1:{settings.port}"})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _bindable_port(host: str, port: int) -> int:
    """The port, or a free one for 0. Raises NotStarted when it cannot be bound."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(family, kind, protocol) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            return int(listener.getsockname()[1])
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            todo = "Choose another one (runtwice up --port 8801), or let one be picked (--port 0)."
            raise NotStarted(f"Port {port} of {host} is in use by another program.", todo) from error
        raise NotStarted(f"Runtwice cannot listen on {host}, port {port}: {error.strerror}.", "Choose others with --host and --port.") from error


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104


def _address(settings: "Settings") -> str:
    host = _reachable(settings.host)
    return settings.public_url.rstrip("/") or f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _welcome(settings: "Settings", admin: Admin, with_worker: bool) -> None:
    url, file = _address(settings), settings.data_dir / "admin.key"
    signin = f"{url}/login?token={admin.signin}" if admin.signin else None
    lines = [f"Runtwice runs at {url}"]
    if signin and not admin.new_key:
        lines += [f"The admin key lies in {file}"]
    elif not signin:
        lines += [f"{file} holds no valid key; the admin keys made earlier still work. For a new one: runtwice up --new-admin-key"]
    if signin:
        lines += [f"Sign in once, within an hour: {signin}"]
    if not with_worker:
        lines += ["No worker was started: runs wait until one is."]
    lines += ["Ctrl-C stops it."]
    document = {"event": "ready", "url": url, "pid": os.getpid(), "data_dir": str(settings.data_dir), "admin_key": admin.new_key, "signin": signin}
    _tell(document, "\n".join(lines))


def _show_key(key: str, file: Path) -> None:
    text = f"Admin key, shown this once: {key}\nIt is kept in {file} for the commands you run on this machine."
    _tell({"event": "admin_key", "admin_key": key, "file": str(file)}, text)


def _tell(document: dict[str, object], text: str) -> None:
    """To stdout; whoever read it may have gone, which is no reason to stop the service."""
    with suppress(BrokenPipeError, SystemExit):
        if terminal.as_json:
            terminal.line(document)
        else:
            terminal.text(text)
