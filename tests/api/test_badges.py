"""Badges for a README: true, small, harmless."""

import time
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
import studied
from judged import finished, judged, train

from api.report.badge import AMBER, GREEN, GREY, RED, badge
from store.tables import Node

SVG = "{http://www.w3.org/2000/svg}"


def words(answer: httpx.Response) -> tuple[str, str]:
    """What a badge says, and on which colour."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml"), answer.text
    drawing = ElementTree.fromstring(answer.text)
    return drawing.findall(f".//{SVG}text")[1].text or "", drawing.findall(f".//{SVG}rect")[0].attrib["fill"]


def badge_path(api: Any, what: str) -> str:
    """The public address of the badge of what is at this path."""
    return str(httpx.URL(api.admin.post(f"/api/v1/{what}/shares").json()["url"]).path) + "/badge.svg"


class TestBadge:
    def test_of_a_run_counts_its_reruns(self, api: Any, project: str) -> None:
        run, _ = judged(api, project)
        path = badge_path(api, f"runs/{run}")

        said = [words(api.client().get(path))]
        again = api.admin.post(f"/api/v1/runs/{run}/reruns", json={}).json()["items"][0]["id"]
        train(api, again, node="n2", loss=0.6)
        said.append(words(api.client().get(path)))

        assert said == [("reproduced 1 of 1", GREEN), ("reproduced 1 of 2", RED)]
        assert words(api.admin.get(f"/api/v1/runs/{run}/badge.svg")) == said[1]

    def test_of_a_run_that_was_not_run_again_says_so(self, api: Any, project: str) -> None:
        run = finished(api, project)

        assert words(api.client().get(badge_path(api, f"runs/{run}"))) == ("not run again yet", GREY)

    def test_says_when_it_holds_no_more(self, api: Any, project: str) -> None:
        run, _ = judged(api, project)
        with api.database.begin() as session:
            node = {"name": f"newer {project}", "queues": ["cpu"], "slots": 1, "devices": [], "versions": {"torch": "99.0", "code": "c"}}
            session.add(Node(**node, started_at=time.time(), heartbeat_at=time.time()))

        said = words(api.client().get(badge_path(api, f"runs/{run}")))

        with api.database.begin() as session:
            session.delete(session.get_one(Node, node["name"]))
        assert said == ("reproduced 1 of 1, stale", AMBER)

    def test_of_a_study_and_of_a_project_counts_runs(self, api: Any, project: str) -> None:
        study = studied.post(api, project)
        studied.end_all(api, study, lambda _variant, _seed: {})
        for variant in study["variants"]:
            for run in variant["runs"]:
                rerun = api.admin.post(f"/api/v1/runs/{run}/reruns", json={}).json()["items"][0]["id"]
                studied.end(api, rerun, {"val/loss": [2.0, 1.5, 1.0, 0.5], "val/accuracy": [0.2, 0.5, 0.8, 0.9]})
        judged(api, project, loss=0.6)

        said = [words(api.client().get(badge_path(api, what))) for what in (f"studies/{study['id']}", f"projects/{project}")]

        assert said == [("reproduced 4 of 4 runs", GREEN), ("reproduced 4 of 5 runs", RED)]

    def test_is_kept_for_a_while_and_known_by_its_tag(self, api: Any, project: str) -> None:
        path = badge_path(api, f"runs/{finished(api, project)}")

        answer = api.client().get(path)
        known = api.client().get(path, headers={"If-None-Match": answer.headers["etag"]})

        assert answer.headers["cache-control"] == "public, max-age=60"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert (known.status_code, known.content) == (304, b"")
        assert api.client().head(path).headers["etag"] == answer.headers["etag"]

    def test_of_a_project_opens_nothing_else(self, api: Any, project: str) -> None:
        run = finished(api, project)
        path = badge_path(api, f"projects/{project}")
        client = api.client()

        opened = client.get(path.removesuffix("/badge.svg"))

        assert (opened.status_code, opened.headers["location"]) == (303, f"/{project}")
        assert "set-cookie" not in opened.headers
        assert client.get(f"/api/v1/runs/{run}", headers={"Cookie": f"runtwice_links={path.split('/')[2]}"}).status_code == 404

    @pytest.mark.parametrize("text", ["rtl-" + "a" * 40, "x"])
    def test_of_no_link_is_not_there(self, api: Any, text: str) -> None:
        assert api.client().get(f"/share/{text}/badge.svg").status_code == 404

    def test_shows_what_it_was_given_as_text(self) -> None:
        drawn = badge('a<b>"&', "</text><script>x</script>", "#000")

        drawing = ElementTree.fromstring(drawn)
        assert [each.text for each in drawing.findall(f".//{SVG}text")] == ['a<b>"&', "</text><script>x</script>"]
        assert "<script" not in drawn
        assert drawing.attrib["aria-label"] == 'a<b>"&: </text><script>x</script>'
