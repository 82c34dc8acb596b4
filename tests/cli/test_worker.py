"""`runtwice worker`: another node, told by options what it does differently."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from servers import wait_until

Run = Callable[..., Any]


@pytest.fixture
def original(runtwice: Run, config_file: Path) -> str:
    """A finished run of full batches through BatchNorm: sums that two threads add up in another order than one."""
    config = ["dataset.name=mnist5k", "model.hidden=[256]", "model.norm.kind=batch", "batch_size=full", "total_iterations=10"]
    settings = [word for setting in config for word in ("--set", setting)]
    return str(runtwice("submit", str(config_file), *settings, "--wait", "--json").json["id"])


@pytest.fixture
def two_threads(original: str, service: Any, tmp_path: Path) -> Iterator[str]:
    """A node of the service that trains everything with two threads, whatever a config says; it comes after the original."""
    env = {**os.environ, "RUNTWICE_DATA_DIR": str(service.data_dir)}
    command = [sys.executable, "-m", "cli", "worker", "--node", "two-threads", "--slots", "1", "--threads", "2"]
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(command, env=env, stdout=log, stderr=log) as worker:
        try:
            wait_until(lambda: b"worker ready" in (tmp_path / "log").read_bytes(), what="the node to register")
            yield "two-threads"
        finally:
            worker.send_signal(signal.SIGTERM)


class TestWorker:
    def test_another_thread_count_gives_other_bits_and_the_verdict_says_where(self, runtwice: Run, original: str, two_threads: str) -> None:
        answer = runtwice("verify", original, "--node", two_threads)

        assert answer.code == 1, answer.out
        assert answer.out.startswith("Different: rerun ")
        assert "first differs at step" in answer.out
        assert "threads was 1, now 2" in answer.out
