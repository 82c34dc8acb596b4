"""What a study's report says, as values: the study as it is shown, its curves with bands, what it was trained with, and how to repeat it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.diff import UNIONS
from api.schemas.studies import StudyShown
from store.study_plans import PlannedVariant, StudyPlan


@dataclass(frozen=True)
class Band:
    """Over the seeds of a variant that have finished, at each step of an evaluation: columns of one length, values in the metric's unit."""

    steps: list[int]
    mean: list[float]
    low: list[float]
    high: list[float]
    count: list[int]


@dataclass(frozen=True)
class Report:
    """`bands` are by metric and in the order of the variants; `trained_with` are the facts that the finished runs share or do not, in words."""

    study: StudyShown
    bands: Mapping[str, Sequence[Band]]
    trained_with: Sequence[tuple[str, str]]
    command: str
    made_at: str


def command(study: StudyShown, plan: StudyPlan) -> str:
    """What queues the same study again, on any installation that has the data: a shell command with the whole study in it."""
    asked = {
        "project": study["project"],
        "name": study["name"],
        "baseline": plan.variants[0].document,
        "changes": [{"name": each.name, "set": values(plan.variants[0], each), "factors": "many"} for each in plan.variants[1:]],
        **{field: study[field] for field in ("seeds", "vary", "metric", "use", "goal")},
        **{field: study[field] for field in ("primary", "threshold") if study[field] is not None},
    }
    return f"runtwice study run - --watch <<'STUDY'\n{json.dumps(asked, indent=1, ensure_ascii=False, allow_nan=False)}\nSTUDY"


def values(baseline: PlannedVariant, variant: PlannedVariant) -> dict[str, Any]:
    """The variant as values by path, each of a whole component, so that none of its fields is left to a default."""
    roots = dict.fromkeys(_root(change["path"], baseline.document, variant.document) for change in variant.change)
    return {root: _at(variant.document, root) for root in roots}


def _root(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    first, _, rest = path.partition(".")
    if first == "model" and rest and before["model"]["kind"] == after["model"]["kind"]:
        return next((union for union in UNIONS if path.startswith(union + ".")), ".".join(path.split(".")[:2]))
    return first


def _at(document: Any, path: str) -> Any:
    for name in path.split("."):
        document = document[name]
    return document


def numbered(value: float | str | None, digits: int = 4) -> str:
    """A number as a table shows it; "-" for none. What is not finite comes as its word."""
    if value is None:
        return "-"
    return value if isinstance(value, str) else f"{value:.{digits}g}"
