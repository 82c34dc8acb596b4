"""`runtwice export`, `delete`, `archive` against a real service."""

import itertools
import json
import math
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import httpx
import numpy as np
import pandas as pd
import pytest
from servers import NO_TLS

Run = Callable[..., Any]
VALUES = [0.1 + 0.2, math.nan, -0.0, 5e-324, math.inf]
SENT = [0.1 + 0.2, "NaN", -0.0, 5e-324, "Infinity"]
_numbers = itertools.count()


@pytest.fixture
def http(service: Any) -> Any:
    key = (service.data_dir / "admin.key").read_text().strip()
    with httpx.Client(base_url=f"{service.url}/api/v1", headers={"Authorization": f"Bearer {key}"}, verify=NO_TLS) as client:
        yield client


@pytest.fixture
def project(http: Any) -> str:
    """A project of three finished client runs."""
    name = f"team/export{next(_numbers)}"
    for number in range(3):
        run = http.post("/runs", json={"project": name, "origin": "client", "name": f"run {number}", "config": {"lr": number / 10}}).json()["id"]
        columns = {"val/loss": [number + 0.5, 2.0, 3.0, 4.0, 5.0], "odd": SENT}
        assert http.post(f"/runs/{run}/points", json={"steps": [0, 1, 2, 3, 2**53 - 1], "metrics": columns}).status_code == 200
        http.post(f"/runs/{run}/finish", json={"state": "finished"})
    return name


def runs_of(http: Any, project: str) -> list[dict[str, Any]]:
    answer = http.get("/runs", params={"project": project})
    return list(answer.json()["items"]) if answer.status_code == 200 else []


class TestExport:
    def test_writes_a_folder_that_duckdb_and_pandas_read(self, runtwice: Run, http: Any, project: str, tmp_path: Path) -> None:
        answer = runtwice("export", project, "--to", str(tmp_path / "out"), "--json")

        assert answer.code == 0, answer.err
        told = answer.json
        assert (told["folder"], told["points_files"]) == (str(tmp_path / "out"), 1)
        points = duckdb.sql(f"SELECT step, value FROM '{tmp_path}/out/points/*.parquet' WHERE metric = 'odd' ORDER BY run, step").fetchall()
        assert [step for step, _ in points] == [0, 1, 2, 3, 2**53 - 1] * 3
        assert np.array([value for _, value in points]).tobytes() == np.array(VALUES * 3).tobytes()
        runs = pd.read_parquet(tmp_path / "out" / "runs.parquet")
        assert sorted(runs["config.lr"]) == [0.0, 0.1, 0.2]
        assert set(runs["id"]) == {run["id"] for run in runs_of(http, project)}

    def test_says_in_the_folder_how_to_ask_it(self, runtwice: Run, project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        runtwice("export", project, "--to", str(tmp_path / "out"))
        readme = (tmp_path / "out" / "README.md").read_text()
        monkeypatch.chdir(tmp_path / "out")

        query = readme[readme.index("SELECT") :].partition(";")[0]
        pivot = pd.read_parquet("points", filters=[("metric", "==", "val/loss")]).pivot(index="step", columns="run", values="value")

        assert duckdb.sql(query).fetchall() == [("run 0", 0.5), ("run 1", 1.5), ("run 2", 2.0)]
        assert pivot.shape == (5, 3)

    def test_goes_on_where_it_was_broken_off(self, runtwice: Run, project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from cli.client import Service

        download = Service.download

        def broken(service: Any, path: str, file: Path, **query: Any) -> Any:
            if path == "/export/runs":
                raise KeyboardInterrupt
            return download(service, path, file, **query)

        monkeypatch.setattr(Service, "download", broken)
        assert runtwice("export", project, "--to", str(tmp_path / "out")).code == 130
        points = (tmp_path / "out" / "points" / "00001.parquet").stat()
        assert not (tmp_path / "out" / "runs.parquet").exists()

        monkeypatch.setattr(Service, "download", download)
        assert runtwice("export", project, "--to", str(tmp_path / "out")).code == 0

        assert (tmp_path / "out" / "points" / "00001.parquet").stat().st_mtime_ns == points.st_mtime_ns
        assert (tmp_path / "out" / "runs.parquet").exists()

    def test_keeps_its_hands_off_other_folders_and_exports(self, runtwice: Run, project: str, tmp_path: Path) -> None:
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "letter.txt").write_text("dear")
        assert runtwice("export", project, "--to", str(tmp_path / "mine")).code == 3

        assert runtwice("export", project, "--to", str(tmp_path / "out")).code == 0
        assert "already" in runtwice("export", project, "--to", str(tmp_path / "out")).err
        assert "another export" in runtwice("export", project, "--to", str(tmp_path / "out"), "--filter", "config.lr > 0").err
        assert runtwice("export", project, "--to", str(tmp_path / "out"), "--filter", "config.lr > 0", "--again").code == 0

        assert len(pd.read_parquet(tmp_path / "out" / "runs.parquet")) == 2
        assert [file.name for file in (tmp_path / "mine").iterdir()] == ["letter.txt"]

    def test_of_a_project_that_is_not_there_says_so(self, runtwice: Run, tmp_path: Path) -> None:
        answer = runtwice("export", "team/nowhere", "--to", str(tmp_path / "out"))

        assert answer.code == 3
        assert "team/nowhere" in answer.err

    def test_writes_a_run_as_one_zip_file(self, runtwice: Run, finished_run: dict[str, Any], tmp_path: Path) -> None:
        answer = runtwice("export", "--run", finished_run["id"], "--to", str(tmp_path / "run.zip"))

        assert answer.code == 0, answer.err
        archive = zipfile.ZipFile(tmp_path / "run.zip")
        assert archive.testzip() is None
        assert json.loads(archive.read("run.json"))["config"] == finished_run["config"]
        files = {item["name"]: archive.read(item["file"]) for item in json.loads(archive.read("artifacts.json"))}
        assert sorted(files) == ["best.safetensors", "final.safetensors"]
        assert [file.name for file in tmp_path.iterdir() if file.suffix == ".part"] == []

    @pytest.mark.skipif(not shutil.which("unzip"), reason="no unzip here")
    def test_a_run_is_unpacked_by_other_programs(self, runtwice: Run, finished_run: dict[str, Any], tmp_path: Path) -> None:
        runtwice("export", "--run", finished_run["id"], "--to", str(tmp_path / "run.zip"))

        assert subprocess.run(["unzip", "-t", tmp_path / "run.zip"], capture_output=True).returncode == 0


class TestDelete:
    def test_says_what_goes_and_asks_for_a_yes(self, runtwice: Run, http: Any, project: str) -> None:
        chosen = ("delete", "--project", project, "--filter", "config.lr > 0.05")

        looked, refused = runtwice(*chosen, "--preview"), runtwice(*chosen)
        assert (looked.code, refused.code) == (0, 3)
        assert "2 runs" in looked.out
        assert "Nothing was deleted" in refused.err
        assert len(runs_of(http, project)) == 3

        done = runtwice(*chosen, "--yes", "--json")
        assert (done.code, done.json["rows"]["runs"]) == (0, 2)
        assert len(runs_of(http, project)) == 1

    @pytest.mark.parametrize(("typed", "left"), [("n\n", 3), ("y\n", 1)])
    def test_asks_at_a_terminal(self, runtwice: Run, http: Any, project: str, typed: str, left: int) -> None:
        ours, theirs = os.openpty()
        arguments = [sys.executable, "-m", "cli", "delete", "--project", project, "--filter", "config.lr > 0.05"]
        process = subprocess.Popen(arguments, stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, "NO_COLOR": "1"})
        os.close(theirs)
        shown = b""
        while b"[y/N]" not in shown:
            shown += os.read(ours, 1000)

        os.write(ours, typed.encode())
        with suppress(OSError):  # what a terminal tells when its other end is closed
            while more := os.read(ours, 1000):
                shown += more
        code = process.wait(30)
        os.close(ours)

        assert code == (0 if left == 1 else 3), shown
        assert b"2 runs" in shown
        assert len(runs_of(http, project)) == left

    def test_takes_ids(self, runtwice: Run, http: Any, project: str) -> None:
        ids = [run["id"] for run in runs_of(http, project)]

        assert runtwice("delete", *ids[:2], "--yes").code == 0

        assert [run["id"] for run in runs_of(http, project)] == ids[2:]

    def test_takes_a_whole_project(self, runtwice: Run, http: Any, project: str) -> None:
        answer = runtwice("delete", "--project", project, "--whole-project", "--yes")

        assert answer.code == 0
        assert "the project and 3 runs" in answer.out
        assert http.get(f"/projects/{project}").status_code == 404

    @pytest.mark.parametrize(
        "arguments", [(), ("--project", "p"), ("--filter", "x"), ("id", "--project", "p"), ("--project", "p", "--filter", "f", "--whole-project")]
    )
    def test_wants_to_know_which(self, command: Run, arguments: tuple[str, ...]) -> None:
        assert command("delete", *arguments).code == 64


class TestArchive:
    def test_puts_runs_away_and_brings_them_back(self, runtwice: Run, http: Any, project: str) -> None:
        ids = [run["id"] for run in runs_of(http, project)]

        assert "2 runs" in runtwice("archive", *ids[:2]).out
        assert [run["archived"] for run in runs_of(http, project)] == [True, True, False]

        assert runtwice("unarchive", "--project", project, "--filter", "archived = true", "--json").json == {"runs": 2, "archived": False}
        assert not any(run["archived"] for run in runs_of(http, project))
