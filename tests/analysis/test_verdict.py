"""What a verdict says, as a table of two runs and their outcome."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.verdict import Column, Evidence, Verdict, compare

DIGESTS = {name: name[0] * 64 for name in ("data", "split", "order", "initial", "final", "code")}
CONFIG = {"dataset": {"name": "digits"}, "optimizer": {"kind": "sgd", "lr": 0.1}, "seed": 0}
ENVIRONMENT = {"torch": {"version": "2.13.0"}, "threads": 1, "cpu": {"capability": "AVX512"}}


def column(*values: float, steps: list[int] | None = None) -> Column:
    return Column(np.array(range(len(values)) if steps is None else steps, np.int64), np.array(values, np.float64))


def a_run(run_id: str = "original", **other: Any) -> Evidence:
    series = {"train/loss": column(0.5, 0.25, 0.125), "val/loss": column(0.75, steps=[1]), "system/memory_bytes": column(1e6)}
    whole: dict[str, Any] = {"state": "finished", "reason": None, "config": CONFIG, "config_digest": "c" * 64, "digests": DIGESTS}
    return Evidence(run_id, **{**whole, "environment": ENVIRONMENT, "series": series, **other})


def a_client_run(run_id: str = "original", **other: Any) -> Evidence:
    return a_run(run_id, **{"config": {"lr": 0.1}, "config_digest": None, "digests": {}, "environment": {}, **other})


def judged(losses: Mapping[str, Column], again: Mapping[str, Column]) -> Verdict:
    return compare(a_run(series=losses), a_run("rerun", series=again))


def next_up(value: float, ulps: int = 1) -> float:
    """The float32 so many places above."""
    return float((np.float32(value).view(np.int32) + np.int32(ulps)).view(np.float32))


class TestIdentical:
    def test_when_every_point_and_digest_is_the_same(self):
        verdict = compare(a_run(), a_run("rerun"))

        assert verdict.outcome == "identical"
        assert verdict.document() == {
            "outcome": "identical",
            "reason": "4 points and 5 digests compared, every bit the same.",
            "original": "original",
            "rerun": "rerun",
            "checked": dict.fromkeys(("data", "split", "order", "initial", "points", "final"), "same"),
            "judged": {"training": "same", "evaluation": "same", "state": "same"},
            "points_compared": 4,
            "first_difference": None,
            "chain": {"links_compared": 0, "first_break": None},
            "initial": None,
            "causes": [],
            "environment": [],
        }

    def test_whatever_the_system_metrics_say(self):
        rerun = a_run("rerun")
        rerun = replace(rerun, series={**rerun.series, "system/memory_bytes": column(2e6, 3e6), "system/new": column(1.0)})

        assert compare(a_run(), rerun).outcome == "identical"

    def test_on_another_machine_names_the_machine_and_no_cause(self):
        verdict = compare(a_run(), a_run("rerun", environment={**ENVIRONMENT, "threads": 2}))

        assert verdict.outcome == "identical"
        assert verdict.document()["environment"] == [{"path": "threads", "original": 1, "rerun": 2}]
        assert verdict.causes == []

    def test_with_other_code_says_so_in_the_environment(self):
        verdict = compare(a_run(), a_run("rerun", digests={**DIGESTS, "code": "new"}))

        assert verdict.outcome == "identical"
        assert verdict.document()["environment"] == [{"path": "code", "original": "c" * 64, "rerun": "new"}]

    def test_nan_is_nan_whatever_its_payload(self):
        odd_nan = np.array([0x7FF8000000000001], np.int64).view(np.float64)

        verdict = judged({"loss": column(math.nan)}, {"loss": Column(np.array([0], np.int64), odd_nan)})

        assert verdict.outcome == "identical"

    def test_a_device_left_open_is_no_other_config(self):
        original = a_run(config={**CONFIG, "device": "auto"})

        assert compare(original, a_run("rerun", config={**CONFIG, "device": "cpu"}, config_digest="d")).outcome == "identical"

    def test_client_runs_are_judged_by_their_points(self):
        verdict = compare(a_client_run(), a_client_run("rerun"))

        assert verdict.outcome == "identical"
        assert set(verdict.checked.values()) == {"missing", "same"}
        assert verdict.checked["points"] == "same"

    def test_a_managed_run_may_be_held_against_a_client_run(self):
        assert compare(a_run(), a_client_run("rerun", config=CONFIG)).outcome == "identical"


class TestDifferent:
    @pytest.mark.parametrize(
        ("ours", "theirs", "first"),
        [
            pytest.param(
                {"loss": column(1, 1, 1)},
                {"loss": column(1, 1, next_up(1))},
                {"metric": "loss", "step": 2, "original": 1.0, "rerun": next_up(1), "ulps": 1, "ulp_of": "float32"},
                id="one bit off at step 2, in float32",
            ),
            pytest.param(
                {"loss": column(0.1)},
                {"loss": column(math.nextafter(0.1, 1))},
                {"metric": "loss", "step": 0, "original": 0.1, "rerun": math.nextafter(0.1, 1), "ulps": 1, "ulp_of": "float64"},
                id="one bit off in float64",
            ),
            pytest.param(
                {"loss": column(0.0)},
                {"loss": column(-0.0)},
                {"metric": "loss", "step": 0, "original": 0.0, "rerun": -0.0, "ulps": 0, "ulp_of": "float32"},
                id="minus zero is not zero, though no ulp away",
            ),
            pytest.param(
                {"loss": column(math.nan)},
                {"loss": column(1.0)},
                {"metric": "loss", "step": 0, "original": "NaN", "rerun": 1.0, "ulps": None, "ulp_of": "float32"},
                id="NaN against a number",
            ),
            pytest.param(
                {"loss": column(math.inf)},
                {"loss": column(-math.inf)},
                {"metric": "loss", "step": 0, "original": "Infinity", "rerun": "-Infinity", "ulps": None, "ulp_of": "float32"},
                id="infinities",
            ),
            pytest.param(
                {"b": column(1, 1), "a": column(1, 1)},
                {"b": column(1, 2), "a": column(1, 2)},
                {"metric": "a", "step": 1, "original": 1.0, "rerun": 2.0, "ulps": 2**23, "ulp_of": "float32"},
                id="at the same step the first metric by name",
            ),
            pytest.param(
                {"a": column(1, 1), "b": column(1, 1)},
                {"a": column(1, 2), "b": column(2, 1)},
                {"metric": "b", "step": 0, "original": 1.0, "rerun": 2.0, "ulps": 2**23, "ulp_of": "float32"},
                id="the smallest step before the first name",
            ),
            pytest.param(
                {"loss": column(1, 1, 1)},
                {"loss": column(1, 1, steps=[0, 2])},
                {"metric": "loss", "step": 1, "original": 1.0, "rerun": None, "ulps": None, "ulp_of": "float64"},
                id="a point that the rerun lacks",
            ),
            pytest.param(
                {"loss": column(1)},
                {"loss": column(1), "more": column(5, steps=[7])},
                {"metric": "more", "step": 7, "original": None, "rerun": 5.0, "ulps": None, "ulp_of": "float64"},
                id="a metric that the original lacks",
            ),
            pytest.param(
                {"loss": column(1, 2, steps=[2**53 - 2, 2**53 - 1])},
                {"loss": column(1, 3, steps=[2**53 - 2, 2**53 - 1])},
                {"metric": "loss", "step": 2**53 - 1, "original": 2.0, "rerun": 3.0, "ulps": 2**22, "ulp_of": "float32"},
                id="at the largest step there is",
            ),
        ],
    )
    def test_names_the_first_point_that_differs(self, ours, theirs, first):
        verdict = judged(ours, theirs)

        assert verdict.outcome == "different"
        assert verdict.checked["points"] == "different"
        assert verdict.document()["first_difference"] == first
        assert f"at step {first['step']}" in verdict.reason

    @pytest.mark.parametrize("name", ["split", "order", "initial", "final"])
    def test_when_a_digest_differs_though_every_point_is_the_same(self, name):
        verdict = compare(a_run(), a_run("rerun", digests={**DIGESTS, name: "other"}))

        assert verdict.outcome == "different"
        assert [check for check, word in verdict.checked.items() if word == "different"] == [name]
        assert verdict.first_difference is None
        assert verdict.reason.startswith("All 4 points are the same; not the same: the ")

    def test_when_one_run_holds_no_points(self):
        verdict = judged({"loss": column(1)}, {})

        assert verdict.outcome == "different"
        assert verdict.checked["points"] == "missing"
        assert verdict.points_compared == 0

    def test_a_digest_that_one_run_lacks_is_missing(self):
        verdict = compare(a_run(), a_run("rerun", digests={**DIGESTS, "order": None}))

        assert verdict.checked["order"] == "missing"
        assert verdict.outcome == "identical"


class TestNotComparable:
    @pytest.mark.parametrize(
        ("changed", "reason"),
        [
            pytest.param(
                {"state": "failed", "reason": "Loss is NaN at step 3."},
                "The rerun rerun is failed, not finished: Loss is NaN at step 3.",
                id="failed",
            ),
            pytest.param({"state": "running"}, "The rerun rerun is running, not finished.", id="running"),
            pytest.param({"state": "cancelled"}, "The rerun rerun is cancelled, not finished.", id="cancelled"),
            pytest.param({"config": {**CONFIG, "seed": 1}, "config_digest": "d"}, "The configs differ in seed.", id="another config"),
            pytest.param({"config_digest": "d"}, "The configs differ in config_digest.", id="another config digest for what looks the same"),
            pytest.param({"digests": {**DIGESTS, "data": "other"}}, "The runs were trained on different data.", id="other data"),
        ],
    )
    def test_says_why(self, changed, reason):
        verdict = compare(a_run(), a_run("rerun", **changed))

        assert verdict.outcome == "not_comparable"
        assert verdict.reason == reason

    def test_nor_is_an_original_that_failed(self):
        assert compare(a_run(state="failed", reason="out of memory"), a_run("rerun")).outcome == "not_comparable"

    def test_compares_what_there_is_all_the_same(self):
        verdict = compare(a_run(), a_run("rerun", digests={**DIGESTS, "data": "other"}, series={"train/loss": column(0.5, 0.5)}))

        assert verdict.points_compared == 2
        assert verdict.first_difference is not None
        assert verdict.first_difference.step == 1
        assert [cause.what for cause in verdict.causes] == ["data"]

    def test_client_runs_with_other_configs(self):
        verdict = compare(a_client_run(), a_client_run("rerun", config={"lr": 0.2}))

        assert verdict.reason == "The configs differ in lr."

    def test_two_runs_that_left_nothing_behind(self):
        verdict = compare(a_client_run(series={}), a_client_run("rerun", series={}))

        assert verdict.outcome == "not_comparable"
        assert "nothing to compare" in verdict.reason


class TestCauses:
    def test_name_what_differs_in_the_order_training_meets_it(self):
        environment = {"torch": {"version": "2.14.0"}, "threads": 2, "cpu": {"capability": "AVX2"}}

        verdict = compare(a_run(), a_run("rerun", environment=environment, digests={**DIGESTS, "code": "new", "final": "other"}))

        assert [(cause.what, cause.likely) for cause in verdict.causes] == [
            ("torch", True),
            ("threads", True),
            ("cpu_capability", True),
            ("code", True),
        ]

    def test_hold_the_values_in_force(self):
        verdict = compare(a_run(), a_run("rerun", environment={**ENVIRONMENT, "threads": 2}, series={"train/loss": column(0.5, 0.25, 0.5)}))

        (cause,) = verdict.document()["causes"]
        assert (cause["what"], cause["original"], cause["rerun"], cause["likely"]) == ("threads", 1, 2, True)
        assert cause["why"]

    def test_threads_cannot_change_the_initial_weights(self):
        verdict = compare(a_run(), a_run("rerun", environment={**ENVIRONMENT, "threads": 2}, digests={**DIGESTS, "initial": "other"}))

        assert [(cause.what, cause.likely) for cause in verdict.causes] == [("initial", True), ("threads", False)]

    def test_a_changed_config_is_a_cause(self):
        verdict = compare(a_run(), a_run("rerun", config={**CONFIG, "seed": 1}, config_digest="d"))

        assert [(cause.what, cause.original, cause.rerun) for cause in verdict.causes] == [("config.seed", 0, 1)]

    def test_a_rerun_cut_short_is_not_blamed_on_its_machine(self):
        rerun = a_run("rerun", state="failed", series={"train/loss": column(0.5)}, environment={**ENVIRONMENT, "threads": 2})

        assert compare(a_run(), rerun).causes == []


values = st.floats(width=64) | st.sampled_from([0.0, -0.0, math.nan, math.inf, 5e-324])
columns = st.dictionaries(st.integers(0, 30), values, max_size=12)
runs = st.dictionaries(st.sampled_from(["a", "b", "system/c"]), columns, max_size=3)


def as_series(points: dict[str, dict[int, float]]) -> dict[str, Column]:
    return {metric: column(*(of[step] for step in sorted(of)), steps=sorted(of)) for metric, of in points.items()}


def bits(value: float) -> bytes:
    return b"NaN" if math.isnan(value) else np.float64(value).tobytes()


@given(runs, runs)
def test_agrees_with_a_comparison_point_by_point(ours, theirs):
    ours_flat, theirs_flat = ({(s, m): v for m, of in run.items() if m != "system/c" for s, v in of.items()} for run in (ours, theirs))
    places = sorted(ours_flat.keys() | theirs_flat.keys())
    same = [p for p in places if p in ours_flat and p in theirs_flat and bits(ours_flat[p]) == bits(theirs_flat[p])]

    verdict = judged(as_series(ours), as_series(theirs))

    expected = next((place for place in places if place not in same), None)
    assert verdict.points_compared == len(ours_flat.keys() & theirs_flat.keys())
    assert (verdict.outcome == "identical") == (expected is None)
    if verdict.first_difference is None:
        assert expected is None
    else:
        assert (verdict.first_difference.step, verdict.first_difference.metric) == expected


@given(runs)
def test_a_run_is_identical_to_itself(points):
    assert judged(as_series(points), as_series(points)).outcome == "identical"
