"""The door to the workers, with a real broker that comes and goes."""

import signal

import pytest
from servers import Valkey, free_port, wait_until

from worker.enqueue import TrainingQueue


@pytest.fixture
def queue(valkey: Valkey) -> TrainingQueue:
    return TrainingQueue(valkey.url)


class TestRing:
    def test_hangs_a_bell_in_the_queue(self, queue: TrainingQueue) -> None:
        assert queue.ring("run1", "cpu")
        assert queue.ring("run2", "cpu")

        assert queue.waiting("cpu") == 2
        assert queue.waiting("cuda") == 0

    def test_without_a_broker_says_so_and_nothing_else(self) -> None:
        nobody = TrainingQueue(f"redis://127.0.0.1:{free_port()}/0")

        assert not nobody.ring("run1", "cpu")
        assert not nobody.answers()
        assert nobody.waiting("cpu") is None

    def test_of_a_broker_that_hangs_is_given_up(self, valkey: Valkey, queue: TrainingQueue) -> None:
        assert valkey.process is not None
        queue.ring("run1", "cpu")
        valkey.process.send_signal(signal.SIGSTOP)

        try:
            assert not queue.ring("run2", "cpu")
        finally:
            valkey.process.send_signal(signal.SIGCONT)

    def test_works_again_when_the_broker_is_back(self, valkey: Valkey, queue: TrainingQueue) -> None:
        queue.ring("run1", "cpu")
        valkey.kill()
        assert not queue.ring("run2", "cpu")

        valkey.start()

        wait_until(lambda: queue.ring("run3", "cpu"))
        assert queue.answers()

    def test_is_not_deaf_to_a_broker_that_was_restarted_in_between(self, valkey: Valkey, queue: TrainingQueue) -> None:
        queue.ring("run1", "cpu")

        valkey.kill()
        valkey.start()

        assert queue.ring("run2", "cpu")

    def test_is_quiet_when_no_broker_is_set(self) -> None:
        none = TrainingQueue("")

        assert not none.ring("run1", "cpu")
        assert none.answers()
