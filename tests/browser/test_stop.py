"""The button that stops a script which logs with the wandb SDK."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sdk import Sdk
from service import Service
from stopping import stoppable

Visit = Callable[..., Page]


class TestStop:
    def test_ends_the_script_and_the_page_says_so(
        self, served: Service, visit: Callable[..., Page], shot: Callable[..., None], tmp_path: Path
    ) -> None:
        pytest.importorskip("wandb")
        with stoppable(Sdk(tmp_path, f"http://127.0.0.1:{served.port}", served.key), "button01") as process:
            page = visit("/team/stops/runs/button01")

            page.get_by_role("button", name="Stop", exact=True).click()
            said, _ = process.communicate(timeout=100)

        assert process.returncode != 0
        assert "KeyboardInterrupt" in said
        expect(page.get_by_title("It was asked to stop, and its process ended with exit code 255.")).to_have_text("cancelled")
        expect(page.get_by_role("button", name="Stop", exact=True)).to_have_count(0)
        shot(page, "stopped")
