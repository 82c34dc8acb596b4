"""What layers do, through the whole service: a run that tells of them, and single ones that are tried."""

import io
from typing import Any

import numpy as np
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
        self.a_layer_is_tried_on_uploaded_images(service)

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

    def a_layer_is_tried_on_uploaded_images(self, service: Service) -> None:
        file = io.BytesIO()
        np.savez(file, x=np.full((40, 4, 4), 51, np.uint8), y=np.arange(40) % 2)
        assert service.client.post("/datasets?name=grey", content=file.getvalue()).status_code == 201
        run_id = service.submit({"dataset": {"name": "grey"}, "batch_size": 8, "total_iterations": 1})

        tried = service.client.post("/probes/layer?wait_s=60", json={"layer": {"kind": "relu"}, "input": {"run": run_id}}).json()

        assert (tried["state"], tried["shape"]) == ("finished", [8, 16]), tried["reason"]
        assert {value for row in tried["after"]["values"] for value in row} == {float(np.float32(51) / np.float32(255))}
