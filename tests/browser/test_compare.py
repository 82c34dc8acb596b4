"""Runs side by side."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect
from service import Service

Visit = Callable[..., Page]
NARROW = {"width": 400, "height": 800}


def compared(trained: dict[str, str], *names: str) -> str:
    return f"/acme/digits/compare?runs={','.join(trained[name] for name in names)}"


class TestCompare:
    def test_says_first_that_two_factors_differ_and_shows_what_differs_only(
        self, visit: Visit, trained: dict[str, str], accessible: Callable[[Page], None], shot: Callable[[Page, str], None]
    ) -> None:
        page = visit(compared(trained, "baseline", "two changes"))

        expect(page.get_by_role("list", name="Before you compare")).to_contain_text("differ in 2 factors (model.norm, optimizer)")
        table = page.get_by_role("table", name="Runs side by side")
        expect(table.get_by_role("rowheader", name="optimizer.kind")).to_be_visible()
        expect(table.get_by_role("rowheader", name="batch_size", exact=True)).to_have_count(0)
        expect(page.get_by_role("img", name="val/loss: 2 curves")).to_be_visible()
        shot(page, "compare")
        accessible(page)

        page.get_by_label("Show what is the same, too").check()
        page.get_by_label("Find a field or value").fill("batch_size")

        expect(table.get_by_role("rowheader", name="batch_size", exact=True)).to_be_visible()

    def test_curves_are_drawn_minus_the_base(self, visit: Visit, trained: dict[str, str], shot: Callable[[Page, str], None]) -> None:
        page = visit(compared(trained, "baseline", "batch norm", "rerun"))

        page.get_by_label("Minus the base").check()

        chart = page.get_by_role("img", name="val/loss minus baseline: 3 curves")
        expect(chart).to_have_attribute("aria-label", re.compile("12 points, all of them.* at steps that both have"))
        expect(page).to_have_url(re.compile("minus=1"))
        shot(page, "compare-minus")

    def test_goes_from_difference_to_difference_by_keys(self, visit: Visit, trained: dict[str, str]) -> None:
        page = visit(compared(trained, "baseline", "adam"))
        differing = page.get_by_role("table", name="Runs side by side").locator("[aria-current]")
        expect(page.get_by_role("rowheader", name="optimizer.kind")).to_be_visible()

        page.keyboard.press("n")
        expect(differing).to_contain_text("optimizer.kind")
        page.keyboard.press("n")
        expect(differing).to_contain_text("optimizer.lr")
        page.keyboard.press("p")

        expect(differing).to_contain_text("optimizer.kind")

    def test_another_run_is_made_the_base_by_menu_key_and_mouse(self, visit: Visit, trained: dict[str, str]) -> None:
        page = visit(compared(trained, "baseline", "adam", "dropout"))
        heads = page.get_by_role("table", name="Runs side by side").get_by_role("columnheader")

        page.get_by_role("button", name="What to do with adam").click()
        page.get_by_role("button", name="Make it the base").click()
        expect(heads.nth(1)).to_contain_text(re.compile("^adam.*base"))
        heads.nth(2).get_by_role("link").focus()
        page.keyboard.press("Alt+ArrowLeft")
        expect(heads.nth(1)).to_contain_text(re.compile("^baseline"))
        heads.nth(3).get_by_role("link").drag_to(heads.nth(1))

        expect(heads.nth(1)).to_contain_text(re.compile("^dropout"))
        expect(page).to_have_url(re.compile(f"runs={trained['dropout']}.2"))  # the colours stay those of before

    def test_runs_are_added_and_taken_out(self, visit: Visit, trained: dict[str, str]) -> None:
        page = visit("/acme/digits/compare")

        for name in ("batch norm", "dropout"):
            page.get_by_role("button", name="Add a run").click()
            page.get_by_label("Name, tag or id of a run").fill(trained[name])
            page.get_by_role("list", name="Runs found").get_by_role("button", name=name).click()
        expect(page.get_by_role("heading", name="2 runs compared")).to_be_visible()
        page.get_by_role("button", name="What to do with dropout").click()
        page.get_by_role("button", name="Remove from the comparison").click()

        expect(page.get_by_text("One run alone: add another")).to_be_visible()

    def test_a_run_that_is_gone_is_named_and_the_rest_compared(self, visit: Visit, trained: dict[str, str]) -> None:
        page = visit(compared(trained, "baseline", "adam") + ",nosuchrun")

        expect(page.get_by_text("A run is not here any more: nosuchrun.")).to_be_visible()
        expect(page.get_by_role("rowheader", name="optimizer.kind")).to_be_visible()

    def test_two_hundred_columns_are_drawn_where_they_are_seen(self, visit: Visit, served: Service, trained: dict[str, str]) -> None:
        post = served.client.post
        runs = [
            post("/runs", json={"project": "acme/many-columns", "origin": "client", "name": f"run {n}", "config": {"lr": n}}).json()["id"]
            for n in range(200)
        ]

        page = visit(f"/acme/many-columns/compare?runs={','.join(runs)}")

        table = page.get_by_role("table", name="Runs side by side")
        expect(table).to_have_attribute("aria-colcount", "201")
        expect(table.get_by_role("columnheader", name="run 0")).to_be_visible()
        assert table.get_by_role("columnheader").count() < 40
        page.get_by_role("region", name="Comparison, field by field").evaluate("box => { box.scrollLeft = box.scrollWidth }")
        expect(table.get_by_role("columnheader", name="run 199")).to_be_visible()

    def test_on_a_phone_only_the_table_scrolls_sideways(self, visit: Visit, trained: dict[str, str], shot: Callable[[Page, str], None]) -> None:
        page = visit(compared(trained, "baseline", "adam", "two changes"), viewport=NARROW, dark=True)

        expect(page.get_by_role("rowheader", name="optimizer.kind")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
        shot(page, "compare-phone")
