"""What being tracked costs an iteration: the same loop in a plain script, as a run, and as a run inside the service, by turns.

python -m bench.training_overhead [--iterations 1000] [--rounds 5]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from bench.first_point import start
from bench.plain_loop import CONFIG
from trainer.events import Points, decode

ROOT = Path(__file__).parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--iterations", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rt-bench-") as folder:
        service, client = start(Path(folder))
        try:
            ways: dict[str, Callable[[int], float]] = {
                "plain script": plain,
                "python -m trainer": tracked,
                "inside the service": lambda iterations: served(client, iterations),
            }
            compare(ways, asked.iterations, asked.rounds)
        finally:
            service.terminate()
            service.wait()


def compare(ways: dict[str, Callable[[int], float]], iterations: int, rounds: int) -> None:
    """Prints milliseconds per iteration of each way, median of the rounds, and how much longer than the first way each takes."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, measure in ways.items():  # by turns: what else the machine does then falls on all alike
            taken[name].append(measure(iterations))
    first = statistics.median(next(iter(taken.values())))
    print(f"milliseconds per iteration, batch 256, mnist5k, {iterations} iterations, median of {rounds}:")
    for name, each in taken.items():
        middle = statistics.median(each)
        print(f"  {name:20} {middle:.3f}  ({min(each):.3f} to {max(each):.3f})  {100 * (middle / first - 1):+.1f} %")


def plain(iterations: int) -> float:
    """Milliseconds of one iteration of the plain script."""
    said = subprocess.run([sys.executable, "-m", "bench.plain_loop", str(iterations)], cwd=ROOT, check=True, capture_output=True, text=True)
    return float(said.stdout)


def tracked(iterations: int) -> float:
    """Milliseconds of one iteration of a run whose events are read from a pipe while it trains."""
    with tempfile.TemporaryDirectory(prefix="rt-bench-") as folder:
        file = Path(folder, "config.json")
        file.write_text(json.dumps({**CONFIG, "total_iterations": iterations}))
        command = [sys.executable, "-m", "trainer", str(file), "--out", folder]
        times: list[float] = []
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
            assert process.stdout is not None
            for event in map(decode, process.stdout):
                times += event.times if isinstance(event, Points) else []
        assert len(times) == iterations
    return (times[-1] - times[0]) / (iterations - 1) * 1000


def served(client: httpx.Client, iterations: int) -> float:
    """Milliseconds of one iteration of a run that the service trains and records."""
    config = {**CONFIG, "total_iterations": iterations}
    run = client.post("/runs", json={"project": "bench", "config": config}).raise_for_status().json()["id"]
    while (state := client.get(f"/runs/{run}").json()["state"]) in ("queued", "running"):
        time.sleep(0.2)
    assert state == "finished"
    asked = {"run": run, "metric": "train/loss", "points": "all", "x": "time"}
    times = client.get("/series", params=asked).json()["series"][0]["times"]
    assert len(times) == iterations
    return float(times[-1] - times[0]) / (iterations - 1) * 1000


if __name__ == "__main__":
    main()
