"""A process that has preloaded can be forked, and its child computes what a fresh process computes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from trainer.events import Ended, decode

ROOT = Path(__file__).parent.parent.parent
CONFIG = {"dataset": {"name": "digits"}, "device": "cpu", "total_iterations": 40, "model": {"dropout": {"p": 0.5}, "norm": {"kind": "batch"}}}

FORKED = """
import os, sys
from pathlib import Path
from trainer.preload import preload, os_threads
preload()
loaded = set(sys.modules)
assert os_threads() == 1
import torch
assert not torch.cuda.is_initialized()
for threads, plain_cpu in {children}:
    child = os.fork()
    if child == 0:
        os.environ["ATEN_CPU_CAPABILITY"] = "default" if plain_cpu else ""
        from trainer.config import RunConfig
        from trainer.events import encode
        from trainer.job import run
        code = run(RunConfig.model_validate({config}), Path({out!r}), lambda event: print(encode(event), flush=True), threads)
        late = sorted(name for name in set(sys.modules) - loaded if name.startswith("trainer"))
        assert late == [], late
        os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
"""


def forked(out: Path, children: list[tuple[int, bool]]) -> list[dict[str, Any]]:
    """The events of children forked one after another from one preloaded process: each one's threads, and whether to do without the CPU's vectors."""
    program = FORKED.format(children=children, config=CONFIG, out=str(out))
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def ends(events: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [event["digests"] for event in events if event["event"] == "ended"]


def test_children_agree_with_a_fresh_process(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(CONFIG))
    fresh = subprocess.run([sys.executable, "-m", "trainer", file, "--out", tmp_path], cwd=ROOT, capture_output=True, text=True, check=True)
    last = decode(fresh.stdout.splitlines()[-1])

    assert isinstance(last, Ended)
    assert ends(forked(tmp_path, [(0, False), (0, False)])) == [last.digests, last.digests]


def test_a_child_decides_its_own_threads_and_environment(tmp_path: Path) -> None:
    told = forked(tmp_path, [(1, False), (2, True), (1, True), (2, False)])

    started = [event["environment"] for event in told if event["event"] == "started"]
    assert [environment["threads"] for environment in started] == [1, 2, 1, 2]
    assert [environment["cpu"]["capability"] == "DEFAULT" for environment in started] == [False, True, True, False]
