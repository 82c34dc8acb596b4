"""The record of where a run was computed. Every value is read back after it was set: what is in force, not what was wished."""

import functools
import hashlib
import os
import platform
import re
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.optim import Optimizer

from trainer import digests, extensions
from trainer.config import RunConfig

PREFIXES = (
    *("OMP_", "MKL_", "ATEN_", "ONEDNN_", "DNNL_", "KMP_", "GOMP_", "OPENBLAS_", "BLIS_"),
    *("TORCH", "PYTORCH_", "CUBLAS", "CUDNN_", "CUDA_", "NVIDIA_TF32", "LD_PRELOAD"),
)
WAYS = ("foreach", "fused", "capturable")  # of one optimizer to compute an update, each with bits of its own


def in_force(device: torch.device, optimizer: Optimizer | None = None, target: Tensor | None = None) -> dict[str, Any]:
    """What can change the bits of a run: versions, processor, threads, flags, variables, device. Nested, JSON only.

    `target` is what the loss compares the outputs of the training images with.
    """
    return {
        "torch": _torch(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "glibc": platform.libc_ver()[1] or None,
        "platform": f"{sys.platform}-{platform.machine()}",
        "cpu": {**_cpu(), "capability": torch.backends.cpu.get_cpu_capability(), "cores": os.cpu_count()},
        "threads": torch.get_num_threads(),
        "precision_flags": _precision_flags(),
        "optimizer": _optimizer(optimizer),
        "targets": None if target is None else "probabilities" if target.is_floating_point() else "class numbers",
        "variables": {name: value for name, value in sorted(os.environ.items()) if name.startswith(PREFIXES)},
        "image": os.environ.get("RUNTWICE_IMAGE") or None,
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
    # What it says of the processor is on record as cpu.capability, and no part of the build.
    config = re.sub(r"^.*CPU capability usage.*\n", "", torch.__config__.show(), flags=re.MULTILINE)
    libraries = {"mkl": r"Math Kernel Library Version (\S+)", "onednn": r"MKL-DNN v(\S+)", "openmp": r"OpenMP (\S+)", "blas": r"BLAS_INFO=(\w+)"}
    found = {name: match.group(1) if (match := re.search(pattern, config)) else None for name, pattern in libraries.items()}
    return {
        "version": torch.__version__,
        "git": torch.version.git_version,
        "cuda": torch.version.cuda,
        "config_digest": hashlib.sha256(config.encode()).hexdigest(),
        **found,
    }


@functools.cache
def _cpu() -> dict[str, Any]:
    """The processor by its name and by what it can do, which is what libraries choose their code by."""
    info = Path("/proc/cpuinfo")
    text = info.read_text() if info.exists() else ""
    model, flags = (re.search(rf"^{name}\s*: (.+)$", text, re.MULTILINE) for name in ("model name", "flags"))
    cores = set(re.findall(r"^physical id\s*: (\d+)$.*?^core id\s*: (\d+)$", text, re.MULTILINE | re.DOTALL))
    return {
        "model": model.group(1) if model else platform.processor() or platform.machine(),
        "flags_digest": hashlib.sha256(" ".join(sorted(flags.group(1).split())).encode()).hexdigest() if flags else None,
        "physical_cores": len(cores) or None,
    }


def _precision_flags() -> dict[str, Any]:
    matmul = torch.backends.cuda.matmul
    return {
        "float32_matmul": torch.get_float32_matmul_precision(),
        "mkldnn_matmul_fp32": torch.backends.mkldnn.matmul.fp32_precision,  # type: ignore[attr-defined]
        "deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
        "default_dtype": str(torch.get_default_dtype()).removeprefix("torch."),
        "flush_denormal": bool(torch.tensor(1e-310, dtype=torch.float64) * 1.0 == 0),  # there is no asking for the flag itself
        "mkldnn": bool(torch.backends.mkldnn.enabled),
        "cudnn_deterministic": torch.backends.cudnn.deterministic,
        "cudnn_benchmark": torch.backends.cudnn.benchmark,
        "cuda_matmul_fp32": matmul.fp32_precision,
        "cudnn_conv_fp32": torch.backends.cudnn.conv.fp32_precision,  # type: ignore[attr-defined]
        "cuda_fp16_reduction": bool(matmul.allow_fp16_reduced_precision_reduction),
        "cuda_bf16_reduction": bool(matmul.allow_bf16_reduced_precision_reduction),
    }


def _optimizer(optimizer: Optimizer | None) -> dict[str, Any] | None:
    """The optimizer's class, and which of its ways to compute an update is in force (null: PyTorch's own choice)."""
    if optimizer is None:
        return None
    group = optimizer.param_groups[0]
    return {"class": type(optimizer).__name__, **{way: group.get(way) for way in WAYS if way in group}}


def _gpu(device: torch.device) -> dict[str, Any]:
    """Reproducible bits are promised by cuBLAS and cuDNN only for one architecture and number of multiprocessors."""
    about = torch.cuda.get_device_properties(device)
    driver = Path("/proc/driver/nvidia/version")
    version = re.search(r"Kernel Module.*?(\d+\.\d+[\d.]*)", driver.read_text()) if driver.exists() else None
    return {
        "name": about.name,  # a MIG slice has its profile in it
        "capability": f"{about.major}.{about.minor}",
        "multiprocessors": about.multi_processor_count,
        "threads_per_multiprocessor": about.max_threads_per_multi_processor,
        "memory_mb": about.total_memory // 1_000_000,
        "blas": str(torch.backends.cuda.preferred_blas_library()).rpartition(".")[2],
        "cublas": _wheel("nvidia-cublas", "nvidia-cublas-cu12", "nvidia-cublas-cu13"),
        "cudnn": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
        "driver": version.group(1) if version else None,
    }


def _wheel(*names: str) -> str | None:
    """The version of the first of these packages that is installed."""
    for name in names:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return None
