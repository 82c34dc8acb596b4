"""The config: everything that determines what a run computes, frozen, with one canonical text.

No torch and no numpy in here: the API, the store and the command line import it. A config that is refused is refused
everywhere with the same words, at the path of the field: what it takes, what it got.
"""

import hashlib
import json
from typing import Annotated, Any, Literal, NamedTuple, Self

from annotated_types import Ge, Gt, Le, Len, Lt
from pydantic import AfterValidator, BeforeValidator, FailFast, Field, Strict, model_validator
from pydantic_core import PydanticCustomError

from trainer.catalog import DATASETS, DatasetShape
from trainer.diagnostics import MOST_SNAPSHOTS, Diagnostics
from trainer.part import LARGEST_SEED, MOST_ITERATIONS, WIDEST_LAYER, Iterations, NoMinusZero, NotNegative, Part, Positive, Seed, Share, kind_is
from trainer.refusals import Takes, one_of, refuse

Metric = Literal["train/loss", "train/accuracy", "val/loss", "val/accuracy", "grad/norm"]
Goal = Literal["min", "max"]


# ---- data ----


def _known(name: str) -> str:
    if name not in DATASETS:
        raise refuse((), f"takes a data set, one of {one_of(tuple(sorted(DATASETS)))}", name)
    return name


def _a_fifth(fields: dict[str, Any]) -> int:
    return min(1000, DATASETS[fields["name"]].images // 5)


class Dataset(Part):
    name: Annotated[str, AfterValidator(_known), Takes(f"a data set, one of {one_of(tuple(sorted(DATASETS)))}")] = Field(
        description="the labelled images to learn", json_schema_extra={"enum": [*sorted(DATASETS)]}
    )
    split_seed: Seed = Field(0, description=f"seed of the permutation that splits the images, 0 to {LARGEST_SEED}")
    val_size: Annotated[int, Ge(1), Le(1_000_000_000)] = Field(
        default_factory=_a_fifth, description="validation images, the first of the permutation; default: a fifth of the set, at most 1000"
    )
    test_size: Annotated[int, Ge(0), Le(1_000_000_000)] = Field(0, description="images after the validation images, evaluated once at the end")

    @property
    def shape(self) -> DatasetShape:
        return DATASETS[self.name]

    @property
    def train_size(self) -> int:
        """Training images: what validation and test leave."""
        return self.shape.images - self.val_size - self.test_size

    @model_validator(mode="after")
    def _leaves_training_images(self) -> Self:
        if self.train_size < 1:
            field, got = ("val_size", self.val_size) if self.val_size >= self.test_size else ("test_size", self.test_size)
            both = f"val_size {self.val_size} + test_size {self.test_size}"
            raise refuse((field,), f"takes less: {self.name} has {self.shape.images} images, {both} leave none to train on", got)
        return self


# ---- model ----


class NoNorm(Part):
    kind: Literal["none"] = Field("none", description="no normalization")


class BatchNorm(Part):
    """Normalizes each feature over the batch; running statistics at evaluation (Ioffe and Szegedy 2015, arXiv:1502.03167)."""

    kind: Literal["batch"] = Field("batch", description="over the batch, per feature")
    momentum: Share = Field(0.1, description="weight of the current batch in the running statistics, 0 to 1")
    eps: Positive = Field(1e-5, description="added to the variance, above 0")


class LayerNorm(Part):
    """Normalizes each sample over its features (Ba, Kiros and Hinton 2016, arXiv:1607.06450)."""

    kind: Literal["layer"] = Field("layer", description="over the features, per sample")
    eps: Positive = Field(1e-5, description="added to the variance, above 0")


class Dropout(Part):
    """Zeroes each element with probability p in training (Srivastava et al. 2014)."""

    p: Share = Field(0.0, description="probability of zeroing an element, 0 to 1")
    scaling: Literal["inverted", "classic"] = Field("inverted", description="inverted: x/(1-p) in training; classic: x*(1-p) at evaluation")


Norm = Annotated[NoNorm | BatchNorm | LayerNorm, Field(discriminator="kind"), BeforeValidator(kind_is("none", "batch", "layer"))]


class Mlp(Part):
    """Linear, activation, norm, dropout for every hidden layer; then a linear head."""

    kind: Literal["mlp"] = Field("mlp", description="fully connected layers")
    hidden: Annotated[
        tuple[Annotated[int, Strict(), Ge(1), Le(WIDEST_LAYER)], ...],
        Strict(False),  # JSON has lists, not tuples
        Len(0, 64),
        FailFast(),
        Takes(f"a list of up to 64 layer widths, each a whole number of at least 1 and at most {WIDEST_LAYER}"),
    ] = Field((256,), description="widths of the hidden layers, at most 64 layers of 1 to 1e9")
    activation: Literal["relu"] = Field("relu", description="after every hidden linear layer")
    norm: Norm = Field(default_factory=NoNorm, description="normalization of every hidden layer")
    norm_position: Literal["after_activation", "before_activation"] = Field("after_activation", description="where the norm stands")
    dropout: Dropout = Field(default_factory=Dropout, description="after norm and activation of every hidden layer")
    output: Literal["logits", "softmax"] = Field("logits", description="softmax puts a softmax behind the head, as in the lecture")


# ---- loss, optimizer, scheduler ----


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


class Adam(Part):
    """Kingma and Ba 2015 (arXiv:1412.6980), with L2 weight decay."""

    kind: Literal["adam"] = Field("adam", description="Adam")
    lr: Positive = Field(1e-3, description="learning rate before the scheduler, above 0")
    betas: Annotated[
        tuple[Annotated[float, Strict(), Ge(0), Lt(1)], Annotated[float, Strict(), Ge(0), Lt(1)]],
        Strict(False),
        AfterValidator(lambda pair: (pair[0] + 0.0, pair[1] + 0.0)),
        Takes("two numbers, each of at least 0 and below 1"),
    ] = Field((0.9, 0.999), description="decay of the running mean of the gradient and of its square, each 0 to below 1")
    eps: Positive = Field(1e-8, description="added to the denominator, above 0")
    weight_decay: NotNegative = Field(0.0, description="L2 penalty added to the gradient, at least 0")


class Constant(Part):
    kind: Literal["constant"] = Field("constant", description="the optimizer's lr throughout")


class Exponential(Part):
    kind: Literal["exponential"] = Field("exponential", description="lr * gamma after every iteration")
    gamma: Positive = Field(0.995, description="factor per iteration, above 0")


class Linear(Part):
    kind: Literal["linear"] = Field("linear", description="lr times a factor that moves evenly from start to end")
    start_factor: Annotated[float, Gt(0), Le(1)] = Field(1.0, description="factor at step 0, above 0 to 1")
    end_factor: Share = Field(0.1, description="factor from total_iterations on, 0 to 1")
    total_iterations: Annotated[
        int | None, Ge(1), Le(MOST_ITERATIONS), Takes(f"a whole number of at least 1 and at most {MOST_ITERATIONS}, or null")
    ] = Field(None, description="iterations until end_factor; default: the run's total_iterations, and filled with it")


class Step(Part):
    kind: Literal["step"] = Field("step", description="lr * gamma after every step_size iterations")
    step_size: Iterations = Field(100, description="iterations between two changes")
    gamma: Positive = Field(0.5, description="factor per change, above 0")


Optimizer = Annotated[Sgd | Adam, Field(discriminator="kind"), BeforeValidator(kind_is("sgd", "adam"))]
Scheduler = Annotated[
    Constant | Exponential | Linear | Step, Field(discriminator="kind"), BeforeValidator(kind_is("constant", "exponential", "linear", "step"))
]


# ---- the run ----


class EarlyStopping(Part):
    metric: Metric = Field("val/loss", description="watched at every evaluation")
    goal: Goal = Field("min", description="whether smaller or larger is better")
    patience: Annotated[int, Ge(1), Le(MOST_ITERATIONS)] = Field(20, description="evaluations without improvement after which the run ends")


class BestMetric(Part):
    metric: Metric = Field("val/loss", description="looked at at every evaluation")
    goal: Goal = Field("min", description="whether smaller or larger is better")


BATCH_WORDS = f'a whole number of at least 1 and at most {MOST_ITERATIONS}, or "full"'


def _batch(value: Any) -> Any:
    if value == "full" or (type(value) is int and 1 <= value <= MOST_ITERATIONS):
        return value
    raise PydanticCustomError("batch_size", "no batch size")


class RunConfig(Part):
    """What a run computes. The same config and environment give the same bits."""

    dataset: Dataset = Field(description="what is learned, and its split")
    model: Mlp = Field(default_factory=Mlp, description="the neural network")
    loss: CrossEntropy = Field(default_factory=CrossEntropy, description="what is minimized")
    optimizer: Optimizer = Field(default_factory=Sgd, description="how the weights follow the gradient")
    scheduler: Scheduler = Field(default_factory=Constant, description="how the learning rate moves, stepped every iteration")
    total_iterations: Iterations = Field(3000, description=f"optimizer steps, 1 to {MOST_ITERATIONS}")
    batch_size: Annotated[Iterations | Literal["full"], BeforeValidator(_batch), Takes(BATCH_WORDS)] = Field(
        64, description='training images per step, or "full" for all of them; a last partial batch is dropped'
    )
    eval_every: Iterations = Field(10, description="validation after every so many steps, and after the last")
    seed: Seed = Field(0, description=f"seed of the initial weights, the batch order and the dropout masks, 0 to {LARGEST_SEED}")
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda|cuda:(0|[1-9][0-9]?))$"), Takes('"auto", "cpu", "cuda" or "cuda:N"')] = Field(
        "auto", description="where to train: auto takes a GPU where the worker has one"
    )
    precision: Literal["float32", "float64"] = Field("float32", description="type of weights and arithmetic")
    threads: Annotated[int, Ge(1), Le(1024)] = Field(1, description="CPU threads of the arithmetic; other counts give other last bits")
    early_stopping: EarlyStopping | None = Field(None, description="end the run when a metric no longer improves")
    best_metric: BestMetric = Field(default_factory=BestMetric, description="decides which weights are kept as best.safetensors")
    on_non_finite: Literal["stop", "continue"] = Field("stop", description="what to do when the training loss becomes NaN or infinite")

    diagnostics: Diagnostics | None = Field(None, description="statistics of every layer while it learns; changes nothing that is computed")

    @property
    def batch_images(self) -> int:
        """Images of one training batch."""
        return self.dataset.train_size if self.batch_size == "full" else self.batch_size

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.batch_images > self.dataset.train_size:
            sentence = f'takes at most the {self.dataset.train_size} training images, or "full"'
            raise refuse(("batch_size",), sentence, self.batch_size)
        if self.model.norm.kind == "batch" and self.model.hidden and self.batch_images < 2:
            sentence = "takes at least 2 with norm batch: one image has no variance"
            raise refuse(("batch_size",), sentence, self.batch_size)
        if self.diagnostics is not None and self.diagnostics.snapshots(self.total_iterations) > MOST_SNAPSHOTS:
            sentence = f"takes at least {-(-self.total_iterations // (MOST_SNAPSHOTS - 1))}: a run keeps at most {MOST_SNAPSHOTS} snapshots"
            raise refuse(("diagnostics", "every"), sentence, self.diagnostics.every)
        if self.scheduler.kind == "linear" and self.scheduler.total_iterations is None:
            filled = self.scheduler.model_copy(update={"total_iterations": self.total_iterations})
            object.__setattr__(self, "scheduler", filled)
        return self

    def canonical(self) -> str:
        """The config as JSON with every field filled in: keys sorted, no spaces, floats by repr. Equal configs, equal texts.

        Diagnostics are left out: they look on, and determine nothing.
        """
        return json.dumps(self.model_dump(exclude={"diagnostics"}), sort_keys=True, separators=(",", ":"), allow_nan=False)

    def digest(self) -> str:
        """SHA-256 of the canonical text, in hex."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()


class Factor(NamedTuple):
    """One component that a change may touch."""

    name: str
    paths: tuple[str, ...]  # dotted, each standing for all that lies under it


# What no factor covers (seed, eval_every, device, threads, best_metric, on_non_finite, diagnostics) may differ freely.
FACTORS: tuple[Factor, ...] = (
    Factor("dataset", ("dataset",)),
    Factor("model", ("model.kind", "model.hidden", "model.activation")),
    Factor("model.norm", ("model.norm", "model.norm_position")),
    Factor("model.dropout", ("model.dropout",)),
    Factor("model.output", ("model.output", "loss")),
    Factor("optimizer", ("optimizer",)),
    Factor("scheduler", ("scheduler",)),
    Factor("total_iterations", ("total_iterations",)),
    Factor("batch_size", ("batch_size",)),
    Factor("precision", ("precision",)),
    Factor("early_stopping", ("early_stopping",)),
)
