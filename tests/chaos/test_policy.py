"""Reruns by policy when workers are killed: none lost, none doubled."""

import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from servers import wait_until
from sqlalchemy import select

from store import policies, projects
from store.policies import Wanted
from store.tables import AutomaticRerun, Run, Verdict

Make = Callable[..., Any]
SHORT: dict[str, Any] = {"total_iterations": 20, "eval_every": 20}


def want_every_run(service: Any) -> None:
    with service.db.begin() as session:
        policies.put(session, projects.find_or_add(session, "team", "chaos"), Wanted("every"))


def everything(service: Any) -> tuple[list[Run], list[AutomaticRerun], list[Verdict]]:
    with service.db.read() as session:
        return tuple(list(session.scalars(select(table))) for table in (Run, AutomaticRerun, Verdict))  # type: ignore[return-value]


def finished(service: Any) -> int:
    return sum(run.state == "finished" for run in everything(service)[0])


def judge(service: Any, originals: list[Run]) -> None:
    """Every original has finished and has one rerun, which reproduced it."""
    found, made, verdicts = everything(service)
    reruns = [run.rerun_of for run in found if run.rerun_of]
    assert {run.state for run in found} == {"finished"}
    assert sorted(reruns) == sorted(run.id for run in originals) == sorted(each.original_id for each in made)
    assert [verdict.outcome for verdict in verdicts] == ["identical"] * len(originals)


class TestPolicy:
    def test_reruns_every_run_once_when_the_worker_is_killed_among_them(self, service: Any, start_worker: Make) -> None:
        want_every_run(service)
        originals = [service.submit(**SHORT, seed=seed) for seed in range(4)]
        first = start_worker("n1")
        wait_until(lambda: finished(service) >= 3, 60, "some runs to end")

        first.process.kill()
        start_worker("n2")

        wait_until(lambda: finished(service) >= 8, 110, "all reruns")
        judge(service, originals)

    @pytest.mark.proof
    def test_reruns_every_run_once_through_ten_kills(self, service: Any, start_worker: Make) -> None:
        want_every_run(service)
        originals = [service.submit(**SHORT, seed=seed) for seed in range(20)]

        for kill in range(10):
            before = finished(service)
            worker = start_worker(f"n{kill}", max_attempts=50)
            wait_until(lambda before=before: finished(service) > before, 110, "another end")
            time.sleep(random.uniform(0.0, 0.3))
            worker.process.kill()
            worker.process.wait()
        start_worker("last", max_attempts=50)

        wait_until(lambda: finished(service) >= 40, 600, "all reruns")
        judge(service, originals)
