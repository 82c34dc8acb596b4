"""Runs whose verdict has become stale are run again, a few at a time."""

from collections.abc import Callable

import pytest
from attempts import claim
from sqlalchemy import update

from store import lifecycle, nodes, policies, projects, reverify, runs
from store.database import Database
from store.policies import Wanted
from store.tables import AutomaticRerun, Run

Make = Callable[..., Run]


def trained(database: Database, run: Run, torch: str) -> Run:
    taken = claim(database, run=run)
    with database.begin() as session:
        lifecycle.record_start(session, taken, {"final": "f"}, {"torch": {"version": torch}}, 20)
        lifecycle.finish(session, taken, "finished", None, {"final": "f"})
    return run


@pytest.fixture
def verified(database: Database, make_run: Make) -> Callable[[], Run]:
    """A run and a rerun of it, both trained by torch 1; the one node there is has torch 1, too."""
    with database.begin() as session:
        nodes.report(session, "a", ["cpu"], 1, [], {"torch": "1"})

    def make() -> Run:
        original = trained(database, make_run(), "1")
        trained(database, make_run(rerun_of=original), "1")
        return original

    return make


def upgrade(database: Database) -> None:
    with database.begin() as session:
        nodes.report(session, "a", ["cpu"], 1, [], {"torch": "2"})


def due(database: Database, per_hour: int = 10) -> list[str | None]:
    """The originals that were queued just now."""
    with database.begin() as session:
        project = projects.get(session, "team", "digits")
        policies.put(session, project, Wanted(reverify_per_hour=per_hour))
        policy = policies.locked(session, project.id)
        assert policy is not None
        return [run.rerun_of for run in reverify.queue_due(session, policy)]


class TestReverify:
    def test_queues_nothing_while_a_node_is_as_it_was(self, database: Database, verified: Callable[[], Run]) -> None:
        verified()

        assert due(database) == []

    def test_queues_what_was_judged_with_what_is_no_more(self, database: Database, verified: Callable[[], Run]) -> None:
        original = verified()
        upgrade(database)

        assert due(database) == [original.id]

    def test_queues_a_run_once(self, database: Database, verified: Callable[[], Run]) -> None:
        verified()
        upgrade(database)
        due(database)

        assert due(database) == []

    def test_is_content_with_a_verdict_of_today(self, database: Database, verified: Callable[[], Run]) -> None:
        original = verified()
        upgrade(database)
        due(database)
        with database.read() as session:
            again = runs.reruns_of(session, original.id)[-1]

        trained(database, again, "2")

        assert due(database) == []

    def test_queues_no_more_in_an_hour_than_it_may(self, database: Database, verified: Callable[[], Run]) -> None:
        originals = [verified().id for _ in range(5)]
        upgrade(database)

        first = due(database, per_hour=2)

        assert first == [originals[4], originals[3]]
        assert due(database, per_hour=2) == []

    def test_goes_on_in_the_next_hour_unless_the_last_ones_still_wait(self, database: Database, verified: Callable[[], Run]) -> None:
        originals = [verified() for _ in range(3)]
        upgrade(database)
        due(database, per_hour=2)
        with database.begin() as session:
            session.execute(update(AutomaticRerun).values(made_at=AutomaticRerun.made_at - 3601).execution_options(synchronize_session=False))

        assert due(database, per_hour=2) == []

        with database.read() as session:
            waiting = runs.reruns_of(session, originals[2].id)[-1]
        trained(database, waiting, "2")
        assert due(database, per_hour=2) == [originals[0].id]

    def test_leaves_archived_runs_alone(self, database: Database, verified: Callable[[], Run]) -> None:
        original = verified()
        upgrade(database)
        with database.begin() as session:
            runs.edit(session, runs.get(session, original.id), {"archived": True})

        assert due(database) == []
