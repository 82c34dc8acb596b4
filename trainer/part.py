"""What every part of a config is made of: a frozen object with strict fields, refused in plain words."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from annotated_types import Ge, Gt, Le
from pydantic import AfterValidator, BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator

from trainer.refusals import in_plain_words, one_of, refuse, too_many_fields


class Later:
    """Marks a field that came after the first version: it is left out of the canonical text while it has its default (decision 7)."""


LATER = Later()

LARGEST_SEED = 2**40  # seed * 1000003 + epoch must fit a generator's 64 bits
MOST_ITERATIONS = 10_000_000
WIDEST_LAYER = 1_000_000_000  # what is too much for the memory is decided by trainer.memory

Metric = Literal["train/loss", "train/accuracy", "val/loss", "val/accuracy", "grad/norm"]
Goal = Literal["min", "max"]
Iterations = Annotated[int, Ge(1), Le(MOST_ITERATIONS)]
Seed = Annotated[int, Ge(0), Le(LARGEST_SEED)]
NoMinusZero = AfterValidator(lambda x: x + 0.0)  # -0.0 becomes 0.0: one value, one digest
Positive = Annotated[float, Gt(0)]
NotNegative = Annotated[float, Ge(0), NoMinusZero]
Share = Annotated[float, Ge(0), Le(1), NoMinusZero]


class Part(BaseModel):
    """A frozen object of a config: unknown keys are refused, and true is not 1, nor "1"."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="wrap")
    @classmethod
    def _in_plain_words(cls, data: Any, build: ModelWrapValidatorHandler[Self]) -> Self:
        if too_many_fields(data):
            raise refuse((), f"takes an object with {', '.join(cls.model_fields)}, not with {len(data)} fields", data)
        try:
            return build(data)
        except ValidationError as error:
            refused = in_plain_words(cls, [each for each in error.errors(include_url=False) if each["type"] != "default_factory_not_called"])
        raise refused

    def canonical_fields(self) -> dict[str, Any]:
        """What the canonical text holds: every field, but none that came later and has its default."""
        fields = type(self).model_fields
        shown = (name for name, field in fields.items() if not (LATER in field.metadata and getattr(self, name) == field.default))
        return {name: _canonical(getattr(self, name)) for name in shown}


def _canonical(value: Any) -> Any:
    return value.canonical_fields() if isinstance(value, Part) else value


def kind_is(default: str, *others: str, but: Mapping[str, str] = MappingProxyType({})) -> Callable[[Any], Any]:
    """Gives an object that does not say its kind the default one, and refuses a kind that is none of these.

    `but` says of a kind that there is, but not here, why.
    """

    def with_kind(value: Any) -> Any:
        if not isinstance(value, dict) or too_many_fields(value):
            return value
        kind = value.get("kind", default)
        if kind not in (default, *others):
            why = f" ({but[kind]})" if isinstance(kind, str) and kind in but else ""
            raise refuse(("kind",), f"takes {one_of((default, *others))}{why}", kind)
        return {"kind": default, **value}

    return with_kind
