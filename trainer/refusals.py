"""The words in which a config is refused: where, what it takes, what it got."""

import json
import types
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

MOST_ERRORS = 50
LONGEST_SHOWN = 60


@dataclass(frozen=True)
class Takes:
    """What a field accepts, in words, where its type alone does not tell."""

    words: str


def refuse(path: tuple[str | int, ...], sentence: str, got: object) -> ValidationError:
    """The error to raise where the type of a field alone does not tell: fields that do not go together, an unknown name."""
    return ValidationError.from_exception_data("config", [_got(path, sentence, got)])


def in_plain_words(model: type[BaseModel], errors: list[ErrorDetails]) -> ValidationError:
    """The same errors, each at the path of its field (without the tags of unions), said in one manner."""
    return ValidationError.from_exception_data(model.__name__, [_reworded(model, error) for error in errors[:MOST_ERRORS]])


def shown(value: object) -> str:
    """A JSON-like text of at most some sixty letters for any value at all, however large, deep or odd."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int):
        return str(value) if value.bit_length() <= 128 else f"a whole number of {value.bit_length()} bits"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str):
        return json.dumps(value if len(value) <= LONGEST_SHOWN else value[:LONGEST_SHOWN] + "...")
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return "an object"
    return f"a {type(value).__name__}"


def one_of(options: tuple[object, ...]) -> str:
    words = [shown(option) for option in options]
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]


def _reworded(model: type[BaseModel], error: ErrorDetails) -> InitErrorDetails:
    path = error["loc"]
    field = model.model_fields.get(str(path[0])) if path else None
    if field is not None and field.discriminator and len(path) > 1 and path[1] in kinds(field):
        path = (path[0], *path[2:])
    if error["type"] == "refused":  # said already, by an inner part
        return _line(path, error["msg"], error["input"])
    if error["type"] == "extra_forbidden" and len(path) == 1:
        return _line(path, f"unknown field; known here: {', '.join(model.model_fields)}", shown(error["input"]))
    if field is None:
        return _got(path, error["msg"] if path else f"takes an object with {', '.join(model.model_fields)}", error["input"])
    if error["type"] == "missing":
        return _line(path, f"is missing; takes {takes(field)}", "nothing")
    return _got(path, f"takes {takes(field)}", error["input"])


def _got(path: tuple[str | int, ...], sentence: str, got: object) -> InitErrorDetails:
    return _line(path, f"{sentence}; got {shown(got)}", shown(got))


def _line(path: tuple[str | int, ...], sentence: str, got: str) -> InitErrorDetails:
    # The value itself is not carried along: it may be a number no JSON writer takes, or a megabyte of junk.
    return InitErrorDetails(type=PydanticCustomError("refused", sentence), loc=path, input=got)


def takes(field: FieldInfo) -> str:
    """What a field accepts: "a whole number of at least 1 and at most 64"."""
    for note in field.metadata:
        if isinstance(note, Takes):
            return note.words
    annotation = field.annotation
    if get_origin(annotation) is Literal:
        return one_of(get_args(annotation))
    if annotation is int or annotation is float:
        return " ".join(["a whole number" if annotation is int else "a finite number", *_bounds(field)])
    if annotation is bool:
        return "true or false"
    if annotation is str:
        return "a string"
    if get_origin(annotation) in (Union, types.UnionType) and type(None) in get_args(annotation):
        return "an object or null"
    return f"an object whose kind is {one_of(kinds(field))}" if field.discriminator else "an object"


def kinds(field: FieldInfo) -> tuple[str, ...]:
    """The values of `kind` in a union, in the order of its members."""
    members = get_args(field.annotation)
    return tuple(get_args(member.model_fields["kind"].annotation)[0] for member in members)


def _bounds(field: FieldInfo) -> list[str]:
    words = []
    for note in field.metadata:
        match note:
            case Gt():
                words.append(f"above {note.gt}")
            case Ge():
                words.append(f"of at least {note.ge}")
            case Lt():
                words.append(f"below {note.lt}")
            case Le():
                words.append(f"at most {note.le}")
    return [" and ".join(words)] if words else []


def too_many_fields(value: Any, most: int = 64) -> bool:
    """Whether an object has more keys than any part of a config could; judged before every key gets an error of its own."""
    return isinstance(value, dict) and len(value) > most
