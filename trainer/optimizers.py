"""Configs of the loss and of the optimizers. optim.py makes them."""

from typing import Annotated, Literal, Self

from annotated_types import Ge, Lt
from pydantic import AfterValidator, BeforeValidator, Field, Strict, model_validator

from trainer.part import NoMinusZero, NotNegative, Part, Positive, Share, kind_is
from trainer.refusals import Takes, refuse


class CrossEntropy(Part):
    kind: Literal["cross_entropy"] = Field("cross_entropy", description="mean over the batch of the cross entropy of the output's softmax")
    targets: Literal["index", "one_hot"] = Field("index", description="class numbers, or one-hot vectors of them (other last bits)")
    label_smoothing: Annotated[float, Ge(0), Lt(1), NoMinusZero] = Field(0.0, description="share of the target spread over all classes, 0 to below 1")


class Sgd(Part):
    kind: Literal["sgd"] = Field("sgd", description="stochastic gradient descent")
    lr: Positive = Field(0.1, description="learning rate before the scheduler, above 0")
    momentum: Share = Field(0.0, description="share of the last update kept, 0 to 1")
    nesterov: bool = Field(False, description="Nesterov's momentum; needs momentum above 0")
    weight_decay: NotNegative = Field(0.0, description="L2 penalty added to the gradient, at least 0")

    @model_validator(mode="after")
    def _nesterov_needs_momentum(self) -> Self:
        if self.nesterov and self.momentum == 0:
            raise refuse(("nesterov",), "takes true only with a momentum above 0", self.nesterov)
        return self


Betas = Annotated[
    tuple[Annotated[float, Strict(), Ge(0), Lt(1)], Annotated[float, Strict(), Ge(0), Lt(1)]],
    Strict(False),
    AfterValidator(lambda pair: (pair[0] + 0.0, pair[1] + 0.0)),
    Takes("two numbers, each of at least 0 and below 1"),
]
BETAS = "decay of the running mean of the gradient and of its square, each 0 to below 1"


class Adam(Part):
    """Kingma and Ba 2015 (arXiv:1412.6980), with L2 weight decay."""

    kind: Literal["adam"] = Field("adam", description="Adam")
    lr: Positive = Field(1e-3, description="learning rate before the scheduler, above 0")
    betas: Betas = Field((0.9, 0.999), description=BETAS)
    eps: Positive = Field(1e-8, description="added to the denominator, above 0")
    weight_decay: NotNegative = Field(0.0, description="L2 penalty added to the gradient, at least 0")


class AdamW(Part):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv:1711.05101)."""

    kind: Literal["adamw"] = Field("adamw", description="Adam with decoupled weight decay")
    lr: Positive = Field(1e-3, description="learning rate before the scheduler, above 0")
    betas: Betas = Field((0.9, 0.999), description=BETAS)
    eps: Positive = Field(1e-8, description="added to the denominator, above 0")
    weight_decay: NotNegative = Field(0.01, description="share of every weight taken off per step, times the learning rate, at least 0")


Optimizer = Annotated[Sgd | Adam | AdamW, Field(discriminator="kind"), BeforeValidator(kind_is("sgd", "adam", "adamw"))]
