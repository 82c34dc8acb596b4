"""Data sets that were uploaded: a name for a content that never changes. They are shared by all projects."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from store.artifacts import Blob
from store.database import insert_into, now
from store.errors import DatasetInUse, DatasetNotFound, NameTaken
from store.tables import TRASH, Dataset, LooseFile, Project, Run, RunParam
from trainer.catalog import FULL_PIXEL, DatasetShape
from trainer.content import Content

MOST_RUNS_NAMED = 5


@dataclass(frozen=True)
class NewDataset:
    """What an upload came to; its two files are kept already."""

    content: Content
    counts: list[int]
    parts: list[int]
    size_bytes: int
    x: Blob
    y: Blob


def shape(row: Dataset) -> DatasetShape:
    """The data set as configs see it."""
    sizes = (row.images, row.height, row.width, row.channels, row.classes)
    return DatasetShape(row.name, *sizes, scale=FULL_PIXEL, digest=row.digest, uploaded=True)


def shapes(session: Session) -> list[DatasetShape]:
    return [shape(row) for row in session.scalars(select(Dataset))]


def find(session: Session, name: str) -> Dataset | None:
    return session.get(Dataset, name)


def get(session: Session, name: str) -> Dataset:
    """Raises DatasetNotFound."""
    found = find(session, name)
    if found is None:
        raise DatasetNotFound(name)
    return found


def of_digest(session: Session, digest: str) -> Dataset:
    """Any data set of that content. Raises DatasetNotFound."""
    found = session.scalars(select(Dataset).where(Dataset.digest == digest).limit(1)).one_or_none()
    if found is None:
        raise DatasetNotFound(digest)
    return found


def hold(session: Session, name: str, digest: str) -> bool:
    """Whether that is the content of the name; nobody can delete it before this transaction ends."""
    held = select(Dataset.digest).where(Dataset.name == name).with_for_update(read=True)
    return session.scalar(held) == digest


def page(session: Session, *, after: str | None, limit: int) -> list[Dataset]:
    query = select(Dataset).order_by(Dataset.name).limit(limit)
    return list(session.scalars(query if after is None else query.where(Dataset.name > after)))


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Dataset)) or 0


def add(session: Session, name: str, new: NewDataset, created_by: str | None) -> tuple[Dataset, bool]:
    """The data set of that name, and whether it is new. Raises NameTaken when the name stands for another content."""
    sizes = new.content.model_dump()
    values = {**sizes, "counts": new.counts, "parts": new.parts, "size_bytes": new.size_bytes, "x_sha256": new.x.sha256, "y_sha256": new.y.sha256}
    row = insert_into(session, Dataset).values(name=name, **values, created_at=now(), created_by=created_by)
    is_new = session.scalar(row.on_conflict_do_nothing(index_elements=["name"]).returning(Dataset.name)) is not None
    held = get(session, name)
    if held.digest != new.content.digest:
        raise NameTaken(
            f"There is a data set {name} already, with other content: its digest is {held.digest}, this upload's {new.content.digest}. "
            "A data set never changes; give this one another name."
        )
    return held, is_new


def remove(session: Session, name: str) -> None:
    """Raises DatasetNotFound; DatasetInUse while a run learns, or has learned, from it."""
    held = session.scalars(select(Dataset).where(Dataset.name == name).with_for_update()).one_or_none()
    if held is None:
        raise DatasetNotFound(name)
    if using := _runs_with(session, name):
        shown = ", ".join(using[:MOST_RUNS_NAMED]) + (" and more" if len(using) > MOST_RUNS_NAMED else "")
        raise DatasetInUse(f"Data set {name} is what runs learned from: {shown}. Delete them first, or nobody can repeat them.")
    session.execute(delete(Dataset).where(Dataset.name == name))
    let_go(session, (held.x_sha256, held.y_sha256))


def let_go(session: Session, digests: Sequence[str]) -> None:
    """These files may be nobody's now: the keeper looks, and removes those that are."""
    loose = insert_into(session, LooseFile).values([{"sha256": sha256, "due": now()} for sha256 in dict.fromkeys(digests)])
    session.execute(loose.on_conflict_do_nothing())


def _runs_with(session: Session, name: str) -> list[str]:
    of_name = exists().where(RunParam.project_id == Run.project_id, RunParam.path == "dataset.name", RunParam.head == name, RunParam.run_id == Run.id)
    in_projects = select(Run.id).join(Project, Project.id == Run.project_id).where(Run.project_id != TRASH, Run.origin == "managed", of_name)
    return list(session.scalars(in_projects.limit(MOST_RUNS_NAMED + 1)))
