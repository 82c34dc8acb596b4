"""Which runs a caller means by a project and a filter."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.orm import Session

from api.auth import Caller
from api.parts import Parts
from api.problems import Problem
from api.services import names
from store.errors import BadSearch
from store.search import syntax
from store.search.table import Scope

T = TypeVar("T")


def scope(session: Session, parts: Parts, caller: Caller, project: str | None, filter: str | None) -> Scope:
    """Raises ProjectNotFound, Problem 400 for a filter that cannot be read."""
    within = None if project is None else names.find(session, caller, parts.settings, project)
    found = Scope(caller.entity, within, read("filter", syntax.read_filter, filter) if filter else None)
    read("filter", lambda _: found.check(), filter or "")
    return found


def read(parameter: str, read: Callable[[str], T], text: str) -> T:
    """Raises Problem 400 that says where the text goes wrong."""
    try:
        return read(text)
    except BadSearch as error:
        raise Problem(400, f"{parameter}: {error}", parameter=parameter, column=error.column) from error
