"""Runs to test with, stating only what a test is about."""

from collections.abc import Callable
from typing import Any

import pytest

from store import projects, runs
from store.database import Database
from store.tables import Run
from trainer.config import RunConfig

DIGITS: dict[str, Any] = {"dataset": {"name": "digits"}, "total_iterations": 20, "device": "cpu"}
MakeRun = Callable[..., Run]


@pytest.fixture
def make_run(database: Database) -> MakeRun:
    """A queued managed run of project team/digits."""

    def make(config: dict[str, Any] | None = None, **fields: Any) -> Run:
        with database.begin() as session:
            project = projects.find_or_add(session, "team", "digits")
            return runs.add_managed(session, project, RunConfig.model_validate({**DIGITS, **(config or {})}), **{"name": "a run", **fields})

    return make


@pytest.fixture
def client_run(database: Database) -> Run:
    """A running run of project team/digits, logged by a client."""
    with database.begin() as session:
        return runs.add_client(session, projects.find_or_add(session, "team", "digits"), {"lr": 0.1}, name="logged")
