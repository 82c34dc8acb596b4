"""All-pairs: a small set of rows in which every two values of every two columns stand together at least once."""

import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Row = dict[str, Any]


def all_pairs(columns: Mapping[str, Sequence[Any]], allowed: Callable[[Row], bool], seed: int = 0) -> list[Row]:
    """Rows with a value of every column, the same ones for the same seed. `allowed` also judges rows that have only some columns.

    Greedy: each row begins with a pair not yet met, and each further column takes the value that meets most new pairs.
    """
    draw = random.Random(seed)
    missing = pairs_of(columns, allowed)
    rows: list[Row] = []
    while missing:
        tries = [_row(columns, allowed, missing, draw) for _ in range(5)]
        rows.append(max(tries, key=lambda row: len(missing & met(row))))
        missing -= met(rows[-1])
    return rows


def pairs_of(columns: Mapping[str, Sequence[Any]], allowed: Callable[[Row], bool]) -> set[frozenset[tuple[str, Any]]]:
    """Every pair of values that may stand together."""
    return {
        frozenset({(a, x), (b, y)})
        for a, b in itertools.combinations(columns, 2)
        for x, y in itertools.product(columns[a], columns[b])
        if allowed({a: x, b: y})
    }


def met(row: Row) -> set[frozenset[tuple[str, Any]]]:
    return {frozenset(pair) for pair in itertools.combinations(row.items(), 2)}


def _row(columns: Mapping[str, Sequence[Any]], allowed: Callable[[Row], bool], missing: set[frozenset[tuple[str, Any]]], draw: random.Random) -> Row:
    row: Row = dict(sorted(draw.choice(sorted(missing, key=lambda pair: sorted(map(str, pair))))))
    for column in draw.sample(sorted(columns), len(columns)):
        if column not in row:
            fit = [value for value in draw.sample(columns[column], len(columns[column])) if allowed({**row, column: value})]
            row[column] = max(fit, key=lambda value: len(missing & met({**row, column: value})))
    return row
