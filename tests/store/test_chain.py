"""The digest chain in SQL, on both databases."""

from typing import Any

import pytest
from attempts import claim, expire, lose

from store import chain, evidence, series
from store.database import Database
from store.errors import LeaseLost
from store.lifecycle import Claim
from store.series import Points
from trainer.events import PARTS, Digests


def requeue(database: Database, attempt: Claim) -> None:
    """The attempt's worker is gone, and another may have the run."""
    expire(database, attempt)
    lose(database)


def link(step: int, mark: str = "a") -> Digests:
    return Digests(step, dict.fromkeys(PARTS, mark * 64))


class TestChain:
    def test_comes_back_in_the_order_of_the_steps_and_is_not_doubled(self, database: Database, make_run: Any) -> None:
        run = make_run()
        mine = claim(database, run=run)

        for links in ([link(3), link(0)], [link(3), link(9)]):
            with database.begin() as session:
                chain.append(session, mine, links)

        with database.read() as session:
            held = chain.read(session, run.id)
        assert list(held) == [0, 3, 9]
        assert held[3] == link(3).parts

    def test_is_what_the_last_attempt_says(self, database: Database, make_run: Any) -> None:
        run = make_run()
        first = claim(database, run=run)
        with database.begin() as session:
            chain.append(session, first, [link(0), link(1)])
        requeue(database, first)
        second = claim(database, run=run)

        with database.begin() as session:
            chain.append(session, second, [link(1, "b")])

        with database.read() as session:
            assert chain.read(session, run.id) == {0: link(0).parts, 1: link(1, "b").parts}
            assert evidence.of(session, run).chain == chain.read(session, run.id)

    def test_takes_nothing_from_an_attempt_that_lost_its_run(self, database: Database, make_run: Any) -> None:
        run = make_run()
        first = claim(database, run=run)
        requeue(database, first)

        with pytest.raises(LeaseLost), database.begin() as session:
            chain.append(session, first, [link(0)])

    def test_gives_way_from_the_step_at_which_the_points_do(self, database: Database, make_run: Any) -> None:
        run = make_run()
        first = claim(database, run=run)
        with database.begin() as session:
            series.append_attempt(session, first, Points([0, 1, 2], [0.0] * 3, {"train/loss": [1.0, 2.0, 3.0]}))
            chain.append(session, first, [link(0), link(1), link(2)])
        requeue(database, first)

        second = claim(database, run=run)
        with database.begin() as session:
            assert series.append_attempt(session, second, Points([1], [0.0], {"train/loss": [2.5]})) == 1

        with database.read() as session:
            assert list(chain.read(session, run.id)) == [0]

    def test_refuses_a_link_without_a_part(self, database: Database, make_run: Any) -> None:
        mine = claim(database, run=make_run())

        with pytest.raises(ValueError, match="needs a SHA-256 of each of weights, buffers, optimizer, rng, order"), database.begin() as session:
            chain.append(session, mine, [Digests(0, {"weights": "a" * 64})])
