"""What a run told of its layers, over HTTP; and its findings."""

import io
import json
import zipfile
from typing import Any

import pytest
from attempts import claim

from store import diagnostics, lifecycle
from trainer.events import Snapshot


def row(layer: str, **more: Any) -> dict[str, Any]:
    return {"layer": layer, "module": "Linear", "mean": 0.1 + 0.2, "norm": 1.0, **more}


@pytest.fixture
def run_id(api: Any, project: str) -> str:
    """A finished run with three snapshots of two layers, one of which gets no gradient to speak of."""
    run = api.submit(project, {"diagnostics": {"every": 10}})["id"]
    taken = claim(api.database, "test-node", run)
    with api.database.begin() as session:
        for step in (0, 10, 19):
            bars = {"low": 0.0, "high": 1.0, "counts": [step, 2]}
            kinds = {"activation": [row("0", histogram=bars), row("2", histogram=None)], "gradient": [row("0", norm=1e-7), row("2")]}
            diagnostics.keep(session, taken, [Snapshot(step, kinds)])
        lifecycle.finish(session, taken, "finished")
    return str(run)


class TestDiagnostics:
    def test_are_columns_by_kind_and_layer(self, api: Any, run_id: str) -> None:
        answer = api.admin.get(f"/api/v1/runs/{run_id}/diagnostics").json()

        assert (answer["run"], answer["kinds"]) == (run_id, ["activation", "gradient"])
        assert [(item["kind"], item["layer"]) for item in answer["items"]] == [
            ("activation", "0"),
            ("activation", "2"),
            ("gradient", "0"),
            ("gradient", "2"),
        ]
        first, second = answer["items"][:2]
        assert (first["steps"], first["mean"], first["dead"]) == ([0, 10, 19], [0.1 + 0.2] * 3, [None] * 3)
        assert first["histogram"] == {"low": [0.0] * 3, "high": [1.0] * 3, "counts": [[0, 2], [10, 2], [19, 2]]}
        assert second["histogram"]["counts"] == [None, None, None]
        assert answer["items"][2]["histogram"] is None

    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            pytest.param({"kind": "gradient"}, [("gradient", "0", 3), ("gradient", "2", 3)], id="one kind"),
            pytest.param({"layer": "2"}, [("activation", "2", 3), ("gradient", "2", 3)], id="one layer"),
            pytest.param({"layer": "2", "from": 1, "to": 10, "kind": "activation"}, [("activation", "2", 1)], id="some steps"),
            pytest.param({"layer": "none"}, [], id="a layer that is not there"),
        ],
    )
    def test_are_narrowed_by(self, api: Any, run_id: str, asked: dict[str, Any], expected: Any) -> None:
        items = api.admin.get(f"/api/v1/runs/{run_id}/diagnostics", params=asked).json()["items"]

        assert [(item["kind"], item["layer"], len(item["steps"])) for item in items] == expected

    def test_come_without_histograms(self, api: Any, run_id: str) -> None:
        items = api.admin.get(f"/api/v1/runs/{run_id}/diagnostics", params={"histograms": "false"}).json()["items"]

        assert {item["histogram"] for item in items} == {None}

    def test_of_a_run_that_was_not_asked_for_any_are_none(self, api: Any, project: str) -> None:
        run = api.submit(project)["id"]

        assert api.admin.get(f"/api/v1/runs/{run}/diagnostics").json() == {"run": run, "kinds": [], "items": []}

    def test_too_many_for_one_answer_are_refused_with_what_would_do(self, api: Any, run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("api.services.diagnostics.MOST_NUMBERS", 40)

        refused = api.admin.get(f"/api/v1/runs/{run_id}/diagnostics")

        assert refused.status_code == 422
        assert "histograms=false" in refused.json()["detail"]
        assert api.admin.get(f"/api/v1/runs/{run_id}/diagnostics", params={"layer": "0", "from": 19}).status_code == 200

    @pytest.mark.parametrize("asked", [{"kind": "weights"}, {"from": -1}, {"to": "x"}, {"layers": "0"}])
    def test_refuse_what_they_do_not_know(self, api: Any, run_id: str, asked: dict[str, Any]) -> None:
        assert api.admin.get(f"/api/v1/runs/{run_id}/diagnostics", params=asked).status_code == 422

    def test_are_open_to_a_viewer_and_to_no_other_entity(self, api: Any, run_id: str) -> None:
        path = f"/api/v1/runs/{run_id}/diagnostics"

        assert api.as_role("viewer", "team").get(path).status_code == 200
        assert api.as_role("admin", "others").get(path).status_code == 404
        assert api.client().get(path).status_code == 401

    def test_are_in_the_zip_a_line_for_each_layer(self, api: Any, run_id: str) -> None:
        archive = zipfile.ZipFile(io.BytesIO(api.admin.get(f"/api/v1/runs/{run_id}/export").content))

        lines = [json.loads(line) for line in archive.read("diagnostics.jsonl").splitlines()]
        assert [(line["step"], line["kind"], line["layer"]) for line in lines[:3]] == [
            (0, "activation", "0"),
            (0, "activation", "2"),
            (0, "gradient", "0"),
        ]
        assert len(lines) == 12
        assert lines[0]["mean"] == 0.1 + 0.2


class TestFindings:
    def test_stand_on_the_run(self, api: Any, run_id: str) -> None:
        (finding,) = api.admin.get(f"/api/v1/runs/{run_id}").json()["findings"]

        assert (finding["kind"], finding["layer"], finding["figures"]["ratio"]) == ("vanishing_gradients", "0", 1e-7)
        assert "a thousandth" in finding["rule"]

    def test_are_null_while_the_run_goes_on(self, api: Any, project: str) -> None:
        assert api.submit(project)["findings"] is None
