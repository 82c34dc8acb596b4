"""Points in JSON: what is read a column at a time must come out as if it had been read by the letter."""

import itertools
import json
import random
import string
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import point_bodies, strict_json
from api.problems import Problem

PLAIN = {"steps": ["0", "7"], "times": ["5", "6.5"], "loss": ["0.1", "-2"], "b": ["1e3", "-0.0"]}
NUMBERS = ["0", "-0", "0.1", "1e22", "5e-324", "1e-400", "1.7976931348623157e308", "9007199254740991", "9007199254740992", "9007199254740993.0"]
ODD = [
    *("null", '"NaN"', '"-Infinity"', '"nan"', "true", "[1.0]", "[]", "[1, 2]", "{}", '{"a": 1, "a": 2}', "01", "1.", "+1", ".5", "NaN", "", "1, 2"),
    *("9007199254740993", "-9007199254740993", "9223372036854775808", "18446744073709551615", "18446744073709551616", "1e309", "1.5", "-1", "1e11"),
]
NAMES = ["a[0]", "", "é", "\\u0000", "\\ud800", "\\n", "x" * 512, "x" * 513, 'say \\"hi\\"', "steps", "loss", "b", "\\u0062"]
AROUND = [("\ufeff", ""), (" \n", " "), ("", "x"), ("", "{}"), ("[", "]")]
MORE = ['"more": [1]', '"metrics": {}', '"metrics": []', '"times": null', '"times": [5, 6.5]', '"steps": [0, 7]', '"steps": 1']


def text(columns: Mapping[str, Sequence[str]], *more: str) -> str:
    """A document of these columns, by the texts of their elements."""
    members = {name: f'"{name}": [{", ".join(elements)}]' for name, elements in columns.items()}
    metrics = ", ".join(member for name, member in members.items() if name not in ("steps", "times"))
    outer = [*(members[name] for name in ("steps", "times") if name in members), f'"metrics": {{{metrics}}}', *more]
    return "{" + ", ".join(outer) + "}"


def nearly_plain() -> Iterator[str]:
    """The plain document with one thing changed: an element in place of another or beside it, a name, a member, what is around it."""
    yield from (text({name: column[:length] for name, column in PLAIN.items()}) for length in range(3))
    for name, column in PLAIN.items():
        yield text({other: elements for other, elements in PLAIN.items() if other != name})
        for odd, place, instead in itertools.product(NUMBERS + ODD, range(3), (0, 1)):
            yield text({**PLAIN, name: [*column[:place], odd, *column[place + instead :]]})
    for name in NAMES:
        yield text({"steps": ["1", "2"], "loss": ["1", "2"], "b": ["0.5", "1.5"]}).replace('"b"', f'"{name}"')
        yield text(PLAIN, f'"{name}": [1, 2]')
    for before, after in AROUND:
        yield before + text(PLAIN) + after
    for more in MORE:
        yield text(PLAIN, more)
        yield text({"steps": ["0", "7"], "loss": ["1", "2"]}, more)
        yield text(PLAIN).replace('"times": [5, 6.5]', more)
        yield text(PLAIN).replace('"steps": [0, 7]', more)
        yield "{" + more + "}"


def outcome(read: Any, body: bytes) -> Any:
    """What was read, to the last bit, or what was wrong with it."""
    try:
        sent = read(body)
    except Problem as problem:
        return problem.status_code, problem.detail, problem.errors
    return sent.has_times, [
        (group.metrics, group.steps.tolist(), group.times.tolist(), group.values_MN.shape, group.values_MN.tobytes()) for group in sent.groups
    ]


def by_the_letter(body: bytes) -> Any:
    return point_bodies.checked(strict_json.loads(body))


class TestJson:
    def test_is_read_as_by_the_letter(self) -> None:
        bodies = [body.encode() for body in nearly_plain()]

        assert [outcome(point_bodies.of_json, body) for body in bodies] == [outcome(by_the_letter, body) for body in bodies]

    @given(st.randoms(use_true_random=False))
    def test_with_any_byte_changed_is_read_as_by_the_letter(self, source: random.Random) -> None:
        body = bytearray(b'{"steps": [0, 1, 2], "times": [5, 6.5, 7], "metrics": {"loss": [0.5, 1e3, -2], "a": ["NaN", null, 3.25]}}')
        for _ in range(source.randint(1, 3)):
            body[source.randrange(len(body))] = source.choice([*string.printable.encode(), 0, 0xC3, 0xFF])

        assert outcome(point_bodies.of_json, bytes(body)) == outcome(by_the_letter, bytes(body))

    @pytest.mark.parametrize("metrics", [1, 64, 65, 3000])
    def test_is_taken_with_few_and_with_many_metrics(self, metrics: int) -> None:
        body = json.dumps({"steps": [1, 2], "metrics": {f"m{number}": [number / 7, None] for number in range(metrics)}}).encode()

        sent = point_bodies.of_json(body)

        assert sum(len(group.metrics) for group in sent.groups) == metrics
        assert outcome(point_bodies.of_json, body) == outcome(by_the_letter, body)

    @pytest.mark.parametrize(
        ("body", "what"),
        [
            ('{"steps": [0, 1], "metrics": {"a": [1, [2]]}}', "/metrics/a/1"),
            ('{"steps": [0], "metrics": {"a": [9007199254740993]}}', "/metrics/a/0"),
            ('{"steps": [0], "metrics": {"a": [1]}, "metrics": {}}', "twice"),
            ('{"steps": [0], "metrics": {"a": [1], "\\u0061": [2]}}', "twice"),
            ('{"steps": [0], "metrics": {"a\\u0000": [1]}}', "NUL"),
            ('\ufeff{"steps": [0], "metrics": {"a": [1]}}', "not valid JSON"),
        ],
    )
    def test_that_only_looks_plain_is_refused(self, body: str, what: str) -> None:
        with pytest.raises(Problem) as refused:
            point_bodies.of_json(body.encode())

        assert what in f"{refused.value.detail} {refused.value.errors}"
