"""The right side of the workspace: curves of the runs that are shown, what can be done with them, and what they say together."""

import csv
import json
import math
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Request, expect
from service import Service

Visit = Callable[..., Page]
PROJECT = "charts/curves"
STEPS = 3000
LOSS = re.compile("^train.loss:")  # a slash would end the pattern in the browser


def logged(
    served: Service, project: str, name: str, columns: dict[str, list[float | str]], config: dict[str, object] | None = None, ended: bool = True
) -> str:
    """A run that a client logged, by its id."""
    run = served.client.post("/runs", json={"project": project, "origin": "client", "name": name, "config": config or {}}).json()["id"]
    append(served, run, 0, columns)
    if ended:
        assert served.client.post(f"/runs/{run}/finish", json={"state": "finished"}).status_code == 200
    return str(run)


def append(served: Service, run: str, first: int, columns: dict[str, list[float | str]]) -> None:
    count = len(next(iter(columns.values())))
    body = {"steps": list(range(first, first + count)), "metrics": columns}
    assert served.client.post(f"/runs/{run}/points", json=body).status_code == 200


@pytest.fixture(scope="module")
def curves(served: Service) -> str:
    """Four runs of 3,000 points, two learning rates by two seeds, one with values that are no numbers; the last run logged a tenth of them."""
    for number, (lr, seed) in enumerate([(0.1, 0), (0.1, 1), (0.4, 0), (0.4, 1)]):
        count = STEPS // 10 if number == 3 else STEPS
        loss: list[float | str] = [math.exp(-i * lr / 300) + 0.01 * math.sin(i * (seed + 2)) + 0.02 for i in range(count)]
        if number == 0:
            loss[100:102] = ["NaN", "Infinity"]
        logged(
            served,
            PROJECT,
            f"lr {lr} seed {seed}",
            {"train/loss": loss, "lr": [lr * 0.999**i for i in range(count)]},
            {"optimizer": {"lr": lr}, "seed": seed},
        )
    return PROJECT


def chart(page: Page, name: re.Pattern[str] = LOSS) -> Locator:
    return page.get_by_role("img", name=name)


def drag(page: Page, of: Locator, begin: float, end: float) -> None:
    """Over the plotting area, from one share of its width to another."""
    box = of.locator(".u-over").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * begin, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end, box["y"] + 60, steps=4)
    page.mouse.up()


def saved(page: Page, metric: str, what: str) -> bytes:
    page.get_by_role("button", name=f"Save {metric}").click()
    with page.expect_download() as download:
        page.get_by_role("button", name=what).click()
    return Path(download.value.path()).read_bytes()


class TestCurves:
    def test_say_how_many_points_they_are_of_and_what_is_no_number(self, visit: Visit, curves: str, shot: Callable[[Page, str], None]) -> None:
        page = visit(f"/{curves}")

        expect(chart(page)).to_have_accessible_name(re.compile(r"4 curves over step; 3,300 of 9,300 points, extremes kept · 1 not finite"))
        shot(page, "charts")

    def test_zoom_by_drag_fetches_the_window_and_stands_in_the_address(self, visit: Visit, curves: str) -> None:
        page = visit(f"/{curves}")
        expect(chart(page)).to_have_accessible_name(re.compile("extremes kept"))

        drag(page, chart(page), 0.1, 0.2)

        expect(chart(page)).to_have_accessible_name(re.compile("points, all of them"))
        expect(page).to_have_url(re.compile(r"zoom=[0-9.]+_[0-9.]+"))
        page.reload()
        expect(chart(page)).to_have_accessible_name(re.compile("points, all of them"))
        chart(page).locator(".u-over").dblclick()
        expect(chart(page)).to_have_accessible_name(re.compile("3,300 of 9,300 points, extremes kept"))

    def test_the_pointer_lists_all_runs_by_value_and_emphasises_the_nearest_in_every_chart(self, visit: Visit, curves: str) -> None:
        page = visit(f"/{curves}")
        expect(chart(page)).to_have_accessible_name(re.compile("extremes kept"))

        chart(page).locator(".u-over").hover(position={"x": 20, "y": 60})

        rows = page.locator(".chart-list tr")
        expect(rows).to_have_count(4)
        values = [float(text.split()[0]) for text in page.locator(".chart-list td.number").all_inner_texts()]
        assert values == sorted(values, reverse=True)
        expect(page.locator(".chart-list tr.near")).to_have_count(1)
        expect(page.locator(".chart-curves.pale")).to_have_count(2)

    def test_smoothing_keeps_the_original_visible(self, visit: Visit, curves: str) -> None:
        page = visit(f"/{curves}?smooth=0.9")
        expect(chart(page)).to_have_accessible_name(re.compile("extremes kept"))

        drawing = saved(page, "train/loss", "Drawing").decode()

        assert drawing.count('opacity="0.25"') == 4
        assert drawing.count('fill="none"') == 8
        assert "lr 0.4 seed 1" in drawing

    def test_come_as_a_picture_and_as_a_table(self, visit: Visit, curves: str) -> None:
        page = visit(f"/{curves}?charts=train")
        expect(chart(page)).to_have_accessible_name(re.compile("extremes kept"))

        picture, table = saved(page, "train/loss", "Picture"), saved(page, "train/loss", "Points").decode()

        assert picture.startswith(b"\x89PNG")
        rows = list(csv.DictReader(table.splitlines()))
        assert len(rows) == 3300
        assert float(rows[0]["max"]) >= float(rows[0]["value"]) >= float(rows[0]["min"])

    def test_stand_over_time_or_another_metric_and_on_logarithmic_axes(self, visit: Visit, curves: str) -> None:
        page = visit(f"/{curves}?x=metric:lr&logx=1")
        expect(chart(page)).to_have_accessible_name(re.compile("4 curves over lr;"))

        page.get_by_role("combobox", name="x", exact=True).select_option("time")

        expect(chart(page)).to_have_accessible_name(re.compile("4 curves over time since the run began"))

    def test_of_groups_are_means_that_say_of_how_many(self, visit: Visit, curves: str) -> None:
        page = visit(f"/{curves}?group=config.optimizer.lr&spread=ci")

        expect(chart(page)).to_have_accessible_name(re.compile("2 curves over step; mean of 2 groups, .*n = 1 of 2 at the least"))

    def test_of_single_points_are_discs(self, visit: Visit, served: Service, shot: Callable[[Page, str], None]) -> None:
        for lr, losses in {0.1: (1.0, 2.0), 0.2: (4.0,)}.items():
            for loss in losses:
                logged(served, "charts/single", f"lr {lr}", {"loss": [loss]}, {"lr": lr})
        page = visit("/charts/single?group=config.lr&split=charts")
        expect(chart(page, re.compile("^loss:"))).to_have_accessible_name(re.compile("2 curves over step; mean of 2 groups"))

        drawing = saved(page, "loss", "Drawing").decode()

        shot(page, "charts-single-points")
        assert [
            len(re.findall(f'fill="{colour}" stroke="none" stroke-width="0" opacity="1"', drawing))
            for colour in set(re.findall('stroke="(#[0-9A-Fa-f]{6})" stroke-width="2.5"', drawing))
        ] == [1, 1]

    def test_fill_the_window_and_follow_the_arrow_keys(self, visit: Visit, curves: str) -> None:
        page = visit(f"/{curves}?split=charts")

        page.get_by_role("button", name="train/loss in full").click()
        page.keyboard.press("ArrowRight")

        expect(page.get_by_role("dialog", name="lr in full")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)

    def test_have_words_where_there_is_nothing(
        self, visit: Visit, curves: str, accessible: Callable[[Page], None], shot: Callable[[Page, str], None]
    ) -> None:
        page = visit(f"/{curves}?split=charts&charts=nothing", viewport={"width": 400, "height": 800}, dark=True)
        expect(page.get_by_text("No metric has “nothing” in its name.")).to_be_visible()

        page.get_by_label("Search charts").fill("")

        expect(chart(page)).to_have_accessible_name(re.compile("extremes kept"))
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        accessible(page)
        shot(page, "charts-phone-dark")


class TestLive:
    def test_the_first_metric_of_a_project_gets_its_chart_by_itself(self, visit: Visit, served: Service) -> None:
        run = served.client.post("/runs", json={"project": "charts/first", "origin": "client"}).json()["id"]
        page = visit("/charts/first")
        expect(page.get_by_text("No run of this project has logged a number yet.")).to_be_visible()
        expect(page.get_by_text("● live")).to_be_visible()

        append(served, run, 0, {"loss": [1.0, 0.5, 0.25]})

        expect(chart(page, re.compile("^loss:"))).to_have_accessible_name(re.compile("3 points"))

    def test_a_project_that_is_not_there_is_asked_for_once_until_somebody_comes_back(self, visit: Visit, served: Service) -> None:
        page = visit("/charts/not-there")
        expect(page.get_by_text("not live")).to_be_visible()
        page.clock.install()
        asked: list[Request] = []
        page.on("request", lambda request: asked.append(request) if request.url.endswith("/events") else None)

        page.clock.fast_forward(120_000)
        expect(page.get_by_text("not live")).to_be_visible()
        assert asked == []

        logged(served, "charts/not-there", "first", {"loss": [1.0, 0.5]})
        page.evaluate("window.dispatchEvent(new Event('focus'))")
        page.clock.run_for(5_000)

        expect(page.get_by_text("live ●")).to_be_visible()
        expect(page.get_by_role("link", name="first")).to_be_visible()
        expect(chart(page, re.compile("^loss:"))).to_have_accessible_name(re.compile("2 points"))

    def test_new_points_come_without_asking_for_those_at_hand(self, visit: Visit, served: Service) -> None:
        run = logged(served, "charts/live", "going", {"loss": [1.0] * 50}, ended=False)
        page = visit("/charts/live")
        expect(chart(page, re.compile("^loss:"))).to_have_accessible_name(re.compile("50 points"))
        expect(page.get_by_text("● live")).to_be_visible()
        asked: list[Request] = []
        page.on("request", lambda request: asked.append(request) if request.url.endswith("/series/query") else None)

        append(served, run, 50, {"loss": [0.5] * 25})

        expect(chart(page, re.compile("^loss:"))).to_have_accessible_name(re.compile("75 points, all of them"))
        assert [json.loads(request.post_data or "{}")["starts"] for request in asked] == [{run: 49}]

    def test_a_tab_that_is_hidden_stops_listening_and_catches_up(self, visit: Visit, served: Service) -> None:
        run = logged(served, "charts/hidden", "going", {"loss": [1.0] * 50}, ended=False)
        page = visit("/charts/hidden")
        page.clock.install()
        expect(page.get_by_text("● live")).to_be_visible()
        seen = """hidden => {
            Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
            document.dispatchEvent(new Event('visibilitychange'));
        }"""

        page.evaluate(seen, True)
        page.clock.fast_forward(31_000)
        expect(page.get_by_text("paused while hidden")).to_be_visible()
        append(served, run, 50, {"loss": [0.5] * 25})
        page.evaluate(seen, False)

        expect(page.get_by_text("● live")).to_be_visible()
        page.clock.run_for(3_000)
        expect(chart(page, re.compile("^loss:"))).to_have_accessible_name(re.compile("75 points"))


class TestDrawings:
    @pytest.mark.parametrize(
        ("drawing", "says"),
        [
            pytest.param("scatter", "trend: r = .*n = 4, of all 4 runs that match", id="scatter"),
            pytest.param("parallel", "n = 4, of all 4 runs that match", id="parallel coordinates"),
            pytest.param("importance", "Spearman", id="importance"),
        ],
    )
    def test_say_what_they_are_of(
        self, visit: Visit, curves: str, accessible: Callable[[Page], None], shot: Callable[[Page, str], None], drawing: str, says: str
    ) -> None:
        page = visit(f"/{curves}?split=charts&draw={drawing}")

        expect(page.locator(".charts .meta").filter(has_text=re.compile(says))).to_be_visible()
        accessible(page)
        shot(page, f"charts-{drawing}")
