"""A config that many seeds are trained with: what of a run's row depends on the seeds is filled in, the rest is made once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from store.search import leaves
from trainer.config import RunConfig, digest_of


@dataclass(frozen=True)
class Filled:
    """A run's config with its seeds, as its rows hold it. `leaves` are rows of run_params without the run and the project."""

    document: dict[str, Any]
    digest: str
    leaves: list[tuple[Any, ...]]
    fingerprint: tuple[int, int]


class Template:
    """`seeds` is by path what is filled in: {"seed": 3}, {"dataset.split_seed": 3}, or both. Each is a seed that a config takes."""

    def __init__(self, config: RunConfig) -> None:
        self.config = config
        self._canonical = config.canonical_fields()

    def digest(self, seeds: Mapping[str, int]) -> str:
        return digest_of(_with(self._canonical, seeds))

    def filled(self, seeds: Mapping[str, int]) -> Filled:
        high, low = self._fingerprint
        rows = dict(self._leaves)
        for path, seed in seeds.items():
            before, new = rows[path][-2:], leaves.mark(path, float(seed), None)
            high, low = (high - before[0] + new[0]) % leaves.MODULUS, (low - before[1] + new[1]) % leaves.MODULUS
            rows[path] = (path, float(seed), None, None, *new)
        return Filled(_with(self._document, seeds), self.digest(seeds), list(rows.values()), (high, low))

    @cached_property
    def _document(self) -> dict[str, Any]:
        return self.config.model_dump(mode="json")

    @cached_property
    def _fingerprint(self) -> tuple[int, int]:
        return leaves.fingerprint(self._document)

    @cached_property
    def _leaves(self) -> dict[str, tuple[Any, ...]]:
        columns = ("path", "number", "head", "text", "mark_high", "mark_low")
        return {row["path"]: tuple(row[column] for column in columns) for row in leaves.rows("", "", self._document)}


def _with(document: Mapping[str, Any], seeds: Mapping[str, int]) -> dict[str, Any]:
    """A copy of the outer objects with the seeds set."""
    made = dict(document)
    for path, seed in seeds.items():
        *folders, last = path.split(".")
        here = made
        for folder in folders:
            here[folder] = here = dict(here[folder])
        here[last] = seed
    return made
