"""The record of where a run was computed. Every value is read back after it was set: what is in force, not what was wished."""

import functools
import hashlib
import os
import platform
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from trainer import digests, extensions
from trainer.config import RunConfig

PREFIXES = ("OMP_", "MKL_", "ATEN_", "ONEDNN_", "DNNL_", "KMP_", "TORCH", "PYTORCH_", "CUBLAS", "CUDA_", "NVIDIA_TF32")


def in_force(device: torch.device) -> dict[str, Any]:
    """What can change the bits of a run: versions, processor, threads, flags, variables, device. Nested, JSON only."""
    return {
        "torch": _torch(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "glibc": platform.libc_ver()[1] or None,
        "platform": f"{sys.platform}-{platform.machine()}",
        "cpu": {"model": _cpu_model(), "capability": torch.backends.cpu.get_cpu_capability(), "cores": os.cpu_count()},
        "threads": torch.get_num_threads(),
        "precision_flags": _precision_flags(),
        "variables": {name: value for name, value in sorted(os.environ.items()) if name.startswith(PREFIXES)},
        "device": str(device),
        "gpu": _gpu(device) if device.type == "cuda" else None,
    }


def extensions_of(config: RunConfig) -> dict[str, Any]:
    """The packages whose networks or data a config names, with the digests of their sources; nothing where there are none."""
    found = {
        f"{each.what} {each.name}": {"package": each.package, "version": each.version, "code": digests.of_package(each)}
        for each in extensions.used(config.model.kind, config.dataset.name)
    }
    return {"extensions": found} if found else {}


@functools.cache
def _torch() -> dict[str, Any]:
    config = torch.__config__.show()
    libraries = {"mkl": r"Math Kernel Library Version (\S+)", "onednn": r"MKL-DNN v(\S+)"}
    found = {name: match.group(1) if (match := re.search(pattern, config)) else None for name, pattern in libraries.items()}
    return {
        "version": torch.__version__,
        "git": torch.version.git_version,
        "cuda": torch.version.cuda,
        "config_digest": hashlib.sha256(config.encode()).hexdigest(),
        **found,
    }


@functools.cache
def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    match = re.search(r"^model name\s*: (.+)$", info.read_text(), re.MULTILINE) if info.exists() else None
    return match.group(1) if match else platform.processor() or platform.machine()


def _precision_flags() -> dict[str, Any]:
    return {
        "float32_matmul": torch.get_float32_matmul_precision(),
        "deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
        "default_dtype": str(torch.get_default_dtype()).removeprefix("torch."),
        "mkldnn": bool(torch.backends.mkldnn.enabled),
        "cudnn_deterministic": torch.backends.cudnn.deterministic,
        "cudnn_benchmark": torch.backends.cudnn.benchmark,
        "cuda_matmul_fp32": torch.backends.cuda.matmul.fp32_precision,
        "cudnn_conv_fp32": torch.backends.cudnn.conv.fp32_precision,  # type: ignore[attr-defined]
    }


def _gpu(device: torch.device) -> dict[str, Any]:
    """Reproducible bits are promised by cuBLAS and cuDNN only for one architecture and number of multiprocessors."""
    about = torch.cuda.get_device_properties(device)
    driver = Path("/proc/driver/nvidia/version")
    version = re.search(r"Kernel Module.*?(\d+\.\d+[\d.]*)", driver.read_text()) if driver.exists() else None
    return {
        "name": about.name,
        "capability": f"{about.major}.{about.minor}",
        "multiprocessors": about.multi_processor_count,
        "memory_mb": about.total_memory // 1_000_000,
        "blas": str(torch.backends.cuda.preferred_blas_library()).rpartition(".")[2],
        "cudnn": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
        "driver": version.group(1) if version else None,
    }
