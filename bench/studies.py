"""How long a study of 10,000 runs takes to queue, to show, to report on and to cancel, and how long an append of another run waits meanwhile.

python -m bench.studies [--runs 10000] [--database-url postgresql+psycopg://...]
"""

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import httpx

from bench import machine
from bench.export import append, ms
from bench.first_point import listener, serving

Given = TypeVar("Given")
SEEDS = 100
BASELINE = {
    "dataset": {"name": "digits"},
    "total_iterations": 1_000_000,
    "batch_size": 64,
}  # begun meanwhile, it does not end by itself


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--database-url", help="an empty PostgreSQL database; SQLite without it")
    asked = parser.parse_args()
    with serving(asked.database_url) as (_, client, _):
        client.timeout = httpx.Timeout(600.0)
        beside = Beside(client)
        rates = [round(0.001 * (number + 1), 3) for number in range(asked.runs // SEEDS - 1)]
        study = {"project": "bench/study", "name": "large", "baseline": BASELINE, "changes": [{"set": {"lr": rates}}], "seeds": list(range(SEEDS))}
        print(machine.description())
        beside.show("nothing", lambda: time.sleep(5.0))
        made: dict[str, Any] = beside.show(f"queueing a study of {asked.runs:,} runs", lambda: answer(client.post("/studies", json=study)).json())
        address = f"/studies/{made['id']}"
        beside.show("showing it", lambda: answer(client.get(address)))
        beside.show("its report", lambda: answer(client.get(f"{address}/report", params={"format": "html"})))
        beside.show("cancelling it, to the answer", lambda: answer(client.post(f"{address}/cancel")))
        beside.show("and until nothing of it trains", lambda: until_cancelled(client, address))


def answer(given: httpx.Response) -> httpx.Response:
    if given.is_error:
        raise RuntimeError(f"{given.status_code}: {given.text[:500]}")
    return given


def until_cancelled(client: httpx.Client, address: str) -> None:
    while answer(client.get(address)).json()["state"] != "cancelled":
        time.sleep(0.1)


class Beside:
    """A run of another project that gets a point at a time while the service does something else."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.api = listener(client)
        self.run = answer(client.post("/runs", json={"project": "bench/live", "origin": "client"})).json()["id"]
        self.step = 0

    def show(self, what: str, work: Callable[[], Given]) -> Given:
        """What the work gave back. Prints its seconds, the API's processor time, and how long the appends took."""
        waits = []
        begun, used = time.perf_counter(), machine.cpu_s(self.api)
        with ThreadPoolExecutor(1) as executor:
            doing = executor.submit(work)
            while not doing.done():
                waits.append(append(self.client, self.run, self.step))
                self.step += 1
        seconds, spent = time.perf_counter() - begun, machine.cpu_s(self.api) - used
        appends = f"p50 {ms(waits, 0.5):.0f}, p99 {ms(waits, 0.99):.0f}, max {ms(waits, 1):.0f} ms of {len(waits)}"
        print(f"{what:40} {seconds:6.2f} s   API {spent:5.2f} s of a processor   an append meanwhile: {appends}", flush=True)
        return doing.result()


if __name__ == "__main__":
    main()
