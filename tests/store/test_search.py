"""Filters, on both databases, against the plain reading of them in tests/plain_filter.py."""

import math
from collections.abc import Iterator
from typing import Any

import pytest
from effort import examples
from hypothesis import HealthCheck, given, settings
from plain_filter import PlainRun, holds
from plain_runs import CONFIGS, FILTERS, KEYS, METRIC_KEYS, add
from sqlalchemy import select

from store import migrate, runs, trash
from store.database import Database, connect
from store.errors import BadSearch
from store.search import order, syntax, table
from store.search.table import Scope
from store.tables import Run, RunParam, RunTag


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def held(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, list[PlainRun]]]:
    """A database with runs of every kind of value, and the same runs as plain values."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('search') / 'runtwice.db'}"
    else:
        server = request.getfixturevalue("postgres")
        server.execute("CREATE DATABASE search TEMPLATE template_runtwice")
        url = server.url("search")
    migrate.upgrade(url)
    db = connect(url)
    yield db, [add(db, index, config) for index, config in enumerate(CONFIGS)]
    db.close()


class TestFilter:
    @settings(max_examples=examples(50, 2000), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
    @given(text=FILTERS)
    def test_lets_the_same_runs_through_as_a_plain_reading(self, held, text) -> None:
        db, all_runs = held
        tree = syntax.read_filter(text)

        with db.read() as session:
            found = table.page(session, Scope(filter=tree), order.order(()), None, 1000)

        assert {each.run_id for each in found} == {run.id for run in all_runs if holds(tree, run)}

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("(not" * 6 + " name = 'a' and name = 'b'" + ") and not archived = true" * 6, id="as deep as it goes"),
            pytest.param(" or ".join(["config.x = 1"] * 200), id="as many comparisons as it takes"),
            pytest.param("config.x in (" + ", ".join(["1.5"] * 999) + ")", id="as many values as it takes"),
            pytest.param(f"name like '{'%a' * 5000}'", id="a long pattern"),
        ],
    )
    def test_the_largest_are_answered(self, held, text) -> None:
        with held[0].read() as session:
            table.count(session, Scope(filter=syntax.read_filter(text)))


class TestOrder:
    @pytest.mark.parametrize("descends", [False, True])
    @pytest.mark.parametrize("key", [*KEYS, *METRIC_KEYS, "created_at", "started_at", "id"])
    def test_walks_every_run_once_the_missing_last(self, held, key, descends) -> None:
        db, all_runs = held
        by = order.order(syntax.read_sort(f"{'-' * descends}{key},-seed"))
        seen, after = [], None
        with db.read() as session:
            while batch := table.page(session, Scope(), by, after, 4):
                seen += [each.run_id for each in batch]
                after = batch[-1].place
            whole = [each.run_id for each in table.page(session, Scope(), by, None, 1000)]

        assert sorted(seen) == sorted(run.id for run in all_runs)
        assert seen == whole

    def test_a_metric_down_then_the_missing(self, held) -> None:
        db, all_runs = held
        with db.read() as session:
            found = table.page(session, Scope(), order.order(syntax.read_sort("-metrics.m")), None, 1000)

        lasts = {run.id: run.metrics["m"][-1] for run in all_runs if "m" in run.metrics and not math.isnan(run.metrics["m"][-1])}
        assert [lasts[each.run_id] for each in found[: len(lasts)]] == sorted(lasts.values(), reverse=True)
        assert not {each.run_id for each in found[len(lasts) :]} & set(lasts)


class TestMistakes:
    @pytest.mark.parametrize(
        ("text", "column", "words"),
        [
            pytest.param("", 1, "a key should stand", id="nothing"),
            pytest.param("name", 5, "a comparison", id="a key alone"),
            pytest.param("name = 'a", 8, "never closed", id="an open text"),
            pytest.param("name = 'a' or", 14, "a key", id="or and nothing"),
            pytest.param("(name = 'a'", 12, "should stand, not the end", id="an open parenthesis"),
            pytest.param("name = 'a')", 11, "the end", id="one too many"),
            pytest.param("name == 'a'", 7, "a number or a text", id="two equals"),
            pytest.param("seed = 1e999", 8, "float64", id="too large a number"),
            pytest.param("seed = 12abc", 8, "means nothing", id="a number with letters"),
            pytest.param('name = "a"', 8, "single quotes", id="a text in double quotes"),
            pytest.param("name in ()", 10, "a number or a text", id="an empty list"),
            pytest.param("name is 3", 9, "null", id="is three"),
            pytest.param("name not = 3", 10, "in, like or ilike", id="not equals"),
            pytest.param("name like 3", 11, "a text", id="like a number"),
            pytest.param("metrics = 3", 1, "needs a dot", id="metrics alone"),
            pytest.param("name; drop table runs", 5, "means nothing", id="a semicolon"),
            pytest.param("config. = 1", 9, "a key", id="a dot and nothing"),
            pytest.param(f"config.{'a' * 401} = 1", 1, "400 characters", id="too long a path"),
            pytest.param("not " * 4_000 + "seed = 1", 53, "deeper", id="thousands of nots"),
            pytest.param("(" * 10_000, 14, "deeper", id="ten thousand parentheses"),
            pytest.param("x" * 20_000, 16_385, "longer", id="too long"),
            pytest.param(" or ".join(["seed = 1"] * 201), 2401, "200 comparisons", id="too many comparisons"),
        ],
    )
    def test_say_where_and_what(self, text, column, words) -> None:
        with pytest.raises(BadSearch, match=words) as caught:
            syntax.read_filter(text)

        assert caught.value.column == column

    @pytest.mark.parametrize("text", ["", "-", "tags", "name,", "name desc", ",".join(["name"] * 6)])
    def test_in_a_sort(self, text) -> None:
        with pytest.raises(BadSearch):
            syntax.read_sort(text)


class TestRows:
    def test_the_migration_fills_them_for_runs_that_were_there(self, database, database_url, client_run) -> None:
        with database.begin() as session:
            run = runs.get(session, client_run.id)
            run.config, run.tags = {"a": {"b.c": [1], "d": None}, "e": True, "f": 2}, ["t"]
        before = rows(database)

        migrate.downgrade(database_url, "0001")
        migrate.upgrade(database_url)

        assert rows(database) == before
        assert len(before) == 5

    def test_go_with_the_run(self, database, client_run) -> None:
        with database.begin() as session:
            runs.finish_client(session, runs.get(session, client_run.id), "finished", None)
        with database.begin() as session:
            trash.discard(session, [Run.id == client_run.id])
            while trash.purge(session):
                pass

        assert rows(database) == []


def rows(database: Database) -> list[Any]:
    with database.read() as session:
        params = select(RunParam.__table__).order_by(RunParam.path)
        marks = select(Run.leaves_high, Run.leaves_low)
        return [*session.execute(params).all(), *session.scalars(select(RunTag.tag)), *session.execute(marks).all()]
