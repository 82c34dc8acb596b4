"""Masks and boxes that lie over logged images: which files of the run hold them, and what their classes are called."""

import json
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from sqlalchemy.orm import Session

from store.tables import WandbRun
from store.wandb_runs import OWN

KINDS: Mapping[str, Literal["mask", "boxes"]] = {"masks": "mask", "boxes": "boxes"}
LABELS = {"mask": "mask/class_labels", "boxes": "bounding_box/class_labels"}  # where the SDK keeps them in a run's config
BETWEEN = "_wandb_delimeter_"
MOST_CLASSES = 1000
LONGEST_LABEL = 200


class Overlay(NamedTuple):
    kind: Literal["mask", "boxes"]
    name: str
    path: str


def of_details(details: Mapping[str, Any]) -> list[Overlay]:
    """Those of an image, by what store/media.py read of it."""
    return [Overlay(kind, name, path) for field, kind in KINDS.items() for name, path in sorted(details.get(field, {}).items())]


class Labels:
    """What a run calls its classes, by their numbers, which are texts as JSON's keys are; nothing of a run that has not told."""

    def __init__(self, session: Session, run_id: str) -> None:
        row = session.get(WandbRun, run_id)
        own = json.loads(row.config).get(OWN, {}) if row is not None and row.config else {}
        self._told = own.get("value", own) if isinstance(own, dict) else {}

    def of(self, key: str, overlay: Overlay) -> dict[str, str]:
        told: Any = self._told
        for name in (LABELS[overlay.kind], f"{key}{BETWEEN}{overlay.name}", "value"):
            told = told.get(name) if isinstance(told, dict) else None
        if not isinstance(told, dict):
            return {}
        return {number[:20]: str(label)[:LONGEST_LABEL] for number, label in list(told.items())[:MOST_CLASSES]}
