"""Runs that need a package which not every node has. On both databases."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from store import lifecycle, nodes, runs
from store.database import Database
from store.tables import Run

Make = Callable[..., Run]


@pytest.fixture
def needs(database: Database, make_run: Make) -> Callable[..., Run]:
    """needs(model={"kind": "maxout"}) is a queued run of that, as an API that has the package stored it."""

    def make(**config: Any) -> Run:
        run = make_run()
        with database.begin() as session:
            session.execute(update(Run).where(Run.id == run.id).values(config={**run.config, **config}))
        return run

    return make


def claimed(database: Database, run_id: str | None = None) -> str | None:
    with database.begin() as session:
        taken = lifecycle.claim(session, "n1", ["cpu"], 15.0, run_id)
    return None if taken is None else taken.run_id


def report(database: Database, name: str, *extensions: str) -> None:
    with database.begin() as session:
        nodes.report(session, name, ["cpu"], 1, [], {"extensions": dict.fromkeys(extensions, "package 1.0")})


class TestClaim:
    def test_leaves_a_run_to_the_node_that_has_what_it_needs_and_takes_the_next(self, database: Database, needs: Any, make_run: Make) -> None:
        report(database, "n2", "model maxout", "dataset rings")
        special, plain = needs(model={"kind": "maxout"}), make_run()

        assert claimed(database) == plain.id
        assert claimed(database) is None
        assert claimed(database, special.id) is None
        with database.read() as session:
            assert runs.get(session, special.id).state == "queued"

    @pytest.mark.parametrize("has", [(), ("model other",), ("model maxout",)])
    def test_ends_a_run_that_no_node_can_train_and_takes_the_next(self, database: Database, needs: Any, make_run: Make, has: tuple[str, ...]) -> None:
        report(database, "n2", *has)
        hopeless, plain = needs(model={"kind": "maxout"}, dataset={"name": "rings"}), make_run()

        assert claimed(database) == plain.id
        with database.read() as session:
            ended = runs.get(session, hopeless.id)
        assert ended.state == "failed"
        assert ended.reason == "node n1 lacks the model maxout and the dataset rings, and so do all others: install the package that brings it"
