"""Projects: made when they are first named, shown, listed, and deleted when nothing is in them."""

from typing import Any


class TestProjects:
    def test_are_made_shown_listed_and_deleted_when_empty(self, api: Any, project: str) -> None:
        made = api.admin.post("/api/v1/projects", json={"project": project})

        assert made.status_code == 201
        assert made.json()["project"] == project
        assert api.admin.get(made.headers["location"]).json() == made.json()
        assert api.admin.post("/api/v1/projects", json={"project": project}).status_code == 409
        assert project in [item["project"] for item in api.admin.get("/api/v1/projects?limit=1000").json()["items"]]
        assert api.admin.delete(f"/api/v1/projects/{project}").status_code == 204
        assert api.admin.get(f"/api/v1/projects/{project}").status_code == 404

    def test_of_any_alphabet_are_found_where_the_answer_says(self, api: Any, project: str) -> None:
        made = api.admin.post("/api/v1/projects", json={"project": f"{project} Цифры 数字 ü"})

        assert made.status_code == 201
        assert api.admin.get(made.headers["Location"]).json()["project"] == f"{project} Цифры 数字 ü"

    def test_with_runs_they_stay(self, api: Any, project: str) -> None:
        api.client_run(project)

        assert api.admin.delete(f"/api/v1/projects/{project}").status_code == 409

    def test_a_bare_name_is_in_the_default_entity(self, make_api: Any) -> None:
        api = make_api(default_entity="acme")

        assert api.client_run("digits")["project"] == "acme/digits"
        assert api.count_runs("digits") == 1
