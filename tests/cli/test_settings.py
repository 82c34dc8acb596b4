"""Settings are shown without what is secret in them."""

import pytest

from cli.errors import CliError
from cli.settings import describe, load, mask


class TestMask:
    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            ("postgresql://me:secret@db:5432/runs", "postgresql://me:***@db:5432/runs"),
            ("redis://:secret@broker:6379/0", "redis://:***@broker:6379/0"),
            ("postgresql://me@db/runs", "postgresql://me@db/runs"),
            ("redis+socket:///tmp/a.sock", "redis+socket:///tmp/a.sock"),
            ("rt-" + "a" * 40, "rt-aaaa..."),
            ("runtwice-data", "runtwice-data"),
        ],
    )
    def test_hides_passwords_and_keys(self, value: str, shown: str) -> None:
        assert mask(value) == shown


class TestSettings:
    def test_every_variable_has_a_meaning(self) -> None:
        assert all(setting["description"] for setting in describe())

    def test_a_value_from_the_environment_stands_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RUNTWICE_PORT", "9000")

        [port] = [setting for setting in describe() if setting["name"] == "RUNTWICE_PORT"]

        assert (port["value"], port["is_default"]) == ("9000", False)

    def test_a_value_that_cannot_be_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RUNTWICE_PORT", "many")

        with pytest.raises(CliError, match="RUNTWICE_PORT is 'many'"):
            load()
