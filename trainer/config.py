"""The config: everything that determines what a run computes, frozen, with one canonical text.

No torch and no numpy in here: the API, the store and the command line import it. A config that is refused is refused
everywhere with the same words, at the path of the field: what it takes, what it got.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple, Self

from annotated_types import Ge, Gt, Le
from pydantic import BeforeValidator, Field, SerializeAsAny, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from trainer import content, extensions, layout, schedulers
from trainer.augmentation import Augmentation
from trainer.catalog import DATASETS, DatasetShape
from trainer.content import Content
from trainer.diagnostics import MOST_SNAPSHOTS, Diagnostics
from trainer.door import Options
from trainer.networks import Cnn, Mlp, Model, Resnet
from trainer.optimizers import CrossEntropy, Optimizer, Sgd
from trainer.part import LARGEST_SEED, LATER, MOST_ITERATIONS, Goal, Iterations, Metric, Part, Seed
from trainer.refusals import Takes, one_of, refuse, shown
from trainer.schedulers import Constant, Scheduler

# ---- data ----


def _a_fifth(fields: dict[str, Any]) -> int:
    return min(1000, _shape(fields["name"], fields["content"]).images // 5)


def _shape(name: str, held: Content | None) -> DatasetShape:
    return held.shape(name) if held else DATASETS[name]


def _options_schema(schema: dict[str, Any]) -> None:
    """The objects that there are, in place of any object."""
    kinds = [{**kind.model_json_schema(), "title": name} for name in DATASETS if (kind := extensions.options_of(name))]
    schema["anyOf"] = [*kinds, {"type": "null"}]


class Dataset(Part):
    name: Annotated[str, Field(pattern=content.NAME), Takes(f"a data set, one of {one_of(tuple(sorted(DATASETS)))}")] = Field(
        description="the labelled images to learn: of those that every installation has, or uploaded", examples=[*sorted(DATASETS)]
    )
    content: Annotated[Content | None, LATER] = Field(
        None, description="what an uploaded data set holds, filled in from its name; null for those that every installation has"
    )
    split_seed: Seed = Field(0, description=f"seed of the permutation that splits the images, 0 to {LARGEST_SEED}")
    val_size: Annotated[int, Ge(1), Le(1_000_000_000)] = Field(
        default_factory=_a_fifth, description="validation images, the first of the permutation; default: a fifth of the set, at most 1000"
    )
    test_size: Annotated[int, Ge(0), Le(1_000_000_000)] = Field(0, description="images after the validation images, evaluated once at the end")

    options: Annotated[SerializeAsAny[Options] | None, LATER] = Field(
        None, validate_default=True, description="what a data set of another package takes besides", json_schema_extra=_options_schema
    )

    @field_validator("options", mode="before")
    @classmethod
    def _of_its_own_kind(cls, given: Any, info: ValidationInfo) -> Any:
        """An object of the class that the data set names, filled in with its defaults."""
        name = info.data.get("name", "")
        kind = extensions.options_of(name)
        if kind is None and given is not None:
            raise refuse((), f"takes null: {shown(name)} has no options", given)
        return None if kind is None else kind.model_validate({} if given is None else given)

    @model_validator(mode="before")
    @classmethod
    def _with_content(cls, given: Any) -> Any:
        return content.filled_in(given)

    @property
    def shape(self) -> DatasetShape:
        return _shape(self.name, self.content)

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


# ---- the run ----


class EarlyStopping(Part):
    metric: Metric = Field("val/loss", description="watched at every evaluation")
    goal: Goal = Field("min", description="whether smaller or larger is better")
    patience: Annotated[int, Ge(1), Le(MOST_ITERATIONS)] = Field(20, description="evaluations without improvement after which the run ends")


class BestMetric(Part):
    metric: Metric = Field("val/loss", description="looked at at every evaluation")
    goal: Goal = Field("min", description="whether smaller or larger is better")


MOST_LINKS = 1000  # of a digest chain
SPACING_WORDS = f"a whole number of at least 1 and at most {MOST_ITERATIONS}, or null"
LOOKS_ON = {"checkpoint_every_s", "digest_every", "diagnostics"}
BATCH_WORDS = f'a whole number of at least 1 and at most {MOST_ITERATIONS}, or "full"'


def _batch(value: Any) -> Any:
    if value == "full" or (type(value) is int and 1 <= value <= MOST_ITERATIONS):
        return value
    raise PydanticCustomError("batch_size", "no batch size")


class RunConfig(Part):
    """What a run computes. The same config and environment give the same bits."""

    dataset: Dataset = Field(description="what is learned, and its split")
    model: Model = Field(default_factory=Mlp, description="the neural network")
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
    precision: Literal["float32", "float64", "bfloat16"] = Field(
        "float32", description="type of weights and arithmetic; bfloat16: the network's forward pass in it, by autocast, all else in float32"
    )
    threads: Annotated[int, Ge(1), Le(1024)] = Field(1, description="CPU threads of the arithmetic; other counts give other last bits")
    grad_clip: Annotated[float | None, Gt(0), Takes("a finite number above 0, or null"), LATER] = Field(
        None, description="largest L2 norm of all gradients together, to which longer ones are shortened before the optimizer's step; above 0"
    )
    augmentation: Annotated[Augmentation | None, LATER] = Field(
        None, description="vary the training images: shift, flip, noise; null: take them as they are"
    )
    early_stopping: EarlyStopping | None = Field(None, description="end the run when a metric no longer improves")
    best_metric: BestMetric = Field(default_factory=BestMetric, description="decides which weights are kept as best.safetensors")
    on_non_finite: Literal["stop", "continue"] = Field("stop", description="what to do when the training loss becomes NaN or infinite")
    checkpoint_every_s: Annotated[float | None, Ge(0.01), Le(86_400), Takes("a number of at least 0.01 and at most 86400, or null")] = Field(
        30.0, description="seconds between two checkpoints, from which a killed run goes on; null: never, it begins again"
    )
    digest_every: Annotated[int | None, Ge(1), Le(MOST_ITERATIONS), Takes(f"a whole number of at least 1 and at most {MOST_ITERATIONS}, or null")] = (
        Field(None, description="steps between two links of the digest chain; null: so many that it takes less than a hundredth of the training")
    )
    execution: Annotated[Literal["eager", "graph"], LATER] = Field(
        "eager", description="graph: every step as one CUDA graph, for GPUs only; a numeric path of its own, never compared with eager"
    )
    diagnostics: Annotated[Diagnostics | None, LATER] = Field(
        None, description="statistics of every layer while it learns; changes nothing that is computed"
    )

    @property
    def batch_images(self) -> int:
        """Images of one training batch."""
        return self.dataset.train_size if self.batch_size == "full" else self.batch_size

    @property
    def link_every(self) -> int:
        """Steps between two links of the digest chain. A step takes longer the larger its batch is; digests do with what the optimizer holds."""
        copies = 1 + (self.optimizer.momentum > 0 if self.optimizer.kind == "sgd" else 2)
        return self.digest_every or max(100, -(-6400 * copies // self.batch_images), -(-self.total_iterations // (MOST_LINKS - 50)))

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.batch_images > self.dataset.train_size:
            sentence = f'takes at most the {self.dataset.train_size} training images, or "full"'
            raise refuse(("batch_size",), sentence, self.batch_size)
        if self.augmentation and (too_far := self.augmentation.misfit(self.dataset.shape)):
            raise refuse(("augmentation", "shift_pixels"), too_far, self.augmentation.shift_pixels)
        if misfit := layout.misfit(self.model, self.dataset.shape, self.batch_images, self.batch_size):
            raise refuse(*misfit)
        if self.digest_every is not None and self.total_iterations // self.digest_every > MOST_LINKS:
            sentence = f"takes at least {-(-self.total_iterations // MOST_LINKS)}, so that the chain has at most {MOST_LINKS} links, or null"
            raise refuse(("digest_every",), sentence, self.digest_every)
        if self.diagnostics is not None and self.diagnostics.snapshots(self.total_iterations) > MOST_SNAPSHOTS:
            sentence = f"takes at least {-(-self.total_iterations // (MOST_SNAPSHOTS - 1))}: a run keeps at most {MOST_SNAPSHOTS} snapshots"
            raise refuse(("diagnostics", "every"), sentence, self.diagnostics.every)
        if self.execution == "graph" and self.device == "cpu":
            raise refuse(("execution",), "takes graph only on a GPU: device is cpu", self.execution)
        if self.execution == "graph" and self.diagnostics is not None:
            raise refuse(("execution",), "takes graph only without diagnostics, which look into every operation of a step", self.execution)
        object.__setattr__(self, "scheduler", schedulers.filled(self.scheduler, self.optimizer.lr, self.total_iterations))
        return self

    def canonical(self) -> str:
        """The config as JSON with every field filled in: keys sorted, no spaces, floats by repr. Equal configs, equal texts.

        Fields that came after the first version stand in it only with another value than their default: older digests stay. Left out is
        what only looks on, and determines nothing.
        """
        return canonical_text(self.canonical_fields())

    def digest(self) -> str:
        """SHA-256 of the canonical text, in hex."""
        return digest_of(self.canonical_fields())


def canonical_text(canonical_fields: Mapping[str, Any]) -> str:
    fields = {name: value for name, value in canonical_fields.items() if name not in LOOKS_ON}
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest_of(canonical_fields: Mapping[str, Any]) -> str:
    """The digest of a config with these canonical fields: of many that differ in their seeds alone, they are made once."""
    return hashlib.sha256(canonical_text(canonical_fields).encode()).hexdigest()


def resolved(stored: Mapping[str, Any]) -> dict[str, Any]:
    """A config from the store with the fields that came after it was stored; as it is where this version takes it no longer."""
    try:
        return RunConfig.model_validate(stored).model_dump(mode="json")
    except ValidationError:
        return dict(stored)


class Factor(NamedTuple):
    """One component that a change may touch."""

    name: str
    paths: tuple[str, ...]  # dotted, each standing for all that lies under it


_OTHERS = {"norm", "norm_position", "dropout", "output"}
_NETWORKS: tuple[type[Part], ...] = (Mlp, Cnn, Resnet, *extensions.network_configs())
_SIZES = tuple(dict.fromkeys(f"model.{name}" for kind in _NETWORKS for name in kind.model_fields if name not in _OTHERS))

# What no factor covers (seed, eval_every, device, threads, best_metric, on_non_finite, checkpointing, execution, diagnostics) may differ freely.
FACTORS: tuple[Factor, ...] = (
    Factor("dataset", ("dataset",)),
    Factor("model", _SIZES),
    Factor("model.norm", ("model.norm", "model.norm_position")),
    Factor("model.dropout", ("model.dropout",)),
    Factor("model.output", ("model.output", "loss")),
    Factor("optimizer", ("optimizer",)),
    Factor("scheduler", ("scheduler",)),
    Factor("total_iterations", ("total_iterations",)),
    Factor("batch_size", ("batch_size",)),
    Factor("precision", ("precision",)),
    Factor("grad_clip", ("grad_clip",)),
    Factor("augmentation", ("augmentation",)),
    Factor("early_stopping", ("early_stopping",)),
)
