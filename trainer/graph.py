"""Steps as one CUDA graph: recorded once, then started by a single call, which small networks on a GPU gain most from.

A numeric path of its own (`"execution": "graph"`): libraries may choose other kernels while they are recorded, so its bits are compared
with other graph runs' alone. PyTorch, "CUDA Graphs" (torch.cuda.graph).
"""

import torch

from trainer.data import Part
from trainer.determinism import DeviceMissing
from trainer.order import BatchOrder
from trainer.readings import Reading
from trainer.steps import Eager, forward_and_backward
from trainer.training import Training

WARM_UPS = 3  # libraries allocate their workspaces in the first calls, which must not be recorded


class Graphed:
    """Forward and backward pass as a graph; the optimizer steps outside of it, since its learning rate is a number of the host."""

    def __init__(self, training: Training, order: BatchOrder) -> None:
        if training.device.type != "cuda":
            raise DeviceMissing(f"execution graph needs a CUDA device; this run is on {training.device}")
        before = training.state()
        self._batch = _copy(order.batch(training.step))
        order.go_to(training.step)
        training.model.train()
        self._warm_up(training)
        training.optimizer.zero_grad(set_to_none=True)  # so that the recorded pass writes its gradients anew instead of adding to old ones
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            reading = forward_and_backward(training, self._batch)
            self._measured = torch.stack([each.double() for each in reading])
        training.put_back(before)  # the warm-up moved running statistics and the generator

    def __call__(self, batch: Part) -> Reading:
        """Leaves the batch's gradients in the model."""
        self._batch.x_ND.copy_(batch.x_ND)
        self._batch.y_N.copy_(batch.y_N)
        if self._batch.target is not self._batch.y_N:
            self._batch.target.copy_(batch.target)
        self._graph.replay()
        loss, accuracy, norm = self._measured.clone().unbind()
        return Reading(loss, accuracy, norm)

    def _warm_up(self, training: Training) -> None:
        learn = Eager(training)
        aside = torch.cuda.Stream(training.device)  # type: ignore[no-untyped-call]
        aside.wait_stream(torch.cuda.current_stream(training.device))
        with torch.cuda.stream(aside):
            for _ in range(WARM_UPS):
                learn(self._batch)
        torch.cuda.current_stream(training.device).wait_stream(aside)


def _copy(batch: Part) -> Part:
    y_N = batch.y_N.clone()
    return Part(batch.x_ND.clone(), y_N, y_N if batch.target is batch.y_N else batch.target.clone())
