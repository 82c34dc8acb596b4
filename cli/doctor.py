"""`runtwice doctor`: what this machine has, what is missing, and what to do about it."""

import os
import platform
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cli.errors import NO, CliError
from cli.terminal import Json, terminal

if TYPE_CHECKING:
    import httpx

    from store.settings import Settings

LOW_DISK_BYTES = 2_000_000_000
CLOCK_TOLERANCE_S = 5.0  # leases are measured by the database's clock, ages by this machine's


@dataclass(frozen=True)
class Check:
    """`status` is ok, warn or fail; `todo` says what to do when it is not ok."""

    what: str
    status: str
    found: str
    todo: str = ""


def doctor(as_json: Json = False) -> None:
    """Look at everything Runtwice needs on this machine.

    Each line says ok, warn or fail, and what to do. Exit code 1 when something has to be repaired."""
    from cli import views
    from cli.settings import load

    checks = list(examine(load()))
    terminal.answer({"items": [asdict(check) for check in checks]}, lambda: views.checks_table([asdict(check) for check in checks]))
    if any(check.status == "fail" for check in checks):
        raise typer.Exit(NO)


def examine(settings: "Settings") -> Iterator[Check]:
    yield _python()
    yield _torch()
    yield _extensions()
    yield _gpu()
    yield _disk(settings.data_dir)
    yield _database(settings)
    yield _broker(settings)
    yield from _service(settings)


def _python() -> Check:
    found = f"{platform.python_version()} at {sys.executable}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return Check("Python", "ok", found)


def _torch() -> Check:
    """By its metadata: importing torch takes seconds."""
    found = {name: _version(name) for name in ("torch", "safetensors", "mlxtend")}
    missing = [name for name, number in found.items() if number is None]
    if missing:
        todo = "This machine can serve and ask, but not train. To train here: pip install 'runtwice[worker]'"
        return Check("Training", "warn", f"{', '.join(missing)} not installed", todo)
    return Check("Training", "ok", ", ".join(f"{name} {number}" for name, number in found.items()))


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _extensions() -> Check:
    """Networks and data sets that other packages bring, each opened as the service opens it."""
    from trainer import extensions

    there = ", ".join(f"{name} ({package})" for name, package in extensions.versions().items()) or "none installed"
    if not extensions.BROKEN:
        return Check("Extensions", "ok", there)
    broken = "; ".join(f"{each.what} {each.name} of {each.package}: {each.reason}" for each in extensions.BROKEN)
    return Check("Extensions", "warn", f"{there}; cannot be used: {broken}", "Repair or uninstall the package: runs that need it are refused.")


def _gpu() -> Check:
    devices = sorted(device.name for device in Path("/dev").glob("nvidia[0-9]*"))
    if not devices:
        return Check("GPU", "ok", "none; runs are trained on the CPU")
    build = _version("torch") or ""
    if "+cpu" in build:
        return Check("GPU", "warn", f"{len(devices)} found, but torch {build} cannot use it", "Install a CUDA build of torch to train on it.")
    return Check("GPU", "ok", f"{len(devices)} found: {', '.join(devices)}")


def _disk(data_dir: Path) -> Check:
    folder = next(above for above in (data_dir.absolute(), *data_dir.absolute().parents) if above.exists())
    free = shutil.disk_usage(folder).free
    found = f"{free / 1e9:.1f} GB free for {data_dir.absolute()}"
    if not os.access(folder, os.W_OK):
        return Check("Data folder", "fail", f"{folder} cannot be written", "Set RUNTWICE_DATA_DIR to a folder of yours.")
    if free < LOW_DISK_BYTES:
        return Check("Data folder", "warn", found, "Make room: weights and points are kept there.")
    return Check("Data folder", "ok", found)


def _database(settings: "Settings") -> Check:
    from sqlalchemy import make_url
    from sqlalchemy.exc import SQLAlchemyError

    from store import migrate
    from store.database import connect

    try:
        url = make_url(settings.database)
        shown = url.render_as_string(hide_password=True)
        if url.drivername.startswith("sqlite") and url.database and not Path(url.database).exists():
            return Check("Database", "warn", f"{shown} is not there yet", "The first `runtwice up` makes it.")
        db = connect(settings.database, pool_size=1)
        try:
            at, head = migrate.current(db), migrate.head()
        finally:
            db.close()
    except (SQLAlchemyError, OSError) as error:
        cause = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        return Check("Database", "fail", cause, "Check RUNTWICE_DATABASE_URL, and that the server runs.")
    if at != head:
        return Check("Database", "fail", f"{shown} is at version {at or 'none'}, this program needs {head}", "Run: runtwice migrate")
    return Check("Database", "ok", f"{shown}, version {at}")


def _broker(settings: "Settings") -> Check:
    from cli.broker import find_server

    if not settings.broker_url:
        try:
            return Check("Broker", "ok", f"embedded, run by {find_server()}")
        except CliError as error:
            return Check("Broker", "fail", error.sentence, error.todo)
    import redis

    from cli.settings import mask

    shown = mask(settings.broker_url)
    try:
        client = redis.Redis.from_url(settings.broker_url.replace("redis+socket://", "unix://"), socket_connect_timeout=3, socket_timeout=3)
        try:
            client.ping()
        finally:
            client.close()
    except (redis.RedisError, ValueError, OSError) as error:
        return Check("Broker", "fail", f"{shown} does not answer: {error}", "Check RUNTWICE_BROKER_URL, and that the server runs.")
    return Check("Broker", "ok", f"{shown} answers")


def _service(settings: "Settings") -> Iterator[Check]:
    """The API, whether it is ready, whether our key opens it, who trains, and how far the clocks are apart."""
    import httpx

    from cli.client import find_key, find_url, is_loopback

    url = find_url()
    try:
        with httpx.Client(base_url=url, timeout=5, trust_env=not is_loopback(url)) as http:
            ready = http.get("/readyz")
            yield _ready(url, ready)
            key, key_from = find_key(url)
            answer = http.get("/api/v1/nodes", headers={"Authorization": f"Bearer {key}"}) if key else None
            yield _key(answer, key_from)
            if answer is not None and answer.is_success:
                yield _nodes(answer)
            yield _clock(ready)
    except (httpx.HTTPError, httpx.InvalidURL):
        yield Check("API", "warn", f"nothing answers at {url}", "Start it with `runtwice up`, or set RUNTWICE_URL.")
        yield _port(settings)


def _ready(url: str, answer: "httpx.Response") -> Check:
    try:
        document = answer.json()
        wrong = [f"{name} {check['detail']}" for name, check in document["checks"].items() if not check["ok"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        return Check("API", "fail", f"what answers at {url} is not Runtwice", "Check RUNTWICE_URL, or choose another port.")
    if wrong:
        status = "warn" if answer.is_success else "fail"
        return Check("API", status, f"{url} is {document.get('status')}: {'; '.join(wrong)}", "Look at the logs in the data folder.")
    return Check("API", "ok", f"{url} is ready")


def _key(answer: "httpx.Response | None", key_from: str) -> Check:
    if answer is None:
        return Check("Key", "warn", "none at hand", "Set RUNTWICE_API_KEY.")
    if answer.status_code == 401:
        return Check("Key", "fail", f"the service does not accept the key from {key_from}", "Set RUNTWICE_API_KEY to a key of that service.")
    return Check("Key", "ok", f"the key from {key_from} is accepted")


def _nodes(answer: "httpx.Response") -> Check:
    alive = [str(node["name"]) for node in answer.json()["items"] if node.get("alive", True)]
    if not alive:
        return Check("Workers", "warn", "none answers: runs wait", "Start one: runtwice worker")
    return Check("Workers", "ok", ", ".join(alive))


def _clock(answer: "httpx.Response") -> Check:
    date = answer.headers.get("date")
    apart_s = abs(parsedate_to_datetime(date).timestamp() - time.time()) if date else 0.0
    if apart_s > CLOCK_TOLERANCE_S:
        return Check("Clock", "warn", f"{apart_s:.0f} s apart from the service's", "Let both machines set their clocks by NTP.")
    return Check("Clock", "ok", "as the service's, within a few seconds" if date else time.strftime("%Y-%m-%d %H:%M:%S %Z"))


def _port(settings: "Settings") -> Check:
    try:
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((settings.host, settings.port))
    except OSError as error:
        todo = "Choose another: runtwice up --port 8801"
        return Check("Port", "fail", f"{settings.host} port {settings.port} cannot be listened on: {error.strerror}", todo)
    return Check("Port", "ok", f"{settings.host} port {settings.port} is free")
