"""A worker that is killed and comes back under the same name."""

import pytest
from service import Service


class TestRestartedWorker:
    @pytest.mark.parametrize("database_url", [pytest.param("postgres"), pytest.param("sqlite", marks=pytest.mark.proof)], indirect=True)
    def test_takes_its_run_up_at_once_with_the_same_bits(self, service: Service) -> None:
        config = {"total_iterations": 1500, "model": {"norm": {"kind": "batch"}, "dropout": {"p": 0.3}}}
        undisturbed = service.ended(service.submit(config))
        run_id = service.submit(config)
        service.at_step(run_id, 200)

        service.kill("a")
        service.start_worker("a")

        run = service.ended(run_id)
        attempts = service.client.get(f"/runs/{run_id}/attempts").json()["items"]
        assert (run["state"], run["attempt"]) == ("finished", 2)
        assert attempts[0]["reason"] == "its worker on node a died"
        assert run["digests"] == undisturbed["digests"]
        assert service.series(run_id) == service.series(undisturbed["id"])
