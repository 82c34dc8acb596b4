"""Who may move a run from one state to the next, on both databases."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from attempts import LEASE_S, claim, expire, look, lose
from sqlalchemy import event, update

from store import bells, lifecycle, runs, series
from store.database import connect, now
from store.errors import LeaseLost, NotAManagedRun, RunIsTerminal
from store.series import Points
from store.tables import Run


class TestClaim:
    def test_takes_the_highest_priority_then_the_oldest(self, database, make_run) -> None:
        first, second, urgent = make_run(), make_run(), make_run(priority=5)

        assert [claim(database).run_id for _ in range(3)] == [urgent.id, first.id, second.id]

    def test_takes_the_one_that_comes_first_of_all_its_queues(self, database, make_run) -> None:
        late, old, urgent = make_run(), make_run({"device": "cuda"}), make_run({"device": "cuda"}, priority=1)
        with database.begin() as session:
            session.execute(update(Run).where(Run.id == late.id).values(created_at=late.created_at + 60))

        with database.begin() as session:
            taken = [lifecycle.claim(session, "a", ["cpu", "cuda"], LEASE_S).run_id for _ in range(3)]

        assert taken == [urgent.id, old.id, late.id]

    def test_walks_the_queue_in_the_order_of_an_index(self, sqlite_url) -> None:
        asked: list[str] = []
        database = connect(sqlite_url)
        event.listen(database.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
        with database.begin() as session:
            assert lifecycle.claim(session, "a", ["cpu"], LEASE_S) is None
            plan = [row[3] for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {asked[-1]}", ("queued", "a", "cpu", 1, 0))]
        database.close()

        assert any("ix_runs_waiting (state=? AND queue=?)" in step for step in plan)
        assert not any("TEMP B-TREE" in step for step in plan)

    def test_finds_nothing_twice(self, database, make_run) -> None:
        run = make_run()
        claim(database, run=run)

        with database.begin() as session:
            assert lifecycle.claim(session, "b", ["cpu"], LEASE_S, run.id) is None

    def test_gives_a_run_to_one_of_many(self, database, make_run) -> None:
        wanted = {make_run().id for _ in range(10)}

        def worker(name: str) -> list[str]:
            mine = []
            while True:
                with database.begin() as session:
                    taken = lifecycle.claim(session, name, ["cpu"], LEASE_S)
                if taken is None:
                    return mine
                mine.append(taken.run_id)

        with ThreadPoolExecutor(4) as pool:
            taken = [run_id for mine in pool.map(worker, "abcd") for run_id in mine]

        assert sorted(taken) == sorted(wanted)

    def test_leaves_a_run_for_another_queue_or_node(self, database, make_run) -> None:
        make_run({"device": "cuda"})
        pinned = make_run(wanted_node="b")

        with database.begin() as session:
            assert lifecycle.claim(session, "a", ["cpu"], LEASE_S) is None
        assert claim(database, "b").run_id == pinned.id

    def test_fails_a_run_whose_config_it_does_not_understand_and_takes_the_next(self, database, make_run) -> None:
        newer, known = make_run(), make_run()
        with database.begin() as session:
            runs.get(session, newer.id).config = {**newer.config, "quantum": True}

        assert claim(database).run_id == known.id

        failed = look(database, newer.id)
        assert failed.state == "failed"
        assert "does not understand the config: unknown field" in (failed.reason or "")

    def test_hands_over_the_config(self, database, make_run) -> None:
        run = make_run({"seed": 7})

        taken = claim(database)

        assert (taken.config.seed, taken.config.digest(), taken.attempt) == (7, run.config_digest, 1)


class TestLease:
    def test_is_lost_when_it_runs_out_and_the_run_is_queued_again(self, database, make_run) -> None:
        make_run()
        taken = claim(database)
        expire(database, taken)

        assert [(lost.run_id, lost.state, lost.doorbell) for lost in lose(database)] == [(taken.run_id, "queued", "cpu")]
        assert claim(database, "b").attempt == 2

    def test_need_not_run_out_when_the_node_itself_says_that_its_worker_died(self, database, make_run) -> None:
        make_run(), make_run()
        mine, theirs = claim(database, "a"), claim(database, "b")

        with database.begin() as session:
            lost = lifecycle.lose_node(session, "a", max_attempts=3)

        assert [(each.run_id, each.state) for each in lost] == [(mine.run_id, "queued")]
        assert look(database, theirs.run_id).state == "running"

    def test_that_is_renewed_stays(self, database, make_run) -> None:
        make_run()
        taken = claim(database)
        expire(database, taken)

        with database.begin() as session:
            lifecycle.renew(session, taken)

        assert lose(database) == []

    @pytest.mark.parametrize("write", ["renew", "points", "finish", "start", "release"])
    def test_once_lost_refuses_every_write_of_the_old_attempt(self, database, make_run, write) -> None:
        make_run()
        old = claim(database)
        expire(database, old)
        lose(database)
        claim(database, "b")
        writes = {
            "renew": lambda session: lifecycle.renew(session, old),
            "points": lambda session: series.append_attempt(session, old, Points([0], [0.0], {"loss": [1.0]})),
            "finish": lambda session: lifecycle.finish(session, old, "finished"),
            "start": lambda session: lifecycle.record_start(session, old, {}, {}, 1),
            "release": lambda session: lifecycle.release(session, old, "stopping"),
        }

        with pytest.raises(LeaseLost), database.begin() as session:
            writes[write](session)

        assert look(database, old.run_id).state == "running"

    def test_lost_too_often_fails_the_run_with_the_reason(self, database, make_run) -> None:
        make_run()
        for _ in range(3):
            taken = claim(database)
            expire(database, taken)
            states = [lost.state for lost in lose(database)]

        run = look(database, taken.run_id)
        assert states == ["failed"]
        assert (run.state, run.finished_at is not None) == ("failed", True)
        assert "given up after 3 lost attempts" in (run.reason or "")

    def test_released_does_not_count_as_lost(self, database, make_run) -> None:
        make_run()
        for _ in range(5):
            with database.begin() as session:
                lifecycle.release(session, lifecycle.claim(session, "a", ["cpu"], LEASE_S), "the worker is stopping")

        assert claim(database).attempt == 6


class TestRetry:
    def test_sends_equal_points_again_and_doubles_nothing(self, database, make_run) -> None:
        make_run()
        sent = Points([0, 1], [0.0, 1.0], {"loss": [0.5, 0.25]})
        first = claim(database)
        with database.begin() as session:
            series.append_attempt(session, first, sent)
        expire(database, first)
        lose(database)

        second = claim(database, "b")
        with database.begin() as session:
            assert series.append_attempt(session, second, sent) is None

        with database.read() as session:
            assert series.read(session, second.run_id, "loss").values.tolist() == [0.5, 0.25]

    def test_that_differs_replaces_the_history_from_there_on(self, database, make_run) -> None:
        make_run()
        first = claim(database)
        with database.begin() as session:
            series.append_attempt(session, first, Points([0, 1, 2], [0.0, 1.0, 2.0], {"loss": [0.5, 0.25, 0.125], "lr": [1.0, 1.0, 1.0]}))
        expire(database, first)
        lose(database)

        second = claim(database, "b")
        with database.begin() as session:
            assert series.append_attempt(session, second, Points([0, 1], [5.0, 6.0], {"loss": [0.5, 0.75], "lr": [1.0, 1.0]})) == 1

        with database.read() as session:
            assert series.read(session, second.run_id, "loss").values.tolist() == [0.5, 0.75]
            assert series.read(session, second.run_id, "lr").steps.tolist() == [0, 1]

    def test_keeps_the_history_when_only_its_speed_differs(self, database, make_run) -> None:
        make_run()
        first = claim(database)
        with database.begin() as session:
            series.append_attempt(session, first, Points([0, 1], [0.0, 1.0], {"loss": [0.5, 0.25], "system/steps_per_s": [None, 900.0]}))
        expire(database, first)
        lose(database)

        second = claim(database, "b")
        with database.begin() as session:
            sent = Points([0, 1], [5.0, 6.0], {"loss": [0.5, None], "system/steps_per_s": [None, 800.0]})
            assert series.append_attempt(session, second, sent) is None

        with database.read() as session:
            assert series.read(session, second.run_id, "loss").values.tolist() == [0.5, 0.25]


class TestCancel:
    def test_ends_a_queued_run_at_once(self, database, make_run) -> None:
        run = make_run()

        with database.begin() as session:
            assert lifecycle.request_cancel(session, run).state == "cancelled"

        with database.begin() as session:
            assert lifecycle.claim(session, "a", ["cpu"], LEASE_S) is None

    def test_asks_the_worker_of_a_running_run(self, database, make_run) -> None:
        run = make_run()
        taken = claim(database)
        with database.begin() as session:
            assert lifecycle.request_cancel(session, run).state == "running"

        with database.begin() as session:
            assert lifecycle.renew(session, taken)

    def test_is_kept_when_the_worker_is_lost(self, database, make_run) -> None:
        run = make_run()
        taken = claim(database)
        with database.begin() as session:
            lifecycle.request_cancel(session, run)
        expire(database, taken)

        assert [lost.state for lost in lose(database)] == ["cancelled"]

    @pytest.mark.parametrize("state", ["finished", "failed", "cancelled"])
    def test_refuses_a_terminal_run(self, database, make_run, state) -> None:
        run = make_run()
        with database.begin() as session:
            lifecycle.finish(session, lifecycle.claim(session, "a", ["cpu"], LEASE_S), state)

        with pytest.raises(RunIsTerminal, match=state), database.begin() as session:
            lifecycle.request_cancel(session, run)

    def test_is_not_for_client_runs(self, database, client_run) -> None:
        with pytest.raises(NotAManagedRun), database.begin() as session:
            lifecycle.request_cancel(session, client_run)

    def test_and_finish_together_leave_one_terminal_state(self, database, make_run) -> None:
        run = make_run()
        taken = claim(database)
        with database.begin() as session:
            lifecycle.request_cancel(session, run)
            lifecycle.finish(session, taken, "finished")

        with pytest.raises(LeaseLost), database.begin() as session:
            lifecycle.finish(session, taken, "cancelled")

        assert look(database, run.id).state == "finished"


class TestDoorbells:
    def test_of_queued_runs_are_due_until_marked(self, database, make_run) -> None:
        run, pinned = make_run(), make_run(wanted_node="b")

        with database.begin() as session:
            assert bells.is_any_unrung(session, 10.0)
            assert bells.doors(session, 10.0) == ["cpu", "node.b"]
            assert [bells.unrung(session, door, 10.0, 100) for door in ("cpu", "node.b")] == [[run.id], [pinned.id]]
        with database.begin() as session:
            assert bells.unrung(session, "cpu", 10.0, 100) == bells.doors(session, 10.0) == []
            assert not bells.is_any_unrung(session, 10.0)


class TestDuty:
    def test_is_held_by_one_until_it_runs_out(self, database) -> None:
        with database.begin() as session:
            assert lifecycle.hold_duty(session, "reaper", "a", 60.0)
            assert not lifecycle.hold_duty(session, "reaper", "b", 60.0)
            assert lifecycle.hold_duty(session, "reaper", "a", -1.0)
            assert lifecycle.hold_duty(session, "reaper", "b", 60.0)


class TestClients:
    def test_that_fall_silent_are_crashed_until_they_write_again(self, database, client_run) -> None:
        with database.begin() as session:
            session.execute(update(Run).values(heartbeat_at=now() - 400.0))
            assert lifecycle.crash_silent_clients(session, 300.0) == 1
        assert look(database, client_run.id).state == "crashed"

        with database.begin() as session:
            runs.touch_client(session, client_run)

        assert look(database, client_run.id).state == "running"
