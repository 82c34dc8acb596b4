"""How long a point takes from the request that appends it to those who follow the run, with one API process and with two.

python -m bench.live [--appends 200] [--streams 100]
"""

import argparse
import os
import statistics
import tempfile
import threading
import time
from pathlib import Path

import httpx
import orjson

from bench.first_point import start

PAUSE_S = 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--appends", type=int, default=200)
    parser.add_argument("--streams", type=int, default=100)
    asked = parser.parse_args()
    for processes in (1, 2):
        os.environ["RUNTWICE_API_PROCESSES"] = str(processes)
        with tempfile.TemporaryDirectory(prefix="rt-bench-") as folder:
            service, client = start(Path(folder))
            try:
                for streams in (1, asked.streams):
                    report(client, processes, streams, asked.appends)
            finally:
                service.terminate()
                service.wait()


def report(client: httpx.Client, processes: int, streams: int, appends: int) -> None:
    run = client.post("/runs", json={"project": "bench", "origin": "client"}).json()["id"]
    sent: dict[int, float] = {}
    came: list[dict[int, float]] = [{} for _ in range(streams)]
    threads = [threading.Thread(target=listen, args=(client, run, each), daemon=True) for each in came]
    for thread in threads:
        thread.start()
    time.sleep(1.0 + streams / 50)
    for step in range(appends):
        sent[step] = time.perf_counter()
        client.post(f"/runs/{run}/points", json={"steps": [step], "metrics": {"loss": [step / 7]}}).raise_for_status()
        time.sleep(PAUSE_S)
    client.post(f"/runs/{run}/finish", json={"state": "finished"}).raise_for_status()
    for thread in threads:
        thread.join(30.0)
    assert all(len(each) == appends for each in came), "a stream lost points"
    ms = sorted((each[step] - sent[step]) * 1000 for each in came for step in sent)
    print(f"API processes {processes}, streams {streams}: append to event p50 {statistics.median(ms):.1f} ms, p99 {ms[int(len(ms) * 0.99)]:.1f} ms")


def listen(client: httpx.Client, run: str, came: dict[int, float]) -> None:
    """Put down when each step came, until the run has ended."""
    with httpx.stream("GET", f"{client.base_url}runs/{run}/events", headers=client.headers, timeout=60.0) as answer:
        for line in answer.iter_lines():
            if line.startswith('data: {"groups"'):
                moment = time.perf_counter()
                for group in orjson.loads(line[6:])["groups"]:
                    came.update(dict.fromkeys(group["steps"], moment))


if __name__ == "__main__":
    main()
