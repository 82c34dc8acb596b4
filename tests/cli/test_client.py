"""Where the commands find the service and its key, and how a refusal reads."""

import json
import os
from pathlib import Path

import pytest

from cli.client import DEFAULT_URL, find_key, find_url, problem_sentence


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("RUNTWICE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("RUNTWICE_DATA_DIR", str(tmp_path))
    (tmp_path / "admin.key").write_text("rt-local")
    return tmp_path


class TestAddress:
    def test_is_the_default_when_nothing_says_otherwise(self, data_dir: Path) -> None:
        assert find_url() == DEFAULT_URL

    def test_is_that_of_the_service_on_the_data_folder(self, data_dir: Path) -> None:
        (data_dir / "up.lock").write_text(json.dumps({"pid": os.getpid(), "url": "http://127.0.0.1:9999"}))

        assert find_url() == "http://127.0.0.1:9999"

    def test_of_a_service_that_has_ended_is_forgotten(self, data_dir: Path) -> None:
        (data_dir / "up.lock").write_text(json.dumps({"pid": 2**22 + 1, "url": "http://127.0.0.1:9999"}))

        assert find_url() == DEFAULT_URL

    def test_is_what_the_environment_says(self, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RUNTWICE_URL", "http://elsewhere:1")

        assert find_url() == "http://elsewhere:1"


class TestKey:
    def test_is_the_admin_key_on_this_machine(self, data_dir: Path) -> None:
        assert find_key(DEFAULT_URL) == ("rt-local", str(data_dir / "admin.key"))

    def test_the_admin_key_is_never_sent_to_another_machine(self, data_dir: Path) -> None:
        assert find_key("http://elsewhere:8800") == ("", "")

    def test_of_the_environment_comes_first(self, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RUNTWICE_API_KEY", "rt-mine")

        assert find_key("http://elsewhere:8800") == ("rt-mine", "RUNTWICE_API_KEY")


class TestProblem:
    def test_of_a_config_names_each_field(self) -> None:
        errors = [{"pointer": "/config/optimizer/lr", "detail": "must be above 0, got -1"}, {"pointer": "/config/seed", "detail": "must be a number"}]

        said = problem_sentence({"detail": "The config was refused.", "errors": errors}, 422)

        assert said.splitlines() == ["The config was refused.", "  config.optimizer.lr: must be above 0, got -1", "  config.seed: must be a number"]

    def test_says_nothing_twice(self) -> None:
        errors = [{"pointer": "/config/seed", "detail": "takes a whole number"}]

        for detail in ("takes a whole number", "config.seed: takes a whole number", "config.seed: takes a whole number (and 0 more)"):
            assert problem_sentence({"detail": detail, "errors": errors}, 422) == "config.seed: takes a whole number"

    def test_without_a_detail_gives_its_title(self) -> None:
        assert problem_sentence({"title": "Not found"}, 404) == "Not found"

    def test_that_is_no_problem_document_gives_the_status(self) -> None:
        assert problem_sentence({}, 502) == "The service answered with status 502."

    def test_points_into_keys_with_slashes(self) -> None:
        assert "metrics.train/loss: bad" in problem_sentence({"detail": "x", "errors": [{"pointer": "/metrics/train~1loss", "detail": "bad"}]}, 422)
