"""What sweeps give out, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import yaml

from analysis.sweeps import bayes
from analysis.sweeps.plan import Plan, read
from store import brackets, projects, runs, series, sweeps, trials
from store.database import Database
from store.errors import Conflict
from store.series import Points
from store.tables import Run, Sweep, SweepAgent, Trial
from store.trials import Candidate

GRID: dict[str, Any] = {"method": "grid", "parameters": {"a": {"values": [1, 2, 3]}, "b": {"values": ["x", "y"]}}}


def make(db: Database, config: dict[str, Any] = GRID) -> tuple[str, Plan]:
    with db.begin() as session:
        sweep, plan = sweeps.add(session, projects.find_or_add(session, "team", "digits"), yaml.safe_dump(config))
    return sweep.id, plan


def join(db: Database, sweep_id: str) -> str:
    with db.begin() as session:
        return sweeps.add_agent(session, sweeps.by_id(session, sweep_id), "host").id


def ask(db: Database, agent_id: str, candidate: Candidate | None = None) -> Trial | None:
    """What an idle agent gets."""
    with db.begin() as session:
        agent = session.get_one(SweepAgent, agent_id)
        sweep = sweeps.by_id(session, agent.sweep_id)
        trials.note_running(session, agent, [])
        return trials.give(session, sweep, read(sweep.config), agent, candidate)


def begin(db: Database, trial: Trial | None, state: str = "finished", losses: list[float] | None = None) -> None:
    """The run of a trial, ended or not."""
    assert trial is not None
    with db.begin() as session:
        project = projects.find_or_add(session, "team", "digits")
        run = runs.add_client(session, project, {}, name="a run", external_id=trial.external_id)
        if losses is not None:
            series.append(session, run.id, Points(range(len(losses)), [0.0] * len(losses), {"loss": losses}))
        if state != "running":
            runs.finish_client(session, run, state, None)


class TestGiving:
    def test_two_agents_at_once_never_get_the_same_point(self, database: Database) -> None:
        sweep_id, _ = make(database)
        agents = [join(database, sweep_id) for _ in range(2)]

        def work(agent_id: str) -> list[dict[str, Any]]:
            found = []
            while (trial := ask(database, agent_id)) is not None:
                begin(database, trial)
                found.append(trial.arguments)
            return found

        with ThreadPoolExecutor(2) as pool:
            given = [arguments for found in pool.map(work, agents) for arguments in found]

        assert sorted(map(str, given)) == sorted(str({"a": {"value": a}, "b": {"value": b}}) for a in (1, 2, 3) for b in "xy")
        with database.read() as session:
            sweep = session.get_one(Sweep, sweep_id)
            assert trials.is_over(session, sweep, read(sweep.config))
            assert sweeps.run_count(session, sweep) == 6

    def test_an_answer_that_was_lost_is_given_again(self, database: Database) -> None:
        sweep_id, _ = make(database)
        agent, other = join(database, sweep_id), join(database, sweep_id)

        first, again, others = ask(database, agent), ask(database, agent), ask(database, other)

        assert first is not None
        assert again is not None
        assert others is not None
        assert (first.external_id, first.place) == (again.external_id, again.place)
        assert others.place == first.place + 1

    def test_a_function_that_begins_no_run_is_not_called_forever(self, database: Database) -> None:
        sweep_id, plan = make(database, {"method": "grid", "parameters": {"a": {"values": [1, 2]}}})
        agent = join(database, sweep_id)

        places = [trial.place if (trial := ask(database, agent)) else None for _ in range(7)]

        assert places == [0, 0, 0, 1, 1, 1, None]
        with database.read() as session:
            assert trials.is_over(session, session.get_one(Sweep, sweep_id), plan)

    def test_what_a_silent_agent_never_began_is_anothers_and_what_it_began_is_counted(self, database: Database) -> None:
        sweep_id, plan = make(database, {"method": "grid", "parameters": {"a": {"values": [1, 2]}}})
        gone, other = join(database, sweep_id), join(database, sweep_id)
        begin(database, ask(database, gone), "running")
        lost = ask(database, gone)
        assert ask(database, other) is None
        with database.begin() as session:
            assert trials.may_come_back(session, sweeps.by_id(session, sweep_id))
            session.get_one(SweepAgent, gone).heartbeat_at = 1.0

        found = ask(database, other)

        assert lost is not None
        assert found is not None
        assert (found.place, found.external_id, found.arguments) == (1, lost.external_id, {"a": {"value": 2}})
        begin(database, found)
        assert ask(database, other) is None
        with database.read() as session:
            assert not trials.is_over(session, session.get_one(Sweep, sweep_id), plan)  # the silent agent's run still runs

    def test_run_cap_ends_a_random_search(self, database: Database) -> None:
        sweep_id, _ = make(database, {"method": "random", "run_cap": 2, "parameters": {"a": {"min": 0.0, "max": 1.0}}})
        agent = join(database, sweep_id)

        found = [ask(database, agent)]
        begin(database, found[-1])
        found.append(ask(database, agent))
        begin(database, found[-1])

        assert ask(database, agent) is None
        assert len({trial.arguments["a"]["value"] for trial in found if trial}) == 2

    def test_the_bayesian_search_is_told_the_best_of_each_run(self, database: Database) -> None:
        config = {"method": "bayes", "metric": {"name": "loss", "goal": "minimize"}, "parameters": {"a": {"min": 0.0, "max": 1.0}}}
        sweep_id, plan = make(database, config)
        agent = join(database, sweep_id)
        for place, (state, losses) in enumerate([("finished", [3.0, 1.0, 2.0]), ("failed", None), ("running", [5.0])]):
            point, values = bayes.suggest(plan, [], sweep_id, place)
            begin(database, ask(database, agent, Candidate(place, point, values)), state, losses)

        with database.read() as session:
            assert plan.metric is not None
            told = trials.told(session, session.get_one(Sweep, sweep_id), plan.metric)

        assert [run.value for run in told[::2]] == [1.0, None]
        assert str(told[1].value) == "nan"
        assert all(len(run.point) == 1 for run in told)


class TestBrackets:
    @pytest.mark.parametrize("goal", ["minimize", "maximize"])
    def test_runs_worse_than_the_best_third_at_a_bracket_are_stopped(self, database: Database, goal: str) -> None:
        sign = 1.0 if goal == "minimize" else -1.0
        config = {"method": "random", "metric": {"name": "loss", "goal": goal}, "parameters": {"a": {"min": 0.0, "max": 1.0}}}
        sweep_id, plan = make(database, {**config, "early_terminate": {"type": "hyperband", "min_iter": 3}})
        agent = join(database, sweep_id)
        given = []
        for level in (1.0, 2.0, 3.0):
            given.append(ask(database, agent))
            begin(database, given[-1], "running", [sign * level] * 3)
        given.append(ask(database, agent))
        begin(database, given[-1], "running", [sign * 9.0] * 2)

        with database.begin() as session:
            sweep, ours = sweeps.by_id(session, sweep_id), [session.get_one(Trial, (sweep_id, trial.place)) for trial in given if trial]
            brackets.stop_some(session, sweep, plan, ours)  # all of them get their marks
            stopped = brackets.stop_some(session, sweep, plan, ours)

        assert [trial.place for trial in stopped] == [1, 2]


class TestStates:
    def test_an_ended_sweep_is_not_paused_and_may_run_again(self, database: Database) -> None:
        sweep_id, _ = make(database)
        with database.begin() as session:
            sweep = sweeps.by_id(session, sweep_id)
            sweeps.set_state(session, sweep, "FINISHED")
            with pytest.raises(Conflict, match="finished and cannot be paused"):
                sweeps.set_state(session, sweep, "PAUSED")
            with pytest.raises(Conflict, match="got 'DONE'"):
                sweeps.set_state(session, sweep, "DONE")
            sweeps.set_state(session, sweep, "RUNNING")

    def test_a_projects_sweeps_go_with_it(self, database: Database) -> None:
        sweep_id, _ = make(database)
        ask(database, join(database, sweep_id))

        with database.begin() as session:
            session.delete(projects.get(session, "team", "digits"))
            session.flush()

            assert session.query(Sweep).count() == session.query(SweepAgent).count() == session.query(Trial).count() == 0

    def test_the_newest_comes_first_page_by_page(self, database: Database) -> None:
        ids = [make(database)[0] for _ in range(3)]

        with database.read() as session:
            project = projects.get(session, "team", "digits")
            first = sweeps.page(session, project, None, 2)
            second = sweeps.page(session, project, (first[-1].created_at, first[-1].id), 2)
            assert sweeps.count(session, project) == 3
            assert sorted(sweep.id for sweep in first + second) == sorted(ids)
            assert all(session.get(Run, sweep.id) is None for sweep in first)
