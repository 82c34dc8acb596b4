"""The versions of artifacts in a run's zip: all are listed with their files; of those that the run logged, the files are there, too."""

import json
from collections.abc import Iterator, Sequence

from api.parts import Parts
from api.schemas.others import VersionShown
from store import versions
from store.database import Database
from store.tables import Version, VersionFile

FILE = "artifacts/{}.bin"
AT_ONCE = 1000
Listed = tuple[str, Sequence[Version], Sequence[VersionShown]]


class Names:
    """Which bytes the zip holds, and under which name: each once."""

    def __init__(self, parts: Parts, held: dict[str, str], with_files: bool) -> None:
        self.held, self._files, self._with_files = held, parts.files, with_files

    def of(self, row: VersionFile, is_logged: bool) -> str | None:
        """None for a reference, for what the run only used, for files that were not asked for or are gone."""
        if row.sha256 is None:
            return None
        if self._with_files and is_logged and row.sha256 not in self.held and self._files.path(row.sha256).is_file():
            self.held[row.sha256] = FILE.format(row.sha256)
        return self.held.get(row.sha256)


def listed(db: Database, found: Sequence[Listed], names: Names) -> Iterator[bytes]:
    """A JSON object of lists, a version a line."""
    separator = "{"
    for kind, rows, shown in found:
        yield f'{separator}"{kind}": ['.encode()
        for index, (version, document) in enumerate(zip(rows, shown, strict=True)):
            head = json.dumps(document, ensure_ascii=False)[:-1]
            yield f'{"," if index else ""}\n {head}, "contents": ['.encode()
            yield from _contents(db, version, names, kind == "logged")
            yield b"]}"
        yield b"]"
        separator = ",\n"
    yield b"}\n"


def _contents(db: Database, version: Version, names: Names, is_logged: bool) -> Iterator[bytes]:
    after, separator = "", ""
    while True:
        with db.read() as session:
            rows = versions.files(session, version, None, after, AT_ONCE)
        for row in rows:
            told = {"name": row.name, "size_bytes": row.size_bytes, "md5": row.md5, "file": names.of(row, is_logged)}
            text = json.dumps(told if row.reference is None else {**told, "reference": row.reference.get("ref")}, ensure_ascii=False)
            yield f"{separator}\n  {text}".encode("utf-8", "replace")
            separator = ","
        if len(rows) < AT_ONCE:
            return
        after = rows[-1].name
