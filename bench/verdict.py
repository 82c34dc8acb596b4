"""How long a verdict takes on two runs of 10 metrics x 100,000 points: `python -m bench.verdict`."""

import time

import numpy as np

from analysis.verdict import Column, Evidence, compare

METRICS, POINTS, ROUNDS = 10, 100_000, 5


def a_run(run_id: str, missing: int = 0) -> Evidence:
    """The same values for every run; the first `missing` points of each metric are left out."""
    random = np.random.default_rng(0)
    steps = np.arange(POINTS, dtype=np.int64)
    series = {f"metric {number}": Column(steps[missing:], random.standard_normal(POINTS)[missing:]) for number in range(METRICS)}
    return Evidence(run_id, "finished", None, {}, "digest", {}, {}, series)


def best_ms(original: Evidence, rerun: Evidence) -> float:
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        compare(original, rerun)
        times.append(time.perf_counter() - start)
    return min(times) * 1000


if __name__ == "__main__":
    print(f"steps line up:        {best_ms(a_run('a'), a_run('b')):6.1f} ms")
    print(f"steps do not line up: {best_ms(a_run('a'), a_run('b', missing=7)):6.1f} ms")
