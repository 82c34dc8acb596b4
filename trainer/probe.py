"""One layer to be tried on one input: what may be asked for. No torch in here.

The layers have the names and defaults that they have in a run's config.
"""

import math
from typing import Annotated, Any, Literal, Self

from annotated_types import Ge, Le, Len
from pydantic import BeforeValidator, Field, Strict, model_validator
from pydantic_core import PydanticCustomError

from trainer.config import RunConfig
from trainer.networks import BatchNorm, Dropout, GroupNorm, InstanceNorm, LayerNorm, RmsNorm
from trainer.part import MOST_ITERATIONS, Part, Seed, kind_is
from trainer.refusals import Takes, refuse

MOST_VALUES = 65_536
LARGEST_SHAPE = f"a list of 2 to 4 sizes, each of at least 1, that multiply to at most {MOST_VALUES}"


class DropoutLayer(Dropout):
    kind: Literal["dropout"] = Field("dropout", description="zeroes elements at random in training")


class Relu(Part):
    kind: Literal["relu"] = Field("relu", description="max(x, 0)")


class Gelu(Part):
    kind: Literal["gelu"] = Field("gelu", description="x times the normal distribution's probability of less than x, exactly")


class Silu(Part):
    kind: Literal["silu"] = Field("silu", description="x times its sigmoid")


class Tanh(Part):
    kind: Literal["tanh"] = Field("tanh", description="hyperbolic tangent")


class Softmax(Part):
    kind: Literal["softmax"] = Field("softmax", description="softmax over the second dimension")


KINDS = ("dropout", "batch", "layer", "group", "instance", "rms", "relu", "gelu", "silu", "tanh", "softmax")
Layer = Annotated[
    DropoutLayer | BatchNorm | LayerNorm | GroupNorm | InstanceNorm | RmsNorm | Relu | Gelu | Silu | Tanh | Softmax,
    Field(discriminator="kind"),
    BeforeValidator(kind_is(*KINDS)),
]


class OfRun(Part):
    """The images of a step of a managed run, as the run learned from them."""

    run: Annotated[str, Len(1, 64)] = Field(description="id of a managed run")
    batch: Annotated[int, Ge(0), Le(MOST_ITERATIONS)] = Field(0, description="the step whose images are taken")


def _input(value: Any) -> Any:
    if isinstance(value, dict):
        return OfRun.model_validate(value)
    if isinstance(value, str) and value not in ("normal", "ones"):
        raise PydanticCustomError("input", "no input")
    return value


def _shape(value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, list | tuple) and 2 <= len(value) <= 4 and all(type(size) is int and 1 <= size <= MOST_VALUES for size in value):
        return tuple(value)
    raise PydanticCustomError("shape", "no shape")


def _shape_schema(schema: dict[str, Any]) -> None:
    """What `_shape` looks at, for the forms that are made from the schema."""
    schema["anyOf"][0] |= {"items": {"type": "integer", "minimum": 1, "maximum": MOST_VALUES}, "minItems": 2, "maxItems": 4}


class Probe(Part):
    """A layer, an input and a mode. The same probe gives the same bits: `torch.manual_seed(seed)`, then the input, then the layer."""

    layer: Layer = Field(description="what is tried")
    input: Annotated[Literal["normal", "ones"] | OfRun, BeforeValidator(_input), Takes('"normal", "ones", or an object with run and batch')] = Field(
        "normal", description="normal: independent numbers of mean 0 and variance 1; or the images of a step of a run"
    )
    shape: Annotated[tuple[int, ...] | None, Strict(False), BeforeValidator(_shape), Takes(LARGEST_SHAPE + ", or null")] = Field(
        None,
        description="sizes, samples first, then features or channels; default: 28 by 28, or the images of the step as rows",
        json_schema_extra=_shape_schema,
    )
    mode: Literal["train", "eval"] = Field("train", description="which of its two ways the layer works")
    seed: Seed = Field(0, description="seed of the input and the dropout mask")

    @model_validator(mode="after")
    def _shape_is_filled_in_and_fits(self) -> Self:
        if self.shape is None and isinstance(self.input, str):
            object.__setattr__(self, "shape", (28, 28))
        if self.shape is not None and math.prod(self.shape) > MOST_VALUES:
            raise refuse(("shape",), f"takes {LARGEST_SHAPE}; these multiply to {math.prod(self.shape)}", self.shape)
        if self.shape is not None and (trouble := _trouble(self.layer, self.shape, self.mode)):
            raise refuse(("shape",), trouble, self.shape)
        return self

    def of(self, config: RunConfig) -> "Probe":
        """The same with its shape settled for a run of that config. Raises ValidationError where its images do not fit."""
        if isinstance(self.input, str):
            return self
        images, features = config.batch_images, config.dataset.shape.features
        if self.input.batch >= config.total_iterations:
            raise refuse(("input", "batch"), f"takes a step of the run, less than {config.total_iterations}", self.input.batch)
        if features > MOST_VALUES:
            raise refuse(("input", "run"), f"takes a run whose images have at most {MOST_VALUES} numbers each", self.input.run)
        shape = self.shape or (min(images, MOST_VALUES // features), features)
        values = math.prod(shape)
        if values % features or values > images * features:
            sentence = f"takes sizes that multiply to 1 to {images} images of {features} numbers each"
            raise refuse(("shape",), sentence, self.shape)
        return Probe.model_validate({**self.model_dump(), "shape": shape})


def _trouble(layer: Part, shape: tuple[int, ...], mode: str) -> str | None:
    """Why the layer cannot take that shape; None when it can."""
    samples, channels, pixels = shape[0], shape[1], math.prod(shape[2:])
    match layer:
        case BatchNorm() if mode == "train" and samples * pixels < 2:
            return "takes at least two values of each channel with batch in training: one has no variance"
        case InstanceNorm() if len(shape) < 3 or pixels < 2:
            return "takes three or four sizes, and at least two pixels, with instance"
        case GroupNorm(groups=groups) if channels % groups:
            return f"takes a second size that {groups} groups divide"
        case GroupNorm(groups=groups) if channels // groups * pixels < 2:
            return f"takes at least two values in each of {groups} groups: one has no variance"
        case DropoutLayer(spatial=True) if len(shape) < 4:
            return "takes four sizes with spatial dropout: samples, channels, height, width"
    return None
