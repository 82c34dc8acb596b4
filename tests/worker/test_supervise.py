"""One attempt seen through, with a real database and real child processes."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from servers import wait_until
from sqlalchemy import text

from store import artifacts, lifecycle, logs, series
from store.database import Database
from store.tables import Attempt, Run
from worker.child import TRAIN
from worker.nursery import Nursery
from worker.supervise import Shop, supervise

# Not those that are just being made: a driver that is cut off there leaves a connection unclosed, which is not ours to test.
BREAK_CONNECTIONS = text("""
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_start < clock_timestamp() - interval '0.3 s'
""")
MakeShop = Callable[..., Shop]
Make = Callable[..., Any]


@pytest.fixture
def in_background() -> Iterator[Callable[..., threading.Thread]]:
    threads: list[threading.Thread] = []

    def start(*args: Any) -> threading.Thread:
        threads.append(threading.Thread(target=supervise, args=args))
        threads[-1].start()
        return threads[-1]

    yield start
    for thread in threads:
        thread.join()


def attempts(db: Database, run: Run) -> list[Attempt]:
    with db.read() as session:
        return lifecycle.attempts(session, run.id)


def losses(db: Database, run: Run) -> list[float]:
    with db.read() as session:
        return list(series.read(session, run.id, "train/loss").values)


def log_of(db: Database, run: Run) -> list[str]:
    with db.read() as session:
        return [line for _, line in logs.read(session, run.id, limit=100_000)]


class TestTraining:
    def test_leaves_points_digests_environment_and_weights(
        self, database: Database, make_shop: MakeShop, make_run: Make, claim: Make, now_is: Make, torch_nursery: Nursery
    ) -> None:
        run, shop = make_run(), make_shop(TRAIN, nursery=torch_nursery)

        supervise(shop, claim(run), {})

        ended = now_is(run)
        assert (ended.state, ended.reason, ended.step, ended.total_steps) == ("finished", None, 19, 20)
        assert set(ended.digests) == {"data", "split", "order", "initial", "initial_sample", "final", "code"}
        assert ended.environment
        with database.read() as session:
            held = series.summaries(session, [run.id])[run.id]
            kept = artifacts.of_run(session, run.id)
        counts = {name: each.count for name, each in held.items() if not name.startswith("system/")}
        assert counts == {"train/loss": 20, "train/accuracy": 20, "lr": 20, "grad/norm": 20, "val/loss": 4, "val/accuracy": 4}
        assert [each.name for each in kept] == ["best.safetensors", "final.safetensors"]
        assert all(shop.files.path(each.sha256).stat().st_size == each.size_bytes for each in kept)
        assert list(shop.scratch.iterdir()) == []

    def test_gives_the_same_bits_in_a_forked_child_and_in_a_fresh_process(
        self, make_shop: MakeShop, make_run: Make, claim: Make, now_is: Make, torch_nursery: Nursery
    ) -> None:
        config = {"model": {"norm": {"kind": "batch"}, "dropout": {"p": 0.3}}}
        forked, fresh = make_run(**config), make_run(**config)

        supervise(make_shop(TRAIN, nursery=torch_nursery), claim(forked), {})
        supervise(make_shop(TRAIN, nursery=Nursery(forking=False)), claim(fresh), {})

        assert now_is(forked).digests == now_is(fresh).digests

    def test_on_a_node_that_overrides_the_threads_records_what_was_in_force(
        self, make_shop: MakeShop, make_run: Make, claim: Make, now_is: Make, torch_nursery: Nursery
    ) -> None:
        config = {"dataset": {"name": "mnist5k"}, "batch_size": "full", "model": {"norm": {"kind": "batch"}}, "total_iterations": 5}
        one, two = make_run(**config), make_run(**config)

        supervise(make_shop(TRAIN, nursery=torch_nursery), claim(one), {})
        supervise(make_shop(TRAIN, nursery=torch_nursery, threads=2), claim(two), {})

        assert now_is(one).environment["torch"] == now_is(two).environment["torch"]
        assert now_is(one).environment != now_is(two).environment
        assert now_is(one).digests["initial"] == now_is(two).digests["initial"]
        assert now_is(one).digests["final"] != now_is(two).digests["final"]

    def test_that_diverges_fails_at_once_with_the_step(
        self, database: Database, make_shop: MakeShop, make_run: Make, claim: Make, now_is: Make, torch_nursery: Nursery
    ) -> None:
        run = make_run(optimizer={"kind": "sgd", "lr": 1e30})

        supervise(make_shop(TRAIN, nursery=torch_nursery), claim(run), {})

        ended = now_is(run)
        assert ended.state == "failed"
        assert f"step {ended.step}" in ended.reason
        assert len(attempts(database, run)) == 1


class TestRecord:
    def test_has_all_of_what_the_child_told(self, database: Database, make_shop: MakeShop, make_run: Make, claim: Make, now_is: Make) -> None:
        run = make_run()

        supervise(make_shop("train_ten_steps"), claim(run), {})

        assert losses(database, run) == [1.0 / (step + 1) for step in range(10)]
        assert now_is(run).digests == {"data": "d", "split": "s", "initial": "i", "code": "c", "order": "o", "final": "f"}

    def test_loses_nothing_when_the_child_is_faster_than_the_database(
        self, database: Database, make_shop: MakeShop, make_run: Make, claim: Make, now_is: Make
    ) -> None:
        run = make_run()

        supervise(make_shop("train_faster_than_sql"), claim(run), {})

        assert losses(database, run) == [float(step) for step in range(100_000)]
        assert now_is(run).state == "finished"

    def test_keeps_the_first_megabyte_of_the_log_and_its_last_words(
        self, database: Database, make_shop: MakeShop, make_run: Make, claim: Make
    ) -> None:
        run = make_run()

        supervise(make_shop("train_and_chatter"), claim(run), {})

        log = log_of(database, run)
        assert log[:10_000] == ["x" * 99] * 10_000
        assert log[10_000] == "(189901 lines left out)"
        assert log[-1] == "the last words"
        assert len(log) == 10_101

    @pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
    def test_survives_connections_that_break(
        self, database: Database, make_shop: MakeShop, make_run: Make, claim: Make, now_is: Make, in_background: Make
    ) -> None:
        run = make_run()
        thread = in_background(make_shop("train_in_two_seconds"), claim(run), {})
        while thread.is_alive():
            with database.read() as session:
                session.execute(BREAK_CONNECTIONS)
            thread.join(0.4)

        assert losses(database, run) == [float(step) for step in range(200)]
        assert now_is(run).state == "finished"


class TestBadLuck:
    def test_is_tried_again_and_given_up_after_so_many_attempts(
        self, database: Database, make_shop: MakeShop, make_run: Make, claim: Make, now_is: Make
    ) -> None:
        run, shop = make_run(), make_shop("train_and_segfault", max_attempts=2)

        supervise(shop, claim(run), {})
        assert now_is(run).state == "queued"
        supervise(shop, claim(run), {})

        assert now_is(run).state == "failed"
        assert now_is(run).reason == "given up after 2 lost attempts; the last one: the training process was ended by SIGSEGV"
        assert [each.outcome for each in attempts(database, run)] == ["lost", "lost"]
        assert losses(database, run) == [1.0, 1 / 2, 1 / 3]

    def test_of_the_fork_server_is_tried_again(
        self, database: Database, make_shop: MakeShop, make_run: Make, claim: Make, now_is: Make, nursery: Nursery, in_background: Make
    ) -> None:
        run = make_run()
        thread = in_background(make_shop("train_for_ever"), claim(run), {})
        wait_until(lambda: losses(database, run))

        os.kill(nursery.server_pid or 0, signal.SIGKILL)
        thread.join()

        assert now_is(run).state == "queued"
        assert attempts(database, run)[0].reason == "the process that watched the training process died"


class TestFault:
    @pytest.mark.parametrize(
        ("entry", "reason"),
        [
            pytest.param("train_and_fail", "ValueError: these weights do not fit", id="exception"),
            pytest.param("train_and_leave", "the training process left with exit code 7; its last words: cannot go on", id="exit code"),
        ],
    )
    def test_of_the_training_fails_the_run_at_once(
        self, make_shop: MakeShop, make_run: Make, claim: Make, now_is: Make, entry: str, reason: str
    ) -> None:
        run = make_run()

        supervise(make_shop(entry), claim(run), {})

        assert (now_is(run).state, now_is(run).reason) == ("failed", reason)


class TestCancel:
    @pytest.mark.parametrize("entry", ["train_for_ever", "train_for_ever_ignoring_sigterm"])
    def test_ends_the_child_and_the_run(
        self, database: Database, make_shop: MakeShop, make_run: Make, claim: Make, now_is: Make, in_background: Make, entry: str
    ) -> None:
        run = make_run()
        thread = in_background(make_shop(entry), claim(run), {})
        wait_until(lambda: losses(database, run))

        with database.begin() as session:
            lifecycle.request_cancel(session, now_is(run))
        thread.join()

        assert (now_is(run).state, now_is(run).reason) == ("cancelled", "cancelled while it ran")
        assert losses(database, run) == [1.0, 1 / 2, 1 / 3]


class TestLostLease:
    def test_ends_the_child_and_writes_nothing_more(
        self, database: Database, make_shop: MakeShop, make_run: Make, claim: Make, now_is: Make, in_background: Make
    ) -> None:
        run = make_run()
        mine = claim(run)
        thread = in_background(make_shop("train_for_ever"), mine, {})
        wait_until(lambda: losses(database, run))

        with database.begin() as session:
            lifecycle.lose(session, mine, "its lease ran out", max_attempts=3)
        other = claim(run)
        thread.join()

        assert (now_is(run).state, now_is(run).attempt) == ("running", other.attempt)
        assert [each.reason for each in attempts(database, run)] == ["its lease ran out", None]


class TestStopping:
    def test_gives_the_run_back_to_the_queue(
        self, database: Database, make_shop: MakeShop, make_run: Make, claim: Make, now_is: Make, in_background: Make
    ) -> None:
        run, shop = make_run(), make_shop("train_for_ever")
        thread = in_background(shop, claim(run), {})
        wait_until(lambda: losses(database, run))

        shop.stopping.set()
        shop.nursery.close()
        thread.join()

        assert now_is(run).state == "queued"
        assert [each.outcome for each in attempts(database, run)] == ["released"]
