"""What a resolver is handed beside its parent."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from api.auth import Caller
from api.parts import Parts
from api.services import names
from api.wandb.bounds import Budget
from store.tables import Project, Run

T = TypeVar("T")

SHARED = "x-wandb-use-async-filestream"  # several processes write to one run, each its own lines: none of them may clear it


@dataclass
class Asking:
    """One query: who asks, the service's parts, the request's headers by their lower-case names, and the address it was sent to."""

    parts: Parts
    caller: Caller
    headers: Mapping[str, str] = field(default_factory=dict)
    base_url: str = ""
    read_ahead: dict[tuple[str, str], Any] = field(default_factory=dict)  # what a page of runs was read with, by what it is and the id
    page: Sequence[str] = ()  # ids of the runs that are shown together
    budget: Budget = field(default_factory=Budget)
    _open: ExitStack = field(default_factory=ExitStack)
    _session: Session | None = None

    @property
    def session(self) -> Session:
        """A snapshot to read from, kept to the end of the query or to its next `writing`."""
        if self._session is None:
            self._session = self._open.enter_context(self.parts.db.read())
        return self._session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A writing transaction, committed at the end; what is read afterwards is read anew. Raises Forbidden for a viewer."""
        self.caller.must_be("member")
        self.close()
        with self.parts.db.begin() as session:
            yield session

    def close(self) -> None:
        self._open.close()
        self._session = None
        self.read_ahead.clear()
        self.page = ()

    def of_page(self, what: str, run_id: str, read: Callable[[Session, Sequence[str]], Mapping[str, T]]) -> T:
        """What `read` gives of the run; of all runs of its page at once, when the first of them is asked for it."""
        if (what, run_id) not in self.read_ahead:
            found = read(self.session, self.page if run_id in self.page else [run_id])
            self.read_ahead |= {(what, each): value for each, value in found.items()}
        kept: T = self.read_ahead[what, run_id]
        return kept

    def project_path(self, entity: str | None, name: str | None) -> tuple[str, str]:
        """Entity and name; without an entity the caller's own or the default one, without a name "uncategorized", as the SDK has it."""
        own = self.caller.entity or self.parts.settings.default_entity
        return (entity or own, name or "uncategorized")

    def project(self, entity: str | None, name: str | None) -> Project:
        """Raises ProjectNotFound."""
        return names.get(self.session, self.caller, *self.project_path(entity, name))

    def may_see(self, run: Run) -> bool:
        return self.caller.may_see(run.project.entity)
