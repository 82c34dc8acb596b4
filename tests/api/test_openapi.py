"""The OpenAPI document describes all there is, with examples that are true."""

from typing import Any

import jsonschema
import pytest
from starlette.routing import Route

from api.app import ROUTERS

RUN_ANSWERS = {"GET /api/v1/runs/{run_id}": "RunShown", "GET /api/v1/runs": "RunPage", "GET /api/v1/queue": "QueueShown"}


@pytest.fixture(scope="module")
def document(sqlite_api: Any) -> dict[str, Any]:
    return dict(sqlite_api.admin.get("/api/v1/openapi.json").json())


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {f"{method.upper()} {path}": operation for path, methods in document["paths"].items() for method, operation in methods.items()}


def check(document: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    jsonschema.Draft202012Validator({**schema, "components": document["components"]}).validate(value)


class TestOpenApi:
    def test_every_operation_has_a_summary_and_an_example_of_its_answer(self, document: dict[str, Any]) -> None:
        lacking = []
        for name, operation in operations(document).items():
            good = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
            shown = [media for answer in good for media in answer.get("content", {}).values()]
            if not operation.get("summary") or any("example" not in media for media in shown):
                lacking.append(name)

        assert lacking == []

    def test_every_body_has_an_example(self, document: dict[str, Any]) -> None:
        bodies = {name: operation["requestBody"]["content"] for name, operation in operations(document).items() if "requestBody" in operation}

        assert len(bodies) > 12
        assert [name for name, content in bodies.items() if not any("example" in media for media in content.values())] == []

    def test_every_example_fits_its_schema(self, document: dict[str, Any]) -> None:
        for operation in operations(document).values():
            bodies = [operation["requestBody"]] if "requestBody" in operation else []
            for part in [*bodies, *operation["responses"].values()]:
                for kind, media in part.get("content", {}).items():
                    if kind.endswith("json") and "example" in media:
                        check(document, media["schema"], media["example"])

    def test_every_error_is_a_problem(self, document: dict[str, Any]) -> None:
        for name, operation in operations(document).items():
            assert "application/problem+json" in operation["responses"]["default"]["content"], name
            assert "422" not in operation["responses"], name

    def test_every_route_stands_in_it(self, document: dict[str, Any]) -> None:
        shown = set(operations(document))
        routes = [route for router in ROUTERS for route in router.routes if isinstance(route, Route) and getattr(route, "include_in_schema", True)]

        assert len(routes) > 30
        for route in routes:
            path = route.path.replace(":path}", "}")
            assert {f"{method} /api/v1{path}" for method in route.methods or ()} <= shown

    def test_only_what_is_public_needs_no_key(self, document: dict[str, Any]) -> None:
        open_ = {name for name, operation in operations(document).items() if not operation["security"]}

        assert open_ == {"GET /healthz", "GET /readyz", "GET /login", "POST /login", "GET /share/{text}", "GET /share/{text}/badge.svg"}

    @pytest.mark.parametrize("name", RUN_ANSWERS)
    def test_real_answers_fit_their_schema(self, api: Any, document: dict[str, Any], name: str) -> None:
        run = api.submit()["id"]
        api.end(api.submit()["id"])
        logged = api.client_run()["id"]
        api.admin.post(f"/api/v1/runs/{logged}/points", json={"steps": [0], "metrics": {"x": ["NaN"]}})
        path = name.removeprefix("GET ").replace("{run_id}", run)

        check(document, {"$ref": f"#/components/schemas/{RUN_ANSWERS[name]}"}, api.admin.get(path).json())

    def test_the_config_schema_takes_and_refuses_configs(self, sqlite_api: Any) -> None:
        schema = sqlite_api.admin.get("/api/v1/schemas/run-config").json()
        validator = jsonschema.Draft202012Validator(schema)

        assert validator.is_valid(sqlite_api.submit()["config"])
        assert not validator.is_valid({"dataset": {"name": "digits"}, "seed": -1})
        assert not validator.is_valid({"dataset": {"name": "digits"}, "unknown": 1})
        assert schema["properties"]["seed"]["description"]
