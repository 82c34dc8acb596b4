"""What a study concludes from runs that have ended, held against scipy and statsmodels; and its report."""

import itertools
import json
import math
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
import scipy.stats
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.multitest import multipletests
from studied import BATCH, act, end, end_all, post, shown

SEEDS = list(range(8))
CHANGES = [
    {"name": "lower", "set": {"optimizer.lr": 0.01}},
    {"name": "higher", "set": {"optimizer.lr": 0.02}},
    {"name": "alike", "set": {"optimizer.lr": 0.03}},
    {"name": "collapsing", "set": {"optimizer.lr": 0.04}},
    {"name": "failing", "set": {"optimizer.lr": 0.05}},
]
SHIFTS = {"baseline": 0.0, "lower": -0.1, "higher": 0.2, "alike": 0.0, "collapsing": -0.05, "failing": -0.1}


def ending(name: str, seed: int) -> dict[str, Any]:
    """The collapsing variant is better but for two seeds, the failing one has two runs without an end."""
    if name == "failing" and seed in (2, 5):
        return {"state": "failed"}
    if name == "collapsing" and seed in (1, 3):
        return {"loss": 2.4, "accuracy": 0.1}
    wobble = math.sin(7.0 * seed + 3.0 * len(name)) * 0.01
    return {"loss": 0.6 + 0.02 * math.cos(seed) + SHIFTS[name] + wobble * (3 if name == "alike" else 1)}


@pytest.fixture(scope="module")
def concluded(sqlite_api: Any) -> dict[str, Any]:
    study = post(sqlite_api, "team/concluded", changes=CHANGES, seeds=SEEDS, threshold=0.55)
    return end_all(sqlite_api, study, ending)


def of(study: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in study["variants"] if each["name"] == name)


def final(api: Any, study: dict[str, Any]) -> dict[str, dict[int, float]]:
    """The last val/loss of every finished run by variant and seed, by the series themselves."""
    found: dict[str, dict[int, float]] = {}
    for variant in study["variants"]:
        ids = {seed["run"]: seed["seed"] for seed in variant["seeds"] if seed["state"] == "finished"}
        curves = api.admin.get("/api/v1/series", params={"run": list(ids), "metric": "val/loss", "points": "all"}).json()["series"]
        found[variant["name"]] = {ids[curve["run"]]: curve["values"][-1] for curve in curves}
    return found


def flipped(differences: list[float]) -> float:
    signs = np.array(list(itertools.product([-1, 1], repeat=len(differences))))
    return float(np.mean(np.abs(signs @ np.array(differences)) >= abs(np.sum(differences)) - 1e-12))


class TestConclusions:
    def test_are_better_worse_none_found_and_tell_of_diverged_seeds(self, concluded: dict[str, Any]) -> None:
        said = {each["name"]: (each["conclusion"], each["n"], each["diverged"], each["without_number"]) for each in concluded["variants"]}

        assert said == {
            "baseline": (None, 8, 0, 0),
            "lower": ("better", 8, 0, 0),
            "higher": ("worse", 8, 0, 0),
            "alike": ("no_difference_found", 8, 0, 0),
            "collapsing": ("no_difference_found", 8, 2, 0),
            "failing": ("no_difference_found", 6, 2, 2),
        }
        assert (concluded["state"], concluded["seeds_needed"], concluded["contrasts"]) == ("finished", 8, 5)
        assert (concluded["progress"]["finished"], concluded["progress"]["failed"]) == (46, 2)
        collapsing = of(concluded, "collapsing")
        assert collapsing["converged"]["mean"] < of(concluded, "baseline")["mean"] < collapsing["mean"]
        assert "2 of 8 seeds diverged" in collapsing["words"]

    def test_rest_on_numbers_that_scipy_and_statsmodels_give_too(self, sqlite_api: Any, concluded: dict[str, Any]) -> None:
        values = final(sqlite_api, concluded)
        base = values["baseline"]
        tested = {}
        for name, found in values.items():
            row, numbers = of(concluded, name), list(found.values())
            assert (row["n"], row["min"], row["max"]) == (len(numbers), min(numbers), max(numbers))
            expected = (np.mean(numbers), np.std(numbers, ddof=1), np.median(numbers))
            assert (row["mean"], row["sd"], row["median"]) == pytest.approx(expected, rel=1e-12)
            if name != "baseline":
                valued = {seed: found[seed] - base[seed] for seed in found}
                worst = max(abs(each) for each in valued.values())
                tested[name] = [valued.get(seed, worst) for seed in SEEDS]
                paired, wanted = row["difference"], list(valued.values())
                assert paired["mean"] == pytest.approx(np.mean(wanted), rel=1e-9)
                assert paired["effect"] == pytest.approx(np.mean(wanted) / np.std(wanted, ddof=1), rel=1e-9)
                assert paired["correlation"] == pytest.approx(scipy.stats.pearsonr([base[seed] for seed in found], numbers)[0], rel=1e-6)
                other = scipy.stats.bootstrap((wanted,), np.mean, n_resamples=10_000, method="BCa", rng=5).confidence_interval
                assert paired["ci95"] == pytest.approx([other.low, other.high], abs=0.1 * (other.high - other.low))

        ps = [flipped(each) for each in tested.values()]
        adjusted = multipletests(ps, method="holm")[1]

        rows = [of(concluded, name)["difference"] for name in tested]
        assert [each["p"] for each in rows] == pytest.approx(ps, rel=1e-12)
        assert [each["p_holm"] for each in rows] == pytest.approx(list(adjusted), rel=1e-12)
        said = [
            "no_difference_found" if p >= 0.05 else "better" if np.sum(tested[name]) < 0 else "worse"
            for name, p in zip(tested, adjusted, strict=True)
        ]
        assert [of(concluded, name)["conclusion"] for name in tested] == said

    def test_count_iterations_to_the_threshold_without_dropping_who_never_got_there(self, concluded: dict[str, Any]) -> None:
        for variant in concluded["variants"]:
            seeds = [each for each in variant["seeds"] if each["state"] in ("finished", "failed")]
            there = [each["state"] == "finished" and each["value"] is not None and each["value"] <= 0.55 for each in seeds]
            assert [each["reached"] for each in seeds] == [20 if each else None for each in there]
            assert (variant["to_threshold"]["reached"], variant["to_threshold"]["censored"]) == (sum(there), len(seeds) - sum(there))
            if any(there):
                other = SurvfuncRight([20] * len(seeds), there)
                assert variant["to_threshold"]["median"] == (None if math.isinf(other.quantile(0.5)) or math.isnan(other.quantile(0.5)) else 20)

    def test_take_more_seeds_when_there_are_not_enough(self, api: Any) -> None:
        study = post(api, "team/few", seeds=[0, 1, 2, 3], threshold=0.46)
        better = lambda name, seed: {"loss": 0.5 + 0.01 * seed - (0.1 if name != "baseline" else 0.0)}  # noqa: E731
        few = end_all(api, study, better)
        assert (few["variants"][1]["conclusion"], few["warnings"][0].split()[0]) == ("not_enough_seeds", "4")

        act(api, study, "seeds", {"seeds": [4, 5]})
        enough = end_all(api, study, better)

        assert (enough["variants"][1]["conclusion"], enough["variants"][1]["difference"]["pairs"]) == ("better", 6)
        assert enough["variants"][1]["difference"]["p"] == 2 / 2**6
        assert [each["to_threshold"]["reached"] for each in enough["variants"]] == [0, 6]
        assert "better" in api.admin.get(f"/api/v1/studies/{study['id']}/report").text

    def test_follow_goal_use_and_primary_contrasts(self, sqlite_api: Any) -> None:
        changes = [BATCH, {"name": "wide", "set": {"model.hidden": [300]}}]
        study = post(sqlite_api, "team/goals", changes=changes, seeds=list(range(6)), metric="val/accuracy", use="best", primary=["wide"])

        ended = end_all(sqlite_api, study, lambda name, seed: {"accuracy": {"baseline": 0.7, "wide": 0.85}.get(name, 0.9) + 0.001 * seed})

        assert (ended["goal"], ended["contrasts"], ended["seeds_needed"]) == ("max", 1, 6)
        assert [each["conclusion"] for each in ended["variants"]] == [None, None, "better"]
        assert [each["value"] for each in ended["variants"][0]["seeds"]] == [0.8] * 6  # the best, not the last
        assert ended["noise"]["validation"] == pytest.approx(math.sqrt(0.8 * 0.2 / 359))

    def test_show_differences_in_units_of_the_machines_noise(self, sqlite_api: Any) -> None:
        study = end_all(
            sqlite_api, post(sqlite_api, "team/noise", seeds=[0, 1, 2]), lambda name, seed: {"loss": 0.5 - 0.1 * (name != "baseline") + 0.01 * seed}
        )
        assert study["noise"]["machine"] is None
        run_id = study["variants"][0]["runs"][0]

        for loss, noise in ((0.5, 0.0), (0.53, pytest.approx(np.std([0.5, 0.5, 0.53], ddof=1)))):
            rerun = sqlite_api.admin.post(f"/api/v1/runs/{run_id}/reruns", json={}).json()["items"][0]["id"]
            end(sqlite_api, rerun, {"val/loss": [2.0, 1.5, 1.0, loss]})
            again = shown(sqlite_api, study)
            assert again["noise"]["machine"] == noise

        assert again["variants"][1]["difference"]["machine_noise"] == pytest.approx(-0.1 / again["noise"]["machine"])
        assert again["variants"][1]["difference"]["seed_noise"] == pytest.approx(-10.0)

    def test_warn_of_runs_that_were_trained_in_different_environments(self, sqlite_api: Any) -> None:
        study = post(sqlite_api, "team/elsewhere", seeds=[0, 1])

        ended = end_all(sqlite_api, study, lambda name, seed: {"torch": "2.13.0" if seed else "2.12.0"})

        assert any("different environments" in each and "2.12.0" in each for each in ended["warnings"])

    def test_forget_a_run_that_was_deleted(self, sqlite_api: Any) -> None:
        study = end_all(sqlite_api, post(sqlite_api, "team/forget", seeds=[0, 1, 2]), lambda name, seed: {"loss": 0.5 + seed})
        assert study["variants"][0]["mean"] == pytest.approx(1.5)

        sqlite_api.admin.delete(f"/api/v1/runs/{study['variants'][0]['runs'][2]}")

        assert (shown(sqlite_api, study)["variants"][0]["mean"], shown(sqlite_api, study)["variants"][1]["difference"]["pairs"]) == (1.0, 2)

    def test_say_of_values_that_are_not_finite_that_they_diverged(self, sqlite_api: Any) -> None:
        study = end_all(sqlite_api, post(sqlite_api, "team/nan"), lambda name, seed: {"loss": math.nan if seed else 0.5})

        assert [(each["diverged"], each["seeds"][1]["value"], each["seeds"][1]["diverged"]) for each in study["variants"]] == [(1, "NaN", True)] * 2


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


class TestReport:
    def test_is_one_page_that_fetches_nothing(self, sqlite_api: Any, concluded: dict[str, Any]) -> None:
        answer = sqlite_api.admin.get(f"/api/v1/studies/{concluded['id']}/report")

        page = Page(answer.text)
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert not [tag for tag, attrs in page.tags if tag in ("script", "link", "img", "iframe", "a") or {"src", "href"} & set(attrs)]
        assert "url(" not in answer.text
        assert [tag for tag, _ in page.tags].count("svg") == 2 + 2 * 5
        for variant in concluded["variants"]:
            assert variant["words"] in answer.text.replace("&#x27;", "'")

    def test_is_the_same_in_markdown(self, sqlite_api: Any, concluded: dict[str, Any]) -> None:
        answer = sqlite_api.admin.get(f"/api/v1/studies/{concluded['id']}/report", params={"format": "md"})

        rows = [line for line in answer.text.splitlines() if line.startswith("| lower | better |")]
        assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
        assert len(rows) == 1
        assert f"{of(concluded, 'lower')['mean']:.4g}" in rows[0]
        assert answer.text.count("failed \\*") == 2

    def test_holds_what_queues_the_same_study_again(self, sqlite_api: Any, concluded: dict[str, Any]) -> None:
        text = sqlite_api.admin.get(f"/api/v1/studies/{concluded['id']}/report", params={"format": "md"}).text
        body = json.loads(re.search(r"<<'STUDY'\n(.*)\nSTUDY", text, re.DOTALL).group(1))  # type: ignore[union-attr]

        dry = sqlite_api.admin.post("/api/v1/studies?dry_run=true", json=body).json()

        assert (dry["runs"], dry["reused"]) == (2, 46)  # but for the two that failed, all have been trained
        assert dry["variants"] == [each["name"] for each in concluded["variants"]]

    def test_escapes_what_users_have_named(self, sqlite_api: Any) -> None:
        evil = "<script>alert(1)</script> | `x` [a](javascript:b)"
        study = post(sqlite_api, "team/evil", name=evil, changes=[{"name": f"{evil}!", "set": {"optimizer.lr": 0.5}}])
        end_all(sqlite_api, study, lambda name, seed: {})

        page, text = (sqlite_api.admin.get(f"/api/v1/studies/{study['id']}/report", params={"format": each}).text for each in ("html", "md"))

        assert "<script" not in page
        assert not [tag for tag, _ in Page(page).tags if tag == "script"]
        assert "# \\<script\\>alert(1)\\</script\\> \\| \\`x\\` \\[a\\](javascript:b)" in text

    def test_reads_a_large_study_piece_by_piece(self, sqlite_api: Any, concluded: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
        def curves() -> str:
            text = sqlite_api.admin.get(f"/api/v1/studies/{concluded['id']}/report", params={"format": "md"}).text
            return str(text[text.index("along the training") : text.index("## The baseline's config")])

        at_once = curves()
        monkeypatch.setattr("store.study_runs.AT_ONCE", 3)

        assert curves() == at_once
        assert "| 20 | 0.6" in at_once

    def test_holds_before_any_run_has_ended(self, sqlite_api: Any) -> None:
        study = post(sqlite_api, "team/unstarted")

        for kind in ("html", "md"):
            assert sqlite_api.admin.get(f"/api/v1/studies/{study['id']}/report", params={"format": kind}).status_code == 200
