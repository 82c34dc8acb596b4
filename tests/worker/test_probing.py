"""Probes taken by a worker: tried in a child, retried when it dies, failed with a word; by the fence of their attempts. On both databases."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from servers import wait_until
from sqlalchemy import update

from store import probes
from store.database import Database, now
from store.layer_tables import Probe
from trainer.probe import Probe as Asked
from worker import probing
from worker.keeper import expire_probes
from worker.nursery import Nursery
from worker.probing import Probing

Ask = Callable[[], Probe]


@pytest.fixture
def ask(database: Database) -> Ask:
    """A queued probe of a dropout layer."""

    def ask() -> Probe:
        request = Asked.model_validate({"layer": {"kind": "dropout", "p": 0.3}, "shape": [4, 4]}).model_dump(mode="json")
        with database.begin() as session:
            return probes.add(session, request, None, entity="team", created_by="k")

    return ask


@pytest.fixture
def bench(database: Database, nursery: Nursery) -> Callable[[str], Probing]:
    return lambda entry: Probing(database, nursery, "n1", threading.Event(), f"entries:{entry}")


def now_is(database: Database, probe: Probe) -> Probe:
    with database.read() as session:
        return probes.get(session, probe.id)


def taken(database: Database) -> probes.Taken:
    with database.begin() as session:
        found = probes.take(session, "n1")
    assert found is not None
    return found


def move(database: Database, probe: Probe, **values: Any) -> None:
    with database.begin() as session:
        session.execute(update(Probe).where(Probe.id == probe.id).values(**values))


class TestProbing:
    def test_tries_the_layer_in_a_child_and_keeps_what_came_out(self, database: Database, ask: Ask, bench: Any) -> None:
        probe = ask()

        assert bench("probe_well").work_one()

        done = now_is(database, probe)
        assert (done.state, done.node, done.reason, probes.result(done)) == ("finished", "n1", None, {"after": {"values": [4, 4]}})
        assert not bench("probe_well").work_one()

    def test_is_tried_again_when_its_process_dies_and_fails_the_third_time(self, database: Database, ask: Ask, bench: Any) -> None:
        probe = ask()
        states = []
        for _ in range(3):
            assert bench("probe_and_segfault").work_one()
            states.append(now_is(database, probe).state)

        done = now_is(database, probe)
        assert states == ["queued", "queued", "failed"]
        assert done.reason == "given up after 3 tries: its process was ended by SIGSEGV"

    def test_fails_at_once_with_what_the_layer_said(self, database: Database, ask: Ask, bench: Any) -> None:
        probe = ask()

        bench("probe_and_fail").work_one()

        done = now_is(database, probe)
        assert (done.state, done.reason) == ("failed", "ValueError: there is no such layer")

    def test_that_takes_too_long_is_ended(self, database: Database, ask: Ask, bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(probing, "LONGEST_S", 0.5)
        probe = ask()

        bench("probe_for_ever").work_one()

        assert now_is(database, probe).reason == "it took longer than 0.5 s"

    def test_looks_by_itself_until_the_worker_stops(self, database: Database, ask: Ask, nursery: Nursery) -> None:
        stopping = threading.Event()
        Probing(database, nursery, "n1", stopping, "entries:probe_and_fail").start()
        probe = ask()

        wait_until(lambda: now_is(database, probe).state == "failed", 20, "the probe")
        stopping.set()


class TestFence:
    def test_two_workers_never_get_the_same_probe(self, database: Database, ask: Ask) -> None:
        first, second = ask(), ask()

        assert [taken(database).id, taken(database).id] == [first.id, second.id]
        with database.begin() as session:
            assert probes.take(session, "n2") is None

    def test_a_worker_that_stopped_answering_loses_it_to_another(self, database: Database, ask: Ask) -> None:
        probe = ask()
        old = taken(database)
        move(database, probe, lease_until=now() - 1.0)

        new = taken(database)

        with database.begin() as session:
            assert not probes.finish(session, old, {"after": 1})
            assert probes.finish(session, new, {"after": 2})
        assert (new.attempt, probes.result(now_is(database, probe))) == (2, {"after": 2})

    def test_three_workers_that_died_of_it_are_enough(self, database: Database, ask: Ask) -> None:
        probe = ask()
        for _ in range(3):
            taken(database)
            move(database, probe, lease_until=now() - 1.0)

        with database.begin() as session:
            assert probes.take(session, "n1") is None

        assert now_is(database, probe).reason == "given up after 3 tries: its worker stopped answering each time"

    def test_a_worker_that_is_stopped_gives_it_back_uncounted(self, database: Database, ask: Ask) -> None:
        ask()
        with database.begin() as session:
            probes.release(session, probes.take(session, "n1"))

        assert taken(database).attempt == 1

    def test_one_that_was_taken_back_takes_no_result(self, database: Database, ask: Ask) -> None:
        probe = ask()
        at_hand = taken(database)
        with database.begin() as session:
            probes.remove(session, probe)

        with database.begin() as session:
            assert not probes.finish(session, at_hand, {})


class TestKeeping:
    def test_ends_after_a_day(self, database: Database, ask: Ask) -> None:
        class Duty:
            def goes_on(self, after_s: float = 0.0) -> bool:
                return True

        old, young = ask(), ask()
        move(database, old, created_at=now() - probes.KEPT_S - 1)

        expire_probes(database, Duty())  # type: ignore[arg-type]

        assert now_is(database, young).state == "queued"
        with pytest.raises(probes.ProbeNotFound):
            now_is(database, old)
