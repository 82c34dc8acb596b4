"""Canaries: which node's bits are no longer the others', and since when."""

from collections.abc import Callable

import pytest
from attempts import claim
from sqlalchemy import select, update

from store import canaries, lifecycle, nodes, policies, projects, runs, series
from store.canaries import Flock, Standing
from store.database import Database, now
from store.policies import Wanted
from store.series import Points
from store.tables import AutomaticRerun, Node, Run

Make = Callable[..., Run]


class Fleet:
    """Nodes of a project whose canary ran on node a, and what they do with it."""

    def __init__(self, database: Database, original: Run) -> None:
        self.database, self.original = database, original
        with database.begin() as session:
            project = projects.get(session, "team", "digits")
            policies.put(session, project, Wanted(canary_run_id=original.id, canary_every_hours=24.0))

    def live(self, *names: str, queues: tuple[str, ...] = ("cpu",)) -> None:
        with self.database.begin() as session:
            for name in names:
                nodes.report(session, name, queues, 1, [], {})

    def die(self, name: str) -> None:
        with self.database.begin() as session:
            session.execute(update(Node).where(Node.name == name).values(heartbeat_at=now() - 3600))

    def queue(self) -> list[str]:
        """The nodes for which a canary was queued just now."""
        with self.database.begin() as session:
            policy = policies.locked(session, self.original.project_id)
            assert policy is not None
            return [str(run.wanted_node) for run in canaries.queue_due(session, policy)]

    def train(self, *, state: str = "finished", **values: float) -> None:
        """Every node named trains what waits for it, and gets this last loss."""
        for node, value in values.items():
            train(self.database, node, value, state)

    def a_day_later(self) -> None:
        with self.database.begin() as session:
            day = {"made_at": AutomaticRerun.made_at - 86400, "ended_at": AutomaticRerun.ended_at - 86400}
            session.execute(update(AutomaticRerun).values(**day).execution_options(synchronize_session=False))

    def flock(self) -> Flock:
        with self.database.read() as session:
            (flock,) = canaries.flocks(session)
            return flock

    def maverick(self) -> list[str]:
        return [standing.node for standing in self.flock().standings if standing.agrees is False]

    def standing(self, node: str) -> Standing:
        return next(standing for standing in self.flock().standings if standing.node == node)


def train(database: Database, node: str, value: float, state: str = "finished", run_id: str | None = None) -> str:
    taken = claim(database, node, run_id)
    with database.begin() as session:
        series.append_attempt(session, taken, Points([0, 1], [0.0, 0.1], {"train/loss": [1.0, value]}))
        lifecycle.finish(session, taken, state, None, {"initial": "i", "final": f"weights of {value}"})
        return taken.run_id


@pytest.fixture
def fleet(database: Database, make_run: Make) -> Fleet:
    original = make_run()
    train(database, "a", 0.5, run_id=original.id)
    return Fleet(database, original)


class TestDue:
    def test_is_every_living_node_that_can_train_it(self, fleet: Fleet) -> None:
        fleet.live("a", "b", "dead")
        fleet.live("gpu", queues=("cuda",))
        fleet.die("dead")

        assert fleet.queue() == ["a", "b"]

    def test_is_nobody_while_it_waits_or_before_its_time(self, fleet: Fleet) -> None:
        fleet.live("a", "b")
        fleet.queue()
        fleet.train(a=0.5)

        assert fleet.queue() == []

    def test_is_everybody_again_when_its_time_has_come(self, fleet: Fleet) -> None:
        fleet.live("a", "b")
        fleet.queue()
        fleet.train(a=0.5, b=0.5)

        fleet.a_day_later()

        assert fleet.queue() == ["a", "b"]

    def test_is_nobody_when_the_canary_was_deleted(self, fleet: Fleet) -> None:
        fleet.live("a")
        with fleet.database.begin() as session:
            session.execute(update(Run).where(Run.id == fleet.original.id).values(project_id="trash"))

        assert fleet.queue() == []

    def test_is_trained_by_its_node_alone_and_after_what_people_asked_for(self, fleet: Fleet, make_run: Make) -> None:
        fleet.live("a", "b")
        fleet.queue()
        humble = make_run(priority=-1000)

        with fleet.database.begin() as session:
            taken = [lifecycle.claim(session, "b", ["cpu"], 60.0) for _ in range(3)]
            nodes_of = [None if each is None else runs.get(session, each.run_id).wanted_node for each in taken]

        assert taken[0] is not None
        assert taken[0].run_id == humble.id
        assert nodes_of == [None, "b", None]

    def test_does_not_wait_for_a_node_that_died(self, fleet: Fleet) -> None:
        fleet.live("a", "b")
        fleet.queue()
        fleet.die("b")

        with fleet.database.begin() as session:
            for run in canaries.forsaken(session):
                canaries.forget(session, run.id)
                lifecycle.request_cancel(session, run)

        with fleet.database.read() as session:
            states = {run.wanted_node: run.state for run in runs.reruns_of(session, fleet.original.id)}
        assert states == {"a": "queued", "b": "cancelled"}
        fleet.live("b")
        assert fleet.queue() == ["b"]


class TestFlag:
    def test_is_on_the_node_whose_bits_are_not_the_others(self, fleet: Fleet) -> None:
        fleet.live("a", "b", "c")
        fleet.queue()

        fleet.train(a=0.5, b=0.25, c=0.5)

        assert fleet.maverick() == ["b"]
        assert fleet.flock().original_agrees is True

    def test_is_on_nobody_while_nobody_has_trained(self, fleet: Fleet) -> None:
        fleet.live("a")
        fleet.queue()

        assert fleet.flock().standings == []

    def test_tells_since_when(self, fleet: Fleet) -> None:
        fleet.live("a", "b")
        for value in (0.5, 0.25, 0.25):
            fleet.a_day_later()
            fleet.queue()
            fleet.train(a=0.5, b=value)

        standing = fleet.standing("b")
        assert standing.since is not None
        assert standing.last.ended_at - standing.since == pytest.approx(86400, abs=60)

    def test_goes_when_the_node_agrees_again(self, fleet: Fleet) -> None:
        fleet.live("a", "b")
        for value in (0.25, 0.5):
            fleet.a_day_later()
            fleet.queue()
            fleet.train(a=0.5, b=value)

        assert fleet.maverick() == []

    def test_is_on_the_one_node_there_is_when_it_leaves_the_original(self, fleet: Fleet) -> None:
        fleet.live("a")
        fleet.queue()

        fleet.train(a=0.25)

        assert fleet.maverick() == ["a"]

    def test_is_on_who_was_left_behind_when_the_others_have_moved_on(self, fleet: Fleet) -> None:
        fleet.live("a", "b", "c", "d")
        fleet.queue()

        fleet.train(a=0.5, b=0.25, c=0.25, d=0.25)

        assert fleet.maverick() == ["a"]
        assert fleet.flock().original_agrees is False

    def test_counts_no_dead_nodes(self, fleet: Fleet) -> None:
        fleet.live("a", "b", "c")
        fleet.queue()
        fleet.train(a=0.5, b=0.25, c=0.25)

        fleet.die("b")
        fleet.die("c")

        assert "a" not in fleet.maverick()

    def test_stays_when_a_canary_fails(self, fleet: Fleet) -> None:
        fleet.live("a", "b")
        fleet.queue()
        fleet.train(a=0.5, b=0.25)
        fleet.a_day_later()
        fleet.queue()

        fleet.train(b=0.5, state="failed")

        assert fleet.maverick() == ["b"]

    def test_is_on_nobody_whose_canary_never_finished(self, fleet: Fleet) -> None:
        fleet.live("b")
        fleet.queue()

        fleet.train(b=0.5, state="failed")

        assert fleet.standing("b").agrees is None


class TestVotes:
    @pytest.mark.parametrize(
        ("votes", "winner"),
        [
            pytest.param([], "o", id="nobody but the original"),
            pytest.param(["x"], "o", id="one against it"),
            pytest.param(["x", "x"], "x", id="two against it"),
            pytest.param(["x", "x", "y", "y"], "o", id="two groups of a size"),
            pytest.param(["x", "x", "o"], "o", id="as many as with it"),
        ],
    )
    def test_are_won_by_the_largest_group(self, votes: list[str], winner: str) -> None:
        assert canaries.largest(votes, "o") == winner


class TestHistory:
    def test_is_kept_so_long_for_each_node(self, fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(canaries, "KEPT", 2)
        fleet.live("a", "b")
        for _ in range(4):
            fleet.a_day_later()
            fleet.queue()
            fleet.train(a=0.5, b=0.5)

        with fleet.database.read() as session:
            surplus = canaries.surplus(session, fleet.original.project_id)
            oldest = session.scalars(select(AutomaticRerun.rerun_id).order_by(AutomaticRerun.made_at).limit(4)).all()

        assert sorted(surplus) == sorted(oldest)


class TestBits:
    def test_tell_the_last_bit(self, database: Database, make_run: Make) -> None:
        found = []
        for value in (0.5, 0.5, 0.5000000000000001, -0.0, 0.0):
            run_id = train(database, "a", value, run_id=make_run().id)
            with database.begin() as session:
                session.execute(update(Run).where(Run.id == run_id).values(digests={}))
                found.append(canaries.bits(session, runs.get(session, run_id)))

        assert found[0] == found[1]
        assert len(set(found)) == 4
