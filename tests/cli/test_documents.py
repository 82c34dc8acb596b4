"""Configs as people write them: files and --set."""

from pathlib import Path
from typing import Any

import pytest

from cli.documents import read_file, read_value, with_settings
from cli.errors import CliError

CONFIG = {"optimizer": {"kind": "sgd", "lr": 2.0, "momentum": 0.9}, "model": {"norm": {"kind": "none"}, "hidden": [256]}, "seed": 0}


class TestValue:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            pytest.param("1e-3", 0.001, id="a number without a dot, as JSON has it"),
            pytest.param("1E+2", 100.0, id="an exponent with a sign"),
            pytest.param(".5", 0.5, id="a number without a zero"),
            pytest.param("010", "010", id="no octal numbers"),
            pytest.param("1_000", "1_000", id="no grouped numbers"),
            pytest.param("12:30", "12:30", id="no numbers to the base of sixty"),
            pytest.param("on", "on", id="on is a text"),
            pytest.param("2026-01-01", "2026-01-01", id="a date is a text"),
            pytest.param("true", True, id="a truth value"),
            pytest.param("null", None, id="null"),
            pytest.param("", None, id="nothing"),
            pytest.param("full", "full", id="a text"),
            pytest.param("[64, 64]", [64, 64], id="a list"),
            pytest.param("{kind: batch, momentum: 0.2}", {"kind": "batch", "momentum": 0.2}, id="a component"),
            pytest.param('{"kind": "batch"}', {"kind": "batch"}, id="JSON"),
        ],
    )
    def test_is_read_as_yaml_1_2(self, text: str, value: Any) -> None:
        read = read_value(text)

        assert read == value
        assert type(read) is type(value)

    @pytest.mark.parametrize("text", ["{kind: batch", "[1, 2", "!!python/object:os.system {}", "a: 1\na: 2", "{1: 2}"])
    def test_what_cannot_be_read_is_told_in_a_sentence(self, text: str) -> None:
        with pytest.raises(CliError, match="neither YAML nor JSON"):
            read_value(text)


class TestSet:
    def test_changes_one_field_and_leaves_the_given_config_alone(self) -> None:
        changed = with_settings(CONFIG, ["optimizer.lr=0.5"])

        assert changed["optimizer"] == {"kind": "sgd", "lr": 0.5, "momentum": 0.9}
        assert CONFIG["optimizer"]["lr"] == 2.0  # type: ignore[index]

    def test_a_kind_replaces_the_whole_component(self) -> None:
        assert with_settings(CONFIG, ["optimizer.kind=adam"])["optimizer"] == {"kind": "adam"}

    @pytest.mark.parametrize("settings", [["optimizer.kind=adam", "optimizer.lr=1e-3"], ["optimizer.lr=1e-3", "optimizer.kind=adam"]])
    def test_fields_of_a_new_kind_may_stand_before_it(self, settings: list[str]) -> None:
        assert with_settings(CONFIG, settings)["optimizer"] == {"kind": "adam", "lr": 0.001}

    def test_makes_groups_that_are_not_there(self) -> None:
        assert with_settings(CONFIG, ["model.dropout.p=0.5"])["model"]["dropout"] == {"p": 0.5}

    def test_takes_whole_components(self) -> None:
        assert with_settings(CONFIG, ["model.norm={kind: layer}"])["model"]["norm"] == {"kind": "layer"}

    def test_values_may_hold_an_equals_sign(self) -> None:
        assert with_settings(CONFIG, ["device=a=b"])["device"] == "a=b"

    @pytest.mark.parametrize("setting", ["optimizer.lr", "=1", "optimizer..lr=1", ".lr=1", "kind=mlp"])
    def test_needs_a_path_and_a_value(self, setting: str) -> None:
        with pytest.raises(CliError, match="sets nothing"):
            with_settings(CONFIG, [setting])

    def test_does_not_reach_into_a_plain_field(self) -> None:
        with pytest.raises(CliError, match="seed is 0, not a group of fields"):
            with_settings(CONFIG, ["seed.x=1"])


class TestFile:
    @pytest.mark.parametrize(
        "text", ["dataset: {name: digits}\noptimizer: {lr: 1e-1}\n", '{"dataset": {"name": "digits"}, "optimizer": {"lr": 1e-1}}']
    )
    def test_may_be_yaml_or_json(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "config").write_text(text)

        assert read_file(str(tmp_path / "config")) == {"dataset": {"name": "digits"}, "optimizer": {"lr": 0.1}}

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            pytest.param(b"", "holds no config", id="empty"),
            pytest.param(b"[1]", "this is a list", id="a list"),
            pytest.param(b"a: b: c", "line 1", id="broken"),
            pytest.param(b"\xff\xfe", "cannot be read", id="no text"),
            pytest.param(b"[" * 5000, "neither YAML nor JSON", id="nested without end"),
            pytest.param(b"lr: 1\nlr: 2", "lr is given twice", id="a key twice"),
        ],
    )
    def test_what_is_wrong_is_said(self, tmp_path: Path, content: bytes, told: str) -> None:
        file = tmp_path / "config.yaml"
        file.write_bytes(content)

        with pytest.raises(CliError, match=told):
            read_file(str(file))

    def test_that_is_not_there_is_named(self) -> None:
        with pytest.raises(CliError, match=r"nowhere\.yaml cannot be read: No such file"):
            read_file("nowhere.yaml")
