"""The workspace: a project's runs as a table, filtered, sorted, grouped, held against a baseline, and what can be done to many of them."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from servers import wait_until
from service import Service

Visit = Callable[..., Page]
Trained = dict[str, str]
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 400, "height": 800}
MENUS = {"Conditions": "Add a condition", "Group": "All but seed", "Columns": "To add", "Views": "Everything, newest first", "More": "Table alone"}


def rows(page: Page) -> list[str]:
    """The names of the runs in the table, from the top."""
    return page.locator("[data-line] [data-act=link]").all_inner_texts()


@pytest.fixture
def table(visit: Visit, trained: Trained) -> Page:
    page = visit("/acme/digits")
    expect(page.get_by_role("link", name="baseline", exact=True)).to_be_visible()
    return page


class TestTable:
    def test_shows_what_was_trained_newest_first(self, table: Page, accessible: Callable[[Page], None], shot: Callable[[Page, str], None]) -> None:
        assert rows(table) == ["rerun of baseline", "two changes", "adam", "dropout", "batch norm", "baseline"]
        expect(table.get_by_text("6 runs")).to_be_visible()
        expect(table.get_by_text("live ●")).to_be_visible()
        accessible(table)
        shot(table, "workspace")

    def test_a_click_on_a_head_sorts_and_the_address_says_so(self, table: Page) -> None:
        table.get_by_role("button", name="val/loss min").click()

        expect(table.get_by_role("columnheader", name="val/loss min")).to_have_attribute("aria-sort", "ascending")
        expect(table).to_have_url(re.compile("sort=metrics"))
        table.get_by_role("button", name="name", exact=True).click()
        expect(table.locator("[data-line]").first).to_contain_text("adam")

    def test_columns_are_picked_moved_and_pinned(self, table: Page) -> None:
        table.get_by_role("button", name="Columns").click()
        table.get_by_label("Search columns").fill("optimizer lr")
        table.get_by_label("optimizer.lr").click()

        expect(table.get_by_role("columnheader", name="optimizer.lr")).to_be_attached()
        table.get_by_label("Search columns").fill("")
        table.get_by_role("button", name="Pin state").click()
        expect(table.get_by_role("columnheader", name="state")).to_have_class("runs-th pinned")
        expect(table.get_by_role("gridcell").first).to_have_css("position", "sticky")

    def test_a_baseline_is_pinned_and_others_show_their_difference(self, visit: Visit, trained: Trained) -> None:
        page = visit(f"/acme/digits?base={trained['baseline']}")

        expect(page.get_by_role("row", name="The baseline")).to_contain_text("baseline")
        expect(page.locator(f"[data-line][data-run='{trained['adam']}']")).to_contain_text("−")
        expect(page.locator(f"[data-line][data-run='{trained['rerun']}']")).to_contain_text("±0")

    def test_a_difference_is_good_or_bad_where_a_study_concludes_it(self, visit: Visit, served: Service) -> None:
        change = {"name": "hardly learns", "set": {"optimizer.lr": 1e-6}}
        config = {"dataset": {"name": "digits"}, "total_iterations": 12, "eval_every": 4}
        asked = {"project": "acme/concluded", "name": "rates", "baseline": config, "changes": [change], "seeds": list(range(6))}
        study = served.client.post("/studies", json=asked).json()["id"]
        wait_until(lambda: served.client.get(f"/studies/{study}").json()["state"] == "finished", 120.0, "the study to end")
        baseline, slow = (variant["runs"] for variant in served.client.get(f"/studies/{study}").json()["variants"])

        page = visit(f'/acme/concluded?base={baseline[0]}&cols=name,metrics."val/loss"')

        difference = page.locator(f"[data-line][data-run='{slow[0]}'] .runs-difference").last
        expect(difference).to_contain_text("hardly learns is worse, as the study rates concludes")
        expect(difference).to_have_class(re.compile(r"\bbad\b"))
        expect(page.locator(f"[data-line][data-run='{baseline[1]}'] .runs-difference").last).not_to_have_class(re.compile(r"good|bad"))

    def test_an_eye_takes_a_run_from_the_charts_and_gives_it_back(self, table: Page) -> None:
        eye = table.get_by_role("button", name="Show adam on charts")
        expect(eye).to_have_attribute("aria-pressed", "true")

        eye.click()

        expect(eye).to_have_attribute("aria-pressed", "false")
        table.reload()
        expect(eye).to_have_attribute("aria-pressed", "false")


class TestFilter:
    def test_is_completed_while_it_is_typed(self, table: Page) -> None:
        table.keyboard.press("/")
        table.keyboard.type("norm.ki")
        table.get_by_role("option", name="config.model.norm.kind").click()
        table.get_by_role("option", name="=", exact=True).click()
        table.get_by_role("option", name="'batch'").click()
        table.keyboard.press("Escape")
        table.get_by_role("button", name="Apply").click()

        expect(table.get_by_text("2 of 6 runs")).to_be_visible()
        assert rows(table) == ["two changes", "batch norm"]

    def test_a_mistake_is_marked_under_its_character(self, table: Page) -> None:
        bar = table.get_by_role("combobox", name="Filter")
        bar.fill("state = 'finished' and seed 3")
        table.keyboard.press("Escape")

        expect(table.get_by_role("alert")).to_contain_text("a comparison, in, like, ilike or is should stand, not 3 (column 29)")
        expect(bar).to_have_attribute("aria-invalid", "true")

    def test_conditions_can_be_picked_instead_of_typed(self, table: Page) -> None:
        table.get_by_role("button", name="Conditions").click()
        table.get_by_label("Key of condition 1").fill("name")
        table.get_by_label("Value of condition 1").fill("dropout")
        table.locator(".filter-rows").get_by_role("button", name="Apply").click()

        expect(table.get_by_text("1 of 6 runs")).to_be_visible()
        expect(table.get_by_role("combobox", name="Filter")).to_have_value("name = 'dropout'")

    def test_says_which_condition_removed_the_last_runs(self, visit: Visit, trained: Trained) -> None:
        page = visit("/acme/digits?filter=tags in ('single') and config.seed = 77 and name != 'x'")

        expect(page.get_by_role("status").filter(has_text="No run matches")).to_contain_text("config.seed = 77 removed the last 3")
        page.get_by_role("button", name="Without config.seed = 77").click()
        expect(page.get_by_text("3 of 6 runs")).to_be_visible()

    def test_an_unknown_project_gets_the_three_ways_to_a_first_run(self, visit: Visit, served: Service, accessible: Callable[[Page], None]) -> None:
        page = visit("/acme/nothing-yet")

        expect(page.get_by_text("There is no project acme/nothing-yet")).to_be_visible()
        for way in ("With curl", "With the command line", "From a script that imports wandb"):
            expect(page.get_by_label(f"{way}, as text")).to_contain_text(f"http://127.0.0.1:{served.port}")
        accessible(page)


class TestGroups:
    def test_show_mean_and_worst_and_open_into_their_runs(self, visit: Visit, served: Service, shot: Callable[[Page, str], None]) -> None:
        for kind in ("a", "b"):
            for seed in (1, 2, 3):
                client_run(served, "seeds", f"{kind} {seed}", {"kind": kind, "seed": seed}, 1.0 + seed)
        page = visit("/acme/seeds?group=all_but:seed")

        group = page.locator("[data-line]").filter(has_text="kind a")
        expect(group).to_contain_text("3 ± 1")
        expect(group).to_contain_text("worst 4")
        group.get_by_role("button", name="Open the group kind a").click()
        expect(page.get_by_role("link", name="a 3")).to_be_visible()
        shot(page, "workspace-groups")

    def test_are_sorted_by_size_and_by_the_mean_of_a_metric(self, visit: Visit, served: Service) -> None:
        for kind, losses in {"a": (3.0, 5.0), "b": (1.0,), "c": (7.0, 8.0, 9.0)}.items():
            for seed, loss in enumerate(losses):
                client_run(served, "sorted-groups", f"{kind} {seed}", {"kind": kind, "seed": seed}, loss)
        page = visit("/acme/sorted-groups?group=config.kind")
        first = page.locator("[data-line]").first
        expect(first).to_contain_text("kind a")

        page.get_by_role("button", name="group, n").click()
        expect(first).to_contain_text("kind c")
        page.get_by_role("button", name="val/loss, last").first.click()

        expect(first).to_contain_text("kind b")
        expect(page.get_by_role("columnheader", name="val/loss, last").first).to_have_attribute("aria-sort", "ascending")
        expect(page).to_have_url(re.compile("sort=metrics"))


class TestStates:
    @pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
    def test_no_menu_reaches_out_of_the_window(self, visit: Visit, trained: Trained, viewport: dict[str, int]) -> None:
        page = visit("/acme/digits", viewport=viewport)
        for name, inside in MENUS.items():
            page.locator(".workspace-bar").get_by_role("button", name=name).click()
            expect(page.locator(".menu-list").get_by_text(inside).first).to_be_visible()

            box = page.locator(".menu-list").bounding_box()

            assert box
            assert box["x"] >= 0, name
            assert box["x"] + box["width"] <= viewport["width"], name
            assert page.locator(".menu-list").evaluate("list => list.scrollWidth <= list.clientWidth"), name
            page.keyboard.press("Escape")

    def test_without_the_service_the_bar_says_since_when_and_what_was_known_stays(self, table: Page) -> None:
        table.context.set_offline(True)

        table.get_by_role("button", name="val/loss min").click()

        expect(table.get_by_text("Not connected since")).to_be_visible()
        expect(table.get_by_role("link", name="dropout")).to_be_visible()
        table.get_by_role("button", name="Columns").click()
        expect(table.get_by_role("alert")).to_contain_text("could not be fetched")
        table.context.set_offline(False)
        expect(table.get_by_text("Not connected since")).to_be_hidden()
        expect(table.locator("[data-line]").first).to_contain_text("two changes")

    def test_nothing_shown_is_said_once(self, visit: Visit, trained: Trained) -> None:
        page = visit("/acme/digits?filter=name = 'nobody'")

        expect(page.get_by_text("No run is shown here: open the eye of a run in the table.")).to_be_visible()
        expect(page.locator(".chart-empty")).to_have_count(0)
        expect(page.locator(".nothing")).to_have_css("padding-left", "16px")


class TestBulk:
    def test_tags_archives_and_deletes_what_is_ticked(self, visit: Visit, served: Service) -> None:
        for name in ("one", "two", "three"):
            client_run(served, "bulk", name, {}, 1.0)
        page = visit("/acme/bulk")
        page.get_by_label("Tick one").click()
        page.get_by_label("Tick two").click()
        bar = page.get_by_role("region", name="Ticked runs")
        bar.get_by_role("button", name="Tag").click()
        bar.get_by_label("New tag").fill("keep")
        bar.get_by_role("button", name="Add").click()
        expect(page.get_by_text("2 runs tagged “keep”.")).to_be_visible()
        page.get_by_label("Tick two").click()
        bar.get_by_role("button", name="Archive").click()
        expect(page.get_by_text("2 of 3 runs")).to_be_visible()

        page.get_by_label("Tick three").click()
        bar.get_by_role("button", name="Delete…").click()
        dialog = page.get_by_role("dialog", name="Delete runs")
        expect(dialog).to_contain_text("would go for good")
        dialog.get_by_role("button", name="Delete 1 run").click()

        expect(page.get_by_text("1 of 2 runs")).to_be_visible()
        assert rows(page) == ["two"]

    def test_compares_by_key_and_reruns(self, table: Page, trained: Trained) -> None:
        for name in ("adam", "dropout"):
            table.get_by_label(f"Tick {name}").click()

        table.keyboard.press("c")

        expect(table).to_have_url(re.compile(f"compare\\?runs={trained['adam']}"))


class TestViews:
    def test_a_view_is_saved_and_gone_back_to(self, table: Page) -> None:
        table.get_by_role("button", name="val/loss min").click()
        table.get_by_role("button", name="Views").click()
        table.get_by_label("Name of the view").fill("best first")
        table.get_by_role("button", name="Save", exact=True).click()
        expect(table.get_by_role("button", name="View: best first")).to_be_visible()

        table.get_by_role("button", name="Everything, newest first").click()
        expect(table.locator("[data-line]").first).to_contain_text("rerun of baseline")
        table.get_by_role("button", name="Views").click()
        table.get_by_role("button", name="best first", exact=True).click()

        expect(table).to_have_url(re.compile("sort=metrics"))

    def test_what_is_shown_comes_as_csv(self, table: Page) -> None:
        table.get_by_role("button", name="More").last.click()
        with table.expect_download() as waiting:
            table.get_by_role("link", name="CSV of what is shown").click()

        lines = waiting.value.path().read_text().splitlines()
        assert lines[0].startswith("id,name,state,metrics.val/loss.min,")
        assert len(lines) == 7


class TestKeys:
    def test_walk_tick_and_open(self, table: Page, trained: Trained) -> None:
        for key in ("j", "j", "x"):
            table.keyboard.press(key)
        expect(table.get_by_label("Tick two changes")).to_be_checked()

        table.get_by_role("grid").focus()
        table.keyboard.press("Enter")

        expect(table).to_have_url(re.compile(f"/runs/{trained['two changes']}$"))

    def test_a_click_opens_the_side_panel_and_escape_closes_it(self, table: Page, trained: Trained, shot: Callable[[Page, str], None]) -> None:
        table.locator(f"[data-line][data-run='{trained['batch norm']}']").click(position={"x": 300, "y": 10})

        panel = table.get_by_role("complementary", name="Run")
        expect(panel).to_contain_text("model.norm.kind")
        shot(table, "workspace-panel")
        table.keyboard.press("Escape")
        expect(panel).to_be_hidden()


class TestLive:
    def test_a_new_run_and_its_numbers_appear_by_themselves(self, visit: Visit, served: Service) -> None:
        client_run(served, "live", "first", {}, 1.0)
        page = visit("/acme/live")
        expect(page.get_by_text("live ●")).to_be_visible()

        client_run(served, "live", "second", {}, 0.125)

        expect(page.locator("[data-line]").filter(has_text="second")).to_contain_text("0.125")


class TestNarrow:
    def test_table_and_charts_are_tabs_on_a_phone(self, visit: Visit, trained: Trained, shot: Callable[[Page, str], None]) -> None:
        page = visit("/acme/digits", viewport=NARROW, dark=True)
        expect(page.get_by_role("link", name="dropout")).to_be_visible()
        shot(page, "workspace-narrow-dark")

        page.get_by_role("tab", name="Charts").click()

        expect(page.get_by_role("region", name="Charts")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def client_run(served: Service, project: str, name: str, config: dict[str, object], loss: float) -> str:
    """A finished run that a client logged one loss of."""
    run = served.client.post("/runs", json={"project": f"acme/{project}", "origin": "client", "name": name, "config": config}).json()["id"]
    assert served.client.post(f"/runs/{run}/points", json={"steps": [0], "metrics": {"val/loss": [loss]}}).status_code == 200
    assert served.client.post(f"/runs/{run}/finish", json={"state": "finished"}).status_code == 200
    return str(run)
