"""Pages of the run table and its groups, within a project, on both databases, against a plain sorting of plain runs."""

import math
import statistics
from collections.abc import Iterator
from typing import Any

import pytest
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plain_filter import MISSING, PlainRun, holds, value_of
from plain_runs import CONFIGS, FILTERS, KEYS, METRIC_KEYS, add
from sqlalchemy import event, text

from analysis.leaves import leaves
from store import migrate, projects
from store.database import Database, connect
from store.search import groups, order, ranks, syntax, table, ties
from store.search.groups import Grouping
from store.search.leaves import HEAD, plain
from store.search.ranks import Ranking
from store.search.table import Scope

SORTS = st.lists(
    st.tuples(st.sampled_from(["", "-"]), st.sampled_from([*KEYS, *METRIC_KEYS, "id", "created_at"])).map("".join), min_size=1, max_size=2
)
GROUPED = st.sampled_from(["config.x", "config.y.z", "state", "seed", "archived"])
FUZZ = settings(max_examples=examples(25, 500), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
Held = tuple[Database, list[PlainRun]]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def held(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    """Projects team/all, with four runs of each config, and team/other; the runs of the first."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('table') / 'runtwice.db'}"
    else:
        server = request.getfixturevalue("postgres")
        server.execute("CREATE DATABASE run_table TEMPLATE template_runtwice")
        url = server.url("run_table")
    migrate.upgrade(url)
    db = connect(url)
    add(db, 1, CONFIGS[1], "other")
    yield db, [add(db, index, config, "all") for index, config in enumerate(CONFIGS * 4)]
    db.close()


def in_project(session: Any, filter: str | None) -> Scope:
    return Scope(project=projects.get(session, "team", "all"), filter=syntax.read_filter(filter) if filter else None)


def plain_page(all_runs: list[PlainRun], filter: str | None, sort: str) -> list[str]:
    """The ids that pass, in order: by Python's stable sort, from the last key to the first."""
    keys = syntax.read_sort(sort)
    found = [run for run in all_runs if filter is None or holds(syntax.read_filter(filter), run)]
    found.sort(key=lambda run: run.id, reverse=keys[-1].descends)
    for each in reversed(keys):
        found.sort(key=lambda run, each=each: sorted_by(each.key, run)[1:], reverse=each.descends)
        found.sort(key=lambda run, each=each: sorted_by(each.key, run)[0])
    return [run.id for run in found]


def sorted_by(key: Any, run: PlainRun) -> tuple[int, float, str]:
    value = run.id if key.name in ("id", "created_at") else value_of(key, run)
    if value is MISSING or (isinstance(value, float) and math.isnan(value)):
        return (2, 0.0, "")
    return (0, value, "") if isinstance(value, float) else (1, 0.0, value[:HEAD])


class TestPages:
    @pytest.fixture(autouse=True)
    def few(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """So that a few runs go all the ways that many would."""
        monkeypatch.setattr(ties, "FEW", 5)

    @FUZZ
    @given(filter=st.none() | FILTERS, sort=SORTS.map(",".join), limit=st.sampled_from([5, 20, 1000]))
    def test_hold_the_runs_that_a_plain_sorting_gives(self, held, filter, sort, limit) -> None:
        db, all_runs = held
        by = order.order(syntax.read_sort(sort))
        seen, after = [], None

        with db.read() as session:
            scope = in_project(session, filter)
            while batch := table.page(session, scope, by, after, limit):
                seen += [each.run_id for each in batch]
                after = batch[-1].place
            counted = table.count(session, scope)

        assert seen == plain_page(all_runs, filter, sort)
        assert counted == len(seen)


class TestGroups:
    @FUZZ
    @given(
        filter=st.none() | FILTERS, keys=st.lists(st.sampled_from(["config.x", "config.y.z", "state", "seed", "archived"]), min_size=1, max_size=3)
    )
    def test_hold_the_runs_that_agree_on_the_keys(self, held, filter, keys) -> None:
        by, _ = syntax.read_groups(",".join(keys))

        assert grouped(held, filter, Grouping(by)) == plain_groups(held[1], filter, lambda run: [shown(value_of(key, run)) for key in by])

    @FUZZ
    @given(filter=st.none() | FILTERS, paths=st.lists(st.sampled_from(["x", "y", "y.z", '"a-b"', "none"]), min_size=1, max_size=3))
    def test_hold_the_runs_that_agree_on_all_but_some_paths(self, held, filter, paths) -> None:
        _, left_out = syntax.read_groups("all_but:" + ",".join(paths))
        names = [key.name for key in left_out]

        def rest(run: PlainRun) -> list[Any]:
            kept = {at: value for at, value in leaves(run.config).items() if not any(at == out or at.startswith(out + ".") for out in names)}
            return sorted((at, repr(plain(value))) for at, value in kept.items() if value is not None)

        assert grouped(held, filter, Grouping((), names)) == plain_groups(held[1], filter, rest)

    def test_spread_metrics_as_statistics_has_it(self, held) -> None:
        db, all_runs = held
        with db.read() as session:
            scope = in_project(session, None)
            (group,) = groups.page(session, scope, Grouping(syntax.read_groups("project")[0]), None, 10).groups
            groups.add_metrics(session, scope, [group], None)

        lasts = [run.metrics["m"][-1] for run in all_runs if "m" in run.metrics and math.isfinite(run.metrics["m"][-1])]
        assert group.metrics["m"].mean == statistics.mean(lasts)
        assert group.metrics["m"].n == len(lasts)


def grouped(held: Held, filter: str | None, by: Grouping) -> set[frozenset[str]]:
    """The runs of each group, gone through two groups a page."""
    found, after = [], None
    with held[0].read() as session:
        scope = in_project(session, filter)
        while (page := groups.page(session, scope, by, after, 2)).groups:
            found += page.groups
            after = page.groups[-1].first
            total = page.total
    assert len(found) == (total if found else 0)
    assert [group.first for group in found] == sorted(group.first for group in found)
    return {frozenset(group.run_ids) for group in found}


def plain_groups(all_runs: list[PlainRun], filter: str | None, key_of: Any) -> set[frozenset[str]]:
    found: dict[str, set[str]] = {}
    for run in all_runs:
        if filter is None or holds(syntax.read_filter(filter), run):
            found.setdefault(repr(key_of(run)), set()).add(run.id)
    return {frozenset(ids) for ids in found.values()}


def shown(value: Any) -> Any:
    return None if value is MISSING else value


GROUP_KEYS = ["config.x", "config.y.z", "state", "seed", "archived"]
SPREAD_KEYS = [f"metrics.{name}{part}" for name in ("m", '"val/loss"', "none") for part in ("", ".mean", ".sd", ".min", ".max", ".n")]


@st.composite
def sorted_groups(draw: st.DrawFn) -> tuple[str, str]:
    """What to group by, and what to sort the groups by."""
    keys = draw(st.lists(st.sampled_from(GROUP_KEYS), min_size=1, max_size=3, unique=True))
    sort = draw(st.lists(st.sampled_from(["n", *keys, *SPREAD_KEYS]), min_size=1, max_size=3))
    return ",".join(keys), ",".join(draw(st.sampled_from(["", "-"])) + each for each in sort)


class TestSortedGroups:
    @FUZZ
    @given(filter=st.none() | FILTERS, asked=sorted_groups(), limit=st.sampled_from([2, 7, 1000]))
    def test_stand_as_a_plain_sorting_puts_them(self, held, filter, asked, limit) -> None:
        keys, sort = syntax.read_groups(asked[0])[0], syntax.read_group_sort(asked[1])

        assert by_pages(held, filter, Ranking(sort, Grouping(keys)), limit) == plain_ranks(held[1], filter, keys, sort)

    @pytest.mark.parametrize("sort", ["config.x", "-config.x", "-n,config.x"])
    def test_of_all_but_a_path_stand_by_what_is_left(self, held, sort) -> None:
        by, keys = Grouping((), ["y", "a-b"]), syntax.read_groups("config.x")[0]
        order = syntax.read_group_sort(sort)

        assert by_pages(held, "config.x is not null", Ranking(order, by), 3) == plain_ranks(held[1], "config.x is not null", keys, order)


def by_pages(held: Held, filter: str | None, by: Ranking, limit: int) -> list[list[str]]:
    """The runs of each group, in the order in which the pages have them."""
    found, after = [], None
    with held[0].read() as session:
        scope = in_project(session, filter)
        while (page := ranks.page(session, scope, by, after, limit)).groups:
            found += [group.run_ids for group in page.groups]
            after = by.place(page.groups[-1])
            assert len(page.groups) <= limit
    assert len(found) == page.total
    return found


def plain_ranks(all_runs: list[PlainRun], filter: str | None, keys: Any, sort: Any) -> list[list[str]]:
    found: dict[str, list[PlainRun]] = {}
    for run in all_runs:
        if filter is None or holds(syntax.read_filter(filter), run):
            found.setdefault(repr([shown(value_of(key, run)) for key in keys]), []).append(run)
    made = sorted((sorted(group, key=lambda run: run.id) for group in found.values()), key=lambda group: group[0].id)
    for each in reversed(sort):
        made.sort(key=lambda group, each=each: ranked_by(each.key, group)[1:] if not each.descends else reversed_by(each.key, group))
        made.sort(key=lambda group, each=each: ranked_by(each.key, group)[0])
    return [[run.id for run in group] for group in made]


def ranked_by(key: Any, group: list[PlainRun]) -> tuple[int, float, str]:
    if key == syntax.COUNT:
        return (0, len(group), "")
    if key.root != "metric":
        return sorted_by(key, group[0])
    lasts = [run.metrics[key.name][-1] for run in group if key.name in run.metrics and math.isfinite(run.metrics[key.name][-1])]
    if not lasts or (key.part == "sd" and len(lasts) < 2):
        return (2, 0.0, "")
    spreads = {"mean": statistics.mean, "sd": statistics.stdev, "min": min, "max": max, "n": len}
    return (0, float(spreads[key.part](lasts)), "")


def reversed_by(key: Any, group: list[PlainRun]) -> tuple[float, list[int]]:
    """Greatest first, and equal ones as they stood: letters by their code points, taken from the last there is, and the shorter text behind."""
    _, number, text_ = ranked_by(key, group)
    return (-number, [-ord(letter) for letter in text_] + [1])


class TestPlans:
    """What the databases say they do; on SQLite without statistics, too, which the hints make good for."""

    @pytest.mark.parametrize(
        ("sort", "index"),
        [
            pytest.param("metrics.m", "ix_series_last", id="a metric"),
            pytest.param('-metrics."val/loss".min', "ix_series_min", id="a metric's least, down"),
            pytest.param("config.x", "ix_run_params_number", id="a config path"),
            pytest.param("name", "ix_runs_project_id_name", id="a field"),
            pytest.param("-created_at", "ix_runs_project_id_created_at_id", id="age"),
        ],
    )
    def test_a_sorted_page_is_read_off_an_index(self, held, statements, sort, index) -> None:
        db, _ = held
        with db.read() as session:
            table.page(session, in_project(session, "seed >= 0 and archived = false"), order.order(syntax.read_sort(sort)), None, 3)
            plan = plan_of(db, session, next(each for each in statements if " ORDER BY " in each[0].replace("\n", " ")))

        assert index in plan
        assert "TEMP B-TREE" not in plan
        assert "Sort" not in plan


@pytest.fixture
def statements(held: Held) -> Iterator[list[tuple[str, Any]]]:
    """The statements that the test has executed."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, parameters))

    event.listen(held[0].engine, "before_cursor_execute", note)
    yield seen
    event.remove(held[0].engine, "before_cursor_execute", note)


def plan_of(db: Database, session: Any, executed: tuple[str, Any]) -> str:
    statement, parameters = executed
    connection = session.connection()
    if db.dialect == "sqlite":
        return str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all())
    # Of a few rows, all plans cost the same, and whether the server has counted them changes which is the least.
    connection.execute(text("SET LOCAL enable_seqscan = off"))
    connection.execute(text("SET LOCAL enable_bitmapscan = off"))
    return str(connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).all())
