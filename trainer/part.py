"""What every part of a config is made of: a frozen object with strict fields, refused in plain words."""

from collections.abc import Callable
from typing import Annotated, Any, Self

from annotated_types import Ge, Gt, Le
from pydantic import AfterValidator, BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator

from trainer.refusals import in_plain_words, one_of, refuse, too_many_fields

LARGEST_SEED = 2**40  # seed * 1000003 + epoch must fit a generator's 64 bits
MOST_ITERATIONS = 10_000_000
WIDEST_LAYER = 1_000_000_000  # what is too much for the memory is decided by trainer.memory

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


def kind_is(default: str, *others: str) -> Callable[[Any], Any]:
    """Gives an object that does not say its kind the default one, and refuses a kind that is none of these."""

    def with_kind(value: Any) -> Any:
        if not isinstance(value, dict) or too_many_fields(value):
            return value
        kind = value.get("kind", default)
        if kind not in (default, *others):
            raise refuse(("kind",), f"takes {one_of((default, *others))}", kind)
        return {"kind": default, **value}

    return with_kind
