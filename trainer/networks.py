"""Configs of the neural networks, and of what stands between their layers. No torch in here: model.py builds them."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, Union

from annotated_types import Ge, Le, Len
from pydantic import BeforeValidator, FailFast, Field, Strict, model_validator
from pydantic_core import PydanticCustomError

from trainer import extensions
from trainer.part import LATER, WIDEST_LAYER, Part, Positive, Share, kind_is
from trainer.refusals import Takes, refuse

# ---- normalization ----


class NoNorm(Part):
    kind: Literal["none"] = Field("none", description="no normalization")


class BatchNorm(Part):
    """Normalizes each feature over the batch, each channel over the batch and its pixels; running statistics at evaluation.

    Ioffe and Szegedy 2015, arXiv:1502.03167. PyTorch's BatchNorm1d in an mlp, BatchNorm2d over feature maps.
    """

    kind: Literal["batch"] = Field("batch", description="over the batch, per feature or channel")
    momentum: Share = Field(0.1, description="weight of the current batch in the running statistics, 0 to 1")
    eps: Positive = Field(1e-5, description="added to the variance, above 0")


class LayerNorm(Part):
    """Normalizes each sample over all its features, or all its channels and pixels together; a weight and a bias for each of them.

    Ba, Kiros and Hinton 2016, arXiv:1607.06450. PyTorch's LayerNorm(width), LayerNorm((channels, height, width)).
    """

    kind: Literal["layer"] = Field("layer", description="over all features, or all channels and pixels, per sample")
    eps: Positive = Field(1e-5, description="added to the variance, above 0")


class GroupNorm(Part):
    """Normalizes each sample over groups of neighbouring features or channels, with their pixels; a weight and a bias per feature or channel.

    Wu and He 2018, arXiv:1803.08494. PyTorch's GroupNorm.
    """

    kind: Literal["group"] = Field("group", description="over groups of features or channels, per sample")
    groups: Annotated[int, Ge(1), Le(WIDEST_LAYER)] = Field(8, description="groups, at least 1; must divide every layer's width or channels")
    eps: Positive = Field(1e-5, description="added to the variance, above 0")


class InstanceNorm(Part):
    """Normalizes each channel of each sample over its pixels; nothing is learned and nothing runs along, as by PyTorch's defaults.

    Ulyanov, Vedaldi and Lempitsky 2016, arXiv:1607.08022. PyTorch's InstanceNorm2d. With weights, it is group norm of one channel a group.
    """

    kind: Literal["instance"] = Field("instance", description="over the pixels, per sample and channel")
    eps: Positive = Field(1e-5, description="added to the variance, above 0")


class RmsNorm(Part):
    """Divides each sample by the root mean square of its features, or of all its channels and pixels; a weight for each of them.

    Zhang and Sennrich 2019, arXiv:1910.07467. PyTorch's RMSNorm(width), RMSNorm((channels, height, width)).
    """

    kind: Literal["rms"] = Field("rms", description="by the root mean square, per sample")
    eps: Positive = Field(1e-6, description="added to the mean square, above 0")


AnyNorm = NoNorm | BatchNorm | LayerNorm | GroupNorm | InstanceNorm | RmsNorm
NO_PIXELS = {"instance": "instance norm is taken over the pixels of a feature map, and an mlp has none"}
FlatNorm = Annotated[
    NoNorm | BatchNorm | LayerNorm | GroupNorm | RmsNorm,
    Field(discriminator="kind"),
    BeforeValidator(kind_is("none", "batch", "layer", "group", "rms", but=NO_PIXELS)),
]
MapNorm = Annotated[
    AnyNorm,
    Field(discriminator="kind"),
    BeforeValidator(kind_is("none", "batch", "layer", "group", "instance", "rms")),
]
NormPosition = Literal["after_activation", "before_activation"]


# ---- what else stands between layers ----


class Dropout(Part):
    """Zeroes each element with probability p in training (Srivastava et al. 2014); if spatial, whole channels (Tompson et al. 2015)."""

    p: Share = Field(0.0, description="probability of zeroing an element, 0 to 1")
    scaling: Literal["inverted", "classic"] = Field("inverted", description="inverted: x/(1-p) in training; classic: x*(1-p) at evaluation")
    spatial: Annotated[bool, LATER] = Field(False, description="zero whole channels of feature maps instead of single elements")


Activation = Literal["relu", "gelu", "silu", "tanh"]
Output = Literal["logits", "softmax"]
ACTIVATION = "after every layer but the head: relu, gelu (exact, by erf), silu or tanh"
POSITION = "whether the norm stands before or after the activation"
SOFTMAX = "softmax puts a softmax behind the head, as in the lecture"

_Width = Annotated[int, Strict(), Ge(1), Le(WIDEST_LAYER)]


# ---- networks ----


class Mlp(Part):
    """Linear, activation, norm, dropout for every hidden layer; then a linear head."""

    kind: Literal["mlp"] = Field("mlp", description="fully connected layers")
    hidden: Annotated[
        tuple[_Width, ...],
        Strict(False),  # JSON has lists, not tuples
        Len(0, 64),
        FailFast(),
        Takes(f"a list of up to 64 layer widths, each a whole number of at least 1 and at most {WIDEST_LAYER}"),
    ] = Field((256,), description="widths of the hidden layers, at most 64 layers of 1 to 1e9")
    activation: Activation = Field("relu", description=ACTIVATION)
    norm: FlatNorm = Field(default_factory=NoNorm, description="normalization of every hidden layer")
    norm_position: NormPosition = Field("after_activation", description=POSITION)
    dropout: Dropout = Field(default_factory=Dropout, description="after norm and activation of every hidden layer")
    output: Output = Field("logits", description=SOFTMAX)

    sizes_field: ClassVar[str] = "hidden"

    @property
    def sizes(self) -> tuple[int, ...]:
        """Widths of the layers, the head left out."""
        return self.hidden

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.dropout.spatial:
            raise refuse(("dropout", "spatial"), "takes false in an mlp: it has no channels to zero", self.dropout.spatial)
        _groups_divide(self.norm, self.hidden, "width")
        if isinstance(self.norm, GroupNorm) and self.norm.groups in self.hidden:
            sentence = f"takes less than the width {self.norm.groups}: a group of one feature has no variance"
            raise refuse(("norm", "groups"), sentence, self.norm.groups)
        return self


def _channels(most: int) -> tuple[Any, ...]:
    return Strict(False), Len(1, most), FailFast(), Takes(f"a list of 1 to {most} numbers of channels, each of at least 1 and at most {WIDEST_LAYER}")


def _whole(value: Any) -> Any:
    if type(value) is not int:  # true and 1.0 equal 1, and a Literal takes what is equal
        raise PydanticCustomError("whole", "no whole number")
    return value


class Cnn(Part):
    """Blocks of convolution, activation, norm, dropout, pooling; then the linear head over all that is left of the image.

    Convolutions keep height and width (stride 1, zeros around the image); pooling halves both, rounding down.
    """

    kind: Literal["cnn"] = Field("cnn", description="convolution blocks")
    channels: Annotated[tuple[_Width, ...], *_channels(16)] = Field((16, 32), description="channels of each block, at most 16 blocks of 1 to 1e9")
    kernel: Annotated[Literal[1, 3, 5, 7, 9, 11], BeforeValidator(_whole)] = Field(3, description="height and width of the convolutions, in pixels")
    pooling: Literal["max", "average", "none"] = Field("max", description="at the end of every block, over 2 by 2 pixels")
    activation: Activation = Field("relu", description=ACTIVATION)
    norm: MapNorm = Field(default_factory=NoNorm, description="normalization in every block")
    norm_position: NormPosition = Field("after_activation", description=POSITION)
    dropout: Dropout = Field(default_factory=Dropout, description="after norm and activation of every block, before pooling")
    output: Output = Field("logits", description=SOFTMAX)

    sizes_field: ClassVar[str] = "channels"

    @property
    def sizes(self) -> tuple[int, ...]:
        """Channels of the blocks."""
        return self.channels

    @model_validator(mode="after")
    def _groups_fit(self) -> Self:
        _groups_divide(self.norm, self.channels, "number of channels")
        return self


class Resnet(Part):
    """A convolution, then stages of residual blocks, then activation, norm and dropout, the mean over all pixels, and the linear head.

    A block adds to its input: activation, norm, dropout, convolution, twice (He et al. 2016, arXiv:1603.05027, where the norm stands before
    the activation). Every stage but the first halves height and width, rounding up; there a 1 by 1 convolution fits the input to the sum.
    """

    kind: Literal["resnet"] = Field("resnet", description="residual blocks of convolutions")
    channels: Annotated[tuple[_Width, ...], *_channels(8)] = Field((16, 32), description="channels of each stage, at most 8 stages of 1 to 1e9")
    blocks: Annotated[int, Ge(1), Le(32)] = Field(1, description="residual blocks of each stage, 1 to 32")
    activation: Activation = Field("relu", description=ACTIVATION)
    norm: MapNorm = Field(default_factory=NoNorm, description="normalization before every convolution of a block, and before the head")
    norm_position: NormPosition = Field("after_activation", description=POSITION)
    dropout: Dropout = Field(default_factory=Dropout, description="after norm and activation")
    output: Output = Field("logits", description=SOFTMAX)

    sizes_field: ClassVar[str] = "channels"

    @property
    def sizes(self) -> tuple[int, ...]:
        """Channels of the stages."""
        return self.channels

    @model_validator(mode="after")
    def _groups_fit(self) -> Self:
        _groups_divide(self.norm, self.channels, "number of channels")
        return self


if TYPE_CHECKING:
    Model = Mlp | Cnn | Resnet  # what else there is derives from NetworkConfig, and is looked for first
else:
    Model = Annotated[
        Union[(Mlp, Cnn, Resnet, *extensions.network_configs())],
        Field(discriminator="kind"),
        BeforeValidator(kind_is("mlp", "cnn", "resnet", *extensions.MODELS)),
    ]


def _groups_divide(norm: AnyNorm, sizes: tuple[int, ...], what: str) -> None:
    if isinstance(norm, GroupNorm) and (odd := next((size for size in sizes if size % norm.groups), None)) is not None:
        raise refuse(("norm", "groups"), f"takes a number that divides every layer's {what}, and so {odd} too", norm.groups)
