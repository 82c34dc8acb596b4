"""The comparison with other tools: what it gives them, how it checks them, what it says of them. No server is started here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.peers import environments, report, workload
from bench.peers.measures import Record
from bench.peers.report import Column, Row
from bench.peers.runtwice import columns_of
from bench.peers.workload import QUICK, SPIKE, Sizes

ROOT = Path(__file__).parent.parent.parent
LESS = Row("table", "table", lambda _: "the table", "less")
MORE = Row("bulk", "bulk", lambda _: "ingest", "more")


def column(name: str, *figures: dict[str, float], trouble: str = "", failures: dict[str, str] | None = None) -> Column:
    records = [Record(name, number, 0.0, given, failures or {}) for number, given in enumerate(figures)]
    return Column(name, name.title(), records, {"small_p99": "takes none"}, [], trouble)


class TestWorkload:
    def test_is_the_same_in_every_process(self) -> None:
        look = "from bench.peers import workload; print(workload.columns(3, 500)['loss_train'].tobytes().hex(), workload.table_run(7))"

        seen = {subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True).stdout for _ in range(2)}

        assert seen == {f"{workload.columns(3, 500)['loss_train'].tobytes().hex()} {workload.table_run(7)}\n"}

    def test_plants_its_spikes_in_the_training_loss_alone(self) -> None:
        columns = workload.columns(5, 10_000)

        planted = {step for step, value in enumerate(columns["loss_train"]) if value == SPIKE}
        assert planted == workload.spike_steps(5, 10_000)
        assert len(planted) == 3
        assert all(abs(value) < 10 for metric in ("loss_val", "acc_val", "lr") for value in columns[metric])

    def test_gives_every_run_of_the_table_twenty_params_and_ten_metrics(self) -> None:
        params, metrics = workload.table_run(11)

        assert (len(params), len(metrics)) == (20, 10)
        assert all(isinstance(value, str) for value in params.values())

    def test_knows_the_first_page_in_plain_python(self) -> None:
        page = workload.table_answer(400, 20)

        found = [workload.table_run(int(name[1:])) for name in page]
        assert len(page) == 20
        assert {params["optimizer"] for params, _ in found} == {"adam"}
        losses = [metrics["loss_val"] for _, metrics in found]
        assert losses == sorted(losses)
        assert max(losses) < 0.5


class TestSpikes:
    @pytest.mark.parametrize(
        ("shown", "kept"),
        [
            pytest.param([SPIKE, 0.5, SPIKE, SPIKE], 1.0, id="all"),
            pytest.param([SPIKE, 0.5, None], 1 / 3, id="one of three"),
            pytest.param([SPIKE] * 9, 1.0, id="shown more than once"),
            pytest.param([999.9], 0.0, id="averaged away"),
        ],
    )
    def test_kept_are_counted(self, shown: list[float | None], kept: float) -> None:
        assert workload.spikes_kept([shown], 10_000) == pytest.approx(kept)


class TestBinaryColumns:
    def test_are_told_apart(self) -> None:
        columns = [{"name": "steps", "length": 2}, {"name": "values", "length": 2}]
        head = json.dumps({"series": [{"columns": columns}, {"columns": columns}]}).encode()
        body = memoryview(bytes(64)).cast("B").tobytes()

        assert columns_of(head + b"\n" + body, "values") == [[0.0, 0.0], [0.0, 0.0]]


class TestReport:
    def test_takes_medians(self) -> None:
        assert column("trackio", {"bulk": 1.0}, {"bulk": 9.0}, {"bulk": 2.0}).median("bulk") == 2.0

    @pytest.mark.parametrize(("row", "ahead"), [pytest.param(MORE, "4 x", id="more is better"), pytest.param(LESS, "5 x", id="less is better")])
    def test_compares_with_the_best_peer(self, row: Row, ahead: str) -> None:
        columns = [
            column("runtwice", {"bulk": 800.0, "table": 2.0}),
            column("runtwice-pg", {"bulk": 900.0, "table": 1.0}),
            column("trackio", {"bulk": 200.0, "table": 10.0}),
            column("mlflow", {"bulk": 10.0, "table": 90.0}),
        ]

        assert report.ahead(row, columns) == ahead

    def test_says_of_a_tool_that_could_not_be_installed_why(self) -> None:
        text = report.markdown([column("aim", trouble="NotInstalled: no such release")], QUICK, {"machine": "m", "at": "now", "repetitions": 1})

        assert text.count("not measured") == len(report.rows())
        assert "- Aim: NotInstalled: no such release." in text

    def test_says_of_a_measure_that_failed_why(self) -> None:
        failing = column("mlflow", {"bulk": 5.0}, failures={"table": "Refused: 500"})

        text = report.markdown([failing], QUICK, {"machine": "m", "at": "now", "repetitions": 1})

        assert failing.cell(LESS) == "failed"
        assert "- Mlflow, table: Refused: 500" in text

    def test_has_a_row_for_every_figure_and_writes_them_as_json(self) -> None:
        measured = column("runtwice", {"bulk": 5.0})

        document = json.loads(json.dumps(report.document([measured], Sizes(), {"machine": "m"})))

        assert document["tools"]["runtwice"]["medians"] == {"bulk": 5.0}
        assert len({row.figure for row in report.rows()}) == len(report.rows()) == len(document["ahead"])


class TestRequirements:
    @pytest.mark.parametrize("name", ["mlflow", "fasttrackml", "trackio", "tensorboard"])
    def test_pin_one_release_and_name_no_address(self, name: str) -> None:
        text = (environments.REQUIREMENTS / f"{name}.txt").read_text()

        assert environments.release(name)
        assert "://" not in text
