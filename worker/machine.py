"""What this machine is, found without loading torch: its processors, its GPUs, the versions in force."""

import os
import platform
import re
import shutil
import subprocess
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from trainer import extensions
from trainer.source import of_code

ASK = "index,uuid,name,memory.total,driver_version"
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
        index, uuid, name, memory_mb, driver = (cell.strip() for cell in line.split(","))
        memory = int(memory_mb) if memory_mb.isdigit() else None
        found.append({"kind": "cuda", "index": int(index), "uuid": uuid, "name": name, "memory_mb": memory, "driver": driver})
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
    """What is in force here. `code` is the digest of the training code, `image` what the operator named the build by (RUNTWICE_IMAGE)."""
    ours = {"torch": torch_build(), "python": platform.python_version(), "runtwice": version("runtwice")}
    others = extensions.versions()  # named only where other packages bring networks or data sets
    return {**ours, **({"extensions": others} if others else {}), "code": of_code(), "image": os.environ.get("RUNTWICE_IMAGE") or None}


def torch_build() -> str | None:
    """As torch calls itself, without loading it: its wheel's version leaves out the build (`+cu130`) when it comes from the package index."""
    found = find_spec("torch")
    file = None if found is None or found.origin is None else Path(found.origin).with_name("version.py")
    try:
        named = re.search(r"^__version__ = ['\"](.+)['\"]$", file.read_text(), re.MULTILINE) if file else None
    except OSError:
        named = None
    return named.group(1) if named else version("torch")


def version(package: str) -> str | None:
    """None when it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
