"""Runs whose config an older version stored, among runs of this one."""

import json
from pathlib import Path
from typing import Any

from sqlalchemy import update

from store.tables import Run

STORED = json.loads((Path(__file__).parents[1] / "trainer" / "stored_configs.json").read_text())
OLD = next(each for each in STORED if each["stored"]["scheduler"]["kind"] == "linear")


def stored_long_ago(api: Any) -> str:
    """A finished run of the old config, its row as it was written then."""
    run = api.submit(config={**OLD["stored"], "device": "cpu"})
    api.end(run["id"])
    with api.database.begin() as session:
        session.execute(update(Run).where(Run.id == run["id"]).values(config={**OLD["stored"], "device": "cpu"}))
    return str(run["id"])


class TestRunOfAnOlderVersion:
    def test_is_run_again_with_the_same_digest(self, api: Any) -> None:
        old = stored_long_ago(api)

        (rerun,) = api.admin.post(f"/api/v1/runs/{old}/reruns", json={}).json()["items"]

        assert rerun["config_digest"] == api.admin.get(f"/api/v1/runs/{old}").json()["config_digest"]
        assert rerun["config"]["scheduler"]["warmup_iterations"] == 0

    def test_is_compared_with_a_new_one_by_what_somebody_changed(self, api: Any) -> None:
        old, new = stored_long_ago(api), api.submit(config={**OLD["stored"], "device": "cpu", "seed": 7})["id"]

        found = api.admin.get("/api/v1/compare", params={"run": [old, new]}).json()

        assert found["config"]["different"] == [{"path": "seed", "values": {old: 0, new: 7}}]
        assert found["factors"] == []

    def test_is_a_baseline(self, api: Any) -> None:
        new = api.submit(config={**OLD["stored"], "device": "cpu", "grad_clip": 2.0}, baseline=stored_long_ago(api))

        assert new["change"] == [{"path": "grad_clip", "from": None, "to": 2.0}]

    def test_is_judged_by_what_somebody_changed(self, api: Any) -> None:
        old, new = stored_long_ago(api), api.submit(config={**OLD["stored"], "device": "cpu", "seed": 7})["id"]
        api.end(new)

        verdict = api.admin.post("/api/v1/verdicts", json={"original": old, "rerun": new}).json()

        assert (verdict["outcome"], verdict["reason"]) == ("not_comparable", "The configs differ in seed.")
