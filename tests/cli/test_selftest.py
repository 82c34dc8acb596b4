"""`runtwice selftest resume`: kills and resumes a recipe on this machine, without a service."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli.selftest import view

RECIPE = {"dataset": {"name": "digits"}, "device": "cpu", "total_iterations": 60, "model": {"hidden": [16], "dropout": {"p": 0.5}}}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(RECIPE))
    return file


class TestResume:
    def test_says_that_every_resumed_run_is_exact(self, command: Any, config: Path) -> None:
        answer = command("selftest", "resume", str(config), "--kills", "2", "--json")

        said = json.loads(answer.out)
        assert (answer.code, said["exact"]) == (0, True)
        assert [kill["exact"] for kill in said["kills"]] == [True, True]

    def test_refuses_a_bad_config_at_its_field(self, command: Any, config: Path) -> None:
        config.write_text(json.dumps({**RECIPE, "seed": -1}))

        answer = command("selftest", "resume", str(config))

        assert answer.code == 3
        assert "/seed: " in answer.err

    def test_names_what_differs(self) -> None:
        kills = [
            {"step": 7, "moment": "amid a step", "resumed_from": 5, "exact": False, "differences": ["train/loss from step 6 on"]},
            {"step": 9, "moment": "before a step", "resumed_from": None, "exact": True, "differences": []},
        ]

        assert view({"exact": False, "kills": kills}).splitlines() == [
            "killed amid a step, step 7; resumed at step 5; differs: train/loss from step 6 on",
            "killed before a step, step 9; began again; the same",
            "Not exact: 1 of 2 resumed runs have the points, digests and files of the undisturbed one, bit for bit.",
        ]
