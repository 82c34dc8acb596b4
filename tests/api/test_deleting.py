"""Runs and projects deleted and archived over HTTP: what a preview says is what goes, and what went is found nowhere."""

import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from servers import wait_until
from sqlalchemy import func, select

from store.tables import TRASH, LooseFile, Run, Series

RUNS = "/api/v1/runs"


def logged(api: Any, project: str, state: str | None = "finished", **fields: Any) -> str:
    """The id of a client run with a point, a line and a file; ended unless `state` is None."""
    run_id = str(api.client_run(project, **fields)["id"])
    api.admin.post(f"{RUNS}/{run_id}/points", json={"steps": [0, 1], "metrics": {"loss": [1.0, 2.0]}})
    api.admin.post(f"{RUNS}/{run_id}/log", json={"lines": ["one"]})
    api.admin.put(f"{RUNS}/{run_id}/artifacts/w.bin", content=project.encode())
    if state:
        api.admin.post(f"{RUNS}/{run_id}/finish", json={"state": state})
    return run_id


def gone(api: Any, run_id: str) -> bool:
    """Whether nothing of the run is in the database any more."""
    with api.database.read() as session:
        return session.get(Run, run_id) is None and not session.scalar(select(func.count()).select_from(Series).where(Series.run_id == run_id))


class TestOneRun:
    def test_is_found_nowhere_once_the_answer_is_there(self, api: Any, project: str) -> None:
        run_id, kept = logged(api, project, external_id="mine"), logged(api, project)
        artifact = api.admin.get(f"{RUNS}/{run_id}/artifacts").json()["items"][0]["id"]
        paths = api.admin.get("/api/v1/openapi.json").json()["paths"]

        assert api.admin.delete(f"{RUNS}/{run_id}").status_code == 200

        answers = {}
        for path, operations in paths.items():
            if "{run_id}" not in path and "{artifact_id}" not in path:
                continue
            url = path.replace("{run_id}", run_id).replace("{artifact_id}", artifact).replace("{name}", "w.bin")
            for method, operation in operations.items():
                bodies = operation.get("requestBody", {}).get("content", {})
                body = {"json": bodies["application/json"]["example"]} if "application/json" in bodies else {"content": b"x"} if bodies else {}
                answers[f"{method} {path}"] = api.admin.request(method, url, **body).status_code
        assert len(answers) > 15
        assert {name: status for name, status in answers.items() if status != 404} == {}
        for url in (f"/api/v1/series?run={run_id}&metric=loss", f"/api/v1/compare?run={run_id}&run={kept}"):
            assert api.admin.get(url).status_code == 404
        for url in (
            f"{RUNS}?project={project}",
            f"{RUNS}?project={project}&group_by=state",
            f"{RUNS}?limit=1000",
            f"/api/v1/export/runs?project={project}",
        ):
            listed = api.admin.get(url).text
            assert run_id not in listed
            assert kept in listed
        assert api.admin.get(f"{RUNS}?project={project}&total=true").json()["total"] == 1
        assert api.admin.get(f"/api/v1/projects/{project}").json()["runs"] == 1

    def test_leaves_its_external_id_to_the_next(self, api: Any, project: str) -> None:
        run_id = logged(api, project, external_id="mine")
        api.admin.delete(f"{RUNS}/{run_id}")

        assert api.client_run(project, external_id="mine")["id"] != run_id

    def test_is_purged_soon_after(self, api: Any, project: str) -> None:
        run_id = logged(api, project)

        api.admin.delete(f"{RUNS}/{run_id}")

        wait_until(lambda: gone(api, run_id), 20.0, "the rows to go")

    def test_takes_its_file_with_it_unless_another_run_has_the_same(self, make_api: Any, project: str) -> None:
        api = make_api(reap_every_s=0.05)
        first, second = logged(api, project), logged(api, project)
        (file,) = [path for path in Path(api.settings.artifacts_dir).rglob("*") if path.is_file()]
        os.utime(file, (time.time() - 7200,) * 2)

        api.admin.delete(f"{RUNS}/{first}")
        wait_until(lambda: gone(api, first), 20.0, "the rows to go")
        wait_until(lambda: self.settled(api), 20.0, "its file to be looked at")
        assert file.exists()

        api.admin.delete(f"{RUNS}/{second}")
        wait_until(lambda: not file.exists(), 20.0, "the file to go")

    def settled(self, api: Any) -> bool:
        with api.database.read() as session:
            return not session.scalar(select(func.count()).select_from(LooseFile))

    def test_that_is_active_stays(self, api: Any, project: str) -> None:
        for run_id in (api.submit(project)["id"], logged(api, project, state=None)):
            for query in ("", "?preview=true"):
                assert api.admin.delete(f"{RUNS}/{run_id}{query}").status_code == 409
            assert api.admin.get(f"{RUNS}/{run_id}").status_code == 200

    def test_deleted_by_two_at_once_goes_once(self, api: Any, project: str) -> None:
        run_id = logged(api, project)
        clients, statuses = [api.as_role("member") for _ in range(4)], []

        threads = [threading.Thread(target=lambda c=c: statuses.append(c.delete(f"{RUNS}/{run_id}").status_code)) for c in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(statuses) == [200, 404, 404, 404]


class TestManyRuns:
    def test_go_as_the_preview_said_and_active_ones_stay(self, api: Any, project: str) -> None:
        going = [logged(api, project, state="failed") for _ in range(3)]
        staying = [logged(api, project), logged(api, project, state=None), api.submit(project)["id"]]
        asked = {"project": project, "filter": "state != 'finished'"}

        preview = api.admin.post(f"{RUNS}/delete", json={**asked, "preview": True})
        assert api.count_runs(project) == 6
        deleted = api.admin.post(f"{RUNS}/delete", json={**asked, "expect": 3})

        assert (preview.status_code, deleted.status_code) == (200, 200)
        assert preview.json() == {**deleted.json(), "preview": True}
        assert deleted.json()["rows"]["runs"] == 3
        assert deleted.json()["left"] == {"queued": 1, "running": 1}
        left = {item["id"] for item in api.admin.get(RUNS, params={"project": project}).json()["items"]}
        assert left == set(staying)
        assert [api.admin.get(f"{RUNS}/{run_id}").status_code for run_id in going] == [404] * 3

    def test_stay_when_they_are_not_as_many_as_expected(self, api: Any, project: str) -> None:
        logged(api, project)

        answer = api.admin.post(f"{RUNS}/delete", json={"project": project, "filter": "state = 'finished'", "expect": 2})

        assert answer.status_code == 409
        assert "1 runs" in answer.json()["detail"]
        assert api.count_runs(project) == 1

    def test_by_the_hundred_go_piece_by_piece(self, api: Any, project: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("store.trash.RUNS_AT_ONCE", 7)
        made = [api.client_run(project)["id"] for _ in range(30)]
        for run_id in made:
            api.admin.post(f"{RUNS}/{run_id}/finish", json={"state": "finished"})

        assert api.admin.post(f"{RUNS}/delete", json={"project": project, "filter": "state = 'finished'"}).json()["rows"]["runs"] == 30
        assert api.count_runs(project) == 0
        wait_until(lambda: all(gone(api, run_id) for run_id in made), 20.0, "the rows to go")

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({}, 422),
            ({"filter": ""}, 422),
            ({"filter": "state ="}, 400),
            ({"filter": "state = 'x'", "expect": -1}, 422),
            ({"filter": "a", "all": True}, 422),
        ],
        ids=["no filter", "an empty filter", "a broken filter", "less than none", "an unknown key"],
    )
    def test_need_a_filter_that_can_be_read(self, api: Any, project: str, body: dict[str, Any], status: int) -> None:
        run_id = logged(api, project)

        assert api.admin.post(f"{RUNS}/delete", json={"project": project, **body}).status_code == status
        assert api.admin.get(f"{RUNS}/{run_id}").status_code == 200

    def test_are_no_business_of_viewers_and_strangers(self, api: Any, project: str) -> None:
        logged(api, project)
        body = {"project": project, "filter": "state = 'finished'"}

        for path in ("delete", "archive"):
            assert api.as_role("viewer").post(f"{RUNS}/{path}", json=body).status_code == 403
            assert api.as_role("member", "strangers").post(f"{RUNS}/{path}", json=body).status_code == 404
        assert api.count_runs(project) == 1


class TestProject:
    def test_goes_with_its_runs_when_told_to_as_the_preview_said(self, api: Any, project: str) -> None:
        run_ids = [logged(api, project) for _ in range(2)]

        assert api.admin.delete(f"/api/v1/projects/{project}").status_code == 409
        preview = api.admin.delete(f"/api/v1/projects/{project}?preview=true").json()
        deleted = api.admin.delete(f"/api/v1/projects/{project}?runs=true")

        assert deleted.status_code == 200
        assert preview == {**deleted.json(), "preview": True}
        assert (preview["rows"]["projects"], preview["rows"]["runs"], preview["rows"]["artifacts"]) == (1, 2, 2)
        assert api.admin.get(f"/api/v1/projects/{project}").status_code == 404
        assert project not in [item["project"] for item in api.admin.get("/api/v1/projects?limit=1000").json()["items"]]
        assert [api.admin.get(f"{RUNS}/{run_id}").status_code for run_id in run_ids] == [404] * 2
        assert api.admin.post("/api/v1/projects", json={"project": project}).json()["runs"] == 0

    def test_with_an_active_run_stays_whole(self, api: Any, project: str) -> None:
        logged(api, project)
        api.submit(project)

        assert api.admin.delete(f"/api/v1/projects/{project}?preview=true").json()["left"] == {"queued": 1, "running": 0}
        assert api.admin.delete(f"/api/v1/projects/{project}?runs=true").status_code == 409
        assert api.count_runs(project) == 2

    def test_is_deleted_by_admins_only(self, api: Any, project: str) -> None:
        logged(api, project)

        assert api.as_role("member").delete(f"/api/v1/projects/{project}?runs=true").status_code == 403

    @pytest.mark.parametrize("name", ["/", "trash", f"/{TRASH}", "//"])
    def test_of_what_was_deleted_is_no_project(self, api: Any, name: str) -> None:
        assert api.admin.get(RUNS, params={"project": name}).status_code == 404
        assert "" not in [item["name"] for item in api.admin.get("/api/v1/projects?limit=1000").json()["items"]]


class TestArchive:
    def test_takes_many_runs_out_of_the_way_and_brings_them_back(self, api: Any, project: str) -> None:
        made = [logged(api, project, name=name) for name in ("a", "b", "c")]
        asked = {"project": project, "filter": "name in ('a', 'b')"}

        assert api.admin.post(f"{RUNS}/archive", json={**asked, "preview": True}).json() == {"runs": 2, "archived": True, "preview": True}
        assert api.admin.post(f"{RUNS}/archive", json=asked).json() == {"runs": 2, "archived": True, "preview": False}
        assert api.admin.post(f"{RUNS}/archive", json=asked).json()["runs"] == 0
        assert [api.admin.get(f"{RUNS}/{run_id}").json()["archived"] for run_id in made] == [True, True, False]

        assert api.admin.post(f"{RUNS}/archive", json={**asked, "archived": False}).json()["runs"] == 2
        assert not any(api.admin.get(f"{RUNS}/{run_id}").json()["archived"] for run_id in made)

    def test_of_one_run_is_an_edit(self, api: Any, project: str) -> None:
        run_id = logged(api, project)

        for archived in (True, False):
            edited = api.admin.patch(f"{RUNS}/{run_id}", json={"archived": archived, "name": "x"}).json()
            assert (edited["archived"], edited["name"]) == (archived, "x")
