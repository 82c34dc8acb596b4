"""A folder that a project is exported into. Every file appears whole under its name, and what is left to do stands in export.json."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.errors import CliError

STATE = "export.json"
README = """# {project}, exported by Runtwice

`runs.parquet`: a row for each run. `id`, `name`, `state`, `created_at`, `tags` (a JSON list) and other fields; `config.*`, a column for each
leaf of the configs; `metrics.*.last`, `.min`, `.max`, `.min_step`, `.max_step`, `.count`, `.non_finite`. A leaf that is a number in some runs
and a text in others is a text.

`points/*.parquet`: a row for each point, ordered by run, metric and step; a file holds whole runs.

| column | type | |
|---|---|---|
| `run` | text | `id` in runs.parquet |
| `metric` | text | `val/loss` |
| `step` | int64 | from 0 |
| `value` | double | as it was logged, bit for bit; NaN and the infinities are values |
| `time` | timestamp, ms, UTC | when it was logged |

The best five runs by their lowest validation loss, with DuckDB:

    SELECT r.name, min(p.value) AS best
    FROM 'points/*.parquet' p JOIN 'runs.parquet' r ON r.id = p.run
    WHERE p.metric = 'val/loss' AND isfinite(p.value)
    GROUP BY ALL ORDER BY best LIMIT 5;

The curves of one metric side by side, with pandas:

    import pandas as pd
    points = pd.read_parquet("points", filters=[("metric", "==", "val/loss")])
    points.pivot(index="step", columns="run", values="value").plot()

Each piece was read at one moment; the whole was not. Runs that were made, ended or deleted while the export ran may be in it in part. Runs
that had ended are exact.
"""


@dataclass
class ExportFolder:
    """folder = ExportFolder.open(path, asked, again=False); then `next_points` and `took_points` until `has_all_points`, `took_runs` at the end."""

    path: Path
    asked: Mapping[str, Any]
    points_files: int = 0
    cursor: str | None = None
    has_all_points: bool = False

    @classmethod
    def open(cls, path: Path, asked: Mapping[str, Any], again: bool) -> "ExportFolder":
        """The folder as the last call left it, or a new one. Raises CliError for one that holds something else, or is complete."""
        path.mkdir(parents=True, exist_ok=True)
        folder = cls(path, asked)
        if (path / STATE).exists():
            held = _read(path / STATE)
            if again:
                folder._clear()
            elif held.get("asked") != dict(asked):
                raise CliError(f"{path} holds another export: of {_words(held.get('asked') or {})}.", "Name another folder, or say --again.")
            elif held["complete"]:
                raise CliError(f"{path} holds this export already, whole.", "Say --again to make it anew.")
            else:
                folder.points_files, folder.cursor, folder.has_all_points = held["points_files"], held["cursor"], held["has_all_points"]
        elif any(path.iterdir()):
            raise CliError(f"{path} is not empty.", "Name a folder that is, or that does not exist yet.")
        (path / "points").mkdir(exist_ok=True)
        folder._save(complete=False)
        return folder

    def next_points(self) -> tuple[Path, Path]:
        """Where the next file goes, and where it lies until it is whole."""
        return self._names(self.path / "points" / f"{self.points_files + 1:05}.parquet")

    def runs_file(self) -> tuple[Path, Path]:
        return self._names(self.path / "runs.parquet")

    def took_points(self, file: Path, part: Path, cursor: str | None) -> None:
        part.replace(file)
        self.points_files, self.cursor, self.has_all_points = self.points_files + 1, cursor, cursor is None
        self._save(complete=False)

    def took_runs(self, file: Path, part: Path) -> None:
        part.replace(file)
        (self.path / "README.md").write_text(README.format(project=self.asked["project"]), encoding="utf-8")
        self._save(complete=True)

    def told(self) -> dict[str, Any]:
        files = [self.path / "runs.parquet", *sorted((self.path / "points").glob("*.parquet"))]
        return {"folder": str(self.path), "points_files": self.points_files, "size_bytes": sum(file.stat().st_size for file in files)}

    def _names(self, file: Path) -> tuple[Path, Path]:
        return file, file.with_name(f".{file.name}.part")

    def _save(self, complete: bool) -> None:
        state = {
            "asked": dict(self.asked),
            "points_files": self.points_files,
            "cursor": self.cursor,
            "has_all_points": self.has_all_points,
            "complete": complete,
        }
        draft = self.path / f".{STATE}.part"
        with draft.open("w", encoding="utf-8") as file:
            json.dump(state, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path / STATE)

    def _clear(self) -> None:
        """Remove what an export wrote, and nothing else."""
        for file in (*(self.path / "points").glob("[0-9]*.parquet"), self.path / "runs.parquet", self.path / "README.md"):
            file.unlink(missing_ok=True)


def _read(file: Path) -> dict[str, Any]:
    try:
        held: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return {"points_files": 0, "cursor": None, "has_all_points": False, "complete": False, **held}
    except (ValueError, TypeError) as error:
        raise CliError(f"{file} cannot be read: {error}.", "Name another folder.") from error


def _words(asked: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in asked.items() if value) or "something else"
