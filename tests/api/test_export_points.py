"""Points as Parquet and a run as a zip: bit for bit, in any amount, read by programs that are not ours."""

import io
import json
import math
import threading
import zipfile
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import httpx
import numpy as np
import pyarrow.parquet as pq
import pytest
from servers import wait_until

from api import downloads
from store import curves, pieces, series
from store.series import Points

POINTS = "/api/v1/export/points"
ODD = [0.1 + 0.2, math.nan, math.inf, -math.inf, -0.0, 5e-324, 1.7976931348623157e308]


def append(api: Any, run_id: str, steps: Any, values: Any, metric: str = "loss") -> None:
    with api.database.begin() as session:
        series.append(session, run_id, Points(np.asarray(steps), 1.79e9 + np.arange(len(steps)) / 1000, {metric: np.asarray(values, np.float64)}))


def read(answer: Any) -> Any:
    assert answer.status_code == 200, answer.text
    return pq.read_table(io.BytesIO(answer.content))


def bits(values: Any) -> list[bytes]:
    return [np.float64(value).tobytes() for value in values]


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "PIECE", 100)
    monkeypatch.setattr(pieces, "AT_ONCE", 400)


class TestPoints:
    def test_come_bit_for_bit_by_run_metric_and_step(self, api: Any, project: str) -> None:
        runs = sorted(api.client_run(project)["id"] for _ in range(2))
        for run_id in runs:
            append(api, run_id, range(len(ODD)), ODD)
            append(api, run_id, [7, 2**53 - 1], [1.0, 2.0], "a")

        table = read(api.admin.get(POINTS, params={"project": project}))

        kinds = {field.name: str(field.type) for field in table.schema}
        assert kinds == {"run": "string", "metric": "string", "step": "int64", "value": "double", "time": "timestamp[ms, tz=UTC]"}
        names = [(run_id, metric) for run_id in runs for metric in ["a"] * 2 + ["loss"] * len(ODD)]
        assert list(zip(table["run"].to_pylist(), table["metric"].to_pylist(), strict=True)) == names
        assert table["step"].to_pylist() == [7, 2**53 - 1, *range(len(ODD))] * 2
        assert bits(table["value"].to_numpy()) == bits([1.0, 2.0, *ODD] * 2)
        assert table["time"].cast("int64").to_pylist() == [1_790_000_000_000 + i for i in [0, 1, *range(len(ODD))]] * 2

    @pytest.mark.parametrize(
        "steps",
        [range(2_500), [7 * i * i for i in range(2_500)], [*range(1_000), 2**50, *range(2**52, 2**52 + 900)]],
        ids=["dense", "thinning", "gaps"],
    )
    def test_of_a_long_series_come_by_pieces_and_are_the_same(self, api: Any, project: str, small_pieces: None, steps: Any) -> None:
        run_id = api.client_run(project)["id"]
        values = np.random.default_rng(0).standard_normal(len(steps))
        append(api, run_id, steps, values)
        for number in range(30):
            append(api, run_id, range(number + 1), range(number + 1), f"short/{number:02}")

        answer = api.admin.get(POINTS, params={"project": project})

        table = read(answer)
        long = table.slice(0, len(steps))
        assert set(long["metric"].to_pylist()) == {"loss"}
        assert long["step"].to_pylist() == list(steps)
        assert bits(long["value"].to_numpy()) == bits(values)
        assert table.num_rows == len(steps) + sum(range(31))
        groups = pq.ParquetFile(io.BytesIO(answer.content)).metadata
        assert max(groups.row_group(at).num_rows for at in range(groups.num_row_groups)) <= pieces.PIECE

    def test_of_short_runs_with_and_without_the_same_metrics_are_all_there(self, api: Any, project: str, small_pieces: None) -> None:
        wanted = []
        for run_id in sorted(api.client_run(project)["id"] for _ in range(25)):
            for metric in ("a", "b")[: 1 + (ord(run_id[0]) % 2)]:
                append(api, run_id, range(30), range(30), metric)
                wanted += [(run_id, metric, step) for step in range(30)]

        table = read(api.admin.get(POINTS, params={"project": project}))

        assert list(zip(*(table[name].to_pylist() for name in ("run", "metric", "step")), strict=True)) == wanted

    def test_of_a_run_that_is_deleted_meanwhile_are_left_out(self, api: Any, project: str, monkeypatch: pytest.MonkeyPatch) -> None:
        runs = sorted(api.client_run(project)["id"] for _ in range(3))
        for run_id in runs:
            append(api, run_id, [0], [1.0])
            api.admin.post(f"/api/v1/runs/{run_id}/finish", json={"state": "finished"})
        outlines = curves.outlines

        def deleting(session: Any, run_ids: Any, *more: Any) -> Any:
            api.admin.delete(f"/api/v1/runs/{runs[1]}")
            return outlines(session, run_ids, *more)

        monkeypatch.setattr(curves, "outlines", deleting)

        table = read(api.admin.get(POINTS, params={"project": project}))

        assert table["run"].to_pylist() == [runs[0], runs[2]]

    def test_go_on_from_file_to_file(self, api: Any, project: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("api.services.point_export.POINTS_IN_A_FILE", 10)
        runs = sorted(api.client_run(project)["id"] for _ in range(5))
        for number, run_id in enumerate(runs):
            append(api, run_id, range(4 + 20 * (number == 2)), range(4 + 20 * (number == 2)))

        files, cursor = [], None
        while not files or cursor:
            answer = api.admin.get(POINTS, params={"project": project} | ({"cursor": cursor} if cursor else {}))
            files.append(sorted(set(read(answer)["run"].to_pylist())))
            cursor = answer.headers.get("Next-Cursor")

        assert files == [runs[:2], runs[2:3], runs[3:]]
        assert api.admin.get(POINTS, params={"project": project, "cursor": "x"}).status_code == 400

    def test_take_a_filter_and_names_of_metrics(self, api: Any, project: str) -> None:
        runs = [api.client_run(project, config={"lr": lr})["id"] for lr in (0.1, 0.2)]
        for run_id in runs:
            append(api, run_id, [0], [1.0])
            append(api, run_id, [0], [2.0], "other")

        table = read(api.admin.get(POINTS, params={"project": project, "filter": "config.lr > 0.15", "metric": "other"}))

        assert table.to_pylist()[0] | {"time": None} == {"run": runs[1], "metric": "other", "step": 0, "value": 2.0, "time": None}
        assert table.num_rows == 1

    def test_of_a_project_without_any_are_a_file_without_rows(self, api: Any, project: str) -> None:
        api.client_run(project)

        assert read(api.admin.get(POINTS, params={"project": project})).num_rows == 0

    def test_are_read_by_duckdb_and_pandas(self, api: Any, project: str, tmp_path: Path) -> None:
        import pandas as pd

        run_id = api.client_run(project)["id"]
        append(api, run_id, range(len(ODD)), ODD)
        file = tmp_path / "points.parquet"
        file.write_bytes(api.admin.get(POINTS, params={"project": project}).content)

        rows = duckdb.sql(f"SELECT step, value FROM '{file}' ORDER BY step").fetchall()
        frame = pd.read_parquet(file)

        assert bits(value for _, value in rows) == bits(ODD)
        assert bits(frame["value"]) == bits(ODD)
        assert str(frame["step"].dtype) == "int64"

    def test_of_another_entity_are_not_found(self, api: Any, project: str) -> None:
        api.client_run(project)

        assert api.as_role("viewer", "strangers").get(POINTS, params={"project": project}).status_code == 404


class TestZip:
    @pytest.fixture
    def run_id(self, api: Any, project: str) -> str:
        run_id = str(api.client_run(project, name="../../etc/passwd", config={"lr": 0.1})["id"])
        append(api, run_id, range(len(ODD)), ODD)
        api.admin.post(f"/api/v1/runs/{run_id}/log", json={"lines": ["one", "two"]})
        api.admin.post(f"/api/v1/runs/{run_id}/log", json={"lines": ["three é"]})
        for name in ("../weights.bin", "model/weights.bin"):
            assert api.admin.put(f"/api/v1/runs/{run_id}/artifacts/{name.replace('../', '')}", content=name.encode()).status_code == 201
        return run_id

    def test_holds_the_whole_run(self, api: Any, run_id: str) -> None:
        answer = api.admin.get(f"/api/v1/runs/{run_id}/export")

        assert answer.headers["content-type"] == "application/zip"
        assert answer.headers["content-disposition"].startswith(f'attachment; filename="run-{run_id}.zip"')
        archive = zipfile.ZipFile(io.BytesIO(answer.content))
        assert archive.testzip() is None
        assert archive.namelist() == [
            "run.json",
            "attempts.json",
            "digests.json",
            "verdicts.json",
            "artifacts.json",
            "log.txt",
            "points.parquet",
            "diagnostics.jsonl",
            "versions.json",
        ]
        assert json.loads(archive.read("run.json")) == api.admin.get(f"/api/v1/runs/{run_id}").json()
        assert archive.read("log.txt").decode() == "one\ntwo\nthree é\n"
        assert bits(pq.read_table(io.BytesIO(archive.read("points.parquet")))["value"].to_numpy()) == bits(ODD)
        listed = api.admin.get(f"/api/v1/runs/{run_id}/artifacts").json()["items"]
        assert json.loads(archive.read("artifacts.json")) == [{**item, "file": None} for item in listed]

    def test_holds_the_files_too_when_asked_under_names_of_ours(self, api: Any, run_id: str) -> None:
        archive = zipfile.ZipFile(io.BytesIO(api.admin.get(f"/api/v1/runs/{run_id}/export", params={"artifacts": "true"}).content))

        for item in json.loads(archive.read("artifacts.json")):
            assert item["file"] == f"artifacts/{item['sha256']}.bin"
            assert archive.read(item["file"]) == (item["name"] if "/" in item["name"] else f"../{item['name']}").encode()

    def test_tells_how_reruns_were_judged(self, api: Any, project: str) -> None:
        original = api.submit(project)["id"]
        api.end(original)
        rerun = api.admin.post(f"/api/v1/runs/{original}/reruns", json={}).json()["items"][0]["id"]
        api.end(rerun)

        of_original, of_rerun = (zipfile.ZipFile(io.BytesIO(api.admin.get(f"/api/v1/runs/{each}/export").content)) for each in (original, rerun))

        verdict = api.admin.get(f"/api/v1/runs/{rerun}/verdict").json()
        assert json.loads(of_original.read("verdicts.json")) == {"verdict": None, "reruns": [verdict]}
        assert json.loads(of_rerun.read("verdicts.json")) == {"verdict": verdict, "reruns": []}
        assert json.loads(of_rerun.read("attempts.json"))[0]["outcome"] == "finished"

    def test_of_another_entity_is_not_found(self, api: Any, run_id: str) -> None:
        assert api.as_role("viewer", "strangers").get(f"/api/v1/runs/{run_id}/export").status_code == 404

    def test_of_a_run_that_is_deleted_meanwhile_is_broken_off(self, api: Any, project: str, monkeypatch: pytest.MonkeyPatch) -> None:
        run_id = api.client_run(project)["id"]
        append(api, run_id, [0], [1.0])
        api.admin.post(f"/api/v1/runs/{run_id}/finish", json={"state": "finished"})
        made = pieces.of_runs

        def deleting(*arguments: Any) -> Any:
            api.admin.delete(f"/api/v1/runs/{run_id}")
            return made(*arguments)

        monkeypatch.setattr(pieces, "of_runs", deleting)

        with pytest.raises(httpx.RemoteProtocolError):
            api.admin.get(f"/api/v1/runs/{run_id}/export")


class TestSending:
    @pytest.fixture
    def long_run(self, sqlite_api: Any, project: str, small_pieces: None) -> str:
        """A run whose export does not fit what the sockets hold."""
        run_id = str(sqlite_api.client_run(project)["id"])
        append(sqlite_api, run_id, range(400_000), np.random.default_rng(0).standard_normal(400_000))
        return run_id

    def test_to_a_client_that_hangs_up_ends_and_leaves_nothing_open(self, sqlite_api: Any, long_run: str, monkeypatch: pytest.MonkeyPatch) -> None:
        ended = threading.Event()
        made = pieces.of_runs

        def watched(*arguments: Any) -> Any:
            try:
                yield from made(*arguments)
            finally:
                ended.set()

        monkeypatch.setattr(pieces, "of_runs", watched)

        with sqlite_api.admin.stream("GET", f"/api/v1/runs/{long_run}/export") as answer:
            assert sum(len(piece) for piece in islice(answer.iter_raw(), 20)) > 10_000  # some of the points, by far not all
            pool = sqlite_api.app.state.parts.db.engine.pool
            wait_until(lambda: pool.checkedout() == 0, 10.0, "the export to hold no snapshot while nobody reads")

        assert ended.wait(20.0)
        wait_until(lambda: downloads._slots._value == downloads.MOST_AT_ONCE, 10.0, "the slot to be free")
        wait_until(lambda: pool.checkedout() == 0, 10.0, "every connection to be given back")

    def test_to_a_client_that_reads_nothing_is_given_up(self, sqlite_api: Any, long_run: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(downloads, "STALLED_S", 0.2)

        with sqlite_api.admin.stream("GET", f"/api/v1/runs/{long_run}/export") as answer:
            wait_until(lambda: downloads._slots._value == downloads.MOST_AT_ONCE, 20.0, "the export to be given up")
            with pytest.raises(httpx.TransportError):
                answer.read()

    def test_more_than_a_few_at_once_is_put_off(self, sqlite_api: Any, project: str) -> None:
        run_id = sqlite_api.client_run(project)["id"]
        held = [downloads._slots.acquire(blocking=False) for _ in range(downloads.MOST_AT_ONCE)]
        try:
            answer = sqlite_api.admin.get(f"/api/v1/runs/{run_id}/export")
        finally:
            for _ in held:
                downloads._slots.release()

        assert all(held)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
