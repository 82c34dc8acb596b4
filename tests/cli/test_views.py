"""Tables for a terminal: what must be in them, at 80 columns too."""

from io import StringIO
from typing import Any

import pytest
from rich.console import Console, RenderableType

from cli import views


def printed(view: RenderableType, width: int = 80) -> str:
    out = StringIO()
    Console(file=out, width=width).print(view)
    return out.getvalue()


def run(**more: Any) -> dict[str, Any]:
    return {
        "id": "k3v9abcd0000",
        "name": "first",
        "project": "team/default",
        "state": "finished",
        "created_at": "2026-01-01T00:00:00Z",
        "metrics": {"val/loss": {"last": 1.5, "min": 1.4, "max": 2.3, "min_step": 3, "max_step": 0, "count": 5, "non_finite": 0}},
        "config": {"dataset": {"name": "digits"}, "model": {"hidden": [16]}},
        **more,
    }


class TestRuns:
    def test_no_runs_yet_says_how_to_begin(self) -> None:
        assert "runtwice submit FILE" in printed(views.runs_table([]))

    @pytest.mark.parametrize("width", [80, 120])
    def test_an_id_is_never_folded(self, width: int) -> None:
        assert "k3v9abcd0000" in printed(views.runs_table([run(name="a long name " * 10)]), width)

    def test_names_are_not_markup(self) -> None:
        assert "[red]x[/red] [/oops]" in printed(views.runs_table([run(name="[red]x[/red] [/oops]")]), 200)

    def test_control_characters_do_not_reach_the_terminal(self) -> None:
        assert "\x1b" not in printed(views.runs_table([run(name="\x1b[2Jgone")]))


class TestRun:
    def test_shows_metrics_config_and_artifacts(self) -> None:
        artifact = {"id": "a1", "name": "final.safetensors", "size_bytes": 12_345, "sha256": "0" * 64}

        text = printed(views.run_view(run(reason="why", reproduced={"outcome": "identical", "reruns": 2}), [artifact]))

        for part in ("dataset.name", "digits", "1.4", "final.safetensors", "12.3 kB", "identical (2 reruns)", "why"):
            assert part in text

    def test_of_a_run_that_waits_says_for_what(self) -> None:
        waiting = run(state="queued", queue_position=2, waiting_for="a node with a GPU", metrics={})

        text = printed(views.run_view(waiting, []))

        assert "queued, number 2 in line" in text
        assert "a node with a GPU" in text


class TestComparison:
    def test_a_column_a_run_and_a_row_a_difference(self) -> None:
        compared = {
            "metrics": [
                {"metric": "val/loss", "values": {"aaa": {"last": 1.5, "min": 1.4, "max": 2}, "bbb": {"last": "NaN", "min": None, "max": None}}}
            ],
            "config": {"same": {}, "different": [{"path": "model.norm.eps", "values": {"bbb": 1e-5}}]},
            "environment": {"same": {}, "different": []},
            "factors": ["model.norm"],
            "warnings": ["the seeds differ"],
        }

        lines = [" ".join(line.split()) for line in printed(views.comparison(compared, ["aaa", "bbb"])).splitlines()]

        assert "val/loss last 1.5 NaN" in lines
        assert "val/loss min 1.4 -" in lines
        assert "model.norm.eps - 1e-05" in lines
        assert "Changed factors: model.norm" in lines
        assert "Mind: the seeds differ" in lines

    def test_configs_that_are_the_same(self) -> None:
        same = {"metrics": [], "config": {"same": {}, "different": []}, "environment": {"same": {}, "different": []}, "factors": [], "warnings": []}

        assert "The configs are the same in every field." in printed(views.comparison(same, ["aaa", "bbb"]))


class TestDemoTable:
    def row(self, **more: Any) -> dict[str, Any]:
        numbers = {"val_loss": 1.547, "best_val_loss": 1.544, "val_accuracy": 0.923, "iterations_to_accuracy": 220}
        return {"run": "aaa", "name": "baseline", "state": "finished", "change": [], **numbers, **more}

    def test_tells_what_changed(self) -> None:
        change = [{"path": "model.norm.kind", "from": "none", "to": "batch"}]

        assert "norm: none → batch" in printed(views.demo_table([self.row(), self.row(name="batchnorm", change=change)]))

    def test_an_accuracy_never_reached(self) -> None:
        assert "never" in printed(views.demo_table([self.row(iterations_to_accuracy=None)]))

    def test_a_run_that_failed_is_told(self) -> None:
        failed = self.row(state="failed", val_loss="NaN", best_val_loss=None, val_accuracy=None)

        assert "failed" in printed(views.demo_table([failed]))
