"""Filters, on both databases, against the plain reading of them in tests/plain_filter.py."""

import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plain_filter import PlainRun, holds
from sqlalchemy import select, text

from store import migrate, projects, runs, series, trash
from store.database import Database, connect
from store.errors import BadSearch
from store.search import order, syntax, table
from store.search.conditions import condition
from store.search.table import Scope
from store.series import Points
from store.tables import Run, RunParam, RunTag

LONG = "x" * 99
VALUES = [0, 1, -1.5, 0.1, 1e300, 2**53, True, False, None, "", "a", "A", "ab", "ä", "Z%_*[?]\\", "true", LONG, LONG + "a", LONG + "ab", [], [1, "a"]]
CONFIGS: list[dict[str, Any]] = [
    *({"x": value, "y": {"z": VALUES[-index]}} for index, value in enumerate(VALUES)),
    {"y": {}},
    {"a-b": {"c.d": 1, 'q"': "a"}},
    {"y": {"z": {"deeper": None}}},
]
METRICS = [{}, {"m": [1.0, 0.5]}, {"m": [math.nan]}, {"m": [0.1, math.inf], "val/loss": [-1.0]}, {"val/loss": [3.0, math.nan, 2.0]}]
TAGS = [[], ["a"], ["a", "b"], ["A", "ä"]]

PAIRS = {"x": "config.x", "y": "config.y", "y.z": "params.y.z", '"a-b"."c.d"': 'config."a-b".`c.d`', '"a-b"."q"""': 'config."a-b"."q"""'}
KEYS = [*PAIRS.values(), "config.y.z.deeper", "name", "state", "seed", "attempt", "archived", "node", "project"]
METRIC_KEYS = [f"metrics.{name}{part}" for name in ("m", '"val/loss"', "none") for part in ("", ".last", ".min", ".max", ".min_step", ".count")]


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


def add(db: Database, index: int, config: dict[str, Any]) -> PlainRun:
    metrics, tags = METRICS[index % len(METRICS)], TAGS[index % len(TAGS)]
    name = [LONG, "a", "tmp-A", "ä_%"][index % 4]
    with db.begin() as session:
        run = runs.add_client(session, projects.find_or_add(session, "team", f"p{index % 2}"), config, name=name, tags=tags)
        run.seed, run.archived = (index if index % 3 else None), index % 2 == 0
        for metric, values in metrics.items():
            series.append(session, run.id, Points(range(len(values)), [0.0] * len(values), {metric: values}))
        fields = {
            "name": name,
            "state": "running",
            "seed": run.seed,
            "attempt": 0,
            "archived": run.archived,
            "node": None,
            "project": run.project.path,
        }
        return PlainRun(run.id, fields, config, metrics, tags)


def literals() -> st.SearchStrategy[str]:
    texts = ["a", "A", "ab", "ä", "true", "", LONG, LONG + "a", LONG + "b", "running", "team/p0", "it''s", "[]", '[1,"a"]']
    return st.sampled_from(["0", "1", "-1.5", "0.1", "2", "1e300", "9007199254740993", "0.5", "true", "false", *(f"'{text}'" for text in texts)])


PATTERNS = st.sampled_from(["%", "a%", "%A", "_", "%x", "z\\%", "%[?]%", "%*%", "", "%\\", "Z%\\_%", "ä", "Ä", LONG + "_", "tmp%"])
SIGNS = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
LISTS = st.lists(literals(), min_size=1, max_size=4).map(", ".join)
TAG_LISTS = st.lists(st.sampled_from(["'a'", "'b'", "'ä'", "'none'"]), min_size=1, max_size=3).map(", ".join)
NOT = st.sampled_from(["", "not "])


@st.composite
def comparisons(draw: st.DrawFn) -> str:
    form = draw(st.sampled_from(["compare", "in", "like", "null", "tags"]))
    if form == "tags":
        return f"tags {draw(NOT)}in ({draw(TAG_LISTS)})"
    key = draw(st.sampled_from(KEYS + METRIC_KEYS))
    if form == "compare":
        return f"{key} {draw(SIGNS)} {draw(literals())}"
    if form == "in":
        return f"{key} {draw(NOT)}in ({draw(LISTS)})"
    if form == "like":
        return f"{key} {draw(NOT)}{draw(st.sampled_from(['like', 'ilike']))} '{draw(PATTERNS)}'"
    return f"{key} is {draw(NOT)}null"


FILTERS = st.recursive(
    comparisons(),
    lambda inner: st.one_of(
        inner.map(lambda text: f"not ({text})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})"),
    ),
    max_leaves=8,
)


class TestFilter:
    @settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
    @given(text=FILTERS)
    def test_lets_the_same_runs_through_as_a_plain_reading(self, held, text) -> None:
        db, all_runs = held
        tree = syntax.read_filter(text)

        with db.read() as session:
            found = table.page(session, Scope(where=condition(tree)), order.order(()), None, 1000)

        assert {each.run.id for each in found} == {run.id for run in all_runs if holds(tree, run)}

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
            table.count(session, Scope(where=condition(syntax.read_filter(text))))


class TestOrder:
    @pytest.mark.parametrize("descends", [False, True])
    @pytest.mark.parametrize("key", [*KEYS, *METRIC_KEYS, "created_at", "started_at", "id"])
    def test_walks_every_run_once_the_missing_last(self, held, key, descends) -> None:
        db, all_runs = held
        by = order.order(syntax.read_sort(f"{'-' * descends}{key},-seed"))
        seen, after = [], None
        with db.read() as session:
            while batch := table.page(session, Scope(), by, after, 4):
                seen += [each.run.id for each in batch]
                after = batch[-1].place
            whole = [each.run.id for each in table.page(session, Scope(), by, None, 1000)]

        assert sorted(seen) == sorted(run.id for run in all_runs)
        assert seen == whole

    def test_a_metric_down_then_the_missing(self, held) -> None:
        db, all_runs = held
        with db.read() as session:
            found = table.page(session, Scope(), order.order(syntax.read_sort("-metrics.m")), None, 1000)

        lasts = {run.id: run.metrics["m"][-1] for run in all_runs if "m" in run.metrics and not math.isnan(run.metrics["m"][-1])}
        assert [lasts[each.run.id] for each in found[: len(lasts)]] == sorted(lasts.values(), reverse=True)
        assert not {each.run.id for each in found[len(lasts) :]} & set(lasts)


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
        assert len(before) == 4

    def test_go_with_the_run(self, database, client_run) -> None:
        with database.begin() as session:
            runs.finish_client(session, runs.get(session, client_run.id), "finished", None)
        with database.begin() as session:
            trash.discard(session, [Run.id == client_run.id])
            assert trash.purge(session)

        assert rows(database) == []

    def test_an_index_serves_a_config_filter(self, sqlite_url) -> None:
        db = connect(sqlite_url)
        with db.read() as session:
            query = (
                select(RunParam.run_id).where(RunParam.path == "x", RunParam.number < 1.0).compile(db.engine, compile_kwargs={"literal_binds": True})
            )
            plan = str(session.execute(text(f"EXPLAIN QUERY PLAN {query}")).all())
        db.close()

        assert "COVERING INDEX ix_run_params_path_number_run_id" in plan


def rows(database: Database) -> list[Any]:
    with database.read() as session:
        params = select(RunParam.path, RunParam.number, RunParam.head, RunParam.text).order_by(RunParam.path)
        return [*session.execute(params).all(), *session.scalars(select(RunTag.tag))]
