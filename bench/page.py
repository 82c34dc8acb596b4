"""How fast the page is in a browser: a table of 100,000 runs, 100 curves of 1,000 points, 20 runs followed live, the bytes of each address.

python -m bench.page [--runs 100000] [--repeats 7]      needs a Chromium (RUNTWICE_CHROMIUM names another) and the page built
"""

import argparse
import math
import os
import random
import shutil
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from bench import machine, run_rows
from bench.first_point import serving
from store.database import connect

BUILT = Path(__file__).parent.parent / "api" / "static" / "page"
FILTER = "config.optimizer = 'adam' and metrics.loss_val < 0.5"
CURVES, POINTS, LIVE = 100, 1000, 20
LIVE_S = 20.0
OF_PROJECT = ("", "/runs/{run}", "/compare?runs={run}", "/studies", "/reproducibility")
ADDRESSES = ("/", *(f"/bench/large{rest}" for rest in OF_PROJECT), "/submit", "/lab", "/nodes", "/settings", "/docs")

PROBE = """
window.probe = {firstRow: 0, strokes: 0, lastStroke: 0};
const stroke = CanvasRenderingContext2D.prototype.stroke;
CanvasRenderingContext2D.prototype.stroke = function (...given) {
  probe.strokes += 1; probe.lastStroke = performance.now();
  return stroke.apply(this, given);
};
const row = () => {
  if (document.querySelector("[data-line] [data-act=link]")) requestAnimationFrame(() => { probe.firstRow = performance.now(); });
  else requestAnimationFrame(row);
};
requestAnimationFrame(row);
"""
SCROLL = """async ({frames, by}) => {
  const table = document.querySelector("[role=grid]"), spent = [];
  let before = await new Promise(requestAnimationFrame);
  for (let at = 0; at < frames; at += 1) {
    table.scrollTop += by;
    const now = await new Promise(requestAnimationFrame);
    spent.push(now - before);
    before = now;
  }
  return {spent, depth: table.scrollTop};
}"""
APPLIED = """() => new Promise((told) => {
  const before = document.querySelector("[data-line] [data-act=link]").textContent, began = performance.now();
  const look = () => {
    const first = document.querySelector("[data-line] [data-act=link]");
    if (first && first.textContent !== before && !document.querySelector(".runs.stale")) requestAnimationFrame(() => told(performance.now() - began));
    else requestAnimationFrame(look);
  };
  document.querySelector("[data-key=filter]").dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", bubbles: true}));
  look();
})"""
# From the end of the last answer with points to the last stroke on a canvas.
DRAWN = """(since) => {
  const loaded = performance.getEntriesByType("resource");
  const answers = loaded.filter(({name, responseEnd}) => name.includes("/api/v1/series") && responseEnd > since);
  const began = Math.max(0, ...answers.map(({responseEnd}) => responseEnd));
  return {answers: answers.length, began, last: probe.lastStroke, now: performance.now()};
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=7)
    asked = parser.parse_args()
    print(f"{machine.description()}, load {os.getloadavg()[0]:.1f}")
    with serving(None) as (folder, client, url):
        database = connect(url)
        run_rows.fill(database, "large", asked.runs)
        database.close()
        with browsing() as browser:
            measure(browser, client, asked.runs, asked.repeats)
            print(f"load at the end {os.getloadavg()[0]:.1f}; data in {folder}")


def measure(browser: Browser, client: httpx.Client, runs: int, repeats: int) -> None:
    visit = visitor(browser, client)
    show(f"{runs:,} runs, first rows from an empty cache", [first_rows(visit) for _ in range(repeats)], 1000)
    scrolled(visit)
    show(f"{runs:,} runs, filter applied", [filtered(visit) for _ in range(repeats)], 500)
    ids = curves(client)
    charts(visit, ids, repeats)
    live(visit, client)
    sizes(visit, run_rows.run_id("large", runs - 1))


@contextmanager
def browsing() -> Iterator[Browser]:
    found = os.environ.get("RUNTWICE_CHROMIUM") or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        raise SystemExit("no Chromium on this machine: apt-get install chromium, or set RUNTWICE_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


def visitor(browser: Browser, client: httpx.Client) -> Callable[[str], Page]:
    """Opens an address in a browser of its own that has nothing cached and is signed in."""
    origin = f"{client.base_url.scheme}://{client.base_url.netloc.decode()}"
    key = client.headers["Authorization"].removeprefix("Bearer ")

    def visit(address: str) -> Page:
        context = browser.new_context(base_url=origin, viewport={"width": 1440, "height": 900}, bypass_csp=True)  # wait_for_function is an eval
        context.set_default_timeout(120_000)
        context.request.post("/login", form={"key": key, "next": "/"}, headers={"Origin": origin}, max_redirects=0)
        page = context.new_page()
        page.add_init_script(PROBE)
        page.goto(address)
        return page

    return visit


def show(what: str, ms: Sequence[float], goal: float) -> None:
    print(f"{what}: median {statistics.median(ms):.0f} ms, max {max(ms):.0f} ms (goal {goal:.0f} ms)", flush=True)


def first_rows(visit: Callable[[str], Page]) -> float:
    """Milliseconds from the navigation to the frame after the first row."""
    page = visit("/bench/large")
    page.wait_for_function("probe.firstRow > 0")
    ms = float(page.evaluate("probe.firstRow"))
    page.context.close()
    return ms


def scrolled(visit: Callable[[str], Page]) -> None:
    page = visit("/bench/large?split=table")
    page.wait_for_function("probe.firstRow > 0")
    page.wait_for_load_state("networkidle")
    found = page.evaluate(SCROLL, {"frames": 600, "by": 120})
    spent = sorted(found["spent"])
    print(f"scrolling 120 px a frame, {found['depth'] / 32:,.0f} rows deep, pages fetched on the way: p50 {statistics.median(spent):.0f} ms, "
          f"p95 {spent[int(len(spent) * 0.95)]:.0f} ms, max {spent[-1]:.0f} ms a frame (goal p95 70 ms)", flush=True)  # fmt: skip
    page.context.close()


def filtered(visit: Callable[[str], Page]) -> float:
    """Milliseconds from Enter to the frame after the rows that match."""
    page = visit("/bench/large?split=table")
    page.wait_for_function("probe.firstRow > 0")
    page.get_by_role("combobox", name="Filter").fill(FILTER)
    page.get_by_role("button", name="Apply").wait_for()
    page.wait_for_load_state("networkidle")
    ms = float(page.evaluate(APPLIED))
    page.context.close()
    return ms


def curves(client: httpx.Client) -> list[str]:
    """Finished client runs with a noisy falling curve each."""
    ids = []
    for number in range(CURVES):
        noise = random.Random(number)
        run = client.post("/runs", json={"project": "bench/curves", "origin": "client", "name": f"curve {number}"}).json()["id"]
        values = [math.exp(-step / 300) + 0.05 * noise.random() for step in range(POINTS)]
        client.post(f"/runs/{run}/points", json={"steps": list(range(POINTS)), "metrics": {"loss": values}}).raise_for_status()
        client.post(f"/runs/{run}/finish", json={"state": "finished"}).raise_for_status()
        ids.append(run)
    return ids


def charts(visit: Callable[[str], Page], ids: Sequence[str], repeats: int) -> None:
    shown = ",".join(f"{run}.{place}" for place, run in enumerate(ids))
    drawn, zoomed = [], []
    for _ in range(repeats):
        page = visit(f"/bench/curves?split=charts&shown={shown}")
        at = settled(page, 0)
        drawn.append(at["last"] - at["began"])
        box = page.locator("canvas").first.bounding_box()
        assert box is not None
        y = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + box["width"] * 0.4, y)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.6, y, steps=5)
        since = page.evaluate("performance.now()")
        page.mouse.up()
        zoomed.append(settled(page, since)["last"] - since)
        page.context.close()
    show(f"{CURVES} runs x {POINTS:,} points, from the points' arrival to the last stroke", drawn, 100)
    show("zoom by drag, from letting go to the last stroke of finer points", zoomed, 300)


def settled(page: Page, since: float) -> dict[str, Any]:
    """Once points have come and nothing was drawn for half a second."""
    until = time.monotonic() + 60.0
    while time.monotonic() < until:
        at = page.evaluate(DRAWN, since)
        if at["answers"] and at["last"] >= at["began"] and at["now"] - at["last"] > 500:
            return dict(at)
        time.sleep(0.1)
    raise TimeoutError("no points were asked for and drawn")


def live(visit: Callable[[str], Page], client: httpx.Client) -> None:
    """Processor time of the whole browser while 20 runs log a point of three metrics each a second, above that of the same page at rest."""
    ids = [client.post("/runs", json={"project": "bench/live", "origin": "client", "name": f"live {number}"}).json()["id"] for number in range(LIVE)]
    append(client, ids, 0)
    page = visit("/bench/live?shown=" + ",".join(f"{run}.{place}" for place, run in enumerate(ids)))
    page.wait_for_load_state("load")
    page.get_by_text("live ●").first.wait_for()
    pids = [pid for pid in machine.tree(os.getpid()) if "chrom" in machine.command_of(pid)]
    page.wait_for_timeout(3000)
    rest = share(pids, page)
    stop = threading.Event()
    writer = threading.Thread(target=writing, args=(client, ids, stop))
    writer.start()
    busy = share(pids, page)
    stop.set()
    writer.join()
    print(f"{LIVE} runs live, a point of 3 metrics a second each: browser {busy:.1%} of a core, at rest {rest:.1%} (goal below 10 %)", flush=True)
    page.context.close()


def share(pids: Sequence[int], page: Page) -> float:
    before = sum(map(machine.cpu_s, roots(pids)))
    page.wait_for_timeout(LIVE_S * 1000)
    return (sum(map(machine.cpu_s, roots(pids))) - before) / LIVE_S


def roots(pids: Sequence[int]) -> list[int]:
    """Those of the processes that no other one of them started."""
    below = {pid for root in pids for pid in machine.tree(root) if pid != root}
    return [pid for pid in pids if pid not in below]


def writing(client: httpx.Client, ids: Sequence[str], stop: threading.Event) -> None:
    step = 1
    while not stop.is_set():
        append(client, ids, step)
        step += 1
        stop.wait(1.0)


def append(client: httpx.Client, ids: Sequence[str], step: int) -> None:
    for run in ids:
        metrics = {name: [random.random()] for name in ("loss", "val/loss", "val/accuracy")}
        client.post(f"/runs/{run}/points", json={"steps": [step], "metrics": metrics}).raise_for_status()


def sizes(visit: Callable[[str], Page], run: str) -> None:
    """What a browser with an empty cache fetches of the page itself, as gzip would send it."""
    for address in ADDRESSES:
        page = visit(address.format(run=run))
        page.wait_for_load_state("networkidle")
        paths = page.evaluate("performance.getEntriesByType('resource').map(({name}) => new URL(name).pathname)")
        files = {Path(path).name for path in paths if path.startswith("/assets/")}
        size = (BUILT / "index.html.gz").stat().st_size + sum(packed(name) for name in files)
        print(f"{address}: {size / 1000:.0f} kB gzipped in {len(files) + 1} files (goal 200 kB)", flush=True)
        page.context.close()


def packed(name: str) -> int:
    found = next(BUILT.rglob(f"{name}.gz"), None) or next(BUILT.rglob(name), None)
    return found.stat().st_size if found else 0


if __name__ == "__main__":
    main()
