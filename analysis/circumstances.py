"""What of an environment record is known to change bits, and of which part of a training: facts, most telling first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.leaves import Change
from analysis.parting import Parting, Stage

UPDATE: tuple[Stage, ...] = ("update", "optimizer", "buffers", "evaluation")
ANYTHING: tuple[Stage, ...] = ("split", "order", "initial", "random", *UPDATE)
NOT_DRAWN: tuple[Stage, ...] = ("random", *UPDATE)  # the split, the batches and the first weights are drawn on the CPU in any case


@dataclass(frozen=True)
class Circumstance:
    """`paths` of the record, each standing for what lies under it, the most telling one first; `config` says the same of what was asked for."""

    what: str
    paths: tuple[str, ...]
    breaks: tuple[Stage, ...]
    why: str
    config: str | None = None
    each: bool = False  # every path is a cause of its own


CIRCUMSTANCES = (
    Circumstance(
        "torch",
        ("torch.version", "torch.git", "torch.mkl", "torch.onednn", "torch.blas", "torch.openmp", "torch.config_digest", "torch"),
        ANYTHING,
        "Another build of PyTorch brings other kernels and libraries; releases do not promise each other's bits, nor the same random numbers.",
    ),
    Circumstance("device", ("device",), NOT_DRAWN, "Another kind of device adds in another order, and draws other dropout masks.", "device"),
    Circumstance(
        "gpu",
        ("gpu.name", "gpu.capability", "gpu.multiprocessors", "gpu.threads_per_multiprocessor"),
        NOT_DRAWN,
        "Another GPU has other kernels, and its number of multiprocessors decides how sums are split and which random numbers are drawn.",
    ),
    Circumstance("execution", ("execution", "compiled"), NOT_DRAWN, "Compiled or captured code computes another way than step by step.", "execution"),
    Circumstance(
        "threads", ("threads",), UPDATE, "A sum is split among the threads in force, and its bits depend on the order of adding.", "threads"
    ),
    Circumstance(
        "cpu_capability",
        ("cpu.capability",),
        ("initial", *UPDATE),
        "Another instruction set selects other CPU kernels, which round otherwise.",
    ),
    Circumstance(
        "float32_matmul",
        ("precision_flags.float32_matmul", "precision_flags.mkldnn_matmul_fp32"),
        UPDATE,
        "Below `highest`, float32 matrix products may be computed from shortened numbers (bfloat16 or TF32).",
    ),
    Circumstance("targets", ("targets",), UPDATE, "The loss of class numbers and that of one-hot vectors are other kernels.", "loss.targets"),
    Circumstance(
        "optimizer",
        ("optimizer.fused", "optimizer.foreach", "optimizer.capturable", "optimizer.class"),
        UPDATE,
        "The optimizer computes its updates by other code, which rounds otherwise.",
        "optimizer",
        each=True,
    ),
    Circumstance("precision_flags", ("precision_flags",), UPDATE, "This setting of PyTorch selects other kernels.", "precision", each=True),
    Circumstance("variables", ("variables",), UPDATE, "A library reads this variable and chooses its code by it.", each=True),
    Circumstance(
        "gpu_libraries", ("gpu.cudnn", "gpu.cublas", "gpu.blas", "torch.cuda", "gpu.driver"), NOT_DRAWN, "Other GPU libraries bring other kernels."
    ),
    Circumstance(
        "cpu",
        ("cpu.flags_digest", "cpu.model"),
        ("initial", *UPDATE),
        "Libraries choose their code by the processor they find, whatever PyTorch itself selects.",
    ),
    Circumstance("code", ("code",), (*ANYTHING, "schedule"), "The training code itself is not the same."),
    Circumstance(
        "libraries",
        ("glibc", "numpy", "python", "platform"),
        (),
        "Not known to change the bits of a training here; named because it is not the same.",
        each=True,
    ),
)
# The first ones are read by what is on record as `threads` and `cpu.capability`; the others choose devices, folders and caches.
SILENT = (
    *("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ATEN_CPU_CAPABILITY"),
    *("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "CUDA_CACHE", "CUDA_HOME", "CUDA_PATH", "CUDA_VERSION", "KMP_AFFINITY"),
    *("PYTORCH_CUDA_ALLOC_CONF", "TORCHINDUCTOR_", "TORCH_HOME", "TORCH_LOGS", "TORCH_SHOW_"),
)
CHOOSES_KERNELS = (
    *("MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS", "MKL_DEBUG_CPU_TYPE", "MKL_DYNAMIC", "OMP_DYNAMIC", "ONEDNN_", "DNNL_", "OPENBLAS_", "BLIS_"),
    *("CUBLAS", "CUDNN_", "NVIDIA_TF32", "TORCH_BLAS", "TORCH_ALLOW_TF32", "TORCH_CUDNN", "LD_PRELOAD"),
)


@dataclass(frozen=True)
class Found:
    """A circumstance that is not the same in both records; `can` is whether it can break what broke."""

    what: str
    change: Change
    can: bool
    why: str


def differing(
    original: Mapping[str, Any], rerun: Mapping[str, Any], environment: Sequence[Change], config: Sequence[Change], parting: Parting
) -> list[Found]:
    """Of two environment records and what differs between them: the circumstances, most telling first.

    Left out are those that follow from what the configs ask for, and those of which either record says nothing.
    """
    untold = [change for change in environment if _both_say(change, original, rerun) and not _is_silent(change)]
    found = []
    for circumstance in CIRCUMSTANCES:
        mine = [change for root in circumstance.paths for change in untold if _lies_under(change.path, root)]
        untold = [change for change in untold if change not in mine]
        if circumstance.config is None or not any(_lies_under(change.path, circumstance.config) for change in config):
            found += [_found(circumstance, change, parting) for change in (mine if circumstance.each else mine[:1])]
    return found


def _found(circumstance: Circumstance, change: Change, parting: Parting) -> Found:
    name = circumstance.what if not circumstance.each else change.path if "." in change.path else f"{circumstance.what}.{change.path}"
    return Found(name, change, _can(circumstance, change, parting), circumstance.why)


def _can(circumstance: Circumstance, change: Change, parting: Parting) -> bool:
    if parting.stage not in circumstance.breaks:
        return False
    if parting.stage == "buffers" and parting.at_a_resume:
        return circumstance.what == "code"  # weights that go on the same way are not summed otherwise
    if circumstance.what == "variables":
        return _variable(change).startswith(CHOOSES_KERNELS)
    if circumstance.what == "optimizer":
        return not parting.before_an_update
    if parting.stage == "initial" and circumstance.what in ("cpu_capability", "cpu"):
        return parting.initial is None or parting.initial.is_rounding
    return True


def _both_say(change: Change, original: Mapping[str, Any], rerun: Mapping[str, Any]) -> bool:
    """A variable may be set on one side only; of anything else both must have something on record."""
    if change.path.startswith("variables."):
        return "variables" in original and "variables" in rerun
    return change.from_ is not None and change.to is not None


def _is_silent(change: Change) -> bool:
    if change.path == "device":  # `cuda:0` and `cuda:1` are one kind of device
        return str(change.from_).partition(":")[0] == str(change.to).partition(":")[0]
    return change.path.startswith("variables.") and _variable(change).startswith(SILENT)


def _variable(change: Change) -> str:
    return change.path.removeprefix("variables.").strip('"')


def _lies_under(path: str, root: str) -> bool:
    return path == root or path.startswith(root + ".")
