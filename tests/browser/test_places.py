"""Projects, nodes, settings, inbox, guides, and the ways between them."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect
from service import Service

Visit = Callable[..., Page]
NARROW = {"width": 400, "height": 800}


class TestProjects:
    def test_a_card_tells_runs_and_verdicts(self, visit: Visit, trained: dict[str, str], shot: Callable[[Page, str], None]) -> None:
        page = visit("/")

        card = page.get_by_role("listitem").filter(has=page.get_by_role("link", name="acme / digits"))

        expect(card).to_contain_text("runs")
        expect(card.get_by_title("Identical on rerun (1 rerun)").first).to_be_visible()
        shot(page, "projects")

    def test_a_new_project_is_made_and_opened(self, visit: Visit) -> None:
        page = visit("/")
        page.get_by_role("button", name="New project").click()
        page.get_by_label("Name").fill("places/made-here")

        page.get_by_role("button", name="Make it").click()

        expect(page).to_have_url(re.compile("/places/made-here$"))


class TestNodes:
    def test_a_node_and_what_waits_are_shown(self, visit: Visit, served: Service, shot: Callable[[Page, str], None]) -> None:
        runs = [served.submit({"total_iterations": 10_000_000, "seed": seed}, project="places/queue", name=f"waits {seed}") for seed in range(2)]
        try:
            page = visit("/nodes")

            expect(page.get_by_label("Node a")).to_contain_text("1 of 1 slot busy")
            expect(page.get_by_role("row").filter(has_text="waits 1")).to_contain_text("a free slot")
            shot(page, "nodes")
        finally:
            for run in runs:
                served.client.post(f"/runs/{run}/cancel")
                served.ended(run)


class TestSettings:
    def test_a_key_is_made_told_once_and_revoked(self, visit: Visit, served: Service, accessible: Callable[[Page], None]) -> None:
        page = visit("/settings#keys")
        keys = page.locator("#keys")
        keys.get_by_label("Name").fill("of the settings test")
        keys.get_by_label("Role").select_option("viewer")
        keys.get_by_role("button", name="Make a key").click()

        key = keys.get_by_role("status").locator("code").inner_text()

        assert served.client.get("/me", headers={"Authorization": f"Bearer {key}"}).json()["role"] == "viewer"
        accessible(page)
        keys.get_by_role("button", name="Revoke of the settings test").click()
        page.get_by_role("button", name="Revoke it").click()
        expect(keys.get_by_role("button", name="Revoke of the settings test")).to_have_count(0)
        assert served.client.get("/me", headers={"Authorization": f"Bearer {key}"}).status_code == 401

    def test_an_admin_gives_another_role(self, visit: Visit, served: Service) -> None:
        made = served.client.post("/keys", json={"name": "to be promoted", "role": "viewer"}).json()
        page = visit("/settings#members")

        page.get_by_label("Role of to be promoted").select_option("member")

        expect(page.get_by_label("Role of to be promoted")).to_have_value("member")
        assert served.client.get("/me", headers={"Authorization": f"Bearer {made['key']}"}).json()["role"] == "member"
        expect(page.get_by_label("Role of test", exact=True)).to_be_disabled()

    def test_retention_says_what_it_would_take_before_it_is_set(self, visit: Visit, served: Service, trained: dict[str, str]) -> None:
        page = visit("/settings?project=acme/digits#retention")
        page.get_by_label("Archive runs").fill("36500")

        page.get_by_role("button", name="What would that take?").click()

        expect(page.get_by_text("Now it would archive 0 runs and delete 0")).to_be_visible()
        assert served.client.get("/projects/acme/digits/retention").json()["archive_after_days"] is None

    def test_the_sdk_is_pointed_here(self, visit: Visit, served: Service) -> None:
        expect(visit("/settings").locator("#wandb")).to_contain_text(f"export WANDB_BASE_URL=http://127.0.0.1:{served.port}")


class TestInbox:
    def test_a_run_that_ended_rings_and_is_read_by_looking(self, visit: Visit, served: Service, shot: Callable[[Page, str], None]) -> None:
        run = served.submit({"total_iterations": 10}, project="places/inbox", name="rings the bell")
        served.ended(run)
        page = visit("/")
        bell = page.get_by_role("link", name=re.compile("Inbox, [0-9+]+ unread"))

        bell.click()

        expect(page.get_by_role("listitem").filter(has_text="rings the bell").first).to_contain_text("finished")
        expect(page.get_by_role("link", name="Inbox", exact=True).first).to_be_visible()
        shot(page, "inbox")


class TestGuides:
    def test_a_guide_is_drawn_and_leads_to_others(self, visit: Visit, accessible: Callable[[Page], None], shot: Callable[[Page, str], None]) -> None:
        page = visit("/docs/guide/submit")
        expect(page.get_by_role("heading", name="Submitting runs")).to_be_visible()
        accessible(page)
        shot(page, "guide")

        page.get_by_role("article").get_by_role("link", name="digest chain").first.click()

        expect(page).to_have_url(re.compile("/docs/reproducibility#the-digest-chain"))

    def test_titles_are_searched(self, visit: Visit) -> None:
        page = visit("/docs")

        page.get_by_label("Search the titles").fill("one change")

        expect(page.get_by_role("navigation", name="Guides").get_by_role("link", name=re.compile("One experiment, one change"))).to_be_visible()

    def test_the_documentation_begins_with_the_first_guide(self, visit: Visit) -> None:
        expect(visit("/docs").get_by_role("heading", name="Quick start", level=1)).to_be_visible()


class TestPalette:
    def test_a_run_is_gone_to_by_letters_of_its_name(self, visit: Visit, trained: dict[str, str], shot: Callable[[Page, str], None]) -> None:
        page = visit("/nodes")
        expect(page.get_by_label("Node a")).to_be_visible()
        page.keyboard.press("Control+k")
        page.get_by_role("combobox", name="Go to anything").fill("batch n")
        expect(page.get_by_role("option", name=re.compile("run batch norm")).first).to_be_visible()
        shot(page, "palette")

        page.get_by_role("option", name=re.compile("run batch norm")).first.click()

        expect(page).to_have_url(re.compile(f"/acme/digits/runs/{trained['batch norm']}"))

    def test_pages_are_gone_to_by_arrows_and_by_keys(self, visit: Visit) -> None:
        page = visit("/")
        expect(page.get_by_role("heading", name="Projects")).to_be_visible()
        page.keyboard.press("Control+k")
        page.get_by_role("combobox", name="Go to anything").fill("layer lab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Layer lab")).to_be_visible()

        page.keyboard.press("o")
        page.keyboard.press("n")

        expect(page).to_have_url(re.compile("/nodes"))

    def test_the_keys_are_told(self, visit: Visit, accessible: Callable[[Page], None]) -> None:
        page = visit("/nodes")
        expect(page.get_by_label("Node a")).to_be_visible()

        page.keyboard.press("?")

        expect(page.get_by_role("dialog", name="Keys")).to_contain_text("go to anything")
        accessible(page)


class TestPhone:
    def test_no_page_is_wider_than_a_phone(self, visit: Visit, trained: dict[str, str]) -> None:
        page = visit("/", viewport=NARROW)
        for address in ("/", f"/submit?from={trained['baseline']}", "/lab", "/nodes", "/settings", "/inbox", "/docs/guide/submit"):
            page.goto(address)
            page.wait_for_load_state("networkidle")

            assert page.evaluate("document.querySelector('#content').scrollWidth") <= NARROW["width"], address
