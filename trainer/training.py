"""A training under way: everything that its next step depends on, to be taken down and put back."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from trainer.config import RunConfig
from trainer.optim import clip_gradients, make_optimizer
from trainer.schedule import make_schedule
from trainer.watch import Watch


@dataclass(frozen=True)
class State:
    """Copies of all tensors by name, and the rest as what JSON can hold (see trainer.checkpoint for the kinds it keeps apart)."""

    tensors: Mapping[str, Tensor]
    facts: Mapping[str, Any]

    @property
    def step(self) -> int:
        """The step that comes next."""
        return int(self.facts["step"])


class Training:
    """A model on its device with what moves it. The order of the batches is a function of the step, and needs no place here."""

    def __init__(self, config: RunConfig, model: nn.Module) -> None:
        self.config, self.model = config, model
        self.parameters = [each for each in model.parameters() if each.requires_grad]
        self.device = self.parameters[0].device
        self.optimizer = make_optimizer(config, self.parameters, self.device)
        self.schedule = make_schedule(config, self.optimizer)
        self.best = Watch(config.best_metric.metric, config.best_metric.goal)
        self.early = Watch(config.early_stopping.metric, config.early_stopping.goal) if config.early_stopping else None
        self.best_weights: dict[str, Tensor] | None = None  # on the CPU
        self.step = 0  # the one that comes next

    def update(self, norm: Tensor) -> None:
        """One step of the optimizer along the gradients, whose L2 norm is given."""
        clip_gradients(self.config, self.parameters, norm)
        self.optimizer.step()

    def keep_best(self) -> None:
        """The model's weights and buffers as they are now, as the best so far."""
        self.best_weights = {name: tensor.detach().to("cpu", copy=True) for name, tensor in self.model.state_dict().items()}

    def optimizer_tensors(self) -> dict[str, Tensor]:
        """What the optimizer holds of each parameter, such as momentum: "0.exp_avg", the number being the parameter's place."""
        held = self.optimizer.state_dict()["state"]
        found = {f"{place}.{key}": value for place, kept in held.items() for key, value in kept.items() if isinstance(value, Tensor)}
        return dict(sorted(found.items()))  # in which order the optimizer came to hold them does not matter

    def optimizer_facts(self) -> list[dict[str, Any]]:
        """The numbers of each parameter group, such as the learning rate."""
        return [{key: value for key, value in group.items() if key != "params"} for group in self.optimizer.state_dict()["param_groups"]]

    def random_states(self) -> dict[str, Tensor]:
        """The states of the generators that dropout draws from."""
        cuda = {"cuda": torch.cuda.get_rng_state(self.device)} if self.device.type == "cuda" else {}
        return {"cpu": torch.get_rng_state(), **cuda}

    def state(self) -> State:
        """A copy: what is trained further does not change it."""
        parts = {"model": self.model.state_dict(), "optimizer": self.optimizer_tensors(), "random": self.random_states()}
        tensors = {f"{part}.{name}": tensor.detach().clone() for part, held in parts.items() for name, tensor in held.items()}
        best = {f"best.{name}": tensor for name, tensor in (self.best_weights or {}).items()}  # never written to again
        facts = {
            "step": self.step,
            "groups": self.optimizer_facts(),
            "schedule": self.schedule.state_dict(),
            "best": self.best.state_dict(),
            "early": self.early.state_dict() if self.early else None,
        }
        return State({**tensors, **best}, copy.deepcopy(facts))

    def put_back(self, state: State, watched: bool = True) -> None:
        """From here on the training goes as it went from there. The tensors of the model stay the same objects.

        Without `watched`, what was best so far is left as it is.
        """
        self.model.load_state_dict(_part(state, "model"))
        self._put_back_optimizer(_part(state, "optimizer"), state.facts["groups"])
        self.schedule.load_state_dict(state.facts["schedule"])
        self.step = state.step
        if watched:
            self.best.load_state_dict(state.facts["best"])
            self.best_weights = _part(state, "best") or None
        if watched and self.early is not None:
            self.early.load_state_dict(state.facts["early"])
        random = _part(state, "random")
        torch.set_rng_state(random["cpu"])
        if self.device.type == "cuda":
            torch.cuda.set_rng_state(random["cuda"], self.device)

    def _put_back_optimizer(self, tensors: Mapping[str, Tensor], groups: list[dict[str, Any]]) -> None:
        held: dict[int, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            place, _, key = name.partition(".")
            held.setdefault(int(place), {})[key] = tensor.clone()  # the optimizer goes on with the very tensors that it is given
        places = [group["params"] for group in self.optimizer.state_dict()["param_groups"]]
        self.optimizer.load_state_dict({"state": held, "param_groups": [{**group, "params": at} for group, at in zip(groups, places, strict=True)]})


def _part(state: State, part: str) -> dict[str, Tensor]:
    return {name.removeprefix(f"{part}."): tensor for name, tensor in state.tensors.items() if name.startswith(f"{part}.")}
