"""How long a project keeps its runs: off unless set, previewed, archived before deleted, and never what is kept."""

from typing import Any

import pytest
from servers import wait_until
from sqlalchemy import update

from store import projects
from store.tables import Run
from worker import keeper

RUNS = "/api/v1/runs"
DAY_S = 24 * 3600.0


class Always:
    """A duty that is ours for as long as a test needs it."""

    def goes_on(self, after_s: float = 0.0) -> bool:
        return True


@pytest.fixture
def url(api: Any, project: str) -> str:
    api.admin.post("/api/v1/projects", json={"project": project})
    return f"/api/v1/projects/{project}/retention"


@pytest.fixture
def ended(api: Any, project: str) -> Any:
    """The id of a client run that ended so many days ago."""

    def make(days: float, archived_days: float | None = None, **fields: Any) -> str:
        run_id = str(api.client_run(project, **fields)["id"])
        api.admin.post(f"{RUNS}/{run_id}/finish", json={"state": "finished"})
        backdate(api, run_id, finished_at=days)
        if archived_days is not None:
            api.admin.patch(f"{RUNS}/{run_id}", json={"archived": True})
            backdate(api, run_id, archived_at=archived_days)
        return run_id

    return make


def backdate(api: Any, run_id: str, **days: float) -> None:
    with api.database.begin() as session:
        for column, ago in days.items():
            session.execute(update(Run).where(Run.id == run_id).values({column: getattr(Run, column) - ago * DAY_S}))


def apply(api: Any) -> None:
    keeper.retain(api.database, Always())  # type: ignore[arg-type]


def fate(api: Any, run_id: str) -> str:
    answer = api.admin.get(f"{RUNS}/{run_id}")
    return "deleted" if answer.status_code == 404 else "archived" if answer.json()["archived"] else "kept"


class TestRetention:
    def test_is_off_until_it_is_set(self, api: Any, url: str, ended: Any) -> None:
        run_id = ended(10_000, archived_days=10_000)

        shown = api.admin.get(url).json()
        apply(api)

        assert shown == {
            "archive_after_days": None,
            "delete_archived_after_days": None,
            "keep": {"tags": [], "filter": None, "baselines": True, "verdicts": True},
        }
        assert fate(api, run_id) == "archived"

    def test_archives_what_ended_long_ago_and_deletes_what_was_archived_long_ago(self, api: Any, project: str, url: str, ended: Any) -> None:
        young, old, waiting, over = ended(29), ended(31), ended(100, archived_days=13), ended(100, archived_days=15)
        running = api.client_run(project)["id"]
        backdate(api, running, created_at=100)

        assert api.admin.put(url, json={"archive_after_days": 30, "delete_archived_after_days": 14}).status_code == 200
        apply(api)

        assert [fate(api, run_id) for run_id in (young, old, waiting, over, running)] == ["kept", "archived", "archived", "deleted", "kept"]

    def test_gives_back_what_it_archived_by_one_call(self, api: Any, project: str, url: str, ended: Any) -> None:
        run_id = ended(31)
        api.admin.put(url, json={"archive_after_days": 30, "delete_archived_after_days": 14})
        apply(api)
        backdate(api, run_id, archived_at=13)

        api.admin.put(url, json={"delete_archived_after_days": 14})
        api.admin.post(f"{RUNS}/archive", json={"project": project, "filter": "archived = true", "archived": False})
        apply(api)

        assert fate(api, run_id) == "kept"

    def test_says_first_what_it_would_take(self, api: Any, url: str, ended: Any) -> None:
        old, over = ended(31), ended(100, archived_days=15)
        body = {"archive_after_days": 30, "delete_archived_after_days": 14}

        tried = api.admin.put(url, json=body, params={"preview": "true"}).json()
        apply(api)

        assert (tried["would"]["archive"], tried["would"]["delete"]["rows"]["runs"]) == (1, 1)
        assert [fate(api, run_id) for run_id in (old, over)] == ["kept", "archived"]
        assert api.admin.get(url).json()["archive_after_days"] is None
        api.admin.put(url, json=body)
        assert api.admin.get(url, params={"preview": "true"}).json() == tried

    def test_keeps_what_has_a_tag_or_passes_the_filter(self, api: Any, url: str, ended: Any) -> None:
        tagged, good, plain = ended(31, tags=["keep"]), ended(31, config={"good": True}), ended(31)

        api.admin.put(url, json={"archive_after_days": 30, "keep": {"tags": ["keep", "other"], "filter": "config.good = true"}})
        apply(api)

        assert [fate(api, run_id) for run_id in (tagged, good, plain)] == ["kept", "kept", "archived"]

    @pytest.mark.parametrize("said", [True, False])
    def test_keeps_baselines_and_both_runs_of_a_verdict_unless_told_otherwise(self, api: Any, project: str, url: str, said: bool) -> None:
        original = api.submit(project)["id"]
        api.end(original)
        rerun = api.admin.post(f"{RUNS}/{original}/reruns", json={}).json()["items"][0]["id"]
        api.end(rerun)
        baseline = api.submit(project, {"seed": 7})["id"]
        api.end(baseline)
        other = api.submit(project, {"seed": 8}, baseline=baseline)["id"]
        api.end(other)
        for run_id in (original, rerun, baseline, other):
            backdate(api, run_id, finished_at=31)

        api.admin.put(url, json={"archive_after_days": 30, "keep": {"baselines": said, "verdicts": said}})
        apply(api)

        assert [fate(api, run_id) for run_id in (original, rerun, baseline)] == ["kept" if said else "archived"] * 3
        assert fate(api, other) == "archived"

    def test_touches_no_other_project(self, api: Any, project: str, url: str, ended: Any) -> None:
        elsewhere = api.client_run(f"{project}-other")["id"]
        api.admin.post(f"{RUNS}/{elsewhere}/finish", json={"state": "finished"})
        backdate(api, elsewhere, finished_at=100)

        api.admin.put(url, json={"archive_after_days": 1})
        apply(api)

        assert fate(api, elsewhere) == "kept"

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"archive_after_days": 0}, "/archive_after_days"),
            ({"archive_after_days": 1.5}, "/archive_after_days"),
            ({"keep": {"filter": "state ="}}, "/keep/filter"),
            ({"keep": {"filter": "tags < 'a'"}}, "/keep/filter"),
            ({"keep": {"everything": True}}, "/keep/everything"),
        ],
    )
    def test_refuses_what_it_does_not_take(self, api: Any, url: str, body: dict[str, Any], pointer: str) -> None:
        answer = api.admin.put(url, json=body)

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == pointer

    @pytest.mark.parametrize("held", [{"keep_filter": "state is now what"}, {"keep_forever": True}], ids=["a filter", "a field"])
    def test_that_another_version_wrote_takes_nothing(self, api: Any, project: str, url: str, ended: Any, held: dict[str, Any]) -> None:
        run_id = ended(31)
        with api.database.begin() as session:
            projects.get(session, *project.split("/")).retention = {"archive_after_days": 30, **held}

        apply(api)

        assert fate(api, run_id) == "kept"

    def test_is_set_by_admins_only(self, api: Any, url: str) -> None:
        assert api.as_role("member").put(url, json={}).status_code == 403
        assert api.as_role("viewer").get(url).status_code == 200
        assert api.as_role("admin", "strangers").put(url, json={}).status_code == 404

    def test_is_applied_by_the_service_itself(self, make_api: Any, project: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(keeper, "RETAIN_EVERY_S", 0.05)
        api = make_api(reap_every_s=0.05)
        run_id = api.client_run(project)["id"]
        api.admin.post(f"{RUNS}/{run_id}/finish", json={"state": "finished"})
        backdate(api, run_id, finished_at=31)

        api.admin.put(f"/api/v1/projects/{project}/retention", json={"archive_after_days": 30})

        wait_until(lambda: fate(api, run_id) == "archived", 20.0, "the keeper")
