"""The program itself: help, version, wrong usage, and errors that are sentences."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
COMMANDS = ("up", "demo", "submit", "watch", "runs", "show", "compare", "rerun", "verify", "receipt", "report", "one-change")
COMMANDS += ("keys", "worker", "migrate", "settings", "doctor", "selftest")


class TestHelp:
    def test_names_every_command(self, command: Run) -> None:
        answer = command("--help")

        assert answer.code == 0
        assert [name for name in COMMANDS if f" {name} " not in answer.out] == []

    @pytest.mark.parametrize("name", COMMANDS)
    def test_every_command_explains_itself(self, command: Run, name: str) -> None:
        assert command(name, "--help").code == 0

    def test_loads_nothing_heavy(self) -> None:
        heavy = ["httpx", "rich.progress", "pydantic", "sqlalchemy", "yaml", "redis", "celery", "torch", "numpy"]
        look = f"import sys, cli.main; print([name for name in {heavy} if name in sys.modules])"

        assert subprocess.run([sys.executable, "-c", look], capture_output=True, text=True).stdout.strip() == "[]"

    def test_the_version(self, command: Run) -> None:
        assert command("--version").out.startswith("runtwice 0.")


class TestErrors:
    @pytest.mark.parametrize("arguments", [("nonsense",), ("runs", "--nonsense"), ("show",), ("runs", "--limit", "many"), ("runs", "--limit", "0")])
    def test_wrong_usage_is_told_apart(self, command: Run, arguments: tuple[str, ...]) -> None:
        answer = command(*arguments)

        assert answer.code == 64
        assert "--help" in answer.err

    def test_a_service_that_is_not_there(self, command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RUNTWICE_URL", "http://127.0.0.1:1")

        answer = command("runs")

        assert (answer.code, answer.out) == (3, "")
        assert answer.err.startswith("No Runtwice answers at http://127.0.0.1:1.\nStart one with `runtwice up`")

    @pytest.mark.parametrize("url", ["nonsense", "ftp://x", "http://", "http://[::1"])
    def test_an_address_that_is_none(self, command: Run, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
        monkeypatch.setenv("RUNTWICE_URL", url)

        answer = command("runs")

        assert answer.code == 3
        assert "Traceback" not in answer.err

    def test_in_json_they_are_json(self, command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RUNTWICE_URL", "http://127.0.0.1:1")

        error = json.loads(command("runs", "--json").err)

        assert error["exit_code"] == 3

    def test_a_setting_that_cannot_be(self, command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RUNTWICE_SLOTS", "-1")

        answer = command("worker")

        assert answer.code == 3
        assert "RUNTWICE_SLOTS" in answer.err


class TestMigrate:
    def test_brings_an_empty_database_to_the_newest_version(self, command: Run, no_service: Path) -> None:
        assert command("migrate", "--json").json["version"]
        assert (no_service / "runtwice.db").exists()

    def test_goes_down_only_when_told_where_to(self, command: Run) -> None:
        assert command("migrate").code == 0
        assert command("migrate", "--down").code == 3
        assert command("migrate", "--down", "--to", "base").code == 0

    def test_a_version_that_is_not_known(self, command: Run) -> None:
        answer = command("migrate", "--to", "9999")

        assert answer.code == 3
        assert "9999" in answer.err
