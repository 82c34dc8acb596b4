"""Putting right what others left behind."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from servers import Valkey, wait_until
from sqlalchemy import update

from store import lifecycle, projects, runs
from store.database import Database, now
from store.settings import Settings
from store.tables import Duty, Run
from worker.enqueue import TrainingQueue
from worker.reaper import ReaperThread, sweep

Make = Callable[..., Any]
SETTINGS = Settings(max_attempts=2, reap_every_s=0.05)


@pytest.fixture
def queue(valkey: Valkey) -> TrainingQueue:
    return TrainingQueue(valkey.url)


@pytest.fixture
def expire(database: Database) -> Callable[[Run], None]:
    """expire(run): its worker has not been heard of for longer than its lease."""

    def do(run: Run) -> None:
        with database.begin() as session:
            session.execute(update(Run).where(Run.id == run.id).values(lease_until=now() - 1))

    return do


class TestSweep:
    def test_queues_a_lost_run_again_and_rings(
        self, database: Database, queue: TrainingQueue, make_run: Make, claim: Make, expire: Make, now_is: Make
    ) -> None:
        run = make_run()
        claim(run)
        expire(run)

        sweep(database, queue, SETTINGS)

        assert now_is(run).state == "queued"
        assert queue.waiting("cpu") == 1

    def test_fails_a_run_that_was_lost_too_often(
        self, database: Database, queue: TrainingQueue, make_run: Make, claim: Make, expire: Make, now_is: Make
    ) -> None:
        run = make_run()
        for _ in range(2):
            claim(run)
            expire(run)
            sweep(database, queue, SETTINGS)

        assert now_is(run).state == "failed"
        assert now_is(run).reason == "given up after 2 lost attempts; the last one: its worker on node n1 stopped answering"

    def test_leaves_a_run_whose_lease_holds(self, database: Database, queue: TrainingQueue, make_run: Make, claim: Make, now_is: Make) -> None:
        run = make_run()
        claim(run)

        sweep(database, queue, SETTINGS)

        assert now_is(run).state == "running"

    def test_rings_for_a_run_that_nobody_was_told_of_but_once(self, database: Database, queue: TrainingQueue, make_run: Make) -> None:
        make_run()

        sweep(database, queue, SETTINGS)
        sweep(database, queue, SETTINGS)

        assert queue.waiting("cpu") == 1

    def test_rings_again_when_the_broker_forgot(self, database: Database, valkey: Valkey, make_run: Make) -> None:
        run = make_run()
        queue = TrainingQueue(valkey.url)
        sweep(database, queue, SETTINGS)
        valkey.stop()
        valkey.root.mkdir()
        valkey.start()

        with database.begin() as session:
            session.execute(update(Run).where(Run.id == run.id).values(rung_at=now() - 60))
        sweep(database, queue, SETTINGS)

        assert queue.waiting("cpu") == 1

    def test_does_not_ring_where_bells_still_hang(self, database: Database, queue: TrainingQueue, make_run: Make) -> None:
        make_run()
        queue.ring("another", "cpu")

        sweep(database, queue, SETTINGS)

        assert queue.waiting("cpu") == 1

    def test_marks_a_silent_client_crashed(self, database: Database, queue: TrainingQueue, now_is: Make) -> None:
        with database.begin() as session:
            run = runs.add_client(session, projects.find_or_add(session, "team", "p"), {}, name="logged")
            session.execute(update(Run).where(Run.id == run.id).values(heartbeat_at=now() - 301))

        sweep(database, queue, SETTINGS)

        assert now_is(run).state == "crashed"


class TestThread:
    @pytest.fixture
    def threads(self, database: Database) -> Iterator[list[ReaperThread]]:
        threads = [ReaperThread(database, TrainingQueue(""), SETTINGS) for _ in range(2)]
        for thread in threads:
            thread.start()
        yield threads
        for thread in threads:
            thread.stop()

    def test_sweeps_by_itself(self, threads: list[ReaperThread], make_run: Make, claim: Make, expire: Make, now_is: Make) -> None:
        run = make_run()
        claim(run)
        expire(run)

        wait_until(lambda: now_is(run).state == "queued")

    def test_writes_nothing_while_there_is_nothing_to_do(
        self, database: Database, make_run: Make, claim: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looks: list[bool] = []
        look = lifecycle.is_any_lost
        monkeypatch.setattr(lifecycle, "is_any_lost", lambda *asked: looks.append(look(*asked)) or looks[-1])
        claim(make_run())
        thread = ReaperThread(database, TrainingQueue(""), SETTINGS)
        thread.start()

        wait_until(lambda: len(looks) > 5)
        thread.stop()

        assert not any(looks)
        with database.read() as session:
            assert session.get(Duty, "reaper") is None

    def test_gives_the_duty_up_when_it_stops(self, database: Database, threads: list[ReaperThread]) -> None:
        for thread in threads:
            thread.stop()

        with database.begin() as session:
            assert lifecycle.hold_duty(session, "reaper", "a test", 1)
