"""What keeps the numbers of some runs from being set beside each other, said before any number is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.leaves import equal, leaves


@dataclass(frozen=True)
class Compared:
    """A run as far as it matters here. `config` is resolved for a managed run and anything at all for a client's."""

    id: str
    config: Mapping[str, Any]
    environment: Mapping[str, Any]
    digests: Mapping[str, str]


@dataclass(frozen=True)
class Ground:
    """What two runs share when their numbers mean the same. A path counts whole or by its last name, as clients nest theirs."""

    words: str
    config: frozenset[str]
    digest: str | None = None
    environment: tuple[str, ...] = ()


_DATA = frozenset({"dataset.name", "dataset", "dataset_name", "data", "data_dir", "data_path", "data_version", "dataset.content.digest"})
_EVALUATION = frozenset(
    {"dataset.split_seed", "dataset.val_size", "dataset.test_size", "split_seed", "val_size", "test_size", "val_split", "eval_set", "split"}
)
_ITERATIONS = frozenset({"total_iterations", "iterations", "max_steps", "num_steps", "epochs", "num_epochs", "num_train_epochs", "max_epochs"})
_BATCH = frozenset({"batch_size", "train_batch_size", "per_device_train_batch_size"})
_MACHINE = ("device", "gpu.name", "torch.version", "python", "cpu.model", "cpu.capability", "threads", "execution")

GROUNDS = (
    Ground("They learned from different data", _DATA, "data"),
    Ground("They were evaluated on different images or another split of them", _EVALUATION, "split"),
    Ground("They trained for different numbers of iterations", _ITERATIONS),
    Ground("They trained with different batch sizes", _BATCH),
    Ground("They were trained in different environments", frozenset(), None, _MACHINE),
)
SHOWN = 3


def incomparable(runs: Sequence[Compared]) -> list[str]:
    """A sentence for every ground that the runs do not share, in the order of GROUNDS. What a run does not tell counts as shared."""
    flat = [(leaves(run.config), leaves(run.environment)) for run in runs]
    return [sentence for ground in GROUNDS if (sentence := _sentence(ground, runs, flat))]


def _sentence(ground: Ground, runs: Sequence[Compared], flat: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> str | None:
    told = [
        *_parted(
            [config for config, _ in flat], lambda path: not path.startswith("scheduler.") and bool({path, path.rpartition(".")[2]} & ground.config)
        ),
        *_parted([environment for _, environment in flat], lambda path: _lies_under(path, ground.environment)),
    ]
    if not told and ground.digest and len({run.digests[ground.digest] for run in runs if ground.digest in run.digests}) > 1:
        told = [f"the digest of the {ground.digest}"]
    return f"{ground.words}: {', '.join(told[:SHOWN])}{' and more' if len(told) > SHOWN else ''}." if told else None


def _parted(trees: Sequence[Mapping[str, Any]], counts: Callable[[str], bool]) -> Iterator[str]:
    """Such as "batch_size 64 or 256", a path that several runs tell and not alike."""
    for path in dict.fromkeys(path for tree in trees for path in tree if counts(path)):
        values: list[Any] = []
        for tree in trees:
            if path in tree and not any(equal(tree[path], value) for value in values):
                values.append(tree[path])
            if len(values) > SHOWN:
                break
        if len(values) > 1:
            yield f"{path} {' or '.join(map(_short, values[:SHOWN]))}{' and more' if len(values) > SHOWN else ''}"


def _lies_under(path: str, roots: Sequence[str]) -> bool:
    return any(path == root or path.startswith(root + ".") for root in roots)


def _short(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= 60 else text[:59] + "…"
