"""The page in a real browser against the real service: API and worker as processes, runs that were trained, no answer of ours made up."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright
from servers import Valkey
from service import Service

ROOT = Path(__file__).parents[2]
SHOTS = Path(os.environ.get("RUNTWICE_SCREENSHOTS", ROOT / "build" / "screenshots"))
CHROMIUM = os.environ.get("RUNTWICE_CHROMIUM") or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 400, "height": 800}
PROJECT = "acme/digits"
OFFLINE = "net::ERR_INTERNET_DISCONNECTED"
EXPECTED = ("the server responded with a status of", OFFLINE)  # what tests ask for: a refusal, no connection
EXPECTED_OFFLINE = ("Unable to preload CSS", "dynamically imported module")  # parts of the page that cannot come, once there is none

expect.set_options(timeout=40_000)  # a loaded machine is slow, and nothing waits longer than it must


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A browser that the machine has. Skipped with a word where there is none, but not in CI."""
    if not CHROMIUM:
        if os.environ.get("CI"):
            pytest.fail("CI needs a Chromium: apt-get install chromium")
        pytest.skip("no Chromium on this machine (install Debian's chromium, or set RUNTWICE_CHROMIUM)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def served(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """API and one worker with one slot, for all browser tests of this process: each test uses a project of its own, or only looks."""
    folder = tmp_path_factory.mktemp("browser")
    shutil.copy(sqlite_template, folder / "runtwice.db")
    valkey = Valkey().start()
    service = Service(folder / "data", f"sqlite:///{folder / 'runtwice.db'}", valkey, RUNTWICE_LEASE_S="60")
    try:
        service.start_api()
        service.start_worker("a")
        yield service
    finally:
        service.stop()
        valkey.stop()


@pytest.fixture(scope="session")
def trained(served: Service) -> dict[str, str]:
    """Ended runs of acme/digits by name: a baseline, three single changes, one of two changes, and a rerun of the baseline that was judged."""
    config = {"seed": 1, "total_iterations": 60, "eval_every": 10}
    baseline = served.submit(config, project=PROJECT, name="baseline")
    runs = {"baseline": baseline}
    changes: dict[str, dict[str, Any]] = {
        "batch norm": {"model": {"norm": {"kind": "batch"}}},
        "dropout": {"model": {"dropout": {"p": 0.5}}},
        "adam": {"optimizer": {"kind": "adam", "lr": 0.01}},
    }
    for name, change in changes.items():
        runs[name] = served.submit({**config, **change}, project=PROJECT, name=name, baseline=baseline, tags=["single"])
    both = {**config, **changes["batch norm"], **changes["adam"]}
    runs["two changes"] = served.submit(both, project=PROJECT, name="two changes", baseline=baseline, allow_many_changes=True)
    for run in runs.values():
        assert served.ended(run, 120.0)["state"] == "finished", served.run(run)["reason"]
    rerun = served.client.post(f"/runs/{baseline}/reruns", json={"wait_s": 60})
    assert rerun.status_code == 200, rerun.text
    runs["rerun"] = rerun.json()["items"][0]["id"]
    return runs


@pytest.fixture
def visit(chromium: Browser, served: Service) -> Iterator[Callable[..., Page]]:
    """Opens pages of a signed-in browser: visit("/acme/digits", viewport=NARROW, dark=True).

    The test fails on an error in the console and on a request to another host.
    """
    contexts: list[BrowserContext] = []
    trouble: list[str] = []

    was_offline = False

    def heard(message: ConsoleMessage) -> None:
        nonlocal was_offline
        was_offline = was_offline or OFFLINE in message.text
        expected = EXPECTED + EXPECTED_OFFLINE if was_offline else EXPECTED
        if message.type in ("error", "warning") and not any(each in message.text for each in expected):
            trouble.append(f"{message.type}: {message.text}")

    def asked(request: Request) -> None:
        if not request.url.startswith((f"http://127.0.0.1:{served.port}/", "data:", "blob:")):
            trouble.append(f"a request to another host: {request.url}")

    def opened(address: str, *, viewport: Any = WIDE, dark: bool = False, signed_in: bool = True, key: str | None = None) -> Page:
        origin = f"http://127.0.0.1:{served.port}"
        context = chromium.new_context(base_url=origin, viewport=viewport, color_scheme="dark" if dark else "light", accept_downloads=True)
        contexts.append(context)
        context.set_default_timeout(30_000)
        if signed_in:
            answer = context.request.post("/login", form={"key": key or served.key, "next": "/"}, headers={"Origin": origin}, max_redirects=0)
            assert answer.status == 303, answer.text()
        page = context.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: trouble.append(f"uncaught: {error}"))
        page.on("request", asked)
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert trouble == []


@pytest.fixture
def shot() -> Callable[[Page, str], None]:
    """Keeps a picture of a page, for people to look at."""

    def take(page: Page, name: str) -> None:
        SHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SHOTS / f"{name}.png")

    return take


@pytest.fixture
def accessible() -> Callable[[Page], None]:
    """Asserts that axe-core finds nothing serious on a page (WCAG 2 A and AA)."""
    axe = (ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js").read_text()

    def look(page: Page) -> None:
        page.evaluate(axe)
        found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa']})")
        serious = [
            f"{rule['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
            for rule in found["violations"]
            if rule["impact"] in ("serious", "critical")
            for node in rule["nodes"]
        ]
        assert serious == []

    return look
