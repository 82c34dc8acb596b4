"""Alerts that runs raise: kept, shown, told."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from servers import wait_until
from streams import listening

from worker import postman

ALERTS = "/api/v1/runs/{id}/alerts"


def raise_alert(api: Any, run: dict[str, Any], title: str = "Loss is NaN", **fields: Any) -> Any:
    answer = api.admin.post(ALERTS.format(**run), json={"title": title, **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()["raised"]


def raised(api: Any, run: dict[str, Any]) -> list[dict[str, Any]]:
    return list(api.admin.get(ALERTS.format(**run)).json()["items"])


@pytest.fixture
def told() -> Iterator[tuple[str, list[tuple[dict[str, str], dict[str, Any]]]]]:
    """The address of somebody who listens, and what they heard."""
    heard: list[tuple[dict[str, str], dict[str, Any]]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append((dict(self.headers), json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", heard
    server.shutdown()
    thread.join()
    server.server_close()


class TestAlerts:
    def test_are_kept_and_shown_in_order(self, api: Any) -> None:
        run = api.client_run()
        raise_alert(api, run, text="at step 3", level="ERROR")
        raise_alert(api, run, "Slow")

        assert [(each["title"], each["text"], each["level"]) for each in raised(api, run)] == [
            ("Loss is NaN", "at step 3", "ERROR"),
            ("Slow", "", "INFO"),
        ]

    def test_one_of_the_same_title_waits(self, api: Any) -> None:
        run = api.client_run()

        assert [raise_alert(api, run, wait_s=600), raise_alert(api, run, wait_s=600), raise_alert(api, run, "Other", wait_s=600)] == [
            True,
            False,
            True,
        ]
        assert raise_alert(api, run)
        assert len(raised(api, run)) == 3

    def test_move_the_runs_version_on_and_go_with_the_run(self, api: Any) -> None:
        run = api.client_run()
        before = api.admin.get(f"/api/v1/runs?project={run['project']}").content
        raise_alert(api, run)
        api.admin.post(f"/api/v1/runs/{run['id']}/finish", json={"state": "finished"})

        assert api.admin.get(f"/api/v1/runs?project={run['project']}").content != before
        assert api.admin.delete(f"/api/v1/runs/{run['id']}").json()["rows"]["alerts"] == 1

    def test_an_ended_run_raises_none_and_a_viewer_neither(self, api: Any) -> None:
        run = api.client_run()
        viewer = api.as_role("viewer")

        assert viewer.post(ALERTS.format(**run), json={"title": "x"}).status_code == 403
        api.admin.post(f"/api/v1/runs/{run['id']}/finish", json={"state": "finished"})
        assert api.admin.post(ALERTS.format(**run), json={"title": "x"}).status_code == 409
        assert viewer.get(ALERTS.format(**run)).json()["items"] == []

    def test_another_entitys_are_not_found(self, api: Any) -> None:
        run = api.client_run()

        assert api.as_role("member", "elsewhere").get(ALERTS.format(**run)).status_code == 404

    def test_are_told_to_who_follows_the_run(self, api: Any) -> None:
        run = api.client_run()
        with listening(api.admin, f"/api/v1/projects/{run['project']}/events") as of_project:
            raise_alert(api, run, text="now")
            wait_until(lambda: "alert" in of_project.kinds(), what="the alert")
            raise_alert(api, run, "Second")
            wait_until(lambda: of_project.kinds().count("alert") == 2, what="the second alert")
        api.admin.post(f"/api/v1/runs/{run['id']}/finish", json={"state": "finished"})
        with listening(api.admin, f"/api/v1/runs/{run['id']}/events") as of_run:
            wait_until(lambda: of_run.is_over, what="the end")

        assert [data["title"] for kind, _, data in of_run.events if kind == "alert"] == ["Loss is NaN", "Second"]
        assert [(data["run"], data["title"]) for kind, _, data in of_project.events if kind == "alert"] == [
            (run["id"], "Loss is NaN"),
            (run["id"], "Second"),
        ]

    def test_the_webhook_is_told_once_and_signed(self, make_api: Any, told: Any) -> None:
        url, heard = told
        api = make_api(webhooks_to_private=True)
        run = api.client_run("team/hooked")
        secret = api.admin.put("/api/v1/projects/team/hooked/webhook", json={"url": url}).json()["secret"]
        raise_alert(api, run, level="WARN", wait_s=60)
        raise_alert(api, run, level="WARN", wait_s=60)

        while postman.deliver(api.database, to_private=True):
            pass

        [(headers, body)] = heard
        assert (headers["Runtwice-Event"], body["event"], body["run"], body["alert"]["level"]) == ("alert", "alert", run["id"], "WARN")
        at = int(headers["Runtwice-Signature"].split(",")[0].removeprefix("t="))
        assert headers["Runtwice-Signature"] == postman.signature(secret, at, json.dumps(body).encode())
        [delivery] = api.admin.get("/api/v1/projects/team/hooked/webhook/deliveries").json()["items"]
        assert (delivery["event"], delivery["state"], delivery["rerun"]) == ("alert", "delivered", run["id"])
