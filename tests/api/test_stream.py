"""The streams of lines that the wandb SDK sends: taken once each, whatever they hold and however often they come."""

import gzip
import json
import math
from typing import Any

import pytest
from servers import wait_until

from store import console, history, streamed

Rows = list[dict[str, Any] | str]


class Stream:
    """A run and the address that its streams go to."""

    def __init__(self, api: Any, **fields: Any) -> None:
        self.api = api
        self.run: dict[str, Any] = api.client_run(**fields)
        self.path = f"/files/{self.run['project']}/{self.run['external_id']}/file_stream"

    def post(self, body: Any, **options: Any) -> Any:
        return self.api.admin.post(self.path, content=body if isinstance(body, bytes) else json.dumps(body), **options)

    def send(self, name: str, rows: Rows, offset: int = 0, writer: str = "", **more: Any) -> dict[str, Any]:
        content = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        headers = {"X-WANDB-USE-ASYNC-FILESTREAM": "true", "X-WANDB-ASYNC-CLIENT-ID": writer} if writer else {}
        answer = self.post({"files": {name: {"offset": offset, "content": content}}, **more}, headers=headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def history(self, rows: Rows, offset: int = 0, **more: Any) -> dict[str, Any]:
        return self.send("wandb-history.jsonl", rows, offset, **more)

    def shown(self) -> dict[str, Any]:
        return dict(self.api.admin.get(f"/api/v1/runs/{self.run['id']}").json())

    def rows(self) -> list[dict[str, Any]]:
        with self.api.database.read() as session:
            return history.rows(session, self.run["id"])

    def lines(self) -> list[tuple[int, console.Line]]:
        with self.api.database.read() as session:
            return console.read(session, self.run["id"])


@pytest.fixture
def stream(api: Any) -> Stream:
    return Stream(api)


class TestHistory:
    def test_is_shown_like_the_points_of_any_run(self, api: Any, stream: Stream) -> None:
        rows = [{"_step": step, "_timestamp": 1.7e9 + step, "_runtime": step, "loss": 1 / (step + 1), "eval": {"acc": step}} for step in range(3)]

        assert stream.history(rows) == {"exitcode": None, "limits": {}}

        metrics = stream.shown()["metrics"]
        assert {name: one["last"] for name, one in metrics.items()} == {"eval.acc": 2, "loss": 1 / 3}
        answer = api.admin.get("/api/v1/series", params={"run": stream.run["id"], "metric": "loss", "points": "all"})
        assert answer.json()["series"][0]["values"] == [1, 0.5, 1 / 3]

    def test_sent_again_or_overlapping_changes_nothing(self, stream: Stream) -> None:
        rows: Rows = [{"_step": step, "a": step} for step in range(10)]
        stream.history(rows[:6])
        stream.history(rows[:6])
        stream.history(rows[4:], 4)

        assert [row["a"] for row in stream.rows()] == list(range(10))
        assert stream.shown()["metrics"]["a"]["count"] == 10

    def test_takes_the_literals_that_are_no_json(self, stream: Stream) -> None:
        stream.history(['{"_step":0,"a":NaN,"b":-Infinity,"c":9007199254740993}'])

        (row,) = stream.rows()
        assert math.isnan(row["a"])
        assert (row["b"], row["c"]) == (-math.inf, 2**53 + 1)

    def test_sets_bad_lines_aside_and_takes_the_others(self, stream: Stream) -> None:
        stream.history([{"_step": 0, "a": 1}, "{", {"_step": -1, "a": 2}, "[" * 100_000, {"_step": 3, "a": 3}])

        assert [row["a"] for row in stream.rows()] == [1, 3]
        assert stream.shown()["refused_points"] == 3
        assert "no JSON" in stream.shown()["refused_reason"] or "too deep" in stream.shown()["refused_reason"]

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(b"{", id="no JSON"),
            pytest.param(b"[]", id="a list"),
            pytest.param({"files": []}, id="files that are a list"),
            pytest.param({"files": {"wandb-history.jsonl": 5}}, id="a file that is a number"),
            pytest.param({"files": {"wandb-history.jsonl": {"offset": -1, "content": ["{}"]}}}, id="a negative offset"),
            pytest.param({"files": {"wandb-history.jsonl": {"offset": 2**60, "content": ["{}"]}}}, id="an offset beyond all lines"),
            pytest.param({"files": {"wandb-history.jsonl": {"offset": 0, "content": [None, {}]}}}, id="lines that are no texts"),
            pytest.param({"files": {"wandb-summary.json": {"offset": 0, "content": ["nonsense"]}}}, id="a summary that is no JSON"),
            pytest.param({"files": {"other.txt": {"offset": 0, "content": ["x"]}}}, id="a file of another name"),
            pytest.param({"files": {"output.log": {"offset": 2**52, "content": ["far", {"x": 1}]}}}, id="output at a far offset"),
            pytest.param({"complete": True, "exitcode": "many"}, id="an exit code that is a text"),
            pytest.param({"files": {"\ud800\0": 1}}, id="a name that no database takes"),
            pytest.param({"files": {"output.log": {"offset": 0, "content": ["\ud800\0"]}}}, id="output that no database takes"),
            pytest.param(b"", id="nothing"),
        ],
    )
    def test_no_data_makes_the_sdk_give_up(self, stream: Stream, body: Any) -> None:
        assert stream.post(body).status_code == 200
        stream.history([{"_step": 0, "a": 1}], 100)
        assert stream.rows()[-1]["a"] == 1

    def test_takes_packed_bodies(self, stream: Stream) -> None:
        body = json.dumps({"files": {"wandb-history.jsonl": {"offset": 0, "content": ['{"_step":0,"a":1}']}}}).encode()

        assert stream.post(gzip.compress(body), headers={"Content-Encoding": "gzip"}).status_code == 200
        assert stream.post(gzip.compress(b"[" * 70_000_000, 9), headers={"Content-Encoding": "gzip"}).status_code == 200

        assert [row["a"] for row in stream.rows()] == [1]

    def test_of_several_writers_loses_no_row(self, stream: Stream) -> None:
        for _ in range(2):
            for writer in ("one", "two"):
                stream.history([{"_step": step, f"loss/{writer}": step, "both": step} for step in range(4)], writer=writer)

        rows = stream.rows()
        assert [row["loss/two"] for row in rows if "loss/two" in row] == [0, 1, 2, 3]
        assert sorted(row["both"] for row in rows) == [0, 0, 1, 1, 2, 2, 3, 3]


class TestOtherStreams:
    def test_system_metrics_are_series_by_time(self, api: Any, stream: Stream) -> None:
        rows: Rows = [{"_wandb": True, "_timestamp": 1.7e9 + n, "_runtime": n, "system.cpu": 1.5 * n, "system.gpu.0.temp": n} for n in range(3)]
        stream.send("wandb-events.jsonl", rows)
        stream.send("wandb-events.jsonl", rows)

        answer = api.admin.get("/api/v1/series", params={"run": stream.run["id"], "metric": "system/cpu", "points": "all"})
        assert answer.json()["series"][0]["values"] == [0, 1.5, 3]
        with api.database.read() as session:
            assert history.events(session, stream.run["id"])[-1] == {"_timestamp": 1.7e9 + 2, "_runtime": 2, "system.cpu": 3, "system.gpu.0.temp": 2}

    def test_the_summary_is_what_was_sent_last(self, api: Any, stream: Stream) -> None:
        stream.send("wandb-summary.json", [{"loss": 1, "gone": 2}])
        stream.send("wandb-summary.json", ['{"loss":NaN,"big":9007199254740993,"best":"epoch 3","m":{"min":1}}'])

        with api.database.read() as session:
            summary = streamed.summary(session, stream.run["id"]) or {}
        assert math.isnan(summary.pop("loss"))
        assert summary == {"big": 2**53 + 1, "best": "epoch 3", "m": {"min": 1}}

    def test_output_is_the_log_and_its_lines_may_be_written_over(self, api: Any, stream: Stream) -> None:
        told: Rows = [{"ts": "2026-01-02T03:04:05.000001", "content": "hello"}, {"level": "error", "ts": "2026-01-02T03:04:06", "content": "10%"}]
        stream.send("output.log", told)
        stream.send("output.log", ["ERROR 2026-01-02T03:04:07.000001 100%", "plain"], 1)
        stream.send("output.log", ["ERROR 2026-01-02T03:04:07.000001 100%", "plain"], 1)

        shown = api.admin.get(f"/api/v1/runs/{stream.run['id']}/log").json()
        assert [line["text"] if isinstance(line, dict) else line for line in shown["lines"]] == ["hello", "100%", "plain"]
        assert stream.lines() == [
            (0, console.Line("hello", "", "2026-01-02T03:04:05.000001")),
            (1, console.Line("100%", "error", "2026-01-02T03:04:07.000001")),
            (2, console.Line("plain")),
        ]

    def test_output_of_several_writers_is_all_there(self, stream: Stream) -> None:
        for writer in ("one", "two"):
            stream.send("output.log", [f"a of {writer}", "0%"], writer=writer)
        for writer in ("one", "two"):
            stream.send("output.log", [f"100% of {writer}", f"b of {writer}"], 1, writer=writer)

        assert [line.text for _, line in stream.lines()] == ["a of one", "100% of one", "a of two", "100% of two", "b of one", "b of two"]


class TestEnd:
    @pytest.mark.parametrize(("code", "state", "reason"), [(0, "finished", None), (3, "failed", "The process ended with exit code 3.")])
    def test_is_said_by_the_exit_code(self, stream: Stream, code: int, state: str, reason: str | None) -> None:
        for _ in range(2):
            stream.history([{"_step": 0, "a": 1}], complete=True, exitcode=code)

        shown = stream.shown()
        assert (shown["state"], shown["reason"], shown["metrics"]["a"]["count"]) == (state, reason, 1)

    def test_a_run_that_logs_again_is_running(self, stream: Stream) -> None:
        stream.post({"complete": True, "exitcode": 1})
        stream.post({})
        assert stream.shown()["state"] == "failed"

        stream.history([{"_step": 0, "a": 1}])

        assert stream.shown()["state"] == "running"
        assert stream.shown()["finished_at"] is None


class TestDoor:
    def test_only_who_may_write_to_the_run_gets_in(self, api: Any, stream: Stream) -> None:
        assert api.client().post(stream.path, content="{}").status_code == 401
        assert api.client("wrong").post(stream.path, content="{}").status_code == 401
        assert api.as_role("viewer").post(stream.path, content="{}").status_code == 403
        assert api.as_role("member", "others").post(stream.path, content="{}").status_code == 404

    def test_an_unknown_or_deleted_run_ends_the_stream(self, api: Any, stream: Stream) -> None:
        assert api.admin.post("/files/team/logged/nobody/file_stream", content="{}").status_code == 404
        stream.post({"complete": True, "exitcode": 0})
        assert api.admin.delete(f"/api/v1/runs/{stream.run['id']}").status_code in (200, 202, 204)

        assert stream.post({}).status_code == 404

    def test_what_is_written_is_told_to_those_who_follow(self, api: Any, stream: Stream) -> None:
        before = stream.shown()["metrics"]
        stream.history([{"_step": 0, "a": 1}])

        wait_until(lambda: stream.shown()["metrics"] != before, 1.0, "the first point")
