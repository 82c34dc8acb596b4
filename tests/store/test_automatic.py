"""Reruns that nobody asked for by hand: queued with the end of the run, once, and after all that people asked for."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from attempts import claim, expire, lose
from sqlalchemy import select

from store import automatic, lifecycle, policies, projects, runs
from store.database import Database
from store.policies import Wanted
from store.tables import AutomaticRerun, Run

Make = Callable[..., Run]


def want(database: Database, **policy: Any) -> None:
    with database.begin() as session:
        policies.put(session, projects.find_or_add(session, "team", "digits"), Wanted(**policy))


def end(database: Database, run: Run, state: str = "finished") -> None:
    taken = claim(database, run=run)
    with database.begin() as session:
        lifecycle.finish(session, taken, state)


def reruns(database: Database, run: Run) -> list[Run]:
    with database.read() as session:
        return runs.reruns_of(session, run.id)


class TestEvery:
    def test_finished_run_is_queued_again(self, database: Database, make_run: Make) -> None:
        want(database, rerun="every")
        run = make_run({"seed": 3})

        end(database, run)

        (rerun,) = reruns(database, run)
        assert (rerun.state, rerun.config_digest, rerun.rerun_of, rerun.tags) == ("queued", run.config_digest, run.id, ["automatic"])

    def test_rerun_waits_behind_what_people_asked_for(self, database: Database, make_run: Make) -> None:
        want(database, rerun="every")
        end(database, make_run())
        humble = make_run(priority=-1000)

        assert claim(database).run_id == humble.id

    @pytest.mark.parametrize("state", ["failed", "cancelled"])
    def test_run_that_did_not_finish_is_left_alone(self, database: Database, make_run: Make, state: str) -> None:
        want(database, rerun="every")
        run = make_run()

        end(database, run, state)

        assert reruns(database, run) == []

    def test_rerun_is_not_run_again_itself(self, database: Database, make_run: Make) -> None:
        want(database, rerun="every")
        run = make_run()
        end(database, run)
        (rerun,) = reruns(database, run)

        end(database, rerun)

        assert len(reruns(database, run)) == 1
        assert reruns(database, rerun) == []

    def test_run_that_took_two_attempts_is_queued_once(self, database: Database, make_run: Make) -> None:
        want(database, rerun="every")
        run = make_run()
        expire(database, claim(database, run=run))
        lose(database)

        end(database, run)

        assert len(reruns(database, run)) == 1

    def test_run_is_queued_with_its_end_or_not_at_all(self, database: Database, make_run: Make) -> None:
        want(database, rerun="every")
        run = make_run()
        taken = claim(database, run=run)

        with suppress(KeyboardInterrupt), database.begin() as session:
            lifecycle.finish(session, taken, "finished")
            raise KeyboardInterrupt

        assert reruns(database, run) == []
        with database.begin() as session:
            lifecycle.finish(session, taken, "finished")
        assert len(reruns(database, run)) == 1

    def test_run_has_one_rerun_by_the_policy_whatever_happens(self, database: Database, make_run: Make) -> None:
        want(database, rerun="every")
        run = make_run()
        end(database, run)

        with pytest.raises(Exception, match=r"(?i)unique"), database.begin() as session:
            automatic.add(session, runs.get(session, run.id), "policy")

        assert len(reruns(database, run)) == 1

    def test_project_is_only_its_own(self, database: Database, make_run: Make) -> None:
        with database.begin() as session:
            policies.put(session, projects.find_or_add(session, "team", "other"), Wanted("every"))
        run = make_run()

        end(database, run)

        assert reruns(database, run) == []

    def test_that_is_taken_back_queues_no_more(self, database: Database, make_run: Make) -> None:
        want(database, rerun="every")
        want(database, rerun="never")
        run = make_run()

        end(database, run)

        assert reruns(database, run) == []

    def test_notes_when_its_rerun_ended(self, database: Database, make_run: Make) -> None:
        want(database, rerun="every")
        run = make_run()
        end(database, run)
        (rerun,) = reruns(database, run)

        end(database, rerun)

        with database.read() as session:
            made = session.scalars(select(AutomaticRerun)).one()
        assert (made.rerun_id, made.original_id, made.cause) == (rerun.id, run.id, "policy")
        assert made.ended_at is not None
        assert made.ended_at >= made.made_at


class TestSample:
    def test_takes_about_its_fraction(self, database: Database) -> None:
        policy = self._policy(0.2)

        taken = [automatic.wants(policy, f"run{number}") for number in range(5000)]

        assert 900 < sum(taken) < 1100

    def test_holds_a_smaller_one(self, database: Database) -> None:
        ids = [f"run{number}" for number in range(1000)]

        small, large = ({each for each in ids if automatic.wants(self._policy(fraction), each)} for fraction in (0.1, 0.5))

        assert small < large

    def test_of_all_is_every(self, database: Database, make_run: Make) -> None:
        want(database, rerun="sample", fraction=1.0)
        run = make_run()

        end(database, run)

        assert len(reruns(database, run)) == 1

    @staticmethod
    def _policy(fraction: float) -> Any:
        return replace(Wanted("sample"), fraction=fraction)
