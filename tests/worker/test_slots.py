"""Which run a free slot takes, and what a doorbell does."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from servers import Valkey, wait_until

from store import lifecycle
from store.database import Database
from store.tables import Run
from worker.enqueue import TrainingQueue
from worker.slots import Lane, Slots
from worker.supervise import Shop
from worker.tasks import Doorkeeper

Make = Callable[..., Any]


@pytest.fixture
def make_slots(make_shop: Make) -> Iterator[Make]:
    made: list[Slots] = []

    def make(entry: str = "train_ten_steps", count: int = 1, node: str = "n1") -> Slots:
        shop: Shop = make_shop(entry, stopping=threading.Event())
        made.append(Slots(shop, node, (Lane(["cpu"], [{}] * count),), lease_s=15, look_every_s=0.05))
        return made[-1]

    yield make
    for slots in made:
        slots.shop.stopping.set()
        slots.shop.nursery.close()
        slots.wait_until_free(10)


@pytest.fixture
def tries(database: Database) -> Callable[[Run], list[str]]:
    """The nodes that tried a run."""

    def ask(run: Run) -> list[str]:
        with database.read() as session:
            return [attempt.node for attempt in lifecycle.attempts(session, run.id)]

    return ask


class TestDoorbell:
    def test_of_a_queued_run_trains_it(self, make_slots: Make, make_run: Make, now_is: Make) -> None:
        run = make_run()

        make_slots().answer(run.id)

        assert now_is(run).state == "finished"

    def test_rung_twenty_times_trains_once(self, make_slots: Make, make_run: Make, now_is: Make, tries: Make) -> None:
        run, slots = make_run(), make_slots(count=4)

        rings = [threading.Thread(target=slots.answer, args=(run.id,)) for _ in range(20)]
        for ring in rings:
            ring.start()
        for ring in rings:
            ring.join()

        assert now_is(run).state == "finished"
        assert tries(run) == ["n1"]

    def test_of_a_run_that_is_gone_takes_the_next_and_goes_on_while_there_is_one(self, make_slots: Make, make_run: Make, now_is: Make) -> None:
        waiting = [make_run() for _ in range(3)]

        make_slots().answer("no-such-run")

        assert [now_is(run).state for run in waiting] == ["finished"] * 3

    def test_without_a_free_slot_does_nothing(self, make_slots: Make, make_run: Make, now_is: Make) -> None:
        first, second, slots = make_run(), make_run(), make_slots("train_for_ever")
        busy = threading.Thread(target=slots.answer, args=(first.id,))
        busy.start()
        wait_until(lambda: now_is(first).state == "running")

        slots.answer(second.id)

        assert now_is(second).state == "queued"
        slots.shop.stopping.set()
        slots.shop.nursery.close()
        busy.join()

    def test_travels_through_the_broker(self, valkey: Valkey, make_slots: Make, make_run: Make, now_is: Make) -> None:
        run, slots = make_run(), make_slots()
        Doorkeeper(valkey.url, "n1", ("cpu", "node.n1"), 1, slots.answer).start()

        TrainingQueue(valkey.url).ring(run.id, "node.n1")

        wait_until(lambda: now_is(run).state == "finished")


class TestLook:
    def test_finds_what_waits_without_any_doorbell(self, make_slots: Make, make_run: Make, now_is: Make) -> None:
        slots = make_slots(count=2)
        threading.Thread(target=slots.look, daemon=True).start()

        waiting = [make_run() for _ in range(4)]

        wait_until(lambda: all(now_is(run).state == "finished" for run in waiting))

    def test_leaves_a_run_that_waits_for_another_queue(self, make_slots: Make, make_run: Make, now_is: Make) -> None:
        slots = make_slots()
        other, mine = make_run(device="cuda"), make_run()
        threading.Thread(target=slots.look, daemon=True).start()

        wait_until(lambda: now_is(mine).state == "finished")

        assert now_is(other).state == "queued"

    def test_of_two_workers_shares_the_queue(self, make_slots: Make, make_run: Make, now_is: Make, tries: Make) -> None:
        waiting = [make_run() for _ in range(12)]

        for node in ("n1", "n2"):
            threading.Thread(target=make_slots(node=node).look, daemon=True).start()

        wait_until(lambda: all(now_is(run).state == "finished" for run in waiting))
        assert all(len(tries(run)) == 1 for run in waiting)
        assert {tries(run)[0] for run in waiting} == {"n1", "n2"}
