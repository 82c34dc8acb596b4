"""Configs that the first version stored: they are what they were, whatever fields came later (docs/decisions/0007)."""

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.diff import changed_factors
from trainer.config import RunConfig, resolved
from trainer.part import LATER, Part

STORED = json.loads((Path(__file__).parent / "stored_configs.json").read_text())


@pytest.fixture(params=STORED, ids=lambda each: each["digest"][:8])
def stored(request: pytest.FixtureRequest) -> dict[str, Any]:
    return dict(request.param)


class TestStoredConfig:
    def test_has_the_digest_it_had(self, stored: dict[str, Any]) -> None:
        assert RunConfig.model_validate(stored["stored"]).digest() == stored["digest"]

    def test_has_it_too_when_stored_again(self, stored: dict[str, Any]) -> None:
        assert RunConfig.model_validate(resolved(stored["stored"])).digest() == stored["digest"]

    def test_has_every_later_field_at_its_default(self, stored: dict[str, Any]) -> None:
        again = resolved(stored["stored"])

        assert again["grad_clip"] is None
        assert again["scheduler"]["warmup_iterations"] == 0
        assert again["model"]["dropout"]["spatial"] is False

    def test_differs_in_nothing_from_itself_stored_today(self, stored: dict[str, Any]) -> None:
        old, new = RunConfig.model_validate(stored["stored"]), RunConfig.model_validate(resolved(stored["stored"]))

        assert changed_factors(old, new) == []
        assert old == new


def test_a_later_field_with_another_value_makes_another_digest() -> None:
    base = STORED[0]["stored"]
    changed = (
        {**base, "grad_clip": 1.0},
        {**base, "scheduler": {"kind": "constant", "warmup_iterations": 1}},
        {**base, "model": {"kind": "cnn", "dropout": {"spatial": True}}},
        {**base, "model": {"kind": "cnn"}},
    )

    assert len({RunConfig.model_validate(each).digest() for each in (base, *changed)}) == 5


def test_a_config_this_version_does_not_take_is_left_as_it_is() -> None:
    newer = {**STORED[0]["stored"], "wings": 2}

    assert resolved(newer) == newer


def test_later_fields_have_plain_defaults() -> None:
    def parts(kind: type[Part]) -> list[type[Part]]:
        return [kind, *(deeper for below in kind.__subclasses__() for deeper in parts(below))]

    later = [field for part in parts(Part) for field in part.model_fields.values() if LATER in field.metadata]

    assert later
    assert all(field.default_factory is None and not field.is_required() for field in later)
