"""What went wrong with a run, named when it ends and kept on its row."""

import structlog
from pydantic import ValidationError
from sqlalchemy.orm import Session

from analysis import findings
from analysis.findings import Layers
from analysis.points import Column
from store import diagnostics, series
from store.tables import Run
from trainer.config import RunConfig

log = structlog.get_logger(__name__)

METRICS = ("train/loss", "train/accuracy", "val/loss", "val/accuracy", "grad/norm")


def note(session: Session, run: Run) -> None:
    """The run has its findings. It must be able to end: what cannot be looked at is logged, and has none."""
    try:
        with session.begin_nested():
            held = {name: series.read(session, run.id, name) for name in METRICS}
            points = {name: Column(column.steps, column.values) for name, column in held.items() if len(column)}
            named = findings.found(points, _snapshots(session, run.id), _classes(run))
        run.findings = [each.document() for each in named]
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        log.warning("a run's findings could not be made", run=run.id, error=f"{type(error).__name__}: {error}")
        run.findings = []


def _snapshots(session: Session, run_id: str) -> list[Layers]:
    gradients = {taken.step: taken for taken in diagnostics.read(session, diagnostics.within(run_id, "gradient"))}
    activations = {taken.step: taken for taken in diagnostics.read(session, diagnostics.within(run_id, "activation"))}
    return [
        Layers(
            step,
            {row["layer"]: row.get("norm") for row in gradients[step].layers} if step in gradients else {},
            {row["layer"]: row["dead"] for row in activations[step].layers if row.get("dead") is not None} if step in activations else {},
        )
        for step in sorted({*gradients, *activations})
    ]


def _classes(run: Run) -> int | None:
    """What there is to tell apart; None when nobody knows."""
    try:
        return RunConfig.model_validate(run.config).dataset.shape.classes if run.origin == "managed" else None
    except ValidationError:
        return None
