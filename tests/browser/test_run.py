"""The page of a run: what it was, how it went, whether it gives the same bits again."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import run_stories
from playwright.sync_api import Page, expect
from service import Service

PROJECT = "runs/stories"
TABS = ["overview", "charts", "proof", "config", "environment", "log", "files", "diagnostics", "media"]
Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def stories(served: Service) -> dict[str, str]:
    original, rerun = run_stories.differing(served, PROJECT)
    return {
        "watched": run_stories.watched(served, PROJECT),
        "failed": run_stories.failed(served, PROJECT),
        "logged": run_stories.logged(served, PROJECT),
        "touchy": original,
        "touchy's rerun": rerun,
    }


@pytest.fixture
def opened(visit: Visit, stories: dict[str, str]) -> Visit:
    """opened("failed", "tab=log", viewport=NARROW)"""

    def open_page(name: str, query: str = "", **how: Any) -> Page:
        return visit(f"/{PROJECT}/runs/{stories[name]}?{query}", **how)

    return open_page


class TestHeader:
    def test_is_edited_in_place_and_keeps_it(self, visit: Visit, served: Service) -> None:
        run = served.client.post("/runs", json={"project": "runs/edited", "origin": "client", "name": "old", "config": {}}).json()["id"]
        page = visit(f"/runs/edited/runs/{run}")

        page.get_by_role("button", name="Rename the run").click()
        page.get_by_label("Name of the run").fill("new <b>name</b>")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="new <b>name</b>")).to_be_visible()
        page.get_by_role("button", name="+ tag").click()
        page.get_by_label("New tag").fill("kept")
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Take the tag kept off")).to_be_visible()

        assert [served.run(run)[field] for field in ("name", "tags")] == ["new <b>name</b>", ["kept"]]

    def test_deleting_says_first_what_goes(self, visit: Visit, served: Service) -> None:
        run = run_stories.failed(served, "runs/deleted")
        page = visit(f"/runs/deleted/runs/{run}")

        page.get_by_role("button", name="More to do with the run").click()
        page.get_by_role("button", name="Delete …").click()
        expect(page.get_by_role("dialog")).to_contain_text("1 runs")
        page.get_by_role("button", name="Delete for good").click()

        expect(page).to_have_url(f"http://127.0.0.1:{served.port}/runs/deleted")
        assert served.client.get(f"/runs/{run}").status_code == 404

    def test_a_link_shows_the_run_to_whoever_has_it_and_lets_nobody_change_it(self, visit: Visit, trained: dict[str, str]) -> None:
        page = visit(f"/acme/digits/runs/{trained['baseline']}")
        page.get_by_role("button", name="Share", exact=True).click()
        page.get_by_role("button", name="Make a link").click()
        link = page.get_by_label("The link").input_value()
        expect(page.get_by_label("The badge in Markdown")).to_have_value(f"[![reproduced]({link}/badge.svg)]({link})")
        badge = page.get_by_role("img", name="the badge as it is now")
        expect(badge).to_be_visible()
        assert badge.evaluate("async (image) => { await image.decode(); return image.naturalWidth }") > 0

        guest = visit(link, signed_in=False)

        expect(guest.get_by_role("heading", name="baseline")).to_be_visible()
        expect(guest.get_by_text("read-only link")).to_be_visible()
        expect(guest.get_by_text("points, all of them").first).to_be_visible()
        expect(guest.get_by_role("button", name="Rerun", exact=True)).to_have_count(0)
        expect(guest.get_by_role("navigation")).to_have_count(0)
        expect(guest.get_by_role("link", name="Sign in")).to_be_visible()
        guest.get_by_role("tab", name="Proof").click()
        expect(guest.get_by_role("heading", name="The same bits")).to_be_visible()
        refused: list[str] = []
        guest.on("response", lambda response: refused.append(response.url) if response.status >= 400 else None)
        guest.reload()
        expect(guest.get_by_role("heading", name="The same bits")).to_be_visible()
        guest.wait_for_load_state("networkidle")
        assert [url for url in refused if "/api/v1/runs/" not in url] == []  # its reruns were not shared

    def test_of_no_run_says_so(self, visit: Visit) -> None:
        page = visit("/acme/digits/runs/nothing")

        expect(page.get_by_role("heading", name="There is no such run")).to_be_visible()

    def test_r_runs_it_again_and_esc_leads_back(self, visit: Visit, served: Service) -> None:
        run = run_stories.finished(served, served.submit({**run_stories.SHORT, "seed": 6}, project="runs/keys", name="by keys"))
        page = visit(f"/runs/keys/runs/{run}")
        expect(page.get_by_role("button", name="Never rerun")).to_be_visible()

        page.keyboard.press("r")
        expect(page.get_by_role("button", name="Reproduced 1 of 1")).to_be_visible()
        page.keyboard.press("Escape")

        expect(page).to_have_url(re.compile("/runs/keys$"))


class TestProof:
    def test_a_rerun_is_followed_until_it_is_judged_without_a_reload(self, visit: Visit, served: Service, shot: Callable[[Page, str], None]) -> None:
        run = run_stories.finished(served, served.submit({**run_stories.SHORT, "seed": 5}, project="runs/rerun"))
        page = visit(f"/runs/rerun/runs/{run}")
        expect(page.get_by_role("button", name="Never rerun")).to_be_visible()

        page.get_by_role("button", name="Rerun", exact=True).click()

        page.get_by_role("button", name="Reproduced 1 of 1").click(timeout=30_000)
        expect(page.get_by_role("heading", name="The same bits")).to_be_visible()
        expect(page.get_by_text("Every digest that both runs have is the same.")).to_be_visible()
        shot(page, "run-proof-identical")

    def test_of_other_bits_shows_where_first_and_why(self, opened: Visit, shot: Callable[[Page, str], None]) -> None:
        page = opened("touchy", "tab=proof")

        expect(page.get_by_role("heading", name="Other bits")).to_be_visible()
        expect(page.get_by_text("They part first")).to_contain_text("behind step")
        expect(page.get_by_text("first difference", exact=True).first).to_be_attached()
        expect(page.get_by_role("region", name="Around the first difference").get_by_role("row").filter(has_text="ulp").first).to_be_visible()
        causes = page.get_by_role("region", name="Causes")
        expect(causes).to_contain_text("threads 1 → 2")
        expect(causes).to_contain_text("RUNTWICE_THREADS")
        shot(page, "run-proof-different")

    def test_of_a_rerun_gives_its_receipt(self, opened: Visit, stories: dict[str, str]) -> None:
        page = opened("touchy's rerun", "tab=proof")

        with page.expect_download() as taken:
            page.get_by_role("link", name="Download the receipt").click()

        assert taken.value.suggested_filename == "receipt-" + stories["touchy's rerun"] + ".json"

    def test_of_a_run_trained_elsewhere_says_what_there_is_instead(self, opened: Visit) -> None:
        page = opened("logged", "tab=proof")

        expect(page.get_by_text("No proof of our own.")).to_be_visible()
        expect(page.get_by_role("button", name="Judge")).to_be_enabled()


class TestTabs:
    def test_a_failed_run_says_why_where_and_what_is_like_it(self, opened: Visit, shot: Callable[[Page, str], None]) -> None:
        page = opened("failed")

        why = page.get_by_role("region", name="Why it failed")
        expect(why).to_contain_text("It failed at step")
        expect(why).to_contain_text("became NaN")
        expect(why).to_contain_text("Most alike")
        expect(why).to_contain_text("optimizer.lr")
        shot(page, "run-failed")

    def test_a_log_is_searched_by_text_and_expression(self, opened: Visit) -> None:
        page = opened("logged", "tab=log")

        page.get_by_label("Find in the log").fill("step 1\\d")
        expect(page.get_by_role("status").filter(has_text="no line matches")).to_be_visible()
        page.get_by_label("regular expression").check()
        expect(page.get_by_text("2 lines match")).to_be_visible()
        page.get_by_role("button", name="Next match").click()

        expect(page.locator("mark").first).to_have_text("step 10")
        expect(page).to_have_url(re.compile("find=step.*regex=1"))

    def test_media_are_drawn_by_their_kind_and_as_of_a_step(self, opened: Visit, shot: Callable[[Page, str], None]) -> None:
        page = opened("logged", "tab=media")

        expect(page.frame_locator("iframe").locator("#p")).to_have_text("by a script")
        expect(page.get_by_role("region", name="Table predictions")).to_contain_text("two <b>bold</b>")
        image = page.get_by_role("img", name="after 11 steps")
        expect(image).to_be_visible()
        assert image.evaluate("img => img.naturalWidth") == 48
        page.get_by_role("slider", name="Step").fill("4")
        expect(page.get_by_role("img", name="after 4 steps")).to_be_visible()
        shot(page, "run-media")

    def test_masks_and_boxes_lie_over_their_image_and_can_be_taken_off(self, opened: Visit, shot: Callable[[Page, str], None]) -> None:
        page = opened("logged", "tab=media")
        scene = page.get_by_role("region", name="scene")
        canvas = scene.locator("canvas")
        alpha = "canvas => [4, 44].map((x) => canvas.getContext('2d').getImageData(x, 16, 1, 1).data[3])"

        expect(scene.get_by_text("cat 0.9")).to_be_visible()
        expect(scene.get_by_role("group", name="Mask truth").get_by_role("button", name="class 2")).to_have_attribute("aria-pressed", "true")
        assert canvas.evaluate(alpha) == [128, 0]
        shot(page, "run-overlays")
        scene.get_by_role("group", name="Mask truth").get_by_role("button", name="class 2").click()
        assert canvas.evaluate(alpha) == [0, 0]
        scene.get_by_role("checkbox", name="boxes guess").uncheck()
        expect(scene.get_by_text("cat 0.9")).to_have_count(0)

    def test_a_config_is_searched_and_beside_its_baseline(self, visit: Visit, trained: dict[str, str]) -> None:
        page = visit(f"/acme/digits/runs/{trained['batch norm']}?tab=config")

        page.get_by_label("only the").check()

        panel = page.get_by_role("tabpanel")
        expect(panel).to_contain_text("baseline baseline: none")
        expect(panel).not_to_contain_text("batch_size")
        page.get_by_role("button", name="YAML", exact=True).click()
        expect(page.locator("pre")).to_contain_text("norm:\n    kind: batch")

    def test_files_are_looked_at_in_place(self, opened: Visit) -> None:
        page = opened("logged", "tab=files")

        page.get_by_label("Find a file").fill("notes.txt")
        page.get_by_role("button", name="Look").click()

        expect(page.get_by_role("dialog", name="notes.txt")).to_contain_text("kept beside the run")

    def test_layers_are_seen_over_the_steps(self, opened: Visit, shot: Callable[[Page, str], None]) -> None:
        page = opened("watched", "tab=diagnostics")

        page.get_by_role("button", name="Gradients", exact=True).click()
        expect(page.get_by_role("figure", name="L2 norm of Gradients by step and layer")).to_be_visible()
        page.get_by_role("slider", name="Snapshot").fill("0")

        expect(page.get_by_role("img", name="Histogram of").first).to_have_accessible_name(re.compile("at step 0$"))
        shot(page, "run-diagnostics")

    @pytest.mark.parametrize("tab", TABS)
    def test_no_tab_has_a_serious_finding_or_is_too_wide_for_a_phone(self, opened: Visit, accessible: Callable[[Page], None], tab: str) -> None:
        page = opened("watched", f"tab={tab}", viewport={"width": 400, "height": 800}, dark=tab in ("proof", "overview", "media"))
        page.wait_for_load_state("networkidle")
        expect(page.get_by_text("Loading")).to_have_count(0)

        accessible(page)
        assert page.evaluate("document.getElementById('content').scrollWidth <= innerWidth")
