"""`runtwice worker`: train the runs of a service that was started elsewhere."""

import os
import sys
from typing import Annotated

import typer

from cli.settings import load
from cli.terminal import Json


def worker(
    node: Annotated[str | None, typer.Option(help="Name to register under.", show_default="the host's name")] = None,
    slots: Annotated[int | None, typer.Option(min=0, help="Runs trained at once.", show_default="one per core, or per GPU")] = None,
    queues: Annotated[str | None, typer.Option(help="Comma-separated queues to serve.", show_default="cpu, and cuda with a GPU")] = None,
    threads: Annotated[int | None, typer.Option(min=0, help="Override every config's thread count.", show_default="as the config says")] = None,
    as_json: Json = False,
) -> None:
    """Train runs on this machine for a service that was started elsewhere.

    RUNTWICE_DATABASE_URL and RUNTWICE_BROKER_URL name that service's database and broker.
    """
    given = {"NODE": node, "SLOTS": slots, "QUEUES": queues, "THREADS": threads}
    told = {f"RUNTWICE_{name}": str(value) for name, value in given.items() if value is not None}
    os.environ.update(told, PYTHONSAFEPATH="1")
    load()  # a wrong value is a sentence here, and a traceback there
    # In this process' place: it gets the signals itself, and its fork server is started from a main thread.
    os.execv(sys.executable, [sys.executable, "-m", "worker"])  # noqa: S606
