"""What every page has around it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

PAGES = ["/", "/submit", "/lab", "/nodes", "/settings", "/docs", "/acme/digits", "/acme/digits/studies", "/acme/digits/reproducibility"]


class TestShell:
    def test_a_visitor_signs_in_with_a_key_and_arrives_where_he_wanted(self, visit: Callable[..., Page], served: object) -> None:
        page = visit("/nodes", signed_in=False)

        page.get_by_label("Key").fill(served.key)
        page.get_by_role("button", name="Sign in").click()

        expect(page).to_have_url(f"http://127.0.0.1:{served.port}/nodes")

    @pytest.mark.parametrize("address", PAGES)
    def test_no_page_has_a_serious_finding(
        self, visit: Callable[..., Page], trained: object, accessible: Callable[[Page], None], address: str
    ) -> None:
        page = visit(address)
        page.wait_for_load_state("networkidle")

        accessible(page)

    def test_colours_change_by_hand_and_stay(self, visit: Callable[..., Page]) -> None:
        page = visit("/")

        page.get_by_role("button", name="Colours: system").click()
        page.reload()

        expect(page.locator("html")).to_have_attribute("data-theme", "dark")

    def test_says_since_when_it_is_not_connected_and_goes_on_by_itself(self, visit: Callable[..., Page]) -> None:
        page = visit("/inbox")
        expect(page.get_by_role("heading", name="Inbox")).to_be_visible()

        page.context.set_offline(True)

        expect(page.get_by_role("status").filter(has_text="Not connected since")).to_be_visible()
        expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
        page.get_by_role("link", name="Lab").dispatch_event("click")
        expect(page.get_by_role("heading", name="This page could not be loaded")).to_be_visible()
        page.context.set_offline(False)
        expect(page.get_by_role("status").filter(has_text="Not connected since")).to_have_count(0)
        page.get_by_role("button", name="Load it anew").click()
        expect(page.get_by_role("heading", name="Layer lab")).to_be_visible()
