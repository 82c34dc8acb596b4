"""Read-only links: what they open, what they do not, and how they end."""

import re
from typing import Any

import httpx
import pytest
import studied
from servers import wait_until
from streams import listening

from api.sharing import ALLOWED
from store.shares import MOST_LINKS
from store.tables import Share

Ids = dict[str, str]


def made(api: Any, what: str, **body: Any) -> dict[str, Any]:
    answer = api.admin.post(f"/api/v1/{what}/shares", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def path_of(share: dict[str, Any]) -> str:
    return str(httpx.URL(share["url"]).path)


def visitor(api: Any, *shares: dict[str, Any]) -> httpx.Client:
    """A browser that has opened the links."""
    client: httpx.Client = api.client()
    for share in shares:
        assert client.get(path_of(share)).status_code == 303
    return client


def logged(api: Any, name: str = "shared") -> Ids:
    """A client's run with a point, a file and a rerun-like verdict, by the names that addresses have for them."""
    run = api.client_run(name=name)["id"]
    api.admin.post(f"/api/v1/runs/{run}/points", json={"steps": [0], "metrics": {"loss": [0.5]}})
    artifact = api.admin.put(f"/api/v1/runs/{run}/artifacts/a.bin", content=b"x").json()["id"]
    return {"run": run, "run_id": run, "artifact": artifact, "artifact_id": artifact}


def routes(api: Any) -> list[tuple[str, str]]:
    """Every method and path there is, as templates, those that are no address of the API included."""
    listed = [(method.upper(), path) for path, methods in api.app.openapi()["paths"].items() for method in methods]
    hidden = [f"/api/v1/{name}" for name in ("openapi.json", "docs", "docs/docs.js")] + ["/graphql", "/api/v1/nope", "/api/v1/runs/{run_id}/nope"]
    more = [(method, path) for _, path in listed for method in ("PUT", "PATCH", "POST", "DELETE")]
    closed = sorted({*listed, *more, *(("GET", path) for path in hidden), ("POST", "/graphql")})
    return [(method, path) for method, path in closed if path.startswith(("/api/", "/graphql", "/metrics", "/files"))]


def filled(path: str, ids: Ids) -> str:
    return re.sub(r"\{(\w+)(:path)?\}", lambda match: ids.get(match[1], "x"), path)


class TestWhatALinkOpens:
    def test_is_the_run_and_what_it_left(self, api: Any) -> None:
        ids = logged(api)
        client = visitor(api, made(api, f"runs/{ids['run']}"))

        by_path = [path for path in ALLOWED if ("{run}" in path or "{artifact}" in path) and "{other}" not in path and "events" not in path]

        found = {path: client.get(filled(path, ids)) for path in by_path}
        for path in ("series", "compare", "verdicts"):
            found[path] = client.get(f"/api/v1/{path}", params={"run": ids["run"], **({"metric": "loss"} if path == "series" else {})})

        without = {path for path, answer in found.items() if answer.status_code != 200}
        no_rerun, no_page = {"/api/v1/runs/{run}/verdict", "/api/v1/runs/{run}/verdict/receipt"}, {"/api/v1/artifacts/{artifact}/html"}
        assert without == no_rerun | no_page
        assert found["series"].json()["series"][0]["values"] == [0.5]
        assert found["/api/v1/artifacts/{artifact}/content"].content == b"x"

    def test_is_the_study_and_its_runs(self, api: Any, project: str) -> None:
        study = studied.post(api, project)
        run = next(run for variant in study["variants"] for run in variant["runs"])
        client = visitor(api, made(api, f"studies/{study['id']}"))

        runs = [run for variant in study["variants"] for run in variant["runs"]]
        found = [client.get(f"/api/v1/studies/{study['id']}"), client.get(f"/api/v1/studies/{study['id']}/report")]
        found += [client.get(f"/api/v1/runs/{run}"), client.get("/api/v1/series", params={"run": runs, "metric": "val/loss"})]

        assert [answer.status_code for answer in found] == [200] * 4
        assert client.get("/api/v1/compare", params={"run": [*runs, logged(api)["run"]]}).status_code == 404
        assert client.get("/api/v1/runs", params={"project": project}).status_code == 404
        assert client.get(f"/api/v1/projects/{project}/events").status_code == 404

    def test_is_the_stream_of_the_run(self, api: Any) -> None:
        run = logged(api)["run"]
        client = visitor(api, made(api, f"runs/{run}"))

        with listening(client, f"/api/v1/runs/{run}/events") as heard:
            wait_until(lambda: "points" in heard.kinds(), 10.0, "the point")

    def test_of_several_is_what_each_of_them_opens(self, api: Any) -> None:
        first, second, third = (logged(api)["run"] for _ in range(3))
        client = visitor(api, *(made(api, f"runs/{run}") for run in (first, second)))

        assert [client.get(f"/api/v1/runs/{run}").status_code for run in (first, second, third)] == [200, 200, 404]

    def test_leads_to_the_page_without_telling_from_where(self, api: Any) -> None:
        run = logged(api)["run"]
        share = made(api, f"runs/{run}")

        answer = api.client().get(path_of(share))

        assert (answer.status_code, answer.headers["location"]) == (303, f"/team/logged/runs/{run}")
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie

    def test_a_preview_changes_nothing(self, api: Any) -> None:
        share = made(api, f"runs/{logged(api)['run']}")
        with api.database.engine.connect() as connection:
            before = connection.exec_driver_sql("SELECT count(*) FROM tickets").scalar()

        heads = [api.client().head(path_of(share)) for _ in range(3)]
        visits = [api.client().get(path_of(share)).status_code for _ in range(3)]

        assert [(answer.status_code, "set-cookie" in answer.headers) for answer in heads] == [(303, False)] * 3
        assert visits == [303] * 3
        with api.database.engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM tickets").scalar() == before

    def test_who_is_signed_in_stays_who_they_are(self, api: Any) -> None:
        run, other = logged(api)["run"], logged(api)["run"]
        client = api.client()
        client.post("/login", data={"key": api.key("viewer")})

        client.get(path_of(made(api, f"runs/{run}")))

        assert [client.get(f"/api/v1/runs/{each}").status_code for each in (run, other)] == [200, 200]


class TestWhatALinkDoesNotOpen:
    def test_every_route_of_what_is_not_shared_is_not_there(self, sqlite_api: Any) -> None:
        ids, study = logged(sqlite_api, "not shared"), studied.post(sqlite_api, "team/closed")["id"]
        ids |= {"study_id": study, "entity": "team", "name": "closed", "key_id": sqlite_api.admin.get("/api/v1/keys").json()["items"][0]["id"]}
        client = visitor(sqlite_api, made(sqlite_api, f"runs/{logged(sqlite_api)['run']}"))
        client.headers["Origin"] = sqlite_api.origin
        closed = [(method, path) for method, path in routes(sqlite_api) if path != "/api/v1/me"]

        found = {(method, path): client.request(method, filled(path, ids)).status_code for method, path in closed}

        assert len(found) > 250
        assert {asked: status for asked, status in found.items() if status != 404} == {}

    def test_nothing_but_what_is_listed_of_what_is_shared(self, sqlite_api: Any) -> None:
        ids = logged(sqlite_api)
        client = visitor(sqlite_api, made(sqlite_api, f"runs/{ids['run']}"))
        client.headers["Origin"] = sqlite_api.origin
        listed = {("GET", filled(path, ids | {"run": "{run_id}", "artifact": "{artifact_id}"})) for path in ALLOWED}

        asked = [(method, path) for method, path in routes(sqlite_api) if "events" not in path]
        found = {(method, path): client.request(method, filled(path, ids)).status_code for method, path in asked}
        opened = {each for each, status in found.items() if status != 404}

        assert opened <= listed
        assert len(opened) > 9

    def test_hidden_and_missing_read_the_same(self, api: Any) -> None:
        run, other = logged(api)["run"], logged(api)["run"]
        client = visitor(api, made(api, f"runs/{run}"))
        missing = other[:-1] + ("a" if other[-1] != "a" else "b")

        texts = [client.get(f"/api/v1/runs/{each}").text.replace(each, "") for each in (other, missing)]
        absent = api.admin.get(f"/api/v1/runs/{missing}").text.replace(missing, "")

        assert texts == [absent, absent]

    @pytest.mark.parametrize("asked", ["series?run={run}&run={other}&metric=loss", "compare?run={run}&run={other}", "series?metric=loss"])
    def test_another_run_beside_the_one_that_is_shared(self, api: Any, asked: str) -> None:
        run, other = logged(api)["run"], logged(api)["run"]
        client = visitor(api, made(api, f"runs/{run}"))

        assert client.get(f"/api/v1/{asked.format(run=run, other=other)}").status_code == 404

    def test_another_runs_file(self, api: Any) -> None:
        client = visitor(api, made(api, f"runs/{logged(api)['run']}"))
        other = logged(api)

        assert client.get(f"/api/v1/artifacts/{other['artifact']}/content").status_code == 404

    @pytest.mark.parametrize("text", ["rtl-" + "a" * 40, "x", "rtl-", "%00", "a" * 90])
    def test_a_text_that_is_no_link_opens_nothing(self, api: Any, text: str) -> None:
        client = api.client()
        answer, shown = client.get(f"/share/{text}"), client.get(f"/share/{text}", headers={"Accept": "text/html"})

        assert answer.status_code in (400, 404)
        assert shown.status_code in (400, 404)
        assert "set-cookie" not in answer.headers
        assert api.client().get("/api/v1/runs", headers={"Cookie": f"runtwice_links={text}"}).status_code == 401

    def test_the_link_is_no_key(self, api: Any) -> None:
        run = logged(api)["run"]
        text = path_of(made(api, f"runs/{run}")).rpartition("/")[2]

        assert api.client(text).get(f"/api/v1/runs/{run}").status_code == 401
        assert api.client().get(f"/api/v1/runs/{run}", headers={"Cookie": f"runtwice_session={text}"}).status_code == 401


class TestHowALinkEnds:
    def test_when_it_is_deleted(self, api: Any) -> None:
        run = logged(api)["run"]
        share = made(api, f"runs/{run}")
        client = visitor(api, share)

        with listening(client, f"/api/v1/runs/{run}/events") as heard:
            assert api.admin.delete(f"/api/v1/shares/{share['id']}").status_code == 204
            assert client.get(f"/api/v1/runs/{run}").status_code == 401
            assert client.get(path_of(share)).status_code == 404
            wait_until(lambda: heard.is_over, 10.0, "the end of the stream")

        assert api.admin.get(f"/api/v1/runs/{run}/shares").json()["items"] == []

    def test_when_it_expires(self, api: Any) -> None:
        run = logged(api)["run"]
        share = made(api, f"runs/{run}", expires_in_days=1)
        client = visitor(api, share)

        with listening(client, f"/api/v1/runs/{run}/events") as heard:
            with api.database.begin() as session:
                session.get_one(Share, share["id"]).expires_at = 1.0
            wait_until(lambda: heard.is_over, 10.0, "the end of the stream")

        assert client.get(f"/api/v1/runs/{run}").status_code == 401
        assert api.client().get(path_of(share)).status_code == 404

    def test_when_the_key_that_made_it_is_revoked(self, api: Any) -> None:
        run = logged(api)["run"]
        key = api.admin.post("/api/v1/keys", json={"name": "gone", "role": "member"}).json()
        share = api.client(key["key"]).post(f"/api/v1/runs/{run}/shares").json()
        client = visitor(api, share)

        api.admin.delete(f"/api/v1/keys/{key['id']}")

        assert client.get(f"/api/v1/runs/{run}").status_code == 401

    def test_when_the_run_is_deleted(self, api: Any) -> None:
        run = logged(api)["run"]
        share = made(api, f"runs/{run}")
        client = visitor(api, share)
        api.admin.post(f"/api/v1/runs/{run}/finish", json={"state": "finished"})

        assert api.admin.delete(f"/api/v1/runs/{run}").status_code == 200

        assert client.get(f"/api/v1/runs/{run}").status_code == 401
        assert client.get(path_of(share)).status_code == 404


class TestMaking:
    def test_tells_the_address_once_and_keeps_it_nowhere(self, api: Any) -> None:
        run = logged(api)["run"]
        ask = {"json": {"expires_in_days": 30}, "headers": {"Idempotency-Key": f"share {run}".replace(" ", "-")}}

        first, again = (api.admin.post(f"/api/v1/runs/{run}/shares", **ask) for _ in range(2))

        assert first.json() == again.json()
        assert first.json()["url"].startswith(f"{api.origin}/share/rtl-")
        assert "x-salt" not in first.headers
        (listed,) = api.admin.get(f"/api/v1/runs/{run}/shares").json()["items"]
        assert {**listed, "url": first.json()["url"]} == first.json()
        text = path_of(first.json()).rpartition("-")[2]
        with api.database.engine.connect() as connection:
            rows = [str(row) for table in ("shares", "kept_answers") for row in connection.exec_driver_sql(f"SELECT * FROM {table}").all()]
        assert rows
        assert not any(text in row for row in rows)

    def test_is_for_members(self, api: Any) -> None:
        run = logged(api)["run"]
        share = made(api, f"runs/{run}")
        viewer, other = api.as_role("viewer"), api.as_role("admin", "umbrella")

        assert viewer.post(f"/api/v1/runs/{run}/shares").status_code == 403
        assert viewer.delete(f"/api/v1/shares/{share['id']}").status_code == 403
        assert other.post(f"/api/v1/runs/{run}/shares").status_code == 404
        assert other.delete(f"/api/v1/shares/{share['id']}").status_code == 404
        assert api.client().get(path_of(share)).status_code == 303

    def test_has_an_end(self, api: Any) -> None:
        run = logged(api)["run"]
        for _ in range(MOST_LINKS):
            made(api, f"runs/{run}")

        assert api.admin.post(f"/api/v1/runs/{run}/shares").status_code == 409

    @pytest.mark.parametrize("days", [0, 366, 1.5, "30", True])
    def test_says_what_is_wrong(self, api: Any, days: Any) -> None:
        answer = api.admin.post(f"/api/v1/runs/{logged(api)['run']}/shares", json={"expires_in_days": days})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/expires_in_days"
