"""What the machine and a tree of processes on it are doing, read from /proc (Linux)."""

import os
import platform
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
MB = 1024.0  # /proc counts in kB
SPIN_S = 0.02


@dataclass(frozen=True)
class Memory:
    """Megabytes: pages that are shared count in every process (rss) or in parts that add up (pss)."""

    rss_mb: float
    pss_mb: float


def tree(*roots: int) -> list[int]:
    """The processes and everything below them."""
    children = defaultdict(list)
    for pid, fields in _stats():
        children[int(fields[1])].append(pid)
    found: list[int] = []
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children[pid]
    return found


def memory(pids: Sequence[int]) -> Memory:
    rss = pss = 0.0
    for pid in pids:
        try:
            lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
        except OSError:  # it has ended
            continue
        kilobytes = {line.split(":")[0]: float(line.split()[1]) for line in lines[1:]}
        rss += kilobytes["Rss"] / MB
        pss += kilobytes["Pss"] / MB
    return Memory(rss, pss)


def cpu_s(*roots: int) -> float:
    """Seconds of processor that the trees have used, those of children that have ended included."""
    pids = set(tree(*roots))
    ticks = sum(sum(map(int, fields[11:15])) for pid, fields in _stats() if pid in pids)
    return ticks / os.sysconf("SC_CLK_TCK")


def command_of(pid: int) -> str:
    """Empty for a process that has ended."""
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def settle(*roots: int, patience_s: float = 10.0, share: float = 0.1) -> None:
    """Returns once the trees are idle for a second, or after that long."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        before = cpu_s(*roots)
        time.sleep(1.0)
        if cpu_s(*roots) - before < share:
            return


def wait_until_quiet(patience_s: float, idle: float = 0.75) -> float:
    """The share of the processors that is idle, once it is large enough or after that long."""
    until = time.monotonic() + patience_s
    while True:
        share = _idle_share(0.5)
        if share >= idle or time.monotonic() > until:
            return share


def contention() -> float:
    """Seconds that pass for a second of processor: 1 with a core to ourselves, 3 with a third of one."""
    begun, used = time.perf_counter(), time.process_time()
    while time.process_time() - used < SPIN_S:
        pass
    return (time.perf_counter() - begun) / (time.process_time() - used)


def description() -> str:
    """Such as "2 cores of Intel Xeon, 24 GB, Linux 6.18, Python 3.11.7"."""
    lines = [*(PROC / "cpuinfo").read_text().splitlines(), "model name: unknown processor"]
    processor = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    total_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores of {processor}, {total_gb:.0f} GB, {platform.system()} {platform.release()}, Python {platform.python_version()}"


def _stats() -> list[tuple[int, list[str]]]:
    """Of every process its number and what follows its name in /proc/PID/stat: state, parent, ..."""
    found = []
    for folder in PROC.glob("[0-9]*"):
        try:
            found.append((int(folder.name), (folder / "stat").read_text().rpartition(")")[2].split()))
        except OSError:
            continue
    return found


def _idle_share(seconds: float) -> float:
    before = _processor_ticks()
    time.sleep(seconds)
    after = _processor_ticks()
    spent = [late - early for early, late in zip(before, after, strict=True)]
    return (spent[3] + spent[4]) / max(sum(spent), 1)  # idle, and waiting for a disk


def _processor_ticks() -> list[int]:
    return list(map(int, (PROC / "stat").read_text().splitlines()[0].split()[1:9]))
