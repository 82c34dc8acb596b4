"""Data sets: taken in, shown, deleted. Those that every installation has are shown among the uploaded ones."""

import re
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy.orm import Session
from starlette.requests import Request

from api import paging
from api.answers import Answer, rfc3339
from api.auth import Caller
from api.idempotency import Once, answer_once
from api.parts import Parts
from api.problems import InvalidValue, Problem
from api.schemas.datasets import DatasetPage, DatasetShown
from api.uploads import Received
from store import datasets
from store.datasets import NewDataset
from store.errors import Conflict, NameTaken
from store.tables import Dataset
from trainer.arrays import BadDataset
from trainer.catalog import DATASETS, DatasetShape
from trainer.config import RunConfig
from trainer.content import NAME, NAME_WORDS
from trainer.decoding import Decoding, TooLarge, open_files

MOST_AT_ONCE = 4  # uploads of one process; each may hold as many bytes of the disk as a data set may have, twice
UPLOADS = ".upload-"
LEFT_BEHIND_S = 24 * 3600.0
_places = threading.BoundedSemaphore(MOST_AT_ONCE)


def must_be_free(name: str) -> None:
    """Before anything is uploaded. Raises InvalidValue for a name that none can have, NameTaken for one of every installation."""
    if not re.fullmatch(NAME, name):
        raise InvalidValue("/name", f'takes {NAME_WORDS}; got "{name[:80]}"')
    if name in DATASETS:
        raise NameTaken(f"{name} is a data set that every installation has; give this one another name.")


@contextmanager
def room_for_upload(parts: Parts) -> Iterator[Path]:
    """A folder to write an upload to, gone at the end. Raises Problem 503 when as many as may be are under way."""
    if not _places.acquire(blocking=False):
        raise Problem(503, f"{MOST_AT_ONCE} data sets are being uploaded already; try again.", headers={"Retry-After": "10"})
    try:
        root = parts.settings.artifacts_dir  # where there is room for a data set; the system's own folder may be memory
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(root)
        with tempfile.TemporaryDirectory(dir=root, prefix=UPLOADS, ignore_cleanup_errors=True) as folder:
            yield Path(folder)
    finally:
        _places.release()


def add(parts: Parts, caller: Caller, name: str, received: Received, once: Once | None) -> Answer:
    """201 with the data set, 200 when it was there already under this name. Raises Problem 413 and 422 for what is none, NameTaken."""
    new = _decoded(parts, received)
    try:
        with parts.db.begin() as session:

            def make() -> Answer:
                row, is_new = datasets.add(session, name, new, caller.key_id)
                return Answer.of(201 if is_new else 200, shown(row), Location=f"/api/v1/datasets/{name}")

            return answer_once(session, once, make)
    except (Problem, Conflict):
        with parts.db.begin() as session:
            datasets.let_go(session, (new.x.sha256, new.y.sha256))
        raise


def once_for(request: Request, caller: Caller, key: str | None, received: Received) -> Once | None:
    """The request as what must take effect once: its body is known by its digest."""
    if key is None:
        return None
    return Once.of(caller.key_id, request.method, request.url.path, request.url.query, key, received.digest.encode())


def listing(parts: Parts, limit: int, cursor: str | None, total: bool) -> DatasetPage:
    (after,) = paging.decode(cursor, "datasets", str) or (None,)
    with parts.db.read() as session:
        rows = datasets.page(session, after=after, limit=limit + 1)
        built_in = [shape for shape in DATASETS.values() if after is None or shape.name > after]
        both = sorted([*map(shown, rows), *map(built_in_shown, built_in)], key=lambda item: item["name"])
        items, last = paging.split(both[: limit + 1], limit)
        page: DatasetPage = {"items": list(items), "next_cursor": paging.encode("datasets", last["name"]) if last else None}
        if total:
            page["total"] = datasets.count(session) + len(DATASETS)
    return page


def show(parts: Parts, name: str) -> DatasetShown:
    """Raises DatasetNotFound."""
    if name in DATASETS:
        return built_in_shown(DATASETS[name])
    with parts.db.read() as session:
        return shown(datasets.get(session, name))


def remove(parts: Parts, name: str) -> None:
    """Raises DatasetNotFound; Conflict for one that runs use, or that every installation has."""
    if name in DATASETS:
        raise Conflict(f"{name} comes with every installation and cannot be deleted.")
    with parts.db.begin() as session:
        datasets.remove(session, name)


def must_be_here(session: Session, config: RunConfig, pointer: str = "/config") -> None:
    """Nothing when the data set of a config is one of this deployment, which stays for as long as this transaction. Raises InvalidValue."""
    content, name = config.dataset.content, config.dataset.name
    if content is not None and not datasets.hold(session, name, content.digest):
        raise InvalidValue(f"{pointer}/dataset/name", f'there is no data set "{name}" with the digest {content.digest} here: upload it first')


def shown(row: Dataset) -> DatasetShown:
    return _shown(datasets.shape(row), row.counts, row.parts, row.size_bytes, rfc3339(row.created_at))


def built_in_shown(shape: DatasetShape) -> DatasetShown:
    return _shown(shape, list(shape.counts), [shape.images], shape.images * (shape.features + 8), None)


def _shown(shape: DatasetShape, counts: list[int], parts: list[int], size_bytes: int, created_at: str | None) -> DatasetShown:
    sides = [shape.images, shape.height, shape.width, *([shape.channels] if shape.channels > 1 else [])]
    return {
        "name": shape.name,
        "digest": shape.digest,
        "shape": sides,
        "images": shape.images,
        "height": shape.height,
        "width": shape.width,
        "channels": shape.channels,
        "classes": shape.classes,
        "uploaded": shape.uploaded,
        "counts": counts,
        "parts": parts,
        "size_bytes": size_bytes,
        "created_at": created_at,
    }


def _decoded(parts: Parts, received: Received) -> NewDataset:
    """The two files, kept. Raises Problem."""
    limit = parts.settings.dataset_limit_bytes
    kept: list[str] = []
    try:
        decoding = Decoding(open_files(received.files), limit)
        x = parts.files.put(decoding.x_file())
        kept.append(x.sha256)
        y = parts.files.put(decoding.y_file())
    except TooLarge as error:
        raise Problem(413, f"The data set is too large: {error}.") from error
    except BadDataset as error:
        _let_go(parts, kept)
        raise Problem(422, f"This is no data set: {error}.") from error
    return NewDataset(decoding.content, decoding.counts, decoding.parts, decoding.size_bytes, x, y)


def _let_go(parts: Parts, kept: list[str]) -> None:
    if kept:
        with parts.db.begin() as session:
            datasets.let_go(session, kept)


def _sweep(root: Path) -> None:
    """What an upload left behind whose process died."""
    for folder in root.glob(f"{UPLOADS}*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > LEFT_BEHIND_S:
                shutil.rmtree(folder, ignore_errors=True)
