"""What a study asks for, as its row keeps it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from analysis.study import Goal, Vary
from trainer.config import RunConfig

PATHS: Mapping[Vary, tuple[str, ...]] = {"seed": ("seed",), "split": ("dataset.split_seed",), "both": ("seed", "dataset.split_seed")}


@dataclass(frozen=True)
class PlannedVariant:
    """`document` is a whole config; where the study's seeds go its own do not matter."""

    name: str
    document: dict[str, Any]
    change: list[dict[str, Any]] = field(default_factory=list)

    @cached_property
    def config(self) -> RunConfig:
        return RunConfig.model_validate(self.document)

    @cached_property
    def classes(self) -> int:
        return self.config.dataset.shape.classes


@dataclass(frozen=True)
class StudyPlan:
    """The baseline is the first of the variants. `additions` says what was added later, and how many runs had ended by then."""

    metric: str
    use: str
    goal: Goal
    vary: Vary
    seeds: tuple[int, ...]
    variants: tuple[PlannedVariant, ...]
    primary: tuple[str, ...] | None = None
    threshold: float | None = None
    additions: tuple[dict[str, Any], ...] = ()

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "StudyPlan":
        primary = row["primary"]
        variants = tuple(PlannedVariant(**each) for each in row["variants"])
        tuples = {"seeds": tuple(row["seeds"]), "primary": None if primary is None else tuple(primary), "additions": tuple(row["additions"])}
        return cls(**{**row, **tuples, "variants": variants})

    def row(self) -> dict[str, Any]:
        return asdict(self)

    def filled_in(self, seed: int) -> dict[str, int]:
        """Where a seed of the study goes in a config."""
        return dict.fromkeys(PATHS[self.vary], seed)

    @property
    def contrasts(self) -> int:
        return len(self.variants) - 1 if self.primary is None else len(self.primary)

    @property
    def runs(self) -> int:
        return len(self.variants) * len(self.seeds)
