"""How long curves take over HTTP: 100 runs x 10,000 points of one metric, and a run of 1,000,000, against reading and serialising alone.

python -m bench.curves [--repeats 20] [--database-url postgresql+psycopg://...]
"""

import argparse
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import orjson

from bench.first_point import serving
from bench.wire import Wire
from store import projects, runs, segments, series
from store.database import Database, connect
from store.series import Points

RUNS, STEPS, LONG = 100, 10_000, 1_000_000
BATCH = 1000
BINARY = {"Accept": "application/vnd.runtwice.columns"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--database-url", help="an empty PostgreSQL database; SQLite without it")
    asked = parser.parse_args()
    with serving(asked.database_url) as (_, client, url):
        measure(client, url, asked.repeats)


def measure(client: httpx.Client, url: str, repeats: int) -> None:
    database = connect(url)
    many, long = fill(database)
    sampled = {"runs": many, "metrics": ["loss"], "points": 1000}
    full = {**sampled, "points": "all"}
    window = {"runs": [long], "metrics": ["loss"], "points": 2000}
    wire = Wire(client)
    must_hold_spikes(wire, sampled)
    print(f"{RUNS} runs x {STEPS:,} points, p50 of {repeats}; the floor is rows read from a bare SQLite file, cut to 1,000 extremes, and serialised:")
    for what, body, headers, floor in (
        ("1,000 buckets, JSON", sampled, None, raw_buckets),
        ("1,000 buckets, binary", sampled, BINARY, raw_buckets),
        ("all points, binary", full, BINARY, raw_binary),
    ):
        floors, anew, again = rounds(wire, lambda floor=floor: floor(many), body, headers, repeats)
        show(f"{what}, made anew", anew, floors)
        show(f"{what}, asked again", again, floors)
    tag = {"If-None-Match": client.post("/series/query", json=sampled).headers["ETag"]}
    show("nothing new (304)", p50(lambda: query(wire, sampled, tag), repeats))
    print(f"one run of {LONG:,} points, 2,000 buckets, JSON, made anew:")
    for low, high in ((0, LONG), (250_000, 750_000), (499_000, 501_000)):
        _, anew, _ = rounds(wire, lambda: None, {**window, "from": low, "to": high}, None, repeats)
        show(f"steps {low:,} to {high:,}", anew)
    database.close()


def rounds(wire: Wire, floor: Callable[[], Any], body: dict[str, Any], headers: dict[str, str] | None, repeats: int) -> tuple[float, float, float]:
    """p50 in ms of the floor, of a question that was never asked before (its end lies a little further each time) and of one asked again, in turn."""
    floors, anew, again = [], [], []
    for turn in range(repeats + 2):
        fresh = {**body, "to": body.get("to", STEPS) + 1 + turn / (repeats + 2)}
        floors.append(spent(floor))
        anew.append(spent(lambda fresh=fresh: query(wire, fresh, headers)))
        again.append(spent(lambda fresh=fresh: query(wire, fresh, headers)))
    return statistics.median(floors[2:]), statistics.median(anew[2:]), statistics.median(again[2:])


def fill(database: Database) -> tuple[list[str], str]:
    """The ids of many runs with a spike each, and of one long run; the same rows as blobs in a file of their own for the floor."""
    source = np.random.default_rng(0)
    floor = sqlite3.connect(FLOOR)
    floor.execute("CREATE TABLE segments (run TEXT, first INTEGER, x BLOB, y BLOB, PRIMARY KEY (run, first))")
    with database.begin() as session:
        project = projects.find_or_add(session, "bench", "curves")
        ids = [runs.add_client(session, project, {}, name=f"curve {i}").id for i in range(RUNS + 1)]
    for number, run_id in enumerate(ids):
        length = LONG if number == RUNS else STEPS
        values = source.standard_normal(length)
        values[length // 3 + number] = 1e6 + number
        with database.begin() as session:
            for begin in range(0, length, BATCH):
                steps = range(begin, begin + BATCH)
                series.append(session, run_id, Points(steps, [1.79e9 + step for step in steps], {"loss": values[begin : begin + BATCH].tolist()}))
        for begin in range(0, length if number < RUNS else 0, segments.SEGMENT):
            part = slice(begin, begin + segments.SEGMENT)
            floor.execute("INSERT INTO segments VALUES (?, ?, ?, ?)", (run_id, begin, np.arange(length)[part].tobytes(), values[part].tobytes()))
    floor.commit()
    floor.close()
    return ids[:RUNS], ids[RUNS]


def raw_rows(ids: list[str]) -> list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    with sqlite3.connect(FLOOR) as database:
        found = []
        for run_id in ids:
            rows = database.execute("SELECT x, y FROM segments WHERE run = ? ORDER BY first", (run_id,)).fetchall()
            found.append((np.frombuffer(b"".join(x for x, _ in rows), np.int64), np.frombuffer(b"".join(y for _, y in rows))))
    return found


def raw_buckets(ids: list[str]) -> bytes:
    """The smallest and the largest of 500 stretches of each, which is the least that keeps every spike in 1,000 points."""
    cut = []
    for x, y in raw_rows(ids):
        rows = y[: len(y) // 500 * 500].reshape(500, -1)
        begins = np.arange(500) * rows.shape[1]
        at = np.sort(np.concatenate([begins + rows.argmin(1), begins + rows.argmax(1)]))
        cut.append({"steps": x[at], "values": y[at]})
    return orjson.dumps(cut, option=orjson.OPT_SERIALIZE_NUMPY)


def raw_binary(ids: list[str]) -> bytes:
    return b"".join(y.tobytes() for _, y in raw_rows(ids))


def query(client: Wire, body: dict[str, Any], headers: dict[str, str] | None = None) -> bytes:
    return client.post("/series/query", body, headers)


def must_hold_spikes(client: Wire, body: dict[str, Any]) -> None:
    for number, curve in enumerate(orjson.loads(query(client, body))["series"]):
        assert max(curve["max"]) == 1e6 + number, curve["run"]


def p50(act: Callable[[], Any], repeats: int) -> float:
    """Milliseconds."""
    return statistics.median([spent(act) for _ in range(repeats + 2)][2:])


def spent(act: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    act()
    return (time.perf_counter() - begun) * 1000


def show(what: str, ms: float, floor_ms: float | None = None) -> None:
    print(f"  {what:28} {ms:8.1f} ms" + (f"   floor {floor_ms:6.1f} ms, x {ms / floor_ms:.1f}" if floor_ms else ""))


FLOOR = Path(tempfile.gettempdir()) / f"rt-floor-{os.getpid()}.db"

if __name__ == "__main__":
    try:
        main()
    finally:
        FLOOR.unlink(missing_ok=True)
