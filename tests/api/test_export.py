"""The run table as a file: CSV and Parquet, every run, every value exact."""

import csv
import io
import math
import random
from typing import Any

import pyarrow.parquet as pq
import pytest

TABLE = "/api/v1/export/runs"


def read_csv(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline=""), strict=True))


def read_parquet(answer: Any) -> Any:
    assert answer.status_code == 200, answer.text
    return pq.read_table(io.BytesIO(answer.content))


@pytest.fixture
def three(api: Any, project: str) -> dict[str, dict[str, Any]]:
    """Client runs by name, with everything that is hard to write down."""
    made = {}
    cases: dict[str, dict[str, Any]] = {
        "first": {"config": {"lr": 0.1, "n": 1, "mixed": 1, "on": True, "sizes": [1, 2]}, "tags": ["a", "b"]},
        "=cmd()": {"config": {"lr": 3, "n": 2**60, "mixed": "two", "deep": {"a.b": "x"}}, "notes": 'one, "two"\r\nthree'},
        "-minus": {"config": {"lr": -0.5, "text": "@sum"}},
    }
    for name, fields in cases.items():
        made[name] = api.client_run(project, name=name, **fields)
        points = {"steps": [0, 1], "metrics": {"val/loss": [0.1 + 0.2, "NaN"], "big": ["-Infinity", 5e-324]}}
        assert api.admin.post(f"/api/v1/runs/{made[name]['id']}/points", json=points).status_code == 200
    return made


class TestTableAsCsv:
    def test_has_a_row_for_each_run_newest_first_with_every_leaf_and_sum(self, api: Any, project: str, three: dict[str, Any]) -> None:
        answer = api.admin.get(TABLE, params={"project": project})

        rows = read_csv(answer)
        assert [row["id"] for row in rows] == [run["id"] for run in reversed(three.values())]
        first = rows[-1]
        assert (first["config.lr"], first["config.n"], first["config.mixed"], first["config.on"], first["config.sizes"]) == (
            "0.1",
            "1",
            "1",
            "true",
            "[1,2]",
        )
        assert first["tags"] == '["a","b"]'
        assert rows[1]['config.deep."a.b"'] == "x"
        assert first['config.deep."a.b"'] == ""
        assert first["metrics.val/loss.min"] == repr(0.1 + 0.2)
        assert first["metrics.val/loss.last"] == "NaN"
        assert first["metrics.big.max"] == "5e-324"
        assert first["metrics.big.count"] == "2"

    def test_keeps_texts_with_commas_quotes_and_newlines_whole(self, api: Any, project: str, three: dict[str, Any]) -> None:
        assert read_csv(api.admin.get(TABLE, params={"project": project}))[1]["notes"] == 'one, "two"\r\nthree'

    def test_disarms_texts_that_a_spreadsheet_would_run_but_no_number(self, api: Any, project: str, three: dict[str, Any]) -> None:
        rows = read_csv(api.admin.get(TABLE, params={"project": project}))

        assert [row["name"] for row in rows] == ["'-minus", "'=cmd()", "first"]
        assert (rows[0]["config.lr"], rows[0]["config.text"]) == ("-0.5", "'@sum")

    def test_leaves_texts_alone_when_asked_to(self, api: Any, project: str, three: dict[str, Any]) -> None:
        rows = read_csv(api.admin.get(TABLE, params={"project": project, "guard": "false"}))

        assert [row["name"] for row in rows] == ["-minus", "=cmd()", "first"]

    def test_takes_the_filter_sort_and_fields_of_the_run_table(self, api: Any, project: str, three: dict[str, Any]) -> None:
        query = {"project": project, "filter": "config.lr > 0", "sort": "-config.lr", "fields": 'config.lr,name,config.none,metrics."val/loss".min'}

        answer = api.admin.get(TABLE, params=query)

        lines = answer.text.split("\r\n")
        assert lines[0] == "config.lr,name,config.none,metrics.val/loss.min"
        assert lines[1:] == ["3,'=cmd(),,0.30000000000000004", "0.1,first,,0.30000000000000004", ""]

    def test_is_a_download_with_a_harmless_name(self, api: Any) -> None:
        project = 'team/über "x"; y'
        api.client_run(project)

        answer = api.admin.get(TABLE, params={"project": project})

        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.headers["content-disposition"] == "attachment; filename=\"runs-team-ber-x-y.csv\"; filename*=UTF-8''runs-team-ber-x-y.csv"

    def test_of_no_runs_is_a_header(self, api: Any, project: str) -> None:
        api.admin.post("/api/v1/projects", json={"project": project})

        assert api.admin.get(TABLE, params={"project": project, "fields": "id,name"}).text == "id,name\r\n"

    def test_takes_any_number_of_runs(self, api: Any, project: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("api.services.run_export.CELLS_AT_ONCE", 1)
        monkeypatch.setattr("api.services.run_export.CONFIGS_AT_ONCE", 10)
        monkeypatch.setattr("api.services.run_export.CHARACTERS_AT_ONCE", 300)
        made = [api.client_run(project, config={"number": number, "long": "x" * 100})["id"] for number in range(45)]

        rows = read_csv(api.admin.get(TABLE, params={"project": project, "sort": "config.number"}))

        assert [row["id"] for row in rows] == made

    @pytest.mark.parametrize(
        ("query", "status"), [({"filter": "lr >"}, 400), ({"fields": "a b"}, 400), ({"sort": "nothing"}, 400), ({"format": "xls"}, 422)]
    )
    def test_what_cannot_be_read_is_a_problem(self, api: Any, query: dict[str, str], status: int) -> None:
        answer = api.admin.get(TABLE, params=query)

        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"

    def test_refuses_more_columns_than_it_can_hold(self, api: Any, project: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("api.services.columns.MOST_COLUMNS", 20)
        api.client_run(project, config={f"key{number}": number for number in range(30)})

        assert api.admin.get(TABLE, params={"project": project}).status_code == 422
        assert api.admin.get(TABLE, params={"project": project, "fields": "name,config.key1"}).status_code == 200

    def test_refuses_more_names_than_it_looks_for(self, api: Any, project: str) -> None:
        api.client_run(project)

        assert api.admin.get(TABLE, params={"project": project, "fields": ",".join(["name"] * 1_001)}).status_code == 422

    def test_shows_nothing_of_another_entity(self, api: Any, project: str, three: dict[str, Any]) -> None:
        stranger = api.as_role("viewer", "strangers")

        assert read_csv(stranger.get(TABLE)) == []
        assert stranger.get(TABLE, params={"project": project}).status_code == 404


class TestTableAsParquet:
    def test_has_typed_columns(self, api: Any, project: str, three: dict[str, Any]) -> None:
        table = read_parquet(api.admin.get(TABLE, params={"project": project, "format": "parquet"}))

        kinds = {field.name: str(field.type) for field in table.schema}
        assert (kinds["config.lr"], kinds["config.n"], kinds["config.on"], kinds["config.mixed"]) == ("double", "int64", "bool", "string")
        assert (kinds["created_at"], kinds["seed"], kinds["metrics.big.last"], kinds["metrics.big.count"]) == (
            "timestamp[us, tz=UTC]",
            "int64",
            "double",
            "int64",
        )

    def test_keeps_every_value(self, api: Any, project: str, three: dict[str, Any]) -> None:
        rows = read_parquet(api.admin.get(TABLE, params={"project": project, "format": "parquet", "sort": "created_at"})).to_pylist()

        assert [row["name"] for row in rows] == list(three)
        assert [row["config.n"] for row in rows] == [1, 2**60, None]
        assert [row["config.lr"] for row in rows] == [0.1, 3.0, -0.5]
        assert [row["config.mixed"] for row in rows] == ["1", "two", None]
        assert rows[1]["notes"] == 'one, "two"\r\nthree'
        assert math.isnan(rows[0]["metrics.val/loss.last"])
        assert (rows[0]["metrics.val/loss.min"], rows[0]["metrics.big.max"], rows[0]["metrics.big.min"]) == (0.1 + 0.2, 5e-324, 5e-324)
        assert rows[0]["created_at"].isoformat().replace("+00:00", "Z") == three["first"]["created_at"]

    def test_floats_come_back_bit_for_bit(self, api: Any, project: str) -> None:
        source = random.Random(0)
        values = [source.random() * 10.0 ** source.randint(-300, 300) for _ in range(200)] + [-0.0, 1.7976931348623157e308]
        api.client_run(project, config={f"v{number:03}": value for number, value in enumerate(values)})

        (row,) = read_parquet(api.admin.get(TABLE, params={"project": project, "format": "parquet"})).to_pylist()
        (line,) = read_csv(api.admin.get(TABLE, params={"project": project}))

        assert [row[f"config.v{number:03}"].hex() for number in range(len(values))] == [value.hex() for value in values]
        assert [float(line[f"config.v{number:03}"]).hex() for number in range(len(values))] == [value.hex() for value in values]
