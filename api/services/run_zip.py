"""A run as one zip file, made while it is sent: what it was, its points, its log, its artifacts and the versions that it logged."""

import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy.orm import Session

from api.auth import Caller
from api.downloads import Pieces, Sink, Stream
from api.parts import Parts
from api.services import point_export, show, version_zip
from api.services.artifacts import artifact_shown, versions_of, versions_shown
from api.services.attempts import attempt_shown
from store import artifacts, chain, diagnostics, lifecycle, logs, pieces, runs, verdicts
from store.artifacts import PIECE, ArtifactFiles
from store.database import Database
from store.staleness import Fleet
from store.tables import Run

MEDIA_TYPE = "application/zip"
FILE = version_zip.FILE
COMPRESSED_ALREADY = (".parquet", ".bin")


def export(parts: Parts, caller: Caller, run_id: str, with_files: bool) -> Stream:
    """Raises RunNotFound. Every name in the zip is ours: an artifact's own name stands in artifacts.json only."""
    with parts.db.read() as session:
        run = runs.get(session, run_id, caller.entity)
        files = [(artifact_shown(artifact), artifact.sha256) for artifact in artifacts.of_run(session, run.id)]
        documents = {
            "run.json": show.shown(session, run),
            "attempts.json": [attempt_shown(attempt) for attempt in lifecycle.attempts(session, run.id)],
            "digests.json": [{"step": step, **digests} for step, digests in chain.read(session, run.id).items()],
            "verdicts.json": _verdicts(session, run),
        }
        logged, used = (versions_of(session, caller, run, used=used) for used in (False, True))
        of_versions = [("logged", logged, versions_shown(session, caller, logged)), ("used", used, versions_shown(session, caller, used))]
    held = {sha256: FILE.format(sha256) for _, sha256 in files if with_files and parts.files.path(sha256).is_file()}
    documents["artifacts.json"] = [{**shown, "file": held.get(sha256)} for shown, sha256 in files]
    names = version_zip.Names(parts, held, with_files)
    return Stream(_zipped(_entries(parts, run.id, documents, names, of_versions), run.created_at), MEDIA_TYPE, f"run-{run.id}.zip")


def _entries(
    parts: Parts, run_id: str, documents: dict[str, Any], names: version_zip.Names, of_versions: Sequence[version_zip.Listed]
) -> Iterator[tuple[str, Iterable[bytes]]]:
    for name, document in documents.items():
        yield name, (json.dumps(document, ensure_ascii=False, indent=1).encode(),)
    yield "log.txt", _log(parts.db, run_id)
    yield "points.parquet", _points(parts.db, run_id)
    yield "diagnostics.jsonl", _diagnostics(parts.db, run_id)
    yield "versions.json", version_zip.listed(parts.db, of_versions, names)
    for sha256, name in names.held.items():
        yield name, _file(parts.files, sha256)


def _zipped(entries: Iterator[tuple[str, Iterable[bytes]]], made_at: float) -> Pieces:
    """Lengths and checksums stand behind each entry (APPNOTE 4.4.4, bit 3), with 64 bits: none is known before it is written."""
    sink, when = Sink(), max(datetime.fromtimestamp(made_at, UTC), datetime(1980, 1, 1, tzinfo=UTC)).timetuple()[:6]
    with zipfile.ZipFile(sink, "w") as archive:
        for name, content in entries:
            entry = zipfile.ZipInfo(name, when)
            entry.compress_type = zipfile.ZIP_STORED if name.endswith(COMPRESSED_ALREADY) else zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            with archive.open(entry, "w", force_zip64=True) as file:
                for piece in content:
                    file.write(piece)
                    yield sink.taken()
    yield sink.taken()


def _log(db: Database, run_id: str) -> Iterator[bytes]:
    after = -1
    while True:
        with db.read() as session:
            found = logs.texts(session, run_id, after)
        if not found:
            return
        yield "".join(f"{text}\n" for _, text in found).encode()
        after = found[-1][0]


def _points(db: Database, run_id: str) -> Iterator[bytes]:
    """Raises RunNotFound for a run that was deleted meanwhile: better no zip than one that lacks points."""
    yield from point_export.parquet_of(pieces.of_runs(db, [run_id]))
    with db.read() as session:
        runs.get(session, run_id)


def _diagnostics(db: Database, run_id: str) -> Iterator[bytes]:
    """A line for each step, kind and layer; none for a run that was not asked for any."""
    for found in diagnostics.pieces(db, run_id):
        yield b"".join(orjson.dumps({"step": taken.step, "kind": taken.kind, **row}) + b"\n" for taken in found for row in taken.layers)


def _file(files: ArtifactFiles, sha256: str) -> Iterator[bytes]:
    with files.open(sha256) as file:
        yield from iter(lambda: file.read(PIECE), b"")


def _verdicts(session: Session, run: Run) -> dict[str, Any]:
    """The verdict on the run, if it is a rerun that was judged, and those on its own reruns."""
    of_itself = verdicts.of_reruns(session, [run.id], run.rerun_of) if run.rerun_of else {}
    of_others = verdicts.of_reruns(session, [rerun.id for rerun in runs.reruns_of(session, run.id)], run.id)
    fleet = Fleet.of(session)
    its_own = next((show.verdict(row, fleet) for row in of_itself.values()), None)
    return {"verdict": its_own, "reruns": [show.verdict(row, fleet) for row in of_others.values()]}
