"""The container files, checked without a container engine: shape, names, and that what they start is there to be started."""

import importlib.util
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
import yaml

from cli.main import app
from store.settings import Settings

ROOT = Path(__file__).parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
VARIABLE = re.compile(r"\$\{(\w+)(:[-?][^}]*)?\}")


@pytest.fixture(params=SERVICES, ids=str)
def service(request: pytest.FixtureRequest) -> dict[str, Any]:
    return SERVICES[request.param]


@pytest.fixture(params=OURS, ids=str)
def our_service(request: pytest.FixtureRequest) -> dict[str, Any]:
    return OURS[request.param]


class TestCompose:
    def test_is_a_compose_file(self):
        schema = json.loads((ROOT / "tests/data/compose-spec.json").read_text())

        jsonschema.Draft7Validator(schema).validate({key: value for key, value in COMPOSE.items() if not key.startswith("x-")})

    def test_holds_what_a_team_needs(self):
        assert set(SERVICES) == {"postgres", "redis", "migrate", "api", "worker-cpu", "worker-gpu"}

    def test_has_no_password_in_it(self):
        secrets = [match for match in VARIABLE.finditer((ROOT / "docker-compose.yml").read_text()) if "PASSWORD" in match[1]]

        assert secrets
        assert all((match[2] or "").startswith(":?") for match in secrets)

    def test_every_variable_it_takes_is_in_the_example_and_no_password_is_filled_in_there(self):
        example = dict(line.split("=", 1) for line in (ROOT / ".env.example").read_text().splitlines() if line and not line.startswith("#"))

        assert {match[1] for match in VARIABLE.finditer((ROOT / "docker-compose.yml").read_text())} == set(example)
        assert not any(value for name, value in example.items() if "PASSWORD" in name)

    def test_publishes_the_api_alone_and_on_loopback(self):
        published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

        assert published == {"api": ["${PUBLISHED_ON:-127.0.0.1:8800}:8800"]}

    def test_migrates_once_before_anything_uses_the_tables(self):
        assert SERVICES["migrate"]["restart"] == "no"
        users = [name for name in OURS if name != "migrate"]
        assert all(OURS[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"} for name in users)

    def test_shares_the_artifacts_between_those_who_write_and_those_who_serve_them(self):
        folder = Settings(data_dir=Path("/data")).artifacts_dir

        assert all(f"artifacts:{folder}" in OURS[name]["volumes"] for name in ("api", "worker-cpu", "worker-gpu"))

    def test_gives_workers_a_place_for_files_in_the_making(self):
        assert all("/data/scratch" in OURS[name]["tmpfs"] for name in ("worker-cpu", "worker-gpu"))

    def test_starts_the_gpu_worker_only_when_asked_and_gives_it_the_device(self):
        worker = SERVICES["worker-gpu"]

        assert worker["profiles"] == ["gpu"]
        assert worker["deploy"]["resources"]["reservations"]["devices"][0]["capabilities"] == ["gpu"]
        assert worker["environment"]["RUNTWICE_QUEUES"] == "cuda"


class TestService:
    def test_can_write_only_where_it_must_and_gain_no_rights(self, service):
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "/tmp" in service["tmpfs"]

    def test_waits_for_services_that_can_tell_they_are_ready(self, service):
        for name, wait in service.get("depends_on", {}).items():
            assert wait["condition"] != "service_healthy" or "test" in SERVICES[name]["healthcheck"]

    def test_uses_volumes_and_networks_that_are_declared(self, service):
        assert {volume.split(":")[0] for volume in service["volumes"]} <= set(COMPOSE["volumes"])
        assert set(service["networks"]) <= set(COMPOSE["networks"])


class TestOurService:
    def test_is_told_known_settings(self, our_service):
        known = {f"RUNTWICE_{name.upper()}" for name in Settings.model_fields}

        assert {name for name in our_service["environment"] if name.startswith("RUNTWICE_")} <= known

    def test_runs_a_command_that_exists(self, our_service):
        program, *arguments = our_service["command"]

        if program == "runtwice":
            command = typer.main.get_command(app).commands[arguments[0]]
            options = {option for parameter in command.params for option in parameter.opts}
            assert set(arguments[1:]) <= options
        else:
            assert [program, arguments[0]] == ["python", "-m"]
            assert importlib.util.find_spec(f"{arguments[1]}.__main__")

    def test_is_built_from_a_stage_of_the_dockerfile(self, our_service):
        assert re.search(rf"^FROM \S+ AS {our_service['build']['target']}$", DOCKERFILE, re.MULTILINE)
        assert all(re.search(rf"^ARG {name}=", DOCKERFILE, re.MULTILINE) for name in our_service["build"].get("args", {}))


class TestDockerfile:
    def test_runs_as_nobody_in_particular(self):
        (user,) = re.findall(r"^USER (\d+):(\d+)$", DOCKERFILE, re.MULTILINE)

        assert all(int(number) >= 10_000 for number in user)

    def test_asks_the_api_whether_it_is_well(self):
        assert re.search(r"^HEALTHCHECK .*\n.*/healthz", DOCKERFILE, re.MULTILINE)

    def test_is_given_all_that_the_package_is_built_from_and_nothing_else(self):
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())
        needed = {
            *project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"],
            project["project"]["readme"],
            "LICENSE",
            "pyproject.toml",
            "constraints.txt",
            "hatch_build.py",
            "web",
            "docs",
        }
        lines = (ROOT / ".dockerignore").read_text().splitlines()

        assert lines[1] == "*"
        assert {line[1:] for line in lines if line.startswith("!")} == needed
        assert all((ROOT / name).exists() for name in needed)

    def test_settings_in_it_are_known(self):
        known = {f"RUNTWICE_{name.upper()}" for name in Settings.model_fields}

        assert set(re.findall(r"RUNTWICE_[A-Z_]+", DOCKERFILE)) <= known
