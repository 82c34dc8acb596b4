"""What of a project reproduces, and what is rerun by itself."""

from collections.abc import Callable

import httpx
from playwright.sync_api import Page, expect
from servers import NO_TLS
from service import Service

from store import keys

Visit = Callable[..., Page]


class TestReproducibilityPage:
    def test_says_how_many_runs_came_out_identical(
        self, visit: Visit, trained: dict[str, str], accessible: Callable[[Page], None], shot: Callable[[Page, str], None]
    ) -> None:
        page = visit("/acme/digits/reproducibility")

        expect(page.get_by_text("bit for bit identical").first).to_be_visible()
        expect(page.get_by_role("region", name="Nodes").get_by_role("row").filter(has_text="a").last).to_be_visible()
        shot(page, "reproducibility")
        accessible(page)

    def test_keeps_what_is_to_be_rerun(self, visit: Visit, served: Service) -> None:
        page = visit("/acme/policy/reproducibility")

        page.get_by_label("A sample").check()
        page.get_by_label("Percent of runs").fill("25")
        page.get_by_label("Stale verdicts anew").check()
        page.get_by_role("button", name="Save").click()

        expect(page.get_by_label("Percent of runs")).to_have_value("25")
        page.reload()
        expect(page.get_by_label("Percent of runs")).to_have_value("25")
        policy = served.client.get("/projects/acme/policy/reproducibility").json()
        assert (policy["rerun"], policy["fraction"], policy["reverify"]) == ("sample", 0.25, {"per_hour": 10})

    def test_gives_a_badge_that_whoever_has_its_link_sees(self, visit: Visit, served: Service, trained: object) -> None:
        page = visit("/acme/digits/reproducibility")
        page.get_by_role("button", name="Badge").click()
        page.get_by_role("button", name="Make a link").click()

        markdown = page.get_by_label("The badge in Markdown").input_value()

        address = markdown.removeprefix("[![reproduced](").partition(")")[0]
        badge = httpx.get(address, verify=NO_TLS)
        assert (badge.status_code, badge.headers["content-type"].partition(";")[0]) == (200, "image/svg+xml")
        page.get_by_role("button", name="Take back").click()
        expect(page.get_by_role("heading", name="Links that are good")).to_have_count(0)

    def test_an_admin_sets_the_webhook_and_sees_its_secret_once(self, visit: Visit, served: Service) -> None:
        served.client.post("/projects", json={"name": "acme/told"})
        page = visit("/acme/told/reproducibility")

        page.get_by_label("Address that is told").fill("https://example.com/hook")
        page.get_by_role("button", name="Tell it").click()
        expect(page.get_by_text("The secret, shown this once:")).to_be_visible()
        expect(page.get_by_text("Nothing was told yet.")).to_be_visible()
        page.get_by_role("button", name="Tell nobody any more").click()

        expect(page.get_by_role("button", name="Tell it")).to_be_visible()

    def test_others_are_told_that_the_webhook_is_for_admins(self, visit: Visit, served: Service, trained: object) -> None:
        with served.database.begin() as session:
            _, key = keys.mint(session, "reader", "viewer")

        page = visit("/acme/digits/reproducibility", key=key)

        expect(page.get_by_text("is for this project’s admins to see and set")).to_be_visible()
