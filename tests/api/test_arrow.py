"""Points and curves as Arrow streams."""

import datetime
import io
import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

ARROW = "application/vnd.apache.arrow.stream"


def stream(columns: dict[str, Any], **options: Any) -> bytes:
    sink = io.BytesIO()
    batch = pa.record_batch(columns)
    with pa.ipc.new_stream(sink, batch.schema, **options) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def send(api: Any, run: str, body: bytes) -> Any:
    return api.admin.post(f"/api/v1/runs/{run}/points", content=body, headers={"Content-Type": ARROW})


def curves(api: Any, run: str, **query: Any) -> Any:
    answer = api.admin.get("/api/v1/series", params={"run": run, **query}, headers={"Accept": ARROW})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, ARROW)
    return pa.ipc.open_stream(answer.content).read_all().to_pylist()


class TestPoints:
    def test_come_in_as_columns_with_nulls_for_no_value(self, api: Any) -> None:
        run = api.client_run()["id"]
        columns = {"step": pa.array([0, 1, 2], pa.int64()), "loss": pa.array([0.5, None, math.nan]), "n": pa.array([1, 2, 3], pa.int32())}

        answer = send(api, run, stream(columns))

        assert (answer.status_code, answer.json()) == (200, {"accepted": 5, "refused": []})
        found = api.admin.get("/api/v1/series", params={"run": run, "metric": ["loss", "n"], "points": "all"}).json()["series"]
        assert [(curve["steps"], curve["values"]) for curve in found] == [([0, 2], [0.5, "NaN"]), ([0, 1, 2], [1.0, 2.0, 3.0])]

    @pytest.mark.parametrize("kind", ["float", "timestamp"])
    def test_take_times_as_seconds_or_timestamps(self, api: Any, kind: str) -> None:
        run = api.client_run()
        began = datetime.datetime.fromisoformat(run["started_at"])
        moments = [began + datetime.timedelta(seconds=5), began + datetime.timedelta(seconds=6)]
        times = pa.array(moments, pa.timestamp("us", "UTC")) if kind == "timestamp" else pa.array([moment.timestamp() for moment in moments])

        send(api, run["id"], stream({"step": pa.array([0, 1]), "time": times, "x": pa.array([1.0, 2.0])}))

        (curve,) = api.admin.get("/api/v1/series", params={"run": run["id"], "metric": "x", "x": "time"}).json()["series"]
        assert curve["times"] == pytest.approx([5.0, 6.0], abs=0.002)

    @pytest.mark.parametrize(
        ("columns", "pointer"),
        [
            pytest.param({"x": pa.array([1.0])}, "/step", id="no step"),
            pytest.param({"step": pa.array([0.5]), "x": pa.array([1.0])}, "/step", id="a step that is no whole number"),
            pytest.param({"step": pa.array([-1]), "x": pa.array([1.0])}, "/step", id="a step below 0"),
            pytest.param({"step": pa.array([2**63], pa.uint64()), "x": pa.array([1.0])}, "/step", id="a step of 2^63"),
            pytest.param({"step": pa.array([0, None]), "x": pa.array([1.0, 2.0])}, "/step", id="a step that is null"),
            pytest.param({"step": pa.array([0]), "x": pa.array(["abc"])}, "/x", id="a text"),
            pytest.param({"step": pa.array([0]), "x": pa.array([2**53 + 1])}, "/x", id="an integer beyond float64"),
            pytest.param({"step": pa.array([0]), "time": pa.array([math.nan]), "x": pa.array([1.0])}, "/time", id="a time that is no number"),
            pytest.param({"step": pa.array([0]), "x" * 513: pa.array([1.0])}, "/" + "x" * 100, id="a long name"),
        ],
    )
    def test_that_are_not_what_they_should_be_name_the_column(self, sqlite_api: Any, columns: dict[str, Any], pointer: str) -> None:
        answer = send(sqlite_api, sqlite_api.client_run()["id"], stream(columns))

        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)

    def test_that_would_grow_a_thousandfold_are_not_unpacked(self, sqlite_api: Any) -> None:
        columns = {"step": pa.array(np.arange(5_000_000)), "x": pa.array(np.zeros(5_000_000))}
        bomb = stream(columns, options=pa.ipc.IpcWriteOptions(compression="zstd"))[:90_000]

        answer = send(sqlite_api, sqlite_api.client_run()["id"], bomb)

        assert answer.status_code == 400
        assert "not compressed" in answer.json()["detail"]

    @pytest.mark.parametrize("cut", [1, 7, 40, 200, -9])
    def test_cut_off_anywhere_are_refused(self, sqlite_api: Any, cut: int) -> None:
        body = stream({"step": pa.array([0, 1]), "x": pa.array([1.0, 2.0])})

        answer = send(sqlite_api, sqlite_api.client_run()["id"], body[:cut])

        assert answer.status_code == 400

    def test_damaged_anywhere_are_never_an_error_of_ours(self, sqlite_api: Any) -> None:
        run, body = sqlite_api.client_run()["id"], stream({"step": pa.array([0, 1]), "x": pa.array([1.0, 2.0])})

        statuses = {send(sqlite_api, run, body[:at] + bytes([body[at] ^ 0xFF]) + body[at + 1 :]).status_code for at in range(0, len(body), 5)}

        assert statuses <= {200, 400, 422}


class TestCurves:
    def test_say_what_json_says(self, api: Any) -> None:
        run = api.client_run()["id"]
        body = {"steps": list(range(3000)), "metrics": {"x": [float(i % 7) for i in range(3000)], "y": ["NaN"] * 3000}}
        assert api.admin.post(f"/api/v1/runs/{run}/points", json=body).status_code == 200

        for window in ({"points": "50"}, {"points": "all", "x": "time"}, {"from": "3", "to": "5"}):
            query = {"metric": ["x", "y", "nothing"], **window}
            said = api.admin.get("/api/v1/series", params={"run": run, **query}).json()["series"]
            assert list(map(plain, curves(api, run, **query))) == list(map(plain, said))


def plain(curve: dict[str, Any]) -> dict[str, Any]:
    """JSON has NaN as a text, and null where a bucket has no finite value; Arrow has null for a column that the curve has not."""
    return {name: [number(item) for item in value] if isinstance(value, list) else value for name, value in curve.items() if value is not None}


def number(item: Any) -> Any:
    return None if item == "NaN" or (isinstance(item, float) and math.isnan(item)) else item
