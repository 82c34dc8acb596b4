"""Submitting by the form: checked as it is typed, from a run, from pasted text."""

import json
import re
from collections.abc import Callable

from playwright.sync_api import Page, expect
from service import Service

Visit = Callable[..., Page]


class TestSubmit:
    def test_the_form_becomes_a_run(self, visit: Visit, served: Service, shot: Callable[[Page, str], None]) -> None:
        page = visit("/submit?project=forms/plain")
        page.get_by_label("Name", exact=True).first.select_option("digits")
        page.get_by_label("Total iterations").fill("20")
        page.get_by_label("Batch size").fill("full")
        expect(page.get_by_text(re.compile("begins at once|next to begin|before it"))).to_be_visible()
        shot(page, "submit")

        page.get_by_role("button", name="Submit", exact=True).click()

        expect(page).to_have_url(re.compile(r"/forms/plain/runs/\w+$"))
        run = served.run(page.url.rpartition("/")[2])
        assert (run["config"]["total_iterations"], run["config"]["batch_size"], run["config"]["dataset"]["name"]) == (20, "full", "digits")

    def test_what_is_not_right_is_said_at_its_field_as_it_is_typed(self, visit: Visit, accessible: Callable[[Page], None]) -> None:
        page = visit("/submit")

        page.get_by_label("Learning rate", exact=True).fill("-3")

        expect(page.locator("[data-path='optimizer.lr']")).to_contain_text("takes a finite number above 0; got -3")
        expect(page.get_by_role("alert")).to_contain_text("One field is not right yet")
        expect(page.get_by_role("button", name="Submit", exact=True)).to_be_disabled()
        accessible(page)

    def test_one_thing_of_a_run_is_changed_by_searching_its_field(
        self, visit: Visit, trained: dict[str, str], shot: Callable[[Page, str], None]
    ) -> None:
        page = visit(f"/submit?from={trained['baseline']}")

        page.get_by_label("Search the fields").fill("norm")
        page.get_by_label("Norm", exact=True).select_option("layer")

        expect(page.get_by_role("heading", name="One change: model.norm")).to_be_visible()
        expect(page.get_by_role("row", name="model.norm.kind none layer")).to_be_visible()
        page.get_by_role("tab", name="Command line").click()
        expect(page.locator(".submit-text")).to_contain_text(
            f"runtwice submit --from {trained['baseline']} --set model.norm.kind=layer --project acme/digits"
        )
        shot(page, "submit-change")

    def test_two_changes_are_warned_of_and_need_a_word(self, visit: Visit, trained: dict[str, str]) -> None:
        changes = json.dumps([["model.norm", {"kind": "rms"}], ["optimizer", {"kind": "adam"}]])
        page = visit(f"/submit?from={trained['baseline']}&set={changes}")

        expect(page.get_by_role("note")).to_contain_text("cannot be pinned on one of them")
        submit = page.get_by_role("button", name="Submit", exact=True)
        expect(submit).to_be_disabled()
        page.get_by_label("Submit it with all its changes").check()
        expect(submit).to_be_enabled()

    def test_a_config_that_was_run_before_is_found(self, visit: Visit, trained: dict[str, str]) -> None:
        page = visit(f"/submit?from={trained['baseline']}&set={json.dumps([['model.norm', {'kind': 'batch'}]])}")

        expect(page.get_by_text("The project has this very config already:")).to_contain_text("batch norm")

    def test_pasted_yaml_fills_the_form(self, visit: Visit) -> None:
        page = visit("/submit")
        page.get_by_role("button", name="Paste YAML or JSON").click()
        page.get_by_label("YAML or JSON", exact=True).fill("dataset:\n  name: digits\noptimizer: {kind: adam, lr: 3e-4}\nseed: 7 # ours")

        page.get_by_role("button", name="Fill the form").click()

        expect(page.get_by_label("Optimizer", exact=True)).to_have_value("adam")
        expect(page.get_by_label("Learning rate", exact=True)).to_have_value("0.0003")
        expect(page.get_by_label("Seed", exact=True)).to_have_value("7")

    def test_the_address_keeps_what_was_filled_in(self, visit: Visit) -> None:
        page = visit("/submit")
        page.get_by_label("Seed", exact=True).fill("42")
        expect(page).to_have_url(re.compile("seed"))

        page.reload()

        expect(page.get_by_label("Seed", exact=True)).to_have_value("42")
