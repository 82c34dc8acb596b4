"""Waiting for a database that is away for a moment."""

from collections.abc import Callable
from threading import Event
from typing import TypeVar

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

log = structlog.get_logger(__name__)

PASSING = (OperationalError, InterfaceError, PoolTimeout)
FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 2.0

T = TypeVar("T")


def patiently(verb: Callable[[], T], stopping: Event) -> T:
    """What `verb` returns, tried again while the database is away. When `stopping` is set, the trouble is raised instead."""
    wait_s = FIRST_WAIT_S
    while True:
        try:
            return verb()
        except PASSING as error:
            log.warning("the database does not answer; trying again", error=str(error.__cause__ or error), wait_s=wait_s)
            if stopping.wait(wait_s):
                raise
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)
