"""What this machine is, found without loading torch: its processors, its GPUs, the versions in force."""

import os
import platform
import shutil
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

from trainer import extensions

ASK = "index,uuid,name,memory.total"
PATIENCE_S = 20.0


def cores() -> int:
    """Those this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def gpus() -> list[dict[str, Any]]:
    """The NVIDIA GPUs this process may use, as nvidia-smi names them; none when there is no nvidia-smi."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    try:
        command = [program, f"--query-gpu={ASK}", "--format=csv,noheader,nounits"]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=PATIENCE_S)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return visible(parse(done.stdout), os.environ.get("CUDA_VISIBLE_DEVICES")) if done.returncode == 0 else []


def parse(table: str) -> list[dict[str, Any]]:
    found = []
    for line in table.splitlines():
        index, uuid, name, memory_mb = (cell.strip() for cell in line.split(","))
        found.append({"kind": "cuda", "index": int(index), "uuid": uuid, "name": name, "memory_mb": int(memory_mb) if memory_mb.isdigit() else None})
    return found


def visible(gpus: list[dict[str, Any]], wanted: str | None) -> list[dict[str, Any]]:
    """Those that CUDA_VISIBLE_DEVICES leaves, in its order; it names them by index or uuid and ends at the first it does not know."""
    if wanted is None:
        return gpus
    left = []
    for name in (part.strip() for part in wanted.split(",")):
        gpu = next((gpu for gpu in gpus if name and (name == str(gpu["index"]) or gpu["uuid"].startswith(name))), None)
        if gpu is None:
            break
        left.append(gpu)
    return left


def devices() -> list[dict[str, Any]]:
    return [{"kind": "cpu", "name": cpu_name(), "cores": cores()}, *gpus()]


def cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def versions() -> dict[str, Any]:
    """Of what is installed here; `extensions` only where other packages bring networks or data sets."""
    others = extensions.versions()
    ours = {"torch": version("torch"), "python": platform.python_version(), "runtwice": version("runtwice")}
    return {**ours, "extensions": others} if others else ours


def version(package: str) -> str | None:
    """None when it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
