"""What one step computes, and what is measured of it. Numbers stay on the device: asking for one makes a GPU be waited for.

Shapes: B images of a batch, N images of a part, C classes.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trainer.config import RunConfig
from trainer.data import Part
from trainer.precision import forward
from trainer.readings import Reading
from trainer.training import Training


class Eager:
    """One operation after another, as they are written."""

    def __init__(self, training: Training) -> None:
        self._training = training

    def __call__(self, batch: Part) -> Reading:
        """Leaves the batch's gradients in the model."""
        self._training.optimizer.zero_grad()
        return forward_and_backward(self._training, batch)


def forward_and_backward(training: Training, batch: Part) -> Reading:
    logits_BC = forward(training.config, training.model, batch.x_ND)
    loss = F.cross_entropy(logits_BC, batch.target, label_smoothing=training.config.loss.label_smoothing)
    loss.backward()  # type: ignore[no-untyped-call]
    return Reading(loss.detach(), accuracy(logits_BC.detach(), batch.y_N), gradient_norm(training.parameters))


@torch.no_grad()
def evaluate(model: nn.Module, part: Part, config: RunConfig) -> tuple[Tensor, Tensor]:
    """Loss and accuracy over a whole part as one batch, in evaluation mode; the model goes back to training mode."""
    model.eval()
    logits_NC = forward(config, model, part.x_ND)
    loss = F.cross_entropy(logits_NC, part.target, label_smoothing=config.loss.label_smoothing)
    model.train()
    return loss, accuracy(logits_NC, part.y_N)


def accuracy(logits_BC: Tensor, y_B: Tensor) -> Tensor:
    """Share of images whose largest output is their class, 0 to 1."""
    return (logits_BC.argmax(dim=1) == y_B).float().mean()


def gradient_norm(parameters: list[nn.Parameter]) -> Tensor:
    """L2 norm over all gradients together: the norm of the norms."""
    norms = torch._foreach_norm([each.grad for each in parameters if each.grad is not None])
    norm: Tensor = torch.linalg.vector_norm(torch.stack(norms))
    return norm
