"""`runtwice study` against a real service with a worker."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

Runtwice = Callable[..., Any]
DIGITS: dict[str, Any] = {"dataset": {"name": "digits"}, "model": {"kind": "mlp", "hidden": [16]}, "total_iterations": 40, "eval_every": 10}
LECTURE = Path(__file__).parents[2] / "examples" / "lecture.yaml"
STUDY = {"project": "studied", "baseline": DIGITS, "changes": [{"set": {"model.norm.kind": "batch"}}], "seeds": [0]}


@pytest.fixture
def study_file(tmp_path: Path) -> Path:
    file = tmp_path / "norms.yaml"
    file.write_text(yaml.safe_dump(STUDY))
    return file


class TestStudy:
    def test_runs_from_a_file_is_shown_grows_and_is_reported(self, runtwice: Runtwice, study_file: Path, tmp_path: Path) -> None:
        dry = runtwice("study", "run", str(study_file), "--dry-run")
        assert (dry.code, "2 runs" in dry.out, "Take 6" in dry.out, "Nothing was queued" in dry.out) == (0, True, True, True)

        ran = runtwice("study", "run", str(study_file), "--watch", "--json")
        assert ran.code == 0, ran.err
        study = ran.json
        assert (study["name"], study["state"], [each["n"] for each in study["variants"]]) == ("norms", "finished", [1, 1])

        grown = runtwice("study", "add-seeds", study["id"], "--count", "1", "--watch", "--json")
        assert (grown.code, grown.json["seeds"], grown.json["progress"]["finished"]) == (0, [0, 1], 4)

        shown = runtwice("study", "show", study["id"])
        assert shown.code == 0
        assert [words for words in ("norm: none → batch", "not enough seeds") if words in shown.out] == ["norm: none → batch", "not enough seeds"]
        assert "Mind: 2 seeds cannot conclude" in shown.out

        listed = runtwice("study", "list", "studied")
        assert study["id"] in listed.out
        assert "4 of 4" in listed.out

        for suffix, begins in (("html", "<!doctype html>"), ("md", "# norms")):
            assert runtwice("study", "report", study["id"], "-o", str(tmp_path / f"r.{suffix}")).code == 0
            assert (tmp_path / f"r.{suffix}").read_text().startswith(begins)

        again = runtwice("study", "run", str(study_file), "--seeds", "2", "--dry-run", "--json")
        assert (again.json["runs"], again.json["reused"]) == (0, 4)
        assert runtwice("study", "delete", study["id"]).code == 0
        assert runtwice("study", "show", study["id"]).code == 3

    def test_is_cancelled_with_an_exit_code_of_its_own(self, runtwice: Runtwice, study_file: Path) -> None:
        study_file.write_text(json.dumps({**STUDY, "baseline": {**DIGITS, "total_iterations": 5_000_000}}))
        study = runtwice("study", "run", str(study_file), "--json").json

        cancelled = runtwice("study", "cancel", study["id"])

        assert (cancelled.code, "is cancelled" in cancelled.out) == (0, True)
        assert runtwice("study", "show", study["id"], "--watch", "--json").code == 4

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            pytest.param({"changes": [{"set": {"model.norm.kind": "batch", "batch_size": 8}}]}, "touches 2 factors", id="two factors"),
            pytest.param({"changes": [{"set": {"nosuch": 1}}]}, "nosuch", id="no such field"),
            pytest.param({"seeds": "many"}, "seeds", id="no list of seeds"),
        ],
    )
    def test_refuses_in_a_sentence(self, runtwice: Runtwice, study_file: Path, change: dict[str, Any], words: str) -> None:
        study_file.write_text(yaml.safe_dump({**STUDY, **change}))

        answer = runtwice("study", "run", str(study_file))

        assert (answer.code, words in answer.err) == (3, True)

    def test_takes_the_lectures_practice_as_it_stands(self, runtwice: Runtwice) -> None:
        dry = runtwice("study", "run", str(LECTURE), "--dry-run", "--json").json

        assert (dry["runs"], dry["seeds_needed"], dry["warnings"], len(dry["variants"])) == (80, 9, [], 8)


@pytest.mark.proof
def test_the_lectures_practice_tells_the_lectures_story(runtwice: Runtwice) -> None:
    answer = runtwice("study", "run", str(LECTURE), "--watch", "--json")

    assert answer.code == 0, answer.err
    study = answer.json
    found = {variant["name"]: variant for variant in study["variants"]}
    assert {each["n"] for each in found.values()} == {10}
    said = {name: found[name]["conclusion"] for name in ("exponential", "linear", "step", "batch norm", "dropout")}
    assert said == {"exponential": "worse", "linear": "worse", "step": "worse", "batch norm": "better", "dropout": "better"}
    assert found["layer norm"]["diverged"] > 0
    assert f"{found['layer norm']['diverged']} of 10 seeds diverged" in found["layer norm"]["words"]
    # facts that plain PyTorch gave with ten seeds of its own
    assert found["batch norm"]["difference"]["mean"] == pytest.approx(-0.026, abs=0.005)
    assert found["exponential"]["difference"]["mean"] == pytest.approx(0.016, abs=0.004)
    assert found["dropout"]["difference"]["mean"] == pytest.approx(-0.010, abs=0.004)
