"""How long the run table takes over HTTP: 10,000 runs against a bare key/value store, and 100,000 runs at any depth, filtered, sorted, grouped.

python -m bench.table [--repeats 20] [--runs 100000] [--database-url postgresql+psycopg://...]
"""

import argparse
import math
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from bench import run_rows, table_floor
from bench.first_point import serving
from bench.wire import Wire
from store.database import connect

SMALL = 10_000
PAGE = 100
FILTER = "metrics.loss_val < 0.5 and params.optimizer = 'adam'"
DEEP = 500
CASES = (
    ("by a metric", None, "metrics.loss_val"),
    ("by a metric, down", None, "-metrics.m3"),
    ("by a metric's least, of the finished", "state = 'finished'", "metrics.m1.min"),
    ("by a config path", None, "config.optimizer"),
    ("by a config path, numbers and texts, down", "not state = 'failed'", "-config.p3"),
    ("by a field", None, "name"),
    ("by age, of half", "tags in ('even')", "-created_at"),
    ("by two keys", None, "config.optimizer,-metrics.m2"),
)
SELECTIVE = (
    ("1 in 8, by a metric", FILTER, "metrics.loss_val"),
    ("1 in 8, by another metric", FILTER, "-metrics.m5"),
    ("1 in 100, two tests", "metrics.m4 < 0.1 and metrics.m5 < 0.1", "metrics.m2"),
    ("1 in 1,000, a tag", "tags in ('rare')", "config.p1"),
    ("none", "config.optimizer = 'none'", "metrics.m2"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--database-url", help="an empty PostgreSQL database; SQLite without it")
    asked = parser.parse_args()
    with serving(asked.database_url) as (folder, client, url):
        fill(url, asked.runs)
        against_the_floor(client, folder, asked.repeats)
        of_many(client, asked.runs, asked.repeats)


def fill(url: str, runs: int) -> None:
    database = connect(url)
    for project, count in (("small", SMALL), ("large", runs)):
        begun = time.perf_counter()
        run_rows.fill(database, project, count)
        print(f"filled {project} with {count:,} runs in {time.perf_counter() - begun:.0f} s", flush=True)
    file = Path(url.removeprefix("sqlite:///"))
    if file.exists():
        print(f"{file.stat().st_size / (SMALL + runs):,.0f} bytes a run, of 20 params and 10 metrics")
    database.close()


def against_the_floor(client: httpx.Client, folder: Path, repeats: int) -> None:
    floor = table_floor.fill(folder / "floor.db", SMALL)
    expected = [f"run {number}" for number in matching(SMALL)[:PAGE]]
    query = {"project": "bench/small", "filter": FILTER, "sort": "metrics.loss_val"}
    assert [run["name"] for run in ask(client, query)["items"]] == table_floor.page(floor) == expected
    wire = Wire(client)
    pairs = [(spent(lambda: table_floor.page(floor)), spent(lambda: wire.get("/runs", query))) for _ in range(repeats + 2)][2:]
    below, ours = (statistics.median(each) for each in zip(*pairs, strict=True))
    print(f"{SMALL:,} runs, filter and sort, a page of {PAGE}: p50 {ours:.1f} ms; floor {below:.1f} ms, x {ours / below:.1f}", flush=True)


def of_many(client: httpx.Client, runs: int, repeats: int) -> None:
    print(f"{runs:,} runs, a page of {PAGE}:")
    project = {"project": "bench/large"}
    deep = min(DEEP, runs // 2 // PAGE)
    for name, filter, sort in CASES:
        query = {**project, **({"filter": filter} if filter else {}), "sort": sort}
        show(f"{name}, page 1", query, client, repeats)
        show(f"{name}, page {deep}", {**query, "cursor": cursor_to(client, query, deep)}, client, repeats)
    for name, filter, sort in SELECTIVE:
        show(name, {**project, "filter": filter, "sort": sort}, client, repeats)
    must_be_right(client, runs)
    show("total of a filter", {**project, "filter": FILTER, "total": "true", "limit": 1}, client, repeats)
    for name, more in (("all but the seed", {}), ("all but the seed, one metric", {"fields": "metrics.loss_val"})):
        show(f"groups, {name}", {**project, "group_by": "all_but:seed", **more}, client, repeats)
    show("groups of two paths, one metric", {**project, "group_by": "config.optimizer,config.p1", "fields": "metrics.loss_val"}, client, repeats)
    show("fields", project, client, repeats, "/runs/fields")
    show("facets", {**project, "of": "config.optimizer,state,tags"}, client, repeats, "/runs/facets")


def matching(runs: int) -> list[int]:
    """The numbers of the runs that FILTER lets through, by loss_val: a plain evaluation."""
    all_runs = enumerate(map(run_rows.plain_run, range(runs)))
    found = [(metrics["loss_val"], number) for number, (config, metrics) in all_runs if config["optimizer"] == "adam"]
    return [number for loss, number in sorted(found) if loss < 0.5]


def must_be_right(client: httpx.Client, runs: int) -> None:
    query, names = {"project": "bench/large", "filter": FILTER, "sort": "metrics.loss_val", "fields": "name", "limit": 1000}, []
    while True:
        page = ask(client, query)
        names += [run["name"] for run in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert names == [f"run {number}" for number in matching(runs)]


def cursor_to(client: httpx.Client, query: dict[str, Any], page: int) -> str:
    """The cursor that leads to the page of that number, which begins with 1."""
    cursor, left = "", (page - 1) * PAGE
    while left:
        step = min(left, 1000)
        cursor = ask(client, {**query, "limit": step, "fields": "id", **({"cursor": cursor} if cursor else {})})["next_cursor"]
        left -= step
    return cursor


def ask(client: httpx.Client, query: dict[str, Any], path: str = "/runs") -> dict[str, Any]:
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def spent(act: Callable[[], Any]) -> float:
    """Milliseconds."""
    begun = time.perf_counter()
    act()
    return (time.perf_counter() - begun) * 1000


def show(what: str, query: dict[str, Any], client: httpx.Client, repeats: int, path: str = "/runs") -> None:
    ask(client, query, path)
    wire = Wire(client)
    times = sorted(spent(lambda: wire.get(path, query)) for _ in range(repeats))
    print(f"  {what:52} p50 {statistics.median(times):7.1f} ms   p95 {times[math.ceil(repeats * 0.95) - 1]:7.1f} ms", flush=True)


if __name__ == "__main__":
    main()
