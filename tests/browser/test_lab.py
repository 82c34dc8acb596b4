"""The layer lab: a layer before and after, with its formula."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

Visit = Callable[..., Page]


class TestLab:
    def test_dropout_on_ones_in_training_shows_what_was_kept(
        self, visit: Visit, shot: Callable[[Page, str], None], accessible: Callable[[Page], None]
    ) -> None:
        page = visit("/lab")

        page.get_by_role("button", name="ones, training").click()

        expect(page.get_by_label("Formula")).to_contain_text("= 1 / 0.7 = 1.429")
        expect(page.get_by_role("row", name="Maximum 1 1.4286")).to_be_visible()
        expect(page.get_by_role("img", name="After: heat-map of 28 by 28 values")).to_be_visible()
        accessible(page)
        shot(page, "lab")

    def test_at_evaluation_dropout_does_nothing(self, visit: Visit) -> None:
        page = visit("/lab")
        page.get_by_role("button", name="noise, training").click()

        page.get_by_role("button", name="evaluation", exact=True).click()

        expect(page.get_by_label("Formula")).to_contain_text("y = x")

    def test_a_norm_is_tried_on_the_images_of_a_run(self, visit: Visit, trained: dict[str, str], shot: Callable[[Page, str], None]) -> None:
        page = visit("/lab")
        expect(page.get_by_text("Norms, on images")).to_be_visible()

        page.get_by_role("button", name="layer norm").click()

        expect(page.get_by_label("Formula")).to_contain_text("here of 64 values")
        expect(page.get_by_role("img", name="Before: heat-map of 64 by 64 values")).to_be_visible()
        shot(page, "lab-norm")

    def test_a_shape_that_does_not_fit_is_refused_at_its_field(self, visit: Visit) -> None:
        page = visit("/lab")

        page.get_by_label("Shape").fill("1")

        expect(page.locator(".field-row", has=page.get_by_label("Shape"))).to_contain_text("takes a list of 2 to 4 sizes")
