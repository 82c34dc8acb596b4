"""Points of client runs, and the curves that come out."""

import json
import math
import random
import struct
from typing import Any

import msgpack
import pytest
from servers import wait_until

from store import runs


def append(api: Any, run: str, **body: Any) -> Any:
    answer = api.admin.post(f"/api/v1/runs/{run}/points", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def curve(api: Any, run: str, metric: str, **window: Any) -> dict[str, Any]:
    answer = api.admin.get("/api/v1/series", params={"run": run, "metric": metric, **window})
    assert answer.status_code == 200, answer.text
    (found,) = answer.json()["series"]
    return dict(found)


def doubles(count: int, seed: int) -> list[float]:
    """Finite float64 of every size, signs and denormals among them."""
    source = random.Random(seed)
    bits = (struct.unpack("d", source.randbytes(8))[0] for _ in range(10 * count))
    return [0.0, -0.0, 5e-324, 1.7976931348623157e308, 0.1, *(x for x in bits if math.isfinite(x))][:count]


class TestAppend:
    def test_what_comes_out_is_what_went_in_to_the_last_bit(self, api: Any) -> None:
        run, values = api.client_run()["id"], doubles(2000, seed=1)

        assert append(api, run, steps=list(range(2000)), metrics={"x": values}) == {"accepted": 2000, "refused": []}

        found = curve(api, run, "x", points="all")
        assert [struct.pack("d", x) for x in found["values"]] == [struct.pack("d", x) for x in values]

    def test_non_finite_values_are_strings_and_null_is_no_value(self, api: Any) -> None:
        run = api.client_run()["id"]

        answer = append(api, run, steps=[0, 1, 2, 3], metrics={"x": ["NaN", None, "Infinity", "-Infinity"]})

        assert answer == {"accepted": 3, "refused": []}
        assert curve(api, run, "x")["values"] == ["NaN", "Infinity", "-Infinity"]
        assert curve(api, run, "x")["steps"] == [0, 2, 3]

    def test_sent_again_the_answer_is_the_same_and_nothing_doubles(self, api: Any) -> None:
        run, body = api.client_run()["id"], {"steps": [0, 1], "metrics": {"x": [0.5, "NaN"], "y": [1, 2]}}

        answers = [append(api, run, **body), append(api, run, **body, times=[5.0, 6.0])]

        assert answers == [{"accepted": 4, "refused": []}] * 2
        assert curve(api, run, "x")["count"] == 2

    def test_a_held_value_stays_and_the_other_is_listed(self, api: Any) -> None:
        run = api.client_run()["id"]
        append(api, run, steps=[0, 1], metrics={"x": [0.5, 1.0]})

        answer = append(api, run, steps=[1, 2], metrics={"x": ["NaN", 3.0]})

        assert answer["accepted"] == 1
        (refused,) = answer["refused"]
        assert (refused["metric"], refused["step"], refused["held"], refused["got"]) == ("x", 1, 1.0, "NaN")
        assert refused["reason"]
        assert curve(api, run, "x")["values"] == [0.5, 1.0, 3.0]

    def test_minus_zero_is_not_zero(self, api: Any) -> None:
        run = api.client_run()["id"]
        append(api, run, steps=[0], metrics={"x": [0.0]})

        (refused,) = append(api, run, steps=[0], metrics={"x": [-0.0]})["refused"]

        assert math.copysign(1, refused["got"]) == -1

    def test_of_a_step_given_twice_the_first_counts(self, api: Any) -> None:
        run = api.client_run()["id"]

        append(api, run, steps=[3, 1, 3], metrics={"x": [1.0, 2.0, 9.0]})

        assert (curve(api, run, "x")["steps"], curve(api, run, "x")["values"]) == ([1, 3], [2.0, 1.0])

    def test_steps_reach_to_2_to_the_53(self, api: Any) -> None:
        run = api.client_run()["id"]

        append(api, run, steps=[2**53 - 1, 0], metrics={"x": [1, 2]})

        assert curve(api, run, "x")["steps"] == [0, 2**53 - 1]

    def test_messagepack_says_the_same(self, api: Any) -> None:
        run = api.client_run()["id"]
        body = {"steps": [0, 1, 2], "times": [1.0, 2.0, 3.5], "metrics": {"x": [0.1, math.nan, None]}}

        answer = api.admin.post(f"/api/v1/runs/{run}/points", content=msgpack.packb(body), headers={"Content-Type": "application/msgpack"})

        assert (answer.status_code, answer.json()) == (200, {"accepted": 2, "refused": []})
        assert curve(api, run, "x")["values"] == [0.1, "NaN"]

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(b"\xc1", id="a byte that is never used"),
            pytest.param(b"", id="nothing"),
            pytest.param(b"\x91" * 2000, id="2000 deep"),
            pytest.param(b"\x91" * 65 + b"\xc0", id="65 deep"),
            pytest.param(msgpack.packb({"steps": [0], "metrics": {"a\0": [1]}}), id="a NUL"),
            pytest.param(msgpack.packb({1: 2}), id="a number for a key"),
            pytest.param(b"\x82\xa1a\x01\xa1a\x02", id="a key twice"),
            pytest.param(b"\x81\xa1\xff\x01", id="bytes that are no UTF-8"),
            pytest.param(b"\xdf\xff\xff\xff\xff", id="a map that claims 4 billion keys"),
        ],
    )
    def test_broken_messagepack_is_400(self, sqlite_api: Any, body: bytes) -> None:
        run = sqlite_api.client_run()["id"]

        answer = sqlite_api.admin.post(f"/api/v1/runs/{run}/points", content=body, headers={"Content-Type": "application/msgpack"})

        assert answer.status_code == 400, answer.text

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            pytest.param([], "", id="a list"),
            pytest.param({"metrics": {}}, "/steps", id="no steps"),
            pytest.param({"steps": []}, "/metrics", id="no metrics"),
            pytest.param({"steps": [], "metrics": {}, "x": 1}, "/x", id="an unknown key"),
            pytest.param({"steps": [0, 1], "metrics": {"a/b": [1]}}, "/metrics/a~1b", id="a short column"),
            pytest.param({"steps": [0], "times": [], "metrics": {}}, "/times", id="short times"),
            pytest.param({"steps": [-1], "metrics": {}}, "/steps/0", id="a negative step"),
            pytest.param({"steps": [0, 2**53], "metrics": {}}, "/steps/1", id="a step of 2^53"),
            pytest.param({"steps": [0.5], "metrics": {}}, "/steps/0", id="half a step"),
            pytest.param({"steps": [True], "metrics": {}}, "/steps/0", id="true for a step"),
            pytest.param({"steps": "01", "metrics": {}}, "/steps", id="a string of steps"),
            pytest.param({"steps": [0], "metrics": {"x": [True]}}, "/metrics/x/0", id="true for a value"),
            pytest.param({"steps": [0], "metrics": {"x": ["0.5"]}}, "/metrics/x/0", id="a number in quotes"),
            pytest.param({"steps": [0], "metrics": {"x": [[1]]}}, "/metrics/x/0", id="a list for a value"),
            pytest.param({"steps": [0], "metrics": {"x": [2**53 + 1]}}, "/metrics/x/0", id="an integer that float64 cannot hold"),
            pytest.param({"steps": [0], "metrics": {"": [1]}}, "/metrics", id="a metric without a name"),
            pytest.param({"steps": [0], "metrics": {"x" * 513: [1]}}, "/metrics", id="a long name"),
            pytest.param({"steps": [0], "metrics": []}, "/metrics", id="a list of metrics"),
            pytest.param({"steps": [0], "times": ["now"], "metrics": {}}, "/times/0", id="a word for a time"),
            pytest.param({"steps": [0], "times": [1e300], "metrics": {}}, "/times/0", id="a time beyond all"),
        ],
    )
    def test_one_bad_value_refuses_the_whole_request(self, sqlite_api: Any, body: Any, pointer: str) -> None:
        run = sqlite_api.client_run()["id"]

        answer = sqlite_api.admin.post(f"/api/v1/runs/{run}/points", content=json.dumps(body), headers={"Content-Type": "application/json"})

        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
        assert sqlite_api.admin.get(f"/api/v1/runs/{run}").json()["metrics"] == {}

    def test_a_managed_or_ended_run_takes_none(self, api: Any) -> None:
        managed, ended = api.submit()["id"], api.client_run()["id"]
        api.admin.post(f"/api/v1/runs/{ended}/finish", json={"state": "finished"})

        for run in (managed, ended):
            assert api.admin.post(f"/api/v1/runs/{run}/points", json={"steps": [0], "metrics": {"x": [1]}}).status_code == 409

    def test_ten_thousand_metrics_are_enough(self, sqlite_api: Any) -> None:
        run = sqlite_api.client_run()["id"]
        for part in range(5):
            append(sqlite_api, run, steps=[0], metrics={f"m{part}-{i}": [1] for i in range(2000)})

        answer = sqlite_api.admin.post(f"/api/v1/runs/{run}/points", json={"steps": [1], "metrics": {"m0-0": [2], "one too many": [1]}})

        (refused,) = answer.json()["refused"]
        assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
        assert (refused["metric"], refused["step"], refused["held"], refused["got"]) == ("one too many", 1, None, 1.0)
        assert "10,000" in refused["reason"]

    def test_the_run_says_how_many_values_were_refused(self, api: Any) -> None:
        run = api.client_run()["id"]
        append(api, run, steps=[0, 1], metrics={"x": [0.5, 0.25]})

        append(api, run, steps=[0, 1, 2], metrics={"x": [0.75, 0.25, 0.1]})

        assert api.admin.get(f"/api/v1/runs/{run}").json()["refused_points"] == 1

    def test_the_summary_stands_in_the_run(self, api: Any) -> None:
        run = api.client_run()["id"]
        append(api, run, steps=[0, 5, 7], metrics={"x": [2.0, 1.0, "NaN"]})

        shown = api.admin.get(f"/api/v1/runs/{run}").json()

        assert shown["metrics"]["x"] == {"last": "NaN", "min": 1.0, "max": 2.0, "min_step": 5, "max_step": 0, "count": 3, "non_finite": 1}
        assert shown["progress"]["step"] == 7


class TestSeries:
    def test_comes_in_the_order_asked_runs_outer(self, api: Any) -> None:
        ids = [api.client_run()["id"] for _ in range(2)]
        for run in ids:
            append(api, run, steps=[0], metrics={"x": [1.0]})

        answer = api.admin.get("/api/v1/series", params={"run": ids[::-1], "metric": ["x", "none"]}).json()["series"]

        assert [(item["run"], item["metric"], item["count"]) for item in answer] == [
            (run, metric, n) for run in ids[::-1] for metric, n in (("x", 1), ("none", 0))
        ]
        query = {"runs": ids[::-1], "metrics": ["x", "none"]}
        assert api.admin.post("/api/v1/series/query", json=query).json()["series"] == answer

    def test_of_an_unknown_run_is_404(self, api: Any) -> None:
        assert api.admin.get("/api/v1/series", params={"run": [api.client_run()["id"], "nosuch"], "metric": "x"}).status_code == 404

    def test_buckets_keep_every_spike(self, api: Any) -> None:
        run, values = api.client_run()["id"], [float(i % 7) for i in range(5000)]
        values[1234], values[4321] = 1e9, -1e9
        append(api, run, steps=list(range(5000)), metrics={"x": [*values[:100], "NaN", *values[101:]]})

        found = curve(api, run, "x", points=50)

        assert found["count"] == sum(found["counts"]) == 5000
        assert len(found["steps"]) <= 50
        assert (max(found["max"]), min(found["min"]), sum(found["non_finite"])) == (1e9, -1e9, 1)
        assert "values" not in found

    def test_a_bucket_without_finite_values_has_no_mean(self, api: Any) -> None:
        run = api.client_run()["id"]
        append(api, run, steps=list(range(10)), metrics={"x": ["NaN"] * 5 + [1.0] * 5})

        found = curve(api, run, "x", points=2)

        assert (found["mean"], found["min"], found["max"]) == ([None, 1.0], [None, 1.0], [None, 1.0])
        assert (found["first"], found["last"]) == (["NaN", 1.0], ["NaN", 1.0])

    def test_a_window_includes_both_ends(self, api: Any) -> None:
        run = api.client_run()["id"]
        append(api, run, steps=list(range(10)), metrics={"x": [float(i) for i in range(10)]})

        found = curve(api, run, "x", **{"from": 3, "to": 5})

        assert (found["steps"], found["count"]) == ([3, 4, 5], 3)

    def test_over_time_it_has_times_since_the_run_began(self, api: Any) -> None:
        run = api.client_run()["id"]
        with api.database.read() as session:
            start = runs.get(session, run).started_at or 0.0
        append(api, run, steps=[0, 1, 2], times=[start + 1, start + 2, start + 30], metrics={"x": [1.0, 2.0, 3.0]})

        found = curve(api, run, "x", x="time", to=10)

        assert found["values"] == [1.0, 2.0]
        assert found["times"] == pytest.approx([1.0, 2.0], abs=0.01)

    @pytest.mark.parametrize(("name", "value"), [("points", "0"), ("points", "10001"), ("points", "some"), ("x", "epoch"), ("from", "NaN")])
    def test_a_bad_window_is_refused(self, sqlite_api: Any, name: str, value: str) -> None:
        run = sqlite_api.client_run()["id"]

        answer = sqlite_api.admin.get("/api/v1/series", params={"run": run, "metric": "x", name: value})

        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/{name}")

    def test_any_finite_bound_will_do(self, api: Any) -> None:
        run = api.client_run()["id"]
        append(api, run, steps=[0], metrics={"x": [1.0]})

        for bound in ("-1e308", "1e308", "0.5", "-0.0", "9007199254740993"):
            assert curve(api, run, "x", **{"from": bound})["count"] in (0, 1)


class TestClientRuns:
    def test_end_once_and_the_same_way_again(self, api: Any) -> None:
        run = api.client_run()["id"]
        end = f"/api/v1/runs/{run}/finish"

        ended = api.admin.post(end, json={"state": "failed", "reason": "out of paper"}).json()

        assert (ended["state"], ended["reason"]) == ("failed", "out of paper")
        assert api.admin.post(end, json={"state": "failed"}).json() == ended
        assert api.admin.post(end, json={"state": "finished"}).status_code == 409
        assert api.admin.post(f"/api/v1/runs/{run}/heartbeat").status_code == 409

    def test_have_neither_seed_nor_digests(self, api: Any) -> None:
        run = api.client_run(config={"lr": 0.1, "anything": [1, {"x": None}]})

        assert (run["seed"], run["config_digest"], run["digests"], run["state"]) == (None, None, None, "running")
        assert run["config"] == {"lr": 0.1, "anything": [1, {"x": None}]}

    def test_have_an_external_id_of_their_own(self, api: Any, project: str) -> None:
        assert api.client_run(project, external_id="abc-1")["external_id"] == "abc-1"
        again = api.admin.post("/api/v1/runs", json={"project": project, "origin": "client", "external_id": "abc-1"})
        assert again.status_code == 409

    def test_a_silent_one_crashes_and_comes_back_with_its_next_write(self, make_api: Any) -> None:
        api = make_api(client_timeout_s=1.0, reap_every_s=0.1)
        run = api.client_run()["id"]
        wait_until(lambda: api.admin.get(f"/api/v1/runs/{run}").json()["state"] == "crashed")

        append(api, run, steps=[0], metrics={"x": [1]})

        shown = api.admin.get(f"/api/v1/runs/{run}").json()
        assert (shown["state"], shown["reason"]) == ("running", None)

    def test_their_log_comes_back_by_lines(self, api: Any) -> None:
        run = api.client_run()["id"]
        for lines in (["one", "two"], ["three\x1b[31m", "four"]):
            assert api.admin.post(f"/api/v1/runs/{run}/log", json={"lines": lines}).status_code == 200

        whole = api.admin.get(f"/api/v1/runs/{run}/log").json()
        rest = api.admin.get(f"/api/v1/runs/{run}/log?after=1&limit=1").json()

        assert whole == {"lines": ["one", "two", "three\x1b[31m", "four"], "first": 0, "after": 3}
        assert rest == {"lines": ["three\x1b[31m"], "first": 2, "after": 2}
        assert api.admin.get(f"/api/v1/runs/{run}/log?after=3").json() == {"lines": [], "first": None, "after": 3}

    def test_a_config_of_a_megabyte_is_enough(self, api: Any) -> None:
        body = {"project": "team/x", "origin": "client", "config": {"x": "y" * 1_000_000}}

        assert api.admin.post("/api/v1/runs", json=body).json()["errors"][0]["pointer"] == "/config"
