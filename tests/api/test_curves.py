"""Curves as binary columns, and answers that are not sent twice."""

import json
import math
from typing import Any

import numpy as np
import pytest

COLUMNS = "application/vnd.runtwice.columns"


def append(api: Any, run: str, **body: Any) -> None:
    assert api.admin.post(f"/api/v1/runs/{run}/points", json=body).status_code == 200


def get(api: Any, run: str, accept: str = COLUMNS, **more: Any) -> Any:
    headers = {"Accept": accept, **more.pop("headers", {})}
    return api.admin.get("/api/v1/series", params={"run": run, "metric": "x", **more}, headers=headers)


def unpacked(body: bytes) -> list[dict[str, Any]]:
    """The header's objects, each with its columns by name."""
    header, _, _ = body.partition(b"\n")
    assert (len(header) + 1) % 8 == 0
    rest, found = np.frombuffer(body[len(header) + 1 :], "<f8"), []
    for item in json.loads(header)["series"]:
        columns = item.pop("columns")
        for column in columns:
            item[column["name"]], rest = rest[: column["length"]], rest[column["length"] :]
        found.append(item)
    assert len(rest) == 0
    return found


class TestColumns:
    def test_carry_every_bit(self, api: Any) -> None:
        run, values = api.client_run()["id"], [0.1, "NaN", "-Infinity", -0.0, 5e-324]
        append(api, run, steps=[0, 1, 2, 3, 2**53 - 1], metrics={"x": values})

        answer = get(api, run, points="all")

        (found,) = unpacked(answer.content)
        assert answer.headers["Content-Type"] == COLUMNS
        assert (found["run"], found["metric"], found["count"]) == (run, "x", 5)
        assert found["steps"].tolist() == [0, 1, 2, 3, 2**53 - 1]
        assert found["values"].tobytes() == np.array([0.1, math.nan, -math.inf, -0.0, 5e-324]).tobytes()

    def test_say_what_json_says(self, api: Any) -> None:
        run = api.client_run()["id"]
        append(api, run, steps=list(range(5000)), metrics={"x": [float(i % 7) for i in range(5000)]})

        for window in ({"points": "50"}, {"points": "50", "x": "time"}, {"points": "all", "x": "time"}, {"from": "3", "to": "5"}):
            (found,), (said,) = unpacked(get(api, run, **window).content), get(api, run, "*/*", **window).json()["series"]
            assert list(found) == list(said)
            assert {name: list(value) if isinstance(value, np.ndarray) else value for name, value in found.items()} == said

    def test_have_nan_where_a_bucket_has_no_mean(self, api: Any) -> None:
        run = api.client_run()["id"]
        append(api, run, steps=[0, 1, 2, 3], metrics={"x": ["NaN", "NaN", 1.0, 1.0]})

        (found,) = unpacked(get(api, run, points="2").content)

        np.testing.assert_array_equal(found["mean"], [math.nan, 1.0])

    def test_come_for_long_lists_and_unknown_metrics(self, api: Any) -> None:
        ids = [api.client_run()["id"] for _ in range(3)]
        for run in ids:
            append(api, run, steps=[1], metrics={"x": [0.5]})

        answer = api.admin.post("/api/v1/series/query", json={"runs": [*ids, ids[0]], "metrics": ["x", "none"]}, headers={"Accept": COLUMNS})

        found = [(item["run"], item["metric"], item["values"].tolist()) for item in unpacked(answer.content)]
        assert found == [(run, metric, value) for run in [*ids, ids[0]] for metric, value in (("x", [0.5]), ("none", []))]

    @pytest.mark.parametrize(
        ("accept", "kind"),
        [
            pytest.param(f"{COLUMNS}, application/json;q=0.5", COLUMNS, id="rather columns"),
            pytest.param(f"application/json, {COLUMNS};q=0.5", "application/json", id="rather JSON"),
            pytest.param(f"{COLUMNS};q=0", "application/json", id="no columns"),
            pytest.param(f"{COLUMNS};q=much", "application/json", id="a weight that is none"),
            pytest.param("", "application/json", id="nothing"),
        ],
    )
    def test_come_to_those_who_ask_for_them(self, sqlite_api: Any, accept: str, kind: str) -> None:
        answer = get(sqlite_api, sqlite_api.client_run()["id"], accept)

        assert answer.headers["Content-Type"] == kind
        assert "Accept" in answer.headers["Vary"]


class TestStarts:
    def test_are_where_each_of_many_runs_goes_on(self, api: Any) -> None:
        first, second, whole = (api.client_run()["id"] for _ in range(3))
        for run in (first, second, whole):
            append(api, run, steps=[0, 1, 2, 3], metrics={"x": [0.0, 1.0, 2.0, 3.0]})

        asked = {"runs": [first, second, whole], "metrics": ["x"], "from": 1, "to": 3, "starts": {first: 3, second: 2}}
        answer = api.admin.post("/api/v1/series/query", json=asked)
        known = api.admin.post("/api/v1/series/query", json={**asked, "starts": {}}, headers={"If-None-Match": answer.headers["ETag"]})

        assert [(curve["run"], curve["steps"], curve["count"]) for curve in answer.json()["series"]] == [
            (first, [3], 1),
            (second, [2, 3], 2),
            (whole, [1, 2, 3], 3),
        ]
        assert known.status_code == 200

    def test_are_refused_when_they_are_no_numbers(self, api: Any) -> None:
        answer = api.admin.post("/api/v1/series/query", json={"runs": ["x"], "metrics": ["x"], "starts": {"x": "soon"}})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/starts/x"


class TestEtag:
    @pytest.mark.parametrize("accept", ["application/json", COLUMNS])
    def test_saves_an_answer_that_is_known(self, api: Any, accept: str) -> None:
        run = api.client_run()["id"]
        append(api, run, steps=[0], metrics={"x": [0.5]})
        tag = get(api, run, accept).headers["ETag"]

        known = get(api, run, accept, headers={"If-None-Match": f'"other", W/{tag}'})

        assert (known.status_code, known.content, known.headers["ETag"]) == (304, b"", tag)
        posted = api.admin.post("/api/v1/series/query", json={"runs": [run], "metrics": ["x"]}, headers={"Accept": accept, "If-None-Match": tag})
        assert (posted.status_code, posted.content) == (304, b"")

    def test_changes_with_every_point_window_and_form(self, api: Any) -> None:
        run, tags = api.client_run()["id"], []
        for step in (5, 3, 9):
            append(api, run, steps=[step], metrics={"x": [0.5]})
            for accept, window in (("*/*", {}), (COLUMNS, {}), ("*/*", {"points": "7"}), ("*/*", {"from": "1"}), ("*/*", {"x": "time"})):
                tags.append(get(api, run, accept, **window).headers["ETag"])

        assert len(set(tags)) == 15

    def test_is_no_way_around_who_may_see(self, api: Any) -> None:
        run = api.client_run()["id"]
        tag = get(api, run).headers["ETag"]
        stranger = api.as_role("viewer", "elsewhere")

        answer = stranger.get("/api/v1/series", params={"run": run, "metric": "x"}, headers={"If-None-Match": tag})

        assert answer.status_code == 404
