"""Runs over HTTP, trained by workers, run again, judged: the promise the product is named after."""

from collections.abc import Iterator
from typing import Any

import pytest
from databases import of_a_file
from servers import Valkey
from service import Service

VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "batch norm": {"model": {"norm": {"kind": "batch"}}},
    "dropout, adam": {"model": {"dropout": {"p": 0.5}}, "optimizer": {"kind": "adam"}},
    "layer norm, step schedule": {"model": {"norm": {"kind": "layer"}}, "scheduler": {"kind": "step", "step_size": 50}},
}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """API and one worker with one slot; one for the tests of this file, which leave it so."""
    folder, valkey = tmp_path_factory.mktemp("reproducibility"), Valkey()
    url = of_a_file(request, folder, "reproducibility")
    try:
        service = Service(folder / "data", url, valkey.start(), RUNTWICE_LEASE_S="60")
        try:
            service.start_api()
            service.start_worker("a")
            yield service
        finally:
            service.stop()
    finally:
        valkey.stop()


def reran(service: Service, run_id: str, **asked: Any) -> list[dict[str, Any]]:
    answer = service.client.post(f"/runs/{run_id}/reruns", json={"wait_s": 120, **asked})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


class TestRerun:
    def test_gives_the_same_bits(self, service: Service) -> None:
        original = service.ended(service.submit(VARIANTS["batch norm"]))

        (rerun,) = reran(service, original["id"])

        verdict = rerun["verdict"]
        assert original["state"] == "finished", original["reason"]
        assert (verdict["outcome"], verdict["first_difference"]) == ("identical", None)
        assert set(verdict["checked"].values()) == {"same"}
        assert verdict["points_compared"] == sum(len(steps) for steps, _ in service.series(original["id"]).values())
        assert service.run(original["id"])["reproduced"] == {"outcome": "identical", "reruns": 1}

    @pytest.fixture
    def original(self, service: Service) -> dict[str, Any]:
        """A finished run of full batches through BatchNorm: sums that two threads add up in another order than one."""
        config = {
            "dataset": {"name": "mnist5k"},
            "model": {"norm": {"kind": "batch"}},
            "batch_size": "full",
            "total_iterations": 25,
            "optimizer": {"kind": "sgd", "lr": 2.0},
        }
        return service.ended(service.submit(config))

    @pytest.fixture
    def two_threads(self, service: Service, original: dict[str, Any]) -> Iterator[str]:
        """A node that trains with two threads whatever a config says; it comes after the original, which it might take."""
        service.start_worker("two-threads", RUNTWICE_THREADS="2")
        yield "two-threads"
        service.kill("two-threads")

    def test_on_a_node_that_overrides_the_threads_differs_and_says_where(self, service: Service, original: dict[str, Any], two_threads: str) -> None:
        (rerun,) = reran(service, original["id"], node=two_threads)

        verdict = rerun["verdict"]
        assert service.run(rerun["id"])["environment"]["threads"] == 2
        assert original["environment"]["threads"] == 1
        assert verdict["outcome"] == "different"
        assert verdict["checked"]["initial"] == "same"
        assert 0 <= verdict["first_difference"]["step"] < 25
        assert verdict["first_difference"]["ulps"] >= 1
        assert (verdict["causes"][0]["what"], verdict["causes"][0]["likely"]) == ("threads", True)
        assert verdict["chain"]["first_break"]["part"] == "weights"

    @pytest.mark.proof
    def test_is_identical_twenty_times_of_twenty(self, service: Service) -> None:
        outcomes = []
        for config in VARIANTS.values():
            original = service.ended(service.submit(config))
            outcomes += [rerun["verdict"]["outcome"] for rerun in reran(service, original["id"], count=5)]

        assert outcomes == ["identical"] * 20
