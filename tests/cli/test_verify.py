"""`runtwice verify` as a build calls it: exit codes that mean one thing each, and a receipt that can be checked without the service."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.fixture
def receipt(runtwice: Run, finished_run: dict[str, Any], tmp_path: Path) -> Path:
    """The receipt of an identical verdict."""
    file = tmp_path / "verdict.json"
    answer = runtwice("verify", finished_run["id"], "--receipt", file)
    assert answer.code == 0, answer.err
    return file


@pytest.fixture
def key(runtwice: Run) -> str:
    (item,) = runtwice("receipt", "keys", "--json").json["items"]
    return str(item["key"])


class TestVerify:
    def test_saves_the_receipt_of_its_verdict(self, runtwice: Run, finished_run: dict[str, Any], tmp_path: Path) -> None:
        file = tmp_path / "verdict.json"

        answer = runtwice("verify", finished_run["id"], "--receipt", file, "--json")

        assert answer.code == 0
        assert answer.json["receipt"] == str(file)
        saved = json.loads(file.read_text())
        assert (saved["verdict"]["outcome"], saved["rerun"]["run"]) == ("identical", answer.json["rerun"])
        assert [each.name for each in tmp_path.iterdir() if "verdict" in each.name] == ["verdict.json"]

    def test_that_takes_too_long_is_no_verdict(self, runtwice: Run, finished_run: dict[str, Any]) -> None:
        answer = runtwice("verify", finished_run["id"], "--timeout", "0")

        assert answer.code == 3
        assert "was not judged within 0 s" in answer.err

    def test_trains_nothing_for_a_receipt_that_has_no_place(self, runtwice: Run, finished_run: dict[str, Any], tmp_path: Path) -> None:
        answers = [runtwice("verify", finished_run["id"], "--receipt", place) for place in (tmp_path / "no" / "file", tmp_path)]

        assert [answer.code for answer in answers] == [3, 3]
        assert runtwice("show", finished_run["id"], "--json").json["reproduced"] is None

    @pytest.mark.parametrize("arguments", [("verify",), ("verify", "a", "b"), ("verify", "a", "--timeout", "-1"), ("verify", "a", "--timeout", "x")])
    def test_wrong_usage_is_no_verdict(self, runtwice: Run, arguments: tuple[str, ...]) -> None:
        assert runtwice(*arguments).code == 64

    def test_a_service_that_is_away_is_no_verdict(self, command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RUNTWICE_URL", "http://127.0.0.1:9")

        assert command("verify", "a").code == 3

    def test_a_fault_of_ours_is_no_verdict_even_with_a_traceback(self, runtwice: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RUNTWICE_TRACEBACK", "1")
        monkeypatch.setattr("cli.client.open_service", lambda: 1 / 0)

        answer = runtwice("verify", "a")

        assert answer.code == 70
        assert "ZeroDivisionError" in answer.err


class TestReceipt:
    def test_is_genuine_by_the_services_keys(self, runtwice: Run, receipt: Path) -> None:
        answers = [runtwice("receipt", "verify", receipt), runtwice("receipt", "verify", receipt, "--server")]

        assert [answer.code for answer in answers] == [0, 0]
        assert answers[0].out.startswith("Genuine: rerun ")

    def test_is_checked_without_the_service_by_a_key(self, receipt: Path, key: str, command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RUNTWICE_URL", "http://127.0.0.1:9")
        file = receipt.with_name("keys.txt")
        file.write_text(f"{key}  since yesterday\n")

        answers = [command("receipt", "verify", receipt, "--key", named) for named in (key, file)]

        assert [answer.code for answer in answers] == [0, 0]

    def test_that_was_changed_is_not_genuine(self, runtwice: Run, receipt: Path, key: str) -> None:
        receipt.write_bytes(receipt.read_bytes().replace(b'"points_compared":', b'"points_compared":1'))

        answer = runtwice("receipt", "verify", receipt, "--key", key, "--json")

        assert (answer.code, answer.json["genuine"]) == (1, False)

    def test_of_another_service_is_not_genuine(self, runtwice: Run, receipt: Path) -> None:
        answer = runtwice("receipt", "verify", receipt, "--key", "ed25519:" + "ab" * 32)

        assert answer.code == 1
        assert "which is not the one it is checked against" in answer.out

    def test_that_cannot_be_checked_is_neither(self, command: Run, receipt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RUNTWICE_URL", "http://127.0.0.1:9")
        answers = [
            command("receipt", "verify", receipt),
            command("receipt", "verify", receipt.with_name("nowhere"), "--key", "ed25519:" + "ab" * 32),
            command("receipt", "verify", receipt, "--key", "ed25519:short"),
            command("receipt", "verify", receipt, "--key", "ed25519:" + "ab" * 32, "--server"),
        ]

        assert [answer.code for answer in answers] == [3, 3, 3, 3]
        assert "--key" in answers[0].err

    def test_can_be_had_later(self, runtwice: Run, finished_run: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        rerun = runtwice("rerun", finished_run["id"], "--wait", "--json").json["items"][0]["rerun"]

        answer = runtwice("receipt", "get", rerun)

        assert (answer.code, answer.out) == (0, f"Receipt: {rerun}.receipt.json\n")
        assert runtwice("receipt", "verify", f"{rerun}.receipt.json").code == 0
