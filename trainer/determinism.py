"""Everything PyTorch is told so that the same config gives the same bits, in one function."""

import os

import torch


class DeviceMissing(RuntimeError):
    """The config asks for a device that this node does not have."""


# Read once by their libraries, before the first operation. OMP_DYNAMIC and MKL_DYNAMIC would let a busy machine choose fewer threads;
# a cuBLAS workspace of its own keeps two streams from choosing other algorithms.
VARIABLES = {"OMP_DYNAMIC": "FALSE", "MKL_DYNAMIC": "FALSE", "CUBLAS_WORKSPACE_CONFIG": ":4096:8", "NVIDIA_TF32_OVERRIDE": "0"}


def prepare_environment(threads: int) -> None:
    """Sets the variables that count. To be called before the first tensor operation of the process."""
    os.environ.update(VARIABLES, OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads))


def make_deterministic(threads: int) -> None:
    """One numeric path: `threads` CPU threads, deterministic algorithms only, full precision in every product.

    The number of threads is an input like any other: sums are split among them, so that another number gives other last bits.
    """
    torch.set_num_threads(threads)
    torch.set_default_dtype(torch.float32)
    torch.set_float32_matmul_precision("highest")
    torch.set_flush_denormal(False)
    torch.use_deterministic_algorithms(True)
    # That also fills every new tensor with NaN, lest a program reads memory it never wrote. None here does, and it takes 2 % of an iteration.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    torch.backends.cuda.matmul.fp32_precision = "ieee"
    torch.backends.cudnn.conv.fp32_precision = "ieee"  # type: ignore[attr-defined]
    torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False


def choose_device(wanted: str) -> torch.device:
    """The device a config means on this node. Raises DeviceMissing."""
    if wanted == "cpu" or (wanted == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    found = torch.cuda.device_count()
    index = int(wanted.partition(":")[2] or 0)
    if index >= found:
        raise DeviceMissing(f"the config asks for device {wanted}; this node has {found or 'no'} CUDA device{'' if found == 1 else 's'}")
    torch.cuda.set_device(index)
    return torch.device("cuda", index)
