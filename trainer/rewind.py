"""Going back to the very step at which a loss stopped being finite: it is noticed only when a block of steps is looked at."""

from collections.abc import Callable, Mapping

from trainer.data import Part
from trainer.order import BatchOrder
from trainer.readings import MOST_STEPS, Reading
from trainer.training import Training

Learn = Callable[[Part], Reading]


class Rewind:
    """Holds a state from a while ago, all of whose steps were finite, and what was evaluated since."""

    def __init__(self, training: Training) -> None:
        self._training = training
        self._hold()

    def note(self, evaluated: Mapping[str, float]) -> None:
        """The training's steps so far were finite; the last one was evaluated, or not ({})."""
        if self._training.step - self._state.step >= MOST_STEPS:
            self._hold()
        elif evaluated:
            self._evaluated[self._training.step - 1] = evaluated

    def to(self, step: int, learn: Learn, order: BatchOrder) -> None:
        """Bring the training where it was when the optimizer had just taken that step. What was best so far stays so."""
        training = self._training
        training.put_back(self._state, watched=False)
        order.go_to(training.step)
        while True:
            training.update(learn(order.batch(training.step)).norm)
            if training.step == step:
                return
            training.schedule.step(self._evaluated.get(training.step, {}))
            training.step += 1

    def _hold(self) -> None:
        self._state = self._training.state()
        self._evaluated: dict[int, Mapping[str, float]] = {}
