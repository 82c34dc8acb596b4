"""What the API spends on a point that the wandb SDK logs: three processes of the real SDK at once, each with a run of its own.

python -m bench.wandb_stream [--rows 3000] [--metrics 10] [--repeats 5]
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx

from bench import machine
from bench.first_point import idle_mb, listener, serving

PROCESSES = 3
SCRIPT = """
import random, sys, wandb
rows, metrics = int(sys.argv[1]), int(sys.argv[2])
numbers = random.Random(rows)
run = wandb.init(project="stream")
for step in range(rows):
    run.log({f"metric/{number}": numbers.random() for number in range(metrics)})
run.finish()
print(run.id)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--metrics", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    with serving(None) as (folder, client, _):
        api = listener(client)
        logged(client, folder, 10, asked.metrics)  # what is loaded by the first request is not the stream's
        spent = []
        for _ in range(asked.repeats):
            machine.settle(api)
            before = machine.cpu_s(api)
            logged(client, folder, asked.rows, asked.metrics)
            machine.settle(api)
            spent.append((machine.cpu_s(api) - before) * 1e6)
        resident = idle_mb(client)
    rows = PROCESSES * asked.rows
    points = rows * (asked.metrics + 2)  # the SDK adds _runtime and _timestamp to each row
    print(machine.description())
    print(f"{PROCESSES} processes of the wandb SDK x {asked.rows:,} rows x {asked.metrics} metrics, every point read back")
    print("processor time of the API, all requests counted:")
    for what, count in (("row", rows), ("point", points), ("point of a metric of the script's", rows * asked.metrics)):
        each = [microseconds / count for microseconds in spent]
        print(f"  a {what}: median of {len(each)} {statistics.median(each):.1f} us ({min(each):.1f} to {max(each):.1f})")
    print(f"API process, resident, afterwards: {resident:.0f} MB")


def logged(client: httpx.Client, folder: Path, rows: int, metrics: int) -> None:
    """Raises RuntimeError if a process failed or a point is not there."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WANDB_", "RUNTWICE_"))}
    with tempfile.TemporaryDirectory(prefix="rt-sdk-") as home:
        own = {f"WANDB_{name}": home for name in ("DIR", "CACHE_DIR", "CONFIG_DIR", "DATA_DIR", "ARTIFACT_DIR")}
        url = str(client.base_url).removesuffix("/api/v1/")
        key = (folder / "admin.key").read_text().strip()
        environment = {**kept, **own, "HOME": home, "WANDB_BASE_URL": url, "WANDB_API_KEY": key, "WANDB_SILENT": "true"}
        command = [sys.executable, "-c", SCRIPT, str(rows), str(metrics)]
        scripts = [subprocess.Popen(command, cwd=home, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(PROCESSES)]
        said = [script.communicate()[0] for script in scripts]
    if any(script.returncode for script in scripts):
        raise RuntimeError("a process of the SDK failed; its words are above")
    names = [f"metric/{number}" for number in range(metrics)]
    for words in said:
        found = client.get("/runs", params={"filter": f"external_id = '{words.split()[-1]}'"}).raise_for_status().json()["items"]
        run = found[0]["id"]
        series = client.get("/series", params={"run": run, "metric": names}).raise_for_status().json()["series"]
        if any(curve["count"] != rows for curve in series):
            raise RuntimeError(f"points of run {run} are missing: {[curve['count'] for curve in series]} of {rows}")


if __name__ == "__main__":
    main()
