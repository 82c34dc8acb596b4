"""The wandb client's filters and orders, on both databases, against the plain reading of them in tests/plain_mongo.py."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from databases import of_a_file
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plain_filter import PlainRun
from plain_mongo import holds
from plain_runs import CONFIGS, LONG, add

from api.wandb import filters, regexes, search_keys
from api.wandb.search_keys import BadFilter
from store import migrate, projects
from store.database import Database, connect
from store.search import order, table, texts
from store.search.syntax import Compare, In, IsNull, Like, Not
from store.search.table import Scope

KEYS = ["config.x", "config.x.value", "config.y.z", "config.y.value.z", "config.y", "config.none", "summary_metrics.m", "summary_metrics.val/loss"]
KEYS += ["display_name", "displayName", "state", "seed", "node"]
VALUES = [
    0,
    1,
    -1.5,
    0.1,
    2,
    1e300,
    2**53 + 1,
    True,
    False,
    None,
    "a",
    "A",
    "ab",
    "ä",
    "",
    "true",
    "running",
    LONG,
    LONG + "a",
    LONG + "b",
    [],
    [1, "a"],
]
PATTERNS = ["a", "^a", "a$", "^a$", "x{3}", "^x+a?$", "tmp.A", ".*", "^$", "(a|ä)b?$", "[A-Z]", "_%", "\\*\\[", "^.$", "running", "\\w-"]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def held(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, list[PlainRun]]]:
    """A database with one project of runs of every kind of value, and the same runs as plain values."""
    url = of_a_file(request, tmp_path_factory.mktemp("filters"), "wandb_filters")
    migrate.upgrade(url)
    db = connect(url)
    yield db, [add(db, index, config, "p") for index, config in enumerate(CONFIGS)]
    db.close()


@st.composite
def comparisons(draw: st.DrawFn) -> dict[str, Any]:
    if draw(st.integers(0, 5)) == 0:
        tag = st.sampled_from(["a", "b", "ä", "none"])
        plain = st.one_of(tag, tag.map(lambda each: {"$ne": each}), st.booleans().map(lambda each: {"$exists": each}))
        listed = st.tuples(st.sampled_from(["$in", "$nin", "$all"]), st.lists(tag, min_size=1, max_size=3)).map(lambda pair: {pair[0]: pair[1]})
        return {"tags": draw(st.one_of(plain, listed))}
    return {draw(st.sampled_from(KEYS)): draw(operands())}


def operands() -> st.SearchStrategy[Any]:
    value = st.sampled_from(VALUES)
    ordered = st.sampled_from([each for each in VALUES if isinstance(each, str | int | float) and not isinstance(each, bool)])
    one = st.one_of(
        st.tuples(st.sampled_from(["$eq", "$ne"]), value),
        st.tuples(st.sampled_from(["$gt", "$gte", "$lt", "$lte"]), ordered),
        st.tuples(st.sampled_from(["$in", "$nin"]), st.lists(value, max_size=4)),
        st.tuples(st.just("$exists"), st.sampled_from([True, False, 1, 0])),
        st.tuples(st.just("$regex"), st.sampled_from(PATTERNS)),
    )
    several = st.lists(one, min_size=1, max_size=2).map(dict)
    either_case = st.sampled_from(PATTERNS).map(lambda pattern: {"$regex": pattern, "$options": "i"})
    return st.one_of(value, several, either_case, several.map(lambda inner: {"$not": inner}))


FILTERS = st.recursive(
    st.lists(comparisons(), max_size=2).map(lambda each: {name: value for one in each for name, value in one.items()}),
    lambda inner: st.tuples(st.sampled_from(["$and", "$or", "$nor"]), st.lists(inner, min_size=1, max_size=3)).map(lambda pair: {pair[0]: pair[1]}),
    max_leaves=8,
)


def found(db: Database, text: str) -> set[str]:
    with db.read() as session:
        project = projects.get(session, "team", "p")
        tree = filters.read(
            text, lambda path: texts.has_path(session, project.id, path), lambda key, limit: texts.of(session, project.id, key, limit)
        )
        scope = Scope(project=project, filter=tree)
        page = {each.run_id for each in table.page(session, scope, order.order(()), None, 1000)}
        assert table.count(session, scope) == len(page)
        return page


class TestFilter:
    @settings(max_examples=examples(60, 3000), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
    @given(of=FILTERS)
    def test_lets_the_same_runs_through_as_mongodb_would(self, held, of) -> None:
        db, all_runs = held

        assert found(db, json.dumps(of)) == {run.id for run in all_runs if holds(of, run)}

    def test_finds_a_key_that_has_a_dot_in_its_name(self, held) -> None:
        db, all_runs = held

        assert found(db, '{"config.a-b.c.d": 1}') == {run.id for run in all_runs if "a-b" in run.config}

    def test_compares_times(self, held) -> None:
        db, all_runs = held
        every = {run.id for run in all_runs}

        assert found(db, '{"createdAt": {"$gt": "2020-01-01T00:00:00"}, "created_at": {"$lt": 4e9}}') == every
        assert found(db, '{"created_at": {"$gt": "2100-01-01"}}') == set()

    def test_knows_the_clients_words_for_states(self, held) -> None:
        assert read('{"state": {"$in": ["killed", "finished"]}}').values[0].plain == "cancelled"


class TestMistakes:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            pytest.param("[]", "made of objects", id="a list"),
            pytest.param("{", "cannot be read", id="broken JSON"),
            pytest.param('{"config.x": NaN}', "NaN is no number", id="not a number"),
            pytest.param('{"config.x": 1e999}', "beyond what float64 holds", id="too large a number"),
            pytest.param('{"config.x": ' + "9" * 5000 + "}", "beyond what float64 holds", id="thousands of digits"),
            pytest.param('{"config.x": "\\u0000"}', "NUL", id="a NUL"),
            pytest.param('{"config.x": "\\ud800"}', "half a character", id="half a pair"),
            pytest.param('{"$where": "1"}', r"'\$where' is not understood.*\$and", id="an operator at the head"),
            pytest.param('{"config.x": {"$type": 1}}', r"'\$type' of 'config.x' is not understood.*\$regex", id="an operator of a key"),
            pytest.param('{"$or": []}', r"\$or takes a list", id="or of nothing"),
            pytest.param('{"$and": {"a": 1}}', r"\$and takes a list", id="and of an object"),
            pytest.param('{"colour": 1}', "no 'colour' to search runs by.*summary_metrics", id="an unknown key"),
            pytest.param('{"config..x": 1}', "between two dots", id="two dots"),
            pytest.param('{"config.' + "a" * 401 + '": 1}', "400 characters", id="too long a path"),
            pytest.param('{"config.x": {"$in": 3}}', "takes a list", id="in of a number"),
            pytest.param('{"config.x": {"$gt": null}}', "compares numbers", id="greater than null"),
            pytest.param('{"tags": {"$gt": "a"}}', "not tags", id="tags that are greater"),
            pytest.param('{"tags": 3}', "A tag is a text", id="a tag that is a number"),
            pytest.param('{"config.x": {"y": 1}}', "whole object", id="an object"),
            pytest.param('{"createdAt": {"$gt": "soon"}}', "compared with a time", id="a time that is none"),
            pytest.param('{"createdAt": {"$gt": 1e300}}', "compared with a time", id="a time that is too late"),
            pytest.param('{"config.x": {"$regex": 3}}', "a pattern as a text", id="a pattern that is none"),
            pytest.param('{"config.x": {"$regex": "(?=a)"}}', "no look-ahead", id="a look-ahead"),
            pytest.param('{"config.x": {"$regex": "(a"}}', "RE2", id="a pattern that is not closed"),
            pytest.param('{"config.x": {"$regex": "' + "a" * 1001 + '"}}', "1,000 characters", id="too long a pattern"),
            pytest.param('{"config.x": {"$regex": "a", "$options": "x"}}', "of either case", id="options"),
            pytest.param('{"config.x": {"$not": 3}}', "object of operators", id="not of a number"),
            pytest.param('{"$nor": [' * 20 + "{}" + "]}" * 20, "deeper than 12", id="too deep"),
            pytest.param("[" * 100_000, "cannot be read|at most", id="a hundred thousand brackets"),
            pytest.param(json.dumps({"$or": [{"config.x": 1}] * 201}), "200 comparisons", id="too many comparisons"),
            pytest.param(json.dumps({"config.x": {"$in": [1] * 1001}}), "1,000 values", id="too many values"),
        ],
    )
    def test_say_what_is_wrong_and_what_is_accepted(self, text, words) -> None:
        with pytest.raises(BadFilter, match=words):
            read(text)


class TestPattern:
    @pytest.mark.parametrize(
        ("pattern", "like"),
        [("abc", "%abc%"), ("^a_1", "a\\_1%"), ("^a.*z$", "a%z"), ("a.+", "%a_%%"), ("\\.txt$", "%.txt"), ("", "%%"), ("$", "%"), ("50%", "%50\\%%")],
    )
    def test_that_is_a_text_with_gaps_becomes_a_like(self, pattern, like) -> None:
        assert regexes.as_like(pattern) == like

    @pytest.mark.parametrize("pattern", ["a|b", "a+", "(a)", "[a]", "\\d", "a{2}", "a?", ".?", ".{2}", "a^", "a$b", "\\"])
    def test_that_is_more_does_not(self, pattern) -> None:
        assert regexes.as_like(pattern) is None

    def test_that_would_take_for_ever_elsewhere_is_quick(self) -> None:
        of = '{"display_name": {"$regex": "^(a+)+$"}}'

        assert filters.read(of, lambda _: True, lambda *_: ["a" * 5000 + "b", "aa"]).values[0].plain == "aa"

    def test_is_not_tried_on_more_texts_than_can_be(self) -> None:
        with pytest.raises(BadFilter, match="too many to try"):
            filters.read('{"display_name": {"$regex": "a|b"}}', lambda _: True, lambda _, limit: ["x"] * limit)


class TestNames:
    @pytest.mark.parametrize(
        ("text", "tree"),
        [
            ('{"config.lr.value": 0.1}', (Compare, "config", "lr")),
            ('{"config.value.value": 1}', (Compare, "config", "value")),
            ('{"config.a.value.b": 1}', (Compare, "config", "a.b")),
            ('{"summary_metrics.val/loss": {"$lt": 1}}', (Compare, "metric", "val/loss")),
            ('{"name": "abcd1234"}', (Compare, "field", "external_id")),
            ('{"displayName": {"$regex": "^a"}}', (Like, "field", "name")),
            ('{"tags": "bn"}', (In, "tags", "tags")),
            ('{"config.x": null}', (IsNull, "config", "x")),
        ],
    )
    def test_of_the_client_are_keys_of_the_run_table(self, text, tree) -> None:
        made = read(text)

        assert (type(made), made.key.root, made.key.name) == tree

    def test_of_an_order(self) -> None:
        made = search_keys.sort_keys("-summary_metrics.acc,+config.lr.value, created_at", lambda _: True)

        assert [(each.key.name, each.descends) for each in made] == [("acc", True), ("lr", False), ("created_at", False)]
        assert [each.key.name for each in search_keys.sort_keys(None, lambda _: True)] == ["created_at"]

    @pytest.mark.parametrize("text", ["+tags", "-colour", ",".join(["name"] * 6)])
    def test_that_are_no_order(self, text) -> None:
        with pytest.raises(BadFilter):
            search_keys.sort_keys(text, lambda _: True)

    def test_twice_denied_is_said_plainly(self) -> None:
        assert isinstance(read('{"config.x": {"$not": {"$ne": 1}}}'), Compare)
        assert isinstance(read('{"$nor": [{"config.x": 1}]}'), Not)


def read(text: str) -> Any:
    return filters.read(text, lambda _: True, lambda *_: [])
