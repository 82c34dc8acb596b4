"""What layers do, through the whole service: a run that tells of them, and single ones that are tried."""

from typing import Any

import pytest
from service import Service


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestLayers:
    def test_are_told_of_and_tried_by_a_worker(self, service: Service) -> None:
        plain = service.ended(service.submit())
        watched = service.ended(service.submit({"diagnostics": {"every": 50, "bins": 8}}))
        deep = service.ended(service.submit({"model": {"hidden": [32] * 15}, "diagnostics": {}, "total_iterations": 60}))

        assert (plain["state"], watched["state"], deep["state"]) == ("finished",) * 3
        assert watched["digests"] == plain["digests"]
        assert watched["config_digest"] == plain["config_digest"]
        assert (plain["findings"], watched["findings"]) == ([], [])
        assert {finding["kind"] for finding in deep["findings"]} >= {"vanishing_gradients"}
        (relu,) = self.diagnostics(service, watched["id"], kind="activation", layer="1")
        assert relu["steps"] == [0, 50, 100, 150, 199]
        assert [sum(counts) for counts in relu["histogram"]["counts"]] == [64 * 256] * 5
        self.a_layer_is_tried(service, plain["id"])

    def diagnostics(self, service: Service, run_id: str, **asked: str) -> list[dict[str, Any]]:
        answer = service.client.get(f"/runs/{run_id}/diagnostics", params=asked)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    def a_layer_is_tried(self, service: Service, run_id: str) -> None:
        """On ones, and on the images of a run; what comes out is a function of the request."""
        asked = {"layer": {"kind": "dropout", "p": 0.3}, "input": "ones", "shape": [28, 28]}
        first, again = (service.client.post("/probes/layer?wait_s=30", json=asked) for _ in range(2))
        of_run = service.client.post("/probes/layer?wait_s=30", json={"layer": {"kind": "batch"}, "input": {"run": run_id, "batch": 5}}).json()

        assert first.status_code == 200, first.text
        assert first.json()["after"]["max"] == 1.4285714626312256
        assert first.json()["after"] == again.json()["after"]
        assert (of_run["state"], of_run["shape"]) == ("finished", [64, 64])
        assert abs(of_run["after"]["mean"]) < 1e-6
        assert len(of_run["buffers"]["running_mean"]) == 64
