"""What a process that forks training children loads first, so that a child begins in milliseconds."""

import importlib
import os
from pathlib import Path

MODULES = (
    "trainer.job",
    "torch._dynamo",  # the first optimizer of a process imports it, which takes a second
    "torch._inductor.config",
    "torch.optim.lr_scheduler",
    "torch.profiler",
    "safetensors.torch",
    "numpy.ctypeslib",
)


def preload() -> None:
    """Imports everything a run touches, and decodes the data sets at hand.

    Runs no tensor operation and never touches CUDA: a child's thread count and environment take effect only before the first operation, and
    a child forked after one may hang. So the process must still have one thread afterwards; RuntimeError when it has more.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's OpenBLAS starts its threads when it is imported
    for name in MODULES:
        importlib.import_module(name)
    from trainer import data, digests

    digests.of_code()
    for name in data.FILES:
        try:
            digests.of_dataset(name)
        except data.DatasetMissing:
            continue  # a run that wants it will say so
    threads = os_threads()
    if threads > 1:
        raise RuntimeError(f"preloading left {threads} threads running; a fork would copy only one of them")


def os_threads() -> int:
    """Threads of this process; 1 where the system does not tell."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.exists() else 1
