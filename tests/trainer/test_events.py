"""The lines a training process speaks."""

import json
import math
import struct

import pytest

from trainer.events import ArtifactWritten, Ended, Event, LogText, Points, Started, decode, encode

EVENTS = [
    pytest.param(Started({"data": "ab"}, {"torch": {"version": "2"}, "threads": 1}, 500), id="started"),
    pytest.param(Points([0, 1], [1.5, 2.5], {"train/loss": [0.5, 0.25], "val/loss": [None, 0.7]}), id="points"),
    pytest.param(ArtifactWritten("final.safetensors", "/tmp/final.safetensors", 12, "cd"), id="artifact"),
    pytest.param(LogText("two\nlines \u00e9 \U0001f600"), id="log"),
    pytest.param(Ended("finished", None, 499, {"order": "a", "final": "b"}), id="finished"),
    pytest.param(Ended("failed", "train/loss became NaN at step 12", None), id="failed"),
]


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_comes_back_from_its_line(event: Event) -> None:
    line = encode(event)

    assert "\n" not in line
    assert decode(line) == decode(line.encode()) == event


def test_points_are_columns_and_name_what_json_cannot_hold() -> None:
    line = encode(Points([3], [9.0], {"a": [math.nan], "b": [math.inf], "c": [-math.inf], "d": [None]}))

    assert json.loads(line) == {
        "event": "points",
        "steps": [3],
        "times": [9.0],
        "metrics": {"a": ["NaN"], "b": ["Infinity"], "c": ["-Infinity"], "d": [None]},
    }


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.0, 5e-324, 1.7976931348623157e308, 0.1, 2.3298325538635254, 1.0])
def test_a_value_keeps_its_bits(value: float) -> None:
    points = decode(encode(Points([0], [0.0], {"m": [value]})))

    assert isinstance(points, Points)
    (got,) = points.metrics["m"]
    assert isinstance(got, float)
    assert struct.pack("<d", got) == struct.pack("<d", value)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("", id="nothing"),
        pytest.param("hello", id="words"),
        pytest.param("[]", id="a list"),
        pytest.param("5", id="a number"),
        pytest.param('{"event":"unheard of"}', id="an unknown event"),
        pytest.param('{"event":["points"]}', id="a name that is a list"),
        pytest.param('{"event":"log"}', id="a field is missing"),
        pytest.param('{"event":"log","text":"a","more":1}', id="a field too many"),
        pytest.param('{"event":"points","steps":[1],"times":[],"metrics":{}}', id="columns of different lengths"),
        pytest.param('{"event":"points","steps":[1],"times":[1],"metrics":{"a":["nan"]}}', id="an unknown number"),
        pytest.param("[" * 100_000, id="very deep"),
        pytest.param(b"\xff\xfe", id="no text"),
    ],
)
def test_what_is_no_event_is_a_value_error(line: str | bytes) -> None:
    with pytest.raises(ValueError, match="not an event"):
        decode(line)
