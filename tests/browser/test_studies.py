"""Studies: the list, the form, the picture of differences, growing and ending."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from servers import wait_until
from service import Service

Visit = Callable[..., Page]
PROJECT = "acme/studies"
BASELINE: dict[str, Any] = {"dataset": {"name": "digits"}, "total_iterations": 40, "eval_every": 10, "batch_size": 64}
CHANGES: list[dict[str, Any]] = [{"set": {"model.norm": {"kind": "batch"}}}, {"name": "far too fast", "set": {"optimizer.lr": 1e30}}]


def queued(served: Service, name: str, **fields: Any) -> str:
    body = {"project": PROJECT, "name": name, "baseline": BASELINE, "changes": CHANGES, "seeds": [0, 1, 2], **fields}
    answer = served.client.post("/studies", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


@pytest.fixture(scope="module")
def small(served: Service) -> str:
    """A study that has ended: three seeds of a baseline, of batch norm, and of a rate at which every run diverges."""
    study = queued(served, "norms")

    def ended() -> bool:
        progress = served.client.get(f"/studies/{study}").json()["progress"]
        return bool(progress["ended"] == progress["total"])

    wait_until(ended, 120.0, "the study to end")
    return study


class TestStudyList:
    def test_shows_how_far_each_is(self, visit: Visit, small: str, accessible: Callable[[Page], None], shot: Callable[[Page, str], None]) -> None:
        page = visit(f"/{PROJECT}/studies")

        row = page.get_by_role("row").filter(has=page.get_by_role("link", name="norms"))
        expect(row.get_by_role("img")).to_have_attribute("aria-label", "all 9 runs ended, 3 failed")
        expect(row).to_contain_text("3 of 7")
        shot(page, "studies")
        accessible(page)

    def test_of_a_project_without_any_says_what_one_is(self, visit: Visit, trained: object) -> None:
        page = visit("/acme/digits/studies")

        expect(page.get_by_text("A study trains a baseline and single changes of it")).to_be_visible()


class TestStudyPage:
    def test_shows_differences_diverged_seeds_and_conclusions(
        self, visit: Visit, small: str, accessible: Callable[[Page], None], shot: Callable[[Page, str], None]
    ) -> None:
        page = visit(f"/{PROJECT}/studies/{small}")

        forest = page.get_by_role("table", name="Differences of val/loss to the baseline")
        batch = forest.get_by_role("row").filter(has_text="norm: none → batch")
        expect(batch).to_contain_text("Not enough seeds")
        expect(batch.locator("circle")).to_have_count(3)
        expect(forest.get_by_role("row").filter(has_text="far too fast")).to_contain_text("3 diverged")
        expect(page.get_by_role("img", name="val/loss, mean over seeds: 2 curves")).to_be_visible()
        shot(page, "study")
        accessible(page)

        page.get_by_role("button", name="Seed noise").click()

        expect(forest).to_contain_text("in units of the seeds’ noise")

    def test_leads_from_a_variant_to_its_seeds_and_their_runs(self, visit: Visit, served: Service, small: str) -> None:
        page = visit(f"/{PROJECT}/studies/{small}")

        page.get_by_role("button", name="far too fast").click()

        seeds = page.get_by_role("list", name="Seeds of far too fast")
        expect(seeds.get_by_role("listitem")).to_have_count(3)
        expect(seeds).to_contain_text("diverged")

    def test_is_renamed_archived_and_deleted(self, visit: Visit, served: Service) -> None:
        study = queued(served, "short lived", seeds=[0])
        wait_until(lambda: served.client.get(f"/studies/{study}").json()["progress"]["ended"] == 3, 60.0, "the study to end")
        page = visit(f"/{PROJECT}/studies/{study}")

        page.get_by_role("button", name="More to do").click()
        page.get_by_role("button", name="Rename").click()
        page.get_by_role("textbox", name="Name").fill("put away")
        page.get_by_role("dialog").get_by_role("button", name="Rename").click()
        expect(page.get_by_role("heading", name="put away")).to_be_visible()
        page.get_by_role("button", name="More to do").click()
        page.get_by_role("button", name="Archive").click()
        expect(page.get_by_text("archived", exact=True)).to_be_visible()
        page.get_by_role("button", name="More to do").click()
        page.get_by_role("button", name="Delete").click()
        page.get_by_role("button", name="Delete the study").click()

        expect(page).to_have_url(re.compile(r"/studies$"))
        assert served.client.get(f"/studies/{study}").status_code == 404

    def test_the_seeds_it_lacks_are_a_button_and_it_follows_them_until_it_is_cancelled(self, visit: Visit, served: Service) -> None:
        study = queued(served, "too few", baseline={**BASELINE, "total_iterations": 50}, changes=CHANGES[:1], seeds=[0])
        page = visit(f"/{PROJECT}/studies/{study}")
        expect(page.get_by_text("Not enough seeds: 1 of the 6 that 1 change needs.")).to_be_visible()

        page.get_by_role("button", name="Add seeds 1-5").click()

        expect(page.get_by_text("Not enough seeds: 1 of")).to_have_count(0)
        expect(page.get_by_text(re.compile("of 12 runs ended"))).to_be_visible()
        page.get_by_role("button", name="Cancel").click()
        page.get_by_role("button", name="Cancel the study").click()
        expect(page.get_by_role("button", name="Add seeds", exact=True)).to_be_disabled()

    def test_a_link_shows_it_to_whoever_has_no_key(self, visit: Visit, served: Service, small: str) -> None:
        page = visit(f"/{PROJECT}/studies/{small}")
        page.get_by_role("button", name="Share").click()
        page.get_by_role("button", name="Make a link").click()
        link = page.get_by_label("The link").input_value()

        guest = visit(re.sub(r"^https?://[^/]+", "", link), signed_in=False)

        if guest.get_by_role("button").count() and "/share/" in guest.url:
            guest.get_by_role("button").first.click()
        expect(guest.get_by_role("table", name="Differences of val/loss to the baseline")).to_be_visible()

    def test_its_end_is_told_once_in_the_inbox(self, visit: Visit, small: str) -> None:
        page = visit("/inbox")
        item = page.get_by_role("listitem").filter(has=page.get_by_role("link", name="norms", exact=True))
        expect(item).to_contain_text("All 9 runs ended in")

        item.get_by_role("link", name="norms", exact=True).click()

        expect(page).to_have_url(re.compile(f"/{PROJECT}/studies/{small}$"))


class TestNewStudy:
    def test_says_what_it_would_be_and_where_it_is_refused_then_queues_it(
        self, visit: Visit, served: Service, trained: dict[str, str], accessible: Callable[[Page], None], shot: Callable[[Page, str], None]
    ) -> None:
        page = visit(f"/{PROJECT}/studies?new=1&from={trained['baseline']}")

        page.get_by_label("Name", exact=True).first.fill("two norms")
        page.get_by_label("Seeds", exact=True).fill("0-1")
        page.get_by_label("Field of change 1").fill("optimizer.lr")
        page.get_by_label("Values of change 1").fill("-1")
        expect(page.get_by_text("takes a finite number above 0; got -1")).to_be_visible()
        page.get_by_label("Field of change 1").fill("model.norm.kind")
        page.get_by_label("Values of change 1").fill("")
        for kind in ("batch", "layer"):
            page.get_by_role("button", name=kind, exact=True).click()
        expect(page.get_by_text("6 runs to train")).to_be_visible()
        expect(page.get_by_role("button", name="Take 7 seeds")).to_be_visible()
        shot(page, "new-study")
        accessible(page)
        page.get_by_role("button", name="Queue the study").click()

        expect(page.get_by_role("heading", name="two norms")).to_be_visible()
        page.get_by_role("button", name="Cancel").click()
        page.get_by_role("button", name="Cancel the study").click()
        expect(page.get_by_role("button", name="Add seeds", exact=True)).to_be_disabled()

    def test_leads_from_an_empty_project_to_a_finished_study(self, visit: Visit, served: Service, shot: Callable[[Page, str], None]) -> None:
        served.client.post("/projects", json={"project": "acme/fresh"})
        page = visit("/acme/fresh")
        page.get_by_role("navigation", name="Project").get_by_role("link", name="Studies").click()
        page.get_by_role("link", name="Make the first one").click()
        page.get_by_label("Name", exact=True).first.fill("first of all")
        page.get_by_label("Data set").select_option("digits")
        page.get_by_label("Field of change 1").fill("model.norm.kind")
        page.get_by_role("button", name="batch", exact=True).click()
        page.get_by_label("Seeds", exact=True).fill("0-2")
        expect(page.get_by_text("6 runs to train")).to_be_visible()

        page.get_by_role("button", name="Queue the study").click()

        expect(page.get_by_role("heading", name="first of all")).to_be_visible()
        expect(page.locator(".study-head").get_by_text("finished", exact=True)).to_be_visible(timeout=90_000)
        expect(page.get_by_text("Not enough seeds: 3 of the 6 that 1 change needs.")).to_be_visible()
        expect(page.get_by_role("row").filter(has_text="norm: none → batch").first).to_contain_text("n 3")
        shot(page, "first-study")
