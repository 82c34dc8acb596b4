"""The commands against a real service: submit, watch, look, compare, run again, keys."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


class TestSubmit:
    def test_queues_a_run_and_says_how_to_watch_it(self, runtwice: Run, config_file: Path) -> None:
        answer = runtwice("submit", str(config_file), "--name", "first", "--tag", "a", "--tag", "b", "--notes", "why")

        assert answer.code == 0
        run_id = answer.out.split()[1].rstrip(",")
        assert f"Watch it: runtwice watch {run_id}" in answer.out
        shown = runtwice("show", run_id, "--json").json
        assert (shown["name"], shown["tags"], shown["notes"], shown["project"]) == ("first", ["a", "b"], "why", "team/default")

    def test_waits_when_asked_to(self, runtwice: Run, config_file: Path) -> None:
        answer = runtwice("submit", str(config_file), "--wait")

        assert answer.code == 0
        assert "finished." in answer.out
        assert "val/loss" in answer.out

    def test_reads_the_standard_input(self, runtwice: Run, config_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(config_file.read_text()))

        assert runtwice("submit", "-", "--dry-run").code == 0

    def test_takes_a_whole_submission(self, runtwice: Run, config_file: Path, tmp_path: Path) -> None:
        body = {"project": "team/other", "name": "whole", "config": json.loads(config_file.read_text())}
        (tmp_path / "body.yaml").write_text(json.dumps(body))

        run = runtwice("submit", str(tmp_path / "body.yaml"), "--json").json

        assert (run["project"], run["name"]) == ("team/other", "whole")

    def test_from_a_run_changes_one_thing_against_it(self, runtwice: Run, finished_run: dict[str, Any]) -> None:
        run = runtwice("submit", "--from", finished_run["id"], "--set", "model.norm.kind=batch", "--json").json

        assert run["baseline"] == finished_run["id"]
        assert {"path": "model.norm.kind", "from": "none", "to": "batch"} in run["change"]
        assert run["config"]["model"]["norm"] == {"kind": "batch", "momentum": 0.1, "eps": 1e-5}

    def test_a_new_kind_gets_its_own_defaults(self, runtwice: Run, finished_run: dict[str, Any]) -> None:
        planned = runtwice("submit", "--from", finished_run["id"], "--set", "optimizer.kind=adam", "--dry-run", "--json").json

        assert planned["config"]["optimizer"]["lr"] == 1e-3
        assert "optimizer" in planned["factors"]

    def test_refuses_two_changes_at_once_unless_told_to_allow_them(self, runtwice: Run, finished_run: dict[str, Any]) -> None:
        two = ("submit", "--from", finished_run["id"], "--set", "model.norm.kind=batch", "--set", "model.dropout.p=0.5")

        refused = runtwice(*two)
        assert refused.code == 3
        assert "model.norm" in refused.err
        assert "model.dropout" in refused.err

        assert runtwice(*two, "--allow-many-changes").code == 0

    def test_takes_two_changes_with_a_word_where_the_project_flags_them(self, runtwice: Run, finished_run: dict[str, Any]) -> None:
        two = ("submit", "--from", finished_run["id"], "--project", "team/flags", "--set", "model.norm.kind=batch", "--set", "model.dropout.p=0.5")
        assert runtwice("one-change", "team/flags", "flag").out.endswith("is taken, and flagged.\n")

        taken = runtwice(*two)

        assert (taken.code, "Mind: It changes 2 factors at once" in taken.out) == (0, True)
        assert "2 factors at once" in runtwice("show", taken.out.split()[1].rstrip(",")).out
        assert runtwice("one-change", "team/flags", "--json").json == {"many_changes": "flag"}
        runtwice("one-change", "team/flags", "refuse")
        assert runtwice(*two).code == 3

    def test_a_dry_run_shows_the_resolved_config_and_submits_nothing(self, runtwice: Run, config_file: Path) -> None:
        answer = runtwice("submit", str(config_file), "--project", "dry", "--dry-run")

        assert answer.code == 0
        assert "optimizer.momentum" in answer.out
        assert "Nothing was submitted." in answer.out
        assert runtwice("runs", "--project", "team/dry", "--json").code == 3

    @pytest.mark.parametrize(
        ("setting", "field"),
        [("optimizer.lr=-1", "config.optimizer.lr"), ("speed=9", "config.speed"), ("total_iterations=0", "config.total_iterations")],
    )
    def test_a_wrong_field_is_named(self, runtwice: Run, config_file: Path, setting: str, field: str) -> None:
        answer = runtwice("submit", str(config_file), "--set", setting)

        assert answer.code == 3
        assert field in answer.err

    def test_a_number_that_is_none_cannot_be_sent(self, runtwice: Run, config_file: Path) -> None:
        answer = runtwice("submit", str(config_file), "--set", "optimizer.lr=.nan")

        assert answer.code == 3
        assert "finite" in answer.err

    @pytest.mark.parametrize("arguments", [(), ("a.yaml", "--from", "b")])
    def test_needs_a_file_or_a_run(self, runtwice: Run, arguments: tuple[str, ...]) -> None:
        answer = runtwice("submit", *arguments)

        assert answer.code == 64
        assert "config file, or a run" in answer.err


class TestWatch:
    def test_a_failed_run_says_why(self, runtwice: Run, config_file: Path) -> None:
        answer = runtwice("submit", str(config_file), "--set", "optimizer.lr=1e30", "--wait")

        assert answer.code == 1
        assert "failed:" in answer.out

    def test_a_run_that_has_ended_is_told_at_once(self, runtwice: Run, finished_run: dict[str, Any]) -> None:
        answer = runtwice("watch", finished_run["id"])

        assert answer.code == 0
        assert answer.out.startswith(f"Run {finished_run['id']}")

    def test_json_is_the_run_as_it_ended(self, runtwice: Run, finished_run: dict[str, Any]) -> None:
        assert runtwice("watch", finished_run["id"], "--json").json["digests"] == finished_run["digests"]


class TestLook:
    def test_runs_lists_the_newest_first(self, runtwice: Run, finished_run: dict[str, Any]) -> None:
        answer = runtwice("runs")

        assert answer.code == 0
        assert answer.out.splitlines()[2].startswith(finished_run["id"])

    def test_runs_gives_as_many_as_asked(self, runtwice: Run, finished_run: dict[str, Any]) -> None:
        assert len(runtwice("runs", "--limit", "1", "--json").json["items"]) == 1

    def test_json_may_stand_before_the_command(self, runtwice: Run, finished_run: dict[str, Any]) -> None:
        assert "items" in runtwice("--json", "runs").json

    def test_show_gives_metrics_config_and_artifacts(self, runtwice: Run, finished_run: dict[str, Any]) -> None:
        answer = runtwice("show", finished_run["id"])

        assert answer.code == 0
        for word in ("val/loss", "dataset.name", "final.safetensors", finished_run["config_digest"]):
            assert word in answer.out

    def test_compare_puts_the_difference_side_by_side(self, runtwice: Run, finished_run: dict[str, Any]) -> None:
        other = runtwice("submit", "--from", finished_run["id"], "--set", "model.dropout.p=0.5", "--wait", "--json").json

        answer = runtwice("compare", finished_run["id"], other["id"])

        assert answer.code == 0
        [row] = [line for line in answer.out.splitlines() if line.startswith("model.dropout.p")]
        assert row.split() == ["model.dropout.p", "0.0", "0.5"]

    @pytest.mark.parametrize("arguments", [("show", "nosuchrun"), ("watch", "nosuchrun"), ("compare", "nosuchrun"), ("verify", "nosuchrun")])
    def test_a_run_that_is_not_there_is_named(self, runtwice: Run, arguments: tuple[str, ...]) -> None:
        answer = runtwice(*arguments)

        assert answer.code == 3
        assert "nosuchrun" in answer.err


class TestRerun:
    def test_verify_of_a_reproducible_run(self, runtwice: Run, finished_run: dict[str, Any]) -> None:
        answer = runtwice("verify", finished_run["id"])

        assert answer.code == 0
        assert answer.out.startswith("Identical: rerun ")

    def test_verify_in_json_is_the_verdict(self, runtwice: Run, finished_run: dict[str, Any]) -> None:
        verdict = runtwice("verify", finished_run["id"], "--json").json

        assert (verdict["outcome"], verdict["original"]) == ("identical", finished_run["id"])

    def test_rerun_queues_as_many_as_asked(self, runtwice: Run, finished_run: dict[str, Any]) -> None:
        reruns = runtwice("rerun", finished_run["id"], "--count", "2", "--json").json["items"]

        assert [again["rerun_of"] for again in reruns] == [finished_run["id"]] * 2

    def test_rerun_may_wait_for_the_verdicts(self, runtwice: Run, finished_run: dict[str, Any]) -> None:
        answer = runtwice("rerun", finished_run["id"], "--count", "2", "--wait")

        assert answer.code == 0
        assert answer.out.count("Identical: ") == 2

    def test_a_run_that_did_not_finish_cannot_be_run_again(self, runtwice: Run, config_file: Path) -> None:
        failed = runtwice("submit", str(config_file), "--set", "optimizer.lr=1e30", "--wait", "--json").json

        answer = runtwice("verify", failed["id"])

        assert answer.code == 3
        assert "failed" in answer.err


class TestKeys:
    def test_a_key_is_made_used_listed_and_revoked(self, runtwice: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        made = runtwice("keys", "create", "ann", "--role", "viewer", "--json").json
        assert made["key"].startswith("rt-")
        assert made["id"] in runtwice("keys", "list").out

        with monkeypatch.context() as as_ann:
            as_ann.setenv("RUNTWICE_API_KEY", made["key"])
            assert runtwice("runs").code == 0

        assert runtwice("keys", "revoke", made["id"]).code == 0
        monkeypatch.setenv("RUNTWICE_API_KEY", made["key"])
        refused = runtwice("runs")
        assert refused.code == 3
        assert "RUNTWICE_API_KEY" in refused.err

    def test_a_key_of_a_given_text_opens_the_service(self, runtwice: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        by_file, by_input, by_word, by_environment = (f"local-{letter * 40}" for letter in "abcd")
        (tmp_path / "key").write_text(f"{by_file}\n")
        assert runtwice("keys", "import", "ci", "--file", tmp_path / "key", "--role", "viewer").code == 0
        assert runtwice("keys", "import", by_word, "ann").code == 0
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{by_input}\n"))
        assert runtwice("keys", "import", "bob").code == 0
        monkeypatch.setenv("RUNTWICE_IMPORT_KEY", by_environment)
        told = runtwice("keys", "import", "eve", "--json")
        monkeypatch.delenv("RUNTWICE_IMPORT_KEY")

        assert (told.json["name"], told.json["role"]) == ("eve", "member")
        assert by_environment not in told.out
        assert runtwice("keys", "import", by_word).code == 3
        for text in (by_file, by_input, by_word, by_environment):
            monkeypatch.setenv("RUNTWICE_API_KEY", text)
            assert runtwice("runs").code == 0

    def test_no_text_of_a_key_or_two_are_refused(self, command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(""))

        assert "no text of a key" in command("keys", "import", "ci").err
        assert "got 2 texts" in command("keys", "import", "a" * 40, "--key", "b" * 40).err

    def test_a_viewer_may_not_submit(self, runtwice: Run, config_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        made = runtwice("keys", "create", "bob", "--role", "viewer", "--json").json
        monkeypatch.setenv("RUNTWICE_API_KEY", made["key"])

        answer = runtwice("submit", str(config_file))

        assert answer.code == 3
        assert "role" in answer.err


class TestDoctor:
    def test_of_a_service_that_runs_finds_nothing_to_repair(self, runtwice: Run) -> None:
        checks = {check["what"]: check["status"] for check in runtwice("doctor", "--json").json["items"]}

        everything = "Python, Training, Extensions, GPU, Data folder, Database, Broker, API, Key, Workers, Clock"
        assert checks == dict.fromkeys(everything.split(", "), "ok")

    def test_says_what_to_do(self, command: Run) -> None:
        answer = command("doctor")

        assert "Start it with `runtwice up`" in answer.out

    def test_fails_when_something_has_to_be_repaired(self, command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RUNTWICE_BROKER_URL", "redis://:secret@127.0.0.1:1/0")

        answer = command("doctor")

        assert answer.code == 1
        assert "Check RUNTWICE_BROKER_URL" in answer.out
        assert "secret" not in answer.out
