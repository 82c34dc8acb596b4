"""A verdict is stale when no living node has what it was judged with."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from attempts import claim

from store import lifecycle, nodes, runs, verdicts
from store.database import Database
from store.staleness import Fleet, Trainer, judged_with
from store.tables import Run, Verdict

MARK = json.dumps({"queue": "cpu", "torch": "2.13.0+cpu", "code": "a" * 64, "image": "v1"})


def trainer(queues: tuple[str, ...] = ("cpu",), **held: str) -> Trainer:
    return Trainer(frozenset(queues), {"torch": "2.13.0+cpu", "code": "a" * 64, "image": "v1", **held})


class TestFleet:
    @pytest.mark.parametrize(
        ("trainers", "words"),
        [
            pytest.param([trainer()], None, id="nothing changed"),
            pytest.param([], None, id="nobody lives"),
            pytest.param([trainer(torch="2.14.0")], "PyTorch was 2.13.0+cpu, now 2.14.0", id="another torch"),
            pytest.param([trainer(image="v2")], "image was v1, now v2", id="another image"),
            pytest.param([trainer(code="b" * 64)], "training code was aaaaaaaaaaaa, now bbbbbbbbbbbb", id="other code"),
            pytest.param([trainer(torch="2.14.0"), trainer()], None, id="one node is still as it was"),
            pytest.param([trainer(torch="2.14.0"), trainer(torch="2.15.0")], "now 2.14.0 or 2.15.0", id="two other ones"),
            pytest.param([trainer(("cuda",), torch="2.14.0")], None, id="a node that does not serve the queue"),
            pytest.param([Trainer(frozenset({"cpu"}), {})], None, id="a node that tells nothing"),
            pytest.param([trainer(driver="570")], None, id="a driver that the verdict does not know of"),
            pytest.param([trainer(torch="2.14.0"), trainer(image="v2", code="b" * 64)], "PyTorch was", id="the smallest change is named"),
        ],
    )
    def test_says_why_a_verdict_is_stale(self, trainers: list[Trainer], words: str | None) -> None:
        why = Fleet(tuple(trainers)).why_stale(MARK)

        assert why is None if words is None else words in str(why)

    @pytest.mark.parametrize(
        ("held", "words"),
        [
            pytest.param({"model maxout": "theirs 1.0"}, None, id="as it was"),
            pytest.param({"model maxout": "theirs 1.1"}, "model maxout was theirs 1.0, now theirs 1.1", id="another version"),
            pytest.param({}, None, id="nobody who could train it"),
        ],
    )
    def test_looks_at_the_packages_that_a_network_came_from(self, held: dict[str, str], words: str | None) -> None:
        mark = json.dumps({**json.loads(MARK), "model maxout": "theirs 1.0"})

        why = Fleet((trainer(**held),)).why_stale(mark)

        assert why is None if words is None else words in str(why)

    def test_knows_nothing_of_a_verdict_without_a_record(self) -> None:
        assert Fleet((trainer(torch="2.14.0"),)).why_stale(None) is None


class TestVerdict:
    def test_keeps_what_its_rerun_was_trained_with(self, database: Database, make_run: Callable[..., Run]) -> None:
        original = make_run()
        self._end(database, original)
        rerun = make_run(rerun_of=original)

        self._end(database, rerun)

        with database.read() as session:
            verdict = session.get_one(Verdict, (rerun.id, original.id))
            assert json.loads(verdict.judged_with or "") == {"queue": "cpu", "torch": "2.13.0", "code": "c" * 64, "image": "v1", "driver": "570"}

    def test_on_runs_of_clients_is_never_stale(self, database: Database, client_run: Run) -> None:
        with database.read() as session:
            assert judged_with(runs.get(session, client_run.id)) is None

    def test_is_held_against_the_nodes_that_live(self, database: Database) -> None:
        with database.begin() as session:
            nodes.report(session, "n1", ["cpu"], 1, [{"kind": "cuda", "driver": "571"}], {"torch": "2.13.0"})

        with database.read() as session:
            fleet = Fleet.of(session)

        assert fleet.trainers[0].held == {"torch": "2.13.0", "driver": "571"}

    def test_that_was_the_last_makes_its_original_stale_once_no_node_has_its_means(self, database: Database, make_run: Callable[..., Run]) -> None:
        original = make_run()
        self._end(database, original)
        self._end(database, make_run(rerun_of=original))

        seals = []
        for torch in ("2.13.0", "2.14.0"):
            with database.begin() as session:
                nodes.report(session, "n1", ["cpu"], 1, [], {"torch": torch})
                seals.append(verdicts.reproduced(session, [original.id])[original.id])

        assert [seal.stale for seal in seals] == [False, True]
        assert {seal.reruns for seal in seals} == {1}

    @staticmethod
    def _end(database: Database, run: Run) -> None:
        environment: dict[str, Any] = {"torch": {"version": "2.13.0"}, "image": "v1", "gpu": {"driver": "570"}}
        taken = claim(database, run=run)
        with database.begin() as session:
            lifecycle.record_start(session, taken, {"code": "c" * 64}, environment, 20)
            lifecycle.finish(session, taken, "finished")
