"""Rows of a history in, rows of a history out: exact, once each, whatever the chunks they came in."""

import json
import math
from itertools import pairwise
from typing import Any

from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import histories, history, projects, runs, series, streamed
from store.database import Database
from store.tables import Run


def append(database: Database, run: Run, rows: list[Any], offset: int = 0, writer: str = "") -> None:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    with database.begin() as session:
        history.append(session, run.id, offset, lines, 1000.0, writer)


def read(database: Database, run: Run, **options: Any) -> list[dict[str, Any]]:
    with database.read() as session:
        return [{key: value for key, value in row.items() if key != "_timestamp"} for row in history.rows(session, run.id, **options)]


def values(database: Database, run: Run, metric: str) -> dict[int, float]:
    with database.read() as session:
        column = series.read(session, run.id, metric)
        return dict(zip(column.steps.tolist(), column.values.tolist(), strict=True))


class TestRows:
    def test_come_back_as_they_were_sent(self, database: Database, client_run: Run) -> None:
        sent = [
            {"_step": 0, "_timestamp": 1.7955951923809252e9, "_runtime": 0.644807926, "loss": 0.5, "n": {"x": 1, "y": {"z": 2}}},
            {"_step": 1, "_timestamp": 1.7955951924809252e9, "_runtime": 0.7, "loss": 1, "big": 2**53 + 1, "neg": -5, "huge": 2**70},
            {"_step": 2, "_timestamp": 1.7955951925809252e9, "_runtime": 0.8, "s": "text", "t": True, "none": None, "l": [1, 2.5, {"a": []}]},
            {"_step": 5, "_timestamp": 1.7955951926809252e9, "_runtime": 0.9, "h": {"_type": "histogram", "values": [1], "bins": [0, 1]}},
        ]

        append(database, client_run, sent)

        with database.read() as session:
            rows = history.rows(session, client_run.id)
        flat = {"_step": 0, "_timestamp": 1.7955951923809252e9, "_runtime": 0.644807926, "loss": 0.5, "n.x": 1, "n.y.z": 2}
        assert rows == [flat, *sent[1:]]
        assert type(rows[1]["loss"]) is int
        assert type(rows[1]["big"]) is int
        assert rows[2]["t"] is True

    def test_take_nan_and_infinities(self, database: Database, client_run: Run) -> None:
        append(database, client_run, ['{"_step":0,"a":NaN,"b":Infinity,"c":-Infinity,"d":[NaN]}'])

        (row,) = read(database, client_run)

        assert math.isnan(row["a"])
        assert (row["b"], row["c"]) == (math.inf, -math.inf)
        assert math.isnan(row["d"][0])

    def test_are_points_of_the_run_like_any_other(self, database: Database, client_run: Run) -> None:
        append(database, client_run, [{"_step": step, "loss": step / 4, "big": 2**53 + 1} for step in range(3)])

        assert values(database, client_run, "loss") == {0: 0.0, 1: 0.25, 2: 0.5}
        assert values(database, client_run, "big") == dict.fromkeys(range(3), 2.0**53)

    def test_of_one_step_are_merged_and_the_later_value_holds(self, database: Database, client_run: Run) -> None:
        append(database, client_run, [{"_step": 0, "a": 1, "s": "x"}, {"_step": 1, "a": 2, "b": 1}, {"_step": 1, "a": 3}, {"_step": 2, "a": 9}])

        append(database, client_run, [{"_step": 1, "a": 5, "c": "y"}, {"_step": 0, "s": 7}], offset=4)

        assert read(database, client_run) == [{"_step": 0, "a": 1, "s": 7}, {"_step": 1, "a": 5, "b": 1, "c": "y"}, {"_step": 2, "a": 9}]
        assert values(database, client_run, "a") == {0: 1, 1: 5, 2: 9}

    def test_that_cannot_be_taken_are_set_aside_and_counted(self, database: Database, client_run: Run) -> None:
        deep = '{"_step":1,"a":' + '{"b":' * 40 + "1" + "}" * 41
        bad = ["no json", "[1]", 7, {"_step": -1}, {"_step": 2**60}, deep, {"_step": 3, "": 1}, {"_step": 4, "ok": 1, "x" * 600: 2}]

        append(database, client_run, [{"_step": 0, "a": 1}, *bad, {"_step": 9, "a": 2}])

        assert read(database, client_run) == [{"_step": 0, "a": 1}, {"_step": 9, "a": 2}]
        with database.read() as session:
            held = session.get_one(streamed.Streamed, client_run.id)
            assert held.set_aside == len(bad)
            assert "512 characters" in str(held.set_aside_reason)
            assert streamed.count_lines(session, client_run.id, "history") == len(bad) + 2

    def test_of_several_writers_share_their_steps_and_none_loses(self, database: Database, client_run: Run) -> None:
        append(database, client_run, [{"_step": step, "a": step, "both": 1} for step in range(2)], writer="one")
        append(database, client_run, [{"_step": 0, "b": 5}, {"_step": 1, "b": 6, "both": 2}], writer="two")
        append(database, client_run, [{"_step": 0, "b": 5}, {"_step": 1, "b": 6, "both": 2}], writer="two")

        assert read(database, client_run) == [
            {"_step": 0, "a": 0, "both": 1, "b": 5},
            {"_step": 1, "a": 1, "both": 1},
            {"_step": 2, "b": 6, "both": 2},
        ]

    def test_are_read_from_either_end_by_the_page(self, database: Database, client_run: Run) -> None:
        for start in range(0, 300, 30):
            append(database, client_run, [{"_step": 2 * step, "a": step, "s": str(step)} for step in range(start, start + 30)], offset=start)

        assert [row["_step"] for row in read(database, client_run, from_step=99, limit=3)] == [100, 102, 104]
        assert [row["s"] for row in read(database, client_run, to_step=99, limit=2, newest_first=True)] == ["48", "49"]
        with database.read() as session:
            assert history.count(session, client_run.id) == 300
            assert history.last_step(session, client_run.id) == 598
            sampled = history.sampled(session, client_run.id, ["_step", "a"], 5)
            assert [row["a"] for row in sampled] == [0, 75, 150, 224, 299]
            assert histories.shapes(session, [client_run.id])[client_run.id].kinds["s"] == {"string": 300}


def chunks(lines: int) -> Any:
    """Pieces of so many lines as (first, behind the last), in any order, that leave none out; some come again, some overlap."""
    some = st.lists(st.tuples(st.integers(0, lines), st.integers(0, lines)).map(sorted), max_size=8)
    cuts = st.lists(st.integers(0, lines), max_size=6).map(lambda found: sorted({0, lines, *found}))
    return st.tuples(cuts.map(lambda ends: list(pairwise(ends))), some).flatmap(lambda both: st.permutations([*both[0], *map(tuple, both[1])]))


LINES = [
    {"_step": step, "_timestamp": 100.0 + step, "a": step, **({"b": step / 3} if step % 3 else {"s": f"text {step}"}), "c": {"d": 2**53 + step}}
    for step in range(12)
]


class TestChunks:
    @settings(max_examples=examples(25, 300), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(data=st.data())
    def test_bring_the_same_rows_however_they_are_cut_repeated_and_overlap(self, database: Database, data: st.DataObject) -> None:
        with database.begin() as session:
            project = projects.find_or_add(session, "team", "digits")
            run = runs.add_client(session, project, {}, name="chunked")

        for begin, end in data.draw(chunks(len(LINES))):
            append(database, run, LINES[begin:end], begin)

        flat = [{"_step": row["_step"], **{key: row[key] for key in ("a", "b", "s") if key in row}, "c.d": row["c"]["d"]} for row in LINES]
        assert read(database, run) == flat
        assert values(database, run, "a") == {step: step for step in range(12)}
        with database.read() as session:
            assert history.count(session, run.id) == streamed.count_lines(session, run.id, "history") == 12
            assert histories.shapes(session, [run.id])[run.id].kinds["s"] == {"string": 4}


class TestPoints:
    def test_of_a_run_without_rows_are_read_as_rows(self, database: Database, client_run: Run) -> None:
        with database.begin() as session:
            series.append(session, client_run.id, series.Points([0, 2], [5.0, 6.0], {"a": [0.5, 1.0], "b": [None, 2.0]}))

        assert [{key: row[key] for key in row if key != "_runtime"} for row in read(database, client_run)] == [
            {"_step": 0, "a": 0.5},
            {"_step": 2, "a": 1, "b": 2},
        ]

        append(database, client_run, [{"_step": 3, "a": 4}])

        assert [row["_step"] for row in read(database, client_run)] == [0, 2, 3]


class TestRewriting:
    def test_drops_what_came_after_a_step(self, database: Database, client_run: Run) -> None:
        append(database, client_run, [{"_step": step, "a": step, "s": "x"} for step in range(10)])
        with database.begin() as session:
            history.append_events(session, client_run.id, 0, ['{"system.cpu":1,"_timestamp":5}'] * 9, 1.0)

            assert history.truncate(session, client_run.id, 4) == 5

        assert [row["_step"] for row in read(database, client_run)] == [0, 1, 2, 3, 4]
        assert len(values(database, client_run, "system/cpu")) == 9
        with database.read() as session:
            assert streamed.count_lines(session, client_run.id, "history") == 5
            assert (streamed.summary(session, client_run.id) or {})["a"] == 4
            assert histories.shapes(session, [client_run.id])[client_run.id].kinds["s"] == {"string": 5}

    def test_copies_up_to_a_step(self, database: Database, client_run: Run) -> None:
        append(database, client_run, [{"_step": step, "a": step, "s": "x"} for step in range(10)])
        with database.begin() as session:
            fork = runs.add_client(session, projects.find_or_add(session, "team", "digits"), {}, name="fork")
            assert history.copy(session, client_run.id, fork.id, 4) == 5

        append(database, fork, [{"_step": 5, "a": 50}], offset=5)

        assert read(database, fork) == [*({"_step": step, "a": step, "s": "x"} for step in range(5)), {"_step": 5, "a": 50}]

    def test_clears_all(self, database: Database, client_run: Run) -> None:
        append(database, client_run, [{"_step": 0, "a": 1}])
        with database.begin() as session:
            history.clear(session, session.get_one(Run, client_run.id))

        append(database, client_run, [{"_step": 0, "a": 2}])

        assert read(database, client_run) == [{"_step": 0, "a": 2}]
