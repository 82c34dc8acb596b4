"""Runs found and sorted by what was set in their summaries, and by who logged them, where, and for how long; on both databases."""

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest
from databases import of_a_file
from sqlalchemy import select

from api.wandb import filters, search_keys
from store import keys, migrate, projects, runs, series, streamed
from store.database import Database, connect
from store.search import known, order, table, texts
from store.search.table import Scope
from store.series import Points
from store.tables import Run

SUMMARIES: dict[str, dict[str, Any]] = {
    "low": {"best": 1, "word": "amber", "nested": {"deep": 3}, "a.b": 7, "flag": True},
    "high": {"best": 2.5, "word": "amber and " + "much more " * 20, "loss": 9.0, "flag": False},
    "odd": {"best": math.nan, "big": 2**70, "up": math.inf, "list": [1, 2], "half \ud800": 1},
    "logged": {},
}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def held(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    url = of_a_file(request, tmp_path_factory.mktemp("summaries"), "wandb_summaries")
    migrate.upgrade(url)
    db = connect(url)
    with db.begin() as session:
        project, (key, _) = projects.find_or_add(session, "team", "p"), keys.mint(session, "ada", "member", "team")
        for name, summary in SUMMARIES.items():
            run = runs.add_client(session, project, {"lr": 0.1}, name=name, created_by=key.id if name == "low" else None)
            series.append(session, run.id, Points([0, 1], [0.0, 0.0], {"loss": [1.0, 2.0]}))
            if summary:
                streamed.set_summary(session, run.id, summary)
            run.environment = {"host": f"host-{name}", "commit": "abc"} if name != "odd" else {}
            run.started_at, run.finished_at = 1000.0, 1010.0 if name == "low" else 1100.0
    yield db
    db.close()


def listed(db: Database, filter: dict[str, Any] | None = None, by: str = "+created_at") -> list[str]:
    with db.read() as session:
        project = projects.get(session, "team", "p")

        def has_path(path: str) -> bool:
            return texts.has_path(session, project.id, path)

        def summary(name: str) -> str | None:
            return search_keys.summary_path(name, has_path)

        tree = filters.read(json.dumps(filter or {}), has_path, lambda key, limit: texts.of(session, project.id, key, limit), summary)
        order_by = order.order(search_keys.sort_keys(by, has_path, summary))
        ids = [each.run_id for each in table.page(session, Scope(project=project, filter=tree), order_by, None, 100)]
        return [runs.get(session, run_id).name for run_id in ids]


class TestValuesThatWereNeverLogged:
    @pytest.mark.parametrize(
        ("filter", "names"),
        [
            pytest.param({"summary_metrics.best": 1}, ["low"], id="a number"),
            pytest.param({"summary_metrics.best": {"$gte": 1}}, ["low", "high"], id="at least a number"),
            pytest.param({"summary_metrics.best": {"$exists": False}}, ["logged"], id="none"),
            pytest.param({"summary_metrics.best": {"$ne": 1}}, ["high", "odd", "logged"], id="another or none"),
            pytest.param({"summary_metrics.word": {"$regex": "^amber and"}}, ["high"], id="a long text by a pattern"),
            pytest.param({"summary_metrics.word": "amber"}, ["low"], id="a text"),
            pytest.param({"summary_metrics.flag": True}, ["low"], id="true"),
            pytest.param({"summary_metrics.nested.deep": 3}, ["low"], id="nested"),
            pytest.param({"summary_metrics.a.b": {"$gt": 6}}, ["low"], id="a key with a dot"),
            pytest.param({"summary_metrics.big": {"$gt": 1e20}}, ["odd"], id="beyond 64 bits"),
            pytest.param({"summary_metrics.up": {"$gt": 1e300}}, ["odd"], id="infinite"),
            pytest.param({"summary_metrics.none": {"$gt": 0}}, [], id="what no run has"),
            pytest.param({"$or": [{"summary_metrics.best": 1}, {"summary_metrics.big": {"$exists": True}}]}, ["low", "odd"], id="any of two"),
        ],
    )
    def test_find_runs(self, held: Database, filter: dict[str, Any], names: list[str]) -> None:
        assert listed(held, filter) == names

    def test_count_before_what_was_logged_last(self, held: Database) -> None:
        assert listed(held, {"summary_metrics.loss": 9}) == ["high"]
        assert listed(held, {"summary_metrics.loss": 2}) == ["low", "odd", "logged"]

    def test_sort_runs_and_those_without_come_last(self, held: Database) -> None:
        assert listed(held, by="-summary_metrics.best")[:2] == ["high", "low"]
        assert listed(held, by="+summary_metrics.best")[:2] == ["low", "high"]

    def test_are_no_part_of_the_config_and_stay_when_that_changes(self, held: Database) -> None:
        with held.begin() as session:
            project = projects.get(session, "team", "p")
            for run in session.scalars(select(Run).where(Run.project_id == project.id)):
                run.config = {"lr": 0.2}

        with held.read() as session:
            assert [leaf.key for leaf in known.keys(session, Scope(project=project, filter=None)).leaves] == ["lr"]
        assert listed(held, {"summary_metrics.best": 1}) == ["low"]

    def test_go_when_the_summary_is_another(self, held: Database) -> None:
        with held.begin() as session:
            project = projects.get(session, "team", "p")
            run = runs.add_client(session, project, {}, name="changed")
            streamed.set_summary(session, run.id, {"once": 1, "stays": 1})
            streamed.set_summary(session, run.id, {"stays": 2})

        assert (listed(held, {"summary_metrics.once": {"$exists": True}}), listed(held, {"summary_metrics.stays": 2})) == ([], ["changed"])
        with held.begin() as session:
            streamed.forget(session, run)
        assert listed(held, {"summary_metrics.stays": {"$exists": True}}) == []


class TestFields:
    @pytest.mark.parametrize(
        ("filter", "names"),
        [
            pytest.param({"username": "ada"}, ["low"], id="who"),
            pytest.param({"user.username": {"$in": ["ada", "bob"]}}, ["low"], id="any of these"),
            pytest.param({"host": {"$regex": "^host-(l|h)"}}, ["low", "high", "logged"], id="where, by a pattern"),
            pytest.param({"commit": "abc", "display_name": {"$ne": "low"}}, ["high", "logged"], id="commit"),
            pytest.param({"host": {"$exists": False}, "display_name": "odd"}, ["odd"], id="unknown host"),
            pytest.param({"duration": {"$lt": 50}}, ["low"], id="duration"),
            pytest.param({"heartbeatAt": {"$gte": "2020-01-01T00:00:00Z"}, "display_name": {"$in": list(SUMMARIES)}}, list(SUMMARIES), id="heard of"),
        ],
    )
    def test_find_runs(self, held: Database, filter: dict[str, Any], names: list[str]) -> None:
        assert listed(held, {"$and": [filter, {"display_name": {"$ne": "changed"}}]}) == names

    @pytest.mark.parametrize("field", ["username", "host", "commit", "duration", "heartbeatAt"])
    def test_sort_runs(self, held: Database, field: str) -> None:
        assert sorted(listed(held, {"display_name": {"$ne": "changed"}}, f"-{field}")) == sorted(SUMMARIES)

    def test_sort_by_duration(self, held: Database) -> None:
        assert listed(held, {"display_name": {"$ne": "changed"}}, "+duration")[0] == "low"
