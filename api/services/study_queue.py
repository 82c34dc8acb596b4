"""The runs of a study: those that are there already are taken, the others queued, all in the caller's transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.auth import Caller
from api.parts import Parts
from api.services import datasets
from store import batch, study_runs
from store.batch import NewRun
from store.study_plans import StudyPlan
from store.study_runs import Link, Place, Standing
from store.tables import Project, Study
from store.templates import Template

MOST_RUNG = 100  # bells: a worker that has begun goes on with what else waits


@dataclass(frozen=True)
class Cell:
    """A place of the study, and the digest of what is trained for it."""

    variant: int
    seed: int
    digest: str

    @property
    def place(self) -> Place:
        return self.variant, self.seed


@dataclass(frozen=True)
class Cells:
    """Places to be filled, seed by seed, so that pairs are complete early. Made before the transaction, for it takes a while."""

    plan: StudyPlan
    templates: tuple[Template, ...]
    cells: tuple[Cell, ...]

    @classmethod
    def of(cls, plan: StudyPlan, variants: Sequence[int], seeds: Iterable[int]) -> "Cells":
        return cls.at(plan, [(variant, seed) for seed in seeds for variant in variants])

    @classmethod
    def at(cls, plan: StudyPlan, places: Iterable[Place]) -> "Cells":
        templates = tuple(Template(each.config) for each in plan.variants)
        return cls(plan, templates, tuple(Cell(number, seed, templates[number].digest(plan.filled_in(seed))) for number, seed in places))

    @property
    def digests(self) -> list[str]:
        return list(dict.fromkeys(cell.digest for cell in self.cells))


def fill(session: Session, study: Study, project: Project, cells: Cells, caller: Caller, standing: Mapping[Place, Standing]) -> list[NewRun]:
    """The runs that had to be queued. `standing` are the study's runs so far. Raises InvalidValue for data that is not here."""
    for config in {each.config.dataset.name: each.config for each in cells.templates}.values():
        datasets.must_be_here(session, config, "/baseline")
    held = study_runs.reusable(session, project, cells.digests)
    baselines = {seed: run.run_id for (variant, seed), run in standing.items() if variant == 0}
    new: dict[str, NewRun] = {}
    links = []
    for cell in cells.cells:
        run_id = held.get(cell.digest)
        if run_id is None:
            made = new[cell.digest] = _new(cells, cell, baselines.get(cell.seed))
            run_id = held[cell.digest] = made.id
        if cell.variant == 0:
            baselines[cell.seed] = run_id
        links.append(Link(cell.variant, cell.seed, run_id, queued=cell.digest in new))
    batch.add(session, project, list(new.values()), caller.key_id)
    study_runs.add(session, study.id, links)
    return list(new.values())


def ring(parts: Parts, queued: Sequence[NewRun]) -> None:
    """After the commit: a worker must be able to see the rows."""
    for run in queued[:MOST_RUNG]:
        parts.queue.ring(run.id, run.queue)


def _new(cells: Cells, cell: Cell, baseline_id: str | None) -> NewRun:
    variant = cells.plan.variants[cell.variant]
    change = variant.change if baseline_id is not None else []
    seeds = cells.plan.filled_in(cell.seed)
    return NewRun(f"{variant.name}, seed {cell.seed}", cells.templates[cell.variant], seeds, change, None if cell.variant == 0 else baseline_id)
