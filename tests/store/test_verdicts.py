"""Verdicts as they come with the end of a rerun, on both databases."""

import pytest
from attempts import LEASE_S, claim, look
from sqlalchemy import update

from store import lifecycle, runs, series, verdicts
from store.errors import VerdictNotFound
from store.series import Points
from store.tables import Block


class TestVerdictOfARerun:
    def test_is_written_when_the_rerun_ends(self, database, make_run) -> None:
        original = make_run()
        self.train(database, 0.5)
        rerun = make_run(rerun_of=original)
        self.train(database, 0.5)

        with database.read() as session:
            verdict = verdicts.of_rerun(session, runs.get(session, rerun.id))

        assert verdict.outcome == "identical"

    def test_tells_a_difference_in_the_last_bit(self, database, make_run) -> None:
        original = make_run()
        self.train(database, 0.5)
        rerun = make_run(rerun_of=original)
        self.train(database, 0.5000000000000001)

        with database.read() as session:
            verdict = verdicts.of_rerun(session, runs.get(session, rerun.id))
            seal = verdicts.reproduced(session, [original.id])

        assert verdict.outcome == "different"
        assert verdict.document["first_difference"]["ulps"] == 1
        assert seal == {original.id: ("different", 1, False)}

    def test_of_a_rerun_that_was_cancelled_is_not_comparable(self, database, make_run) -> None:
        original = make_run()
        self.train(database, 0.5)
        rerun = make_run(rerun_of=original)
        with database.begin() as session:
            lifecycle.request_cancel(session, rerun)

        with database.read() as session:
            assert verdicts.of_rerun(session, runs.get(session, rerun.id)).outcome == "not_comparable"

    def test_that_cannot_be_judged_lets_the_rerun_end_and_says_why(self, database, make_run) -> None:
        original = make_run()
        self.train(database, 0.5)
        rerun = make_run(rerun_of=original)
        with database.begin() as session:
            session.execute(update(Block).values(body=b"?torn"))

        with database.begin() as session:
            lifecycle.finish(session, lifecycle.claim(session, "a", ["cpu"], LEASE_S), "finished")

        with database.read() as session:
            verdict = verdicts.of_rerun(session, runs.get(session, rerun.id))
        assert look(database, rerun.id).state == "finished"
        assert verdict.outcome == "not_comparable"
        assert "could not be compared" in verdict.document["reason"]

    def test_is_missing_while_the_rerun_is_queued(self, database, make_run) -> None:
        original = make_run()
        self.train(database, 0.5)
        rerun = make_run(rerun_of=original)

        with pytest.raises(VerdictNotFound), database.read() as session:
            verdicts.of_rerun(session, rerun)

    def train(self, database, loss: float) -> None:
        digests = dict.fromkeys(("data", "split", "order", "initial", "final", "code"), "0" * 64)
        taken = claim(database)
        with database.begin() as session:
            lifecycle.record_start(session, taken, digests, {"threads": 1}, 20)
            series.append_attempt(session, taken, Points([0], [0.0], {"loss": [loss]}))
            lifecycle.finish(session, taken, "finished", digests=digests)
