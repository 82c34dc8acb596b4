"""The demo's eight configs."""

import json
from pathlib import Path

import pytest

from analysis.diff import changed_factors
from cli import lecture
from trainer.config import RunConfig


class TestLecture:
    def test_has_the_baseline_and_seven_changes(self) -> None:
        assert list(lecture.configs()) == ["baseline", "exponential", "linear", "step", "adam", "dropout", "batchnorm", "layernorm"]

    def test_every_config_is_valid(self) -> None:
        for config in lecture.configs().values():
            RunConfig.model_validate(config)

    def test_the_examples_hold_the_same_configs(self) -> None:
        files = (Path(__file__).parents[2] / "examples").glob("lecture-*.json")

        examples = {RunConfig.model_validate(json.loads(file.read_text())).digest() for file in files}

        assert examples == {RunConfig.model_validate(config).digest() for config in lecture.configs().values()}

    @pytest.mark.parametrize("name", list(lecture.CHANGES))
    def test_every_experiment_changes_one_thing(self, name: str) -> None:
        baseline, other = (RunConfig.model_validate(lecture.configs()[variant]) for variant in ("baseline", name))

        assert len(changed_factors(baseline, other)) == 1

    def test_iterations_count_from_one(self) -> None:
        assert lecture.iterations_to([19, 39, 59], [0.5, 0.9, 0.95]) == 40

    def test_an_accuracy_that_is_never_reached(self) -> None:
        assert lecture.iterations_to([19, 39], [0.5, "NaN"]) is None
