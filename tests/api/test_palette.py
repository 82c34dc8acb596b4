"""Going to anything by some letters of its name."""

from typing import Any

import pytest
import studied


def found(client: Any, q: str, **asked: Any) -> list[dict[str, Any]]:
    answer = client.get("/api/v1/search", params={"q": q, **asked})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def names(client: Any, q: str, kind: str = "run", **asked: Any) -> list[str]:
    return [each["name"] for each in found(client, q, **asked) if each["kind"] == kind]


class TestSearch:
    def test_finds_projects_studies_and_runs(self, api: Any) -> None:
        study = studied.post(api, "team/zebra-norms", name="Zebra study")
        run = api.client_run("team/zebra-norms", name="a zebra")["id"]

        items = found(api.admin, "zebra")

        base = "/team/zebra-norms"
        assert [(each["kind"], each["name"], each["address"]) for each in items] == [
            ("project", "team/zebra-norms", base),
            ("study", "Zebra study", f"{base}/studies/{study['id']}"),
            ("run", "a zebra", f"{base}/runs/{run}"),
        ]
        assert [each["id"] for each in items[1:]] == [study["id"], run]
        assert {each["project"] for each in items} == {"team/zebra-norms"}

    @pytest.mark.parametrize("q", ["quagga", "QUAGGA", "uagg", "wide quagga", "qua wid", "quagga-wide_9%"])
    def test_finds_a_run_by_parts_of_its_name(self, api: Any, q: str) -> None:
        api.client_run("team/parts", name="quagga-wide_9%")

        assert set(names(api.admin, q)) == {"quagga-wide_9%"}

    @pytest.mark.parametrize("q", ["quagga tall", "okapis", "%", "_"])
    def test_finds_nothing_else(self, api: Any, q: str) -> None:
        api.client_run("team/parts", name="okapi 1")

        assert "okapi 1" not in names(api.admin, q, limit=100)

    def test_finds_a_run_by_the_beginning_of_its_ids_and_tags(self, api: Any, project: str) -> None:
        run = api.client_run(project, name="by ids", tags=["takin-tag"], external_id="takinx01")

        asked = [run["id"], run["id"][:12], "takinx01", "takinx", "takin-tag", "takin-t"]

        assert [run["id"] in {each["id"] for each in found(api.admin, q)} for q in asked] == [True] * len(asked)

    def test_puts_what_the_text_begins_before_what_it_stands_in(self, api: Any, project: str) -> None:
        for name in ("bongo", "a bongo", "bongo 2", "the bongo"):
            api.client_run(project, name=name)

        assert names(api.admin, "bongo") == ["bongo", "bongo 2", "the bongo", "a bongo"]
        assert names(api.admin, "bongo", limit=1) == ["bongo"]

    def test_finds_what_the_caller_may_see(self, api: Any, project: str) -> None:
        studied.post(api, "acme/dikdik", name="dikdik")
        api.client_run("acme/dikdik", name="dikdik", tags=["dikdik"])

        assert {each["kind"] for each in found(api.as_role("viewer", "acme"), "dikdik")} == {"project", "study", "run"}
        assert found(api.as_role("admin", "umbrella"), "dikdik") == []

    def test_finds_nothing_that_was_deleted(self, api: Any, project: str) -> None:
        run = api.client_run(project, name="gerenuk", tags=["gerenuk"])["id"]
        api.admin.post(f"/api/v1/runs/{run}/finish", json={"state": "finished"})
        assert names(api.admin, "gerenuk") == ["gerenuk"]

        api.admin.delete(f"/api/v1/runs/{run}")

        assert found(api.admin, "gerenuk") == []
        assert found(api.admin, run) == []

    @pytest.mark.parametrize("asked", [{}, {"q": ""}, {"q": "  "}, {"q": "x" * 201}, {"q": "x", "limit": 0}, {"q": "x", "limit": 101}])
    def test_says_what_is_wrong(self, sqlite_api: Any, asked: dict[str, Any]) -> None:
        assert sqlite_api.admin.get("/api/v1/search", params=asked).status_code == 422
