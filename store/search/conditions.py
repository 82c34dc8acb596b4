"""Filters as SQL expressions about one run. Each is true or false, never NULL: a missing value makes a comparison false, so `not` flips it.

An expression looks its values up by the run's id, in scalar subqueries that no planner takes apart: what it costs a run is known,
and which runs are looked at is for walk.py to say.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Double, SQLColumnExpression, Text, and_, case, cast, false, func, literal, not_, or_, select, true, type_coerce
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from store.errors import BadSearch
from store.search.keys import Key
from store.search.leaves import HEAD
from store.search.subject import KEYS, PARAMS, PROJECTS, SERIES, TAGS, Subject
from store.search.syntax import And, Compare, Filter, In, IsNull, Like, Not, Or, Value

Condition = ColumnElement[bool]
Test = Callable[[SQLColumnExpression[Any]], Condition]
WHOLE = func.coalesce(PARAMS.c.text, PARAMS.c.head)
FACTS = ("host", "commit", "program")
HALF_MICROSECOND = 5e-7  # times are shown to the microsecond: those that read the same are the same


class by_bytes(FunctionElement[str]):
    """A text that is ordered by its code points, whatever the database's own order is."""

    type = Text()
    inherit_cache = True


@compiles(by_bytes, "sqlite")
def _by_bytes_sqlite(element: by_bytes, compiler: Any, **kw: Any) -> str:
    return str(compiler.process(element.clauses, **kw))


@compiles(by_bytes, "postgresql")
def _by_bytes_postgresql(element: by_bytes, compiler: Any, **kw: Any) -> str:
    return f'({compiler.process(element.clauses, **kw)} COLLATE "C")'


class matches(FunctionElement[bool]):
    """matches(text, like, glob): LIKE minding case. SQLite's LIKE does not mind it, its GLOB does."""

    inherit_cache = True


@compiles(matches, "sqlite")
def _matches_sqlite(element: matches, compiler: Any, **kw: Any) -> str:
    text, _, glob = element.clauses
    return f"({compiler.process(text, **kw)} GLOB {compiler.process(glob, **kw)})"


@compiles(matches, "postgresql")
def _matches_postgresql(element: matches, compiler: Any, **kw: Any) -> str:
    text, like, _ = element.clauses
    return f"({compiler.process(text, **kw)} LIKE {compiler.process(like, **kw)})"


def condition(of: Filter, run: Subject) -> Condition:
    """Raises BadSearch for what a key does not take."""
    match of:
        case And(parts):
            return and_(*(condition(part, run) for part in parts))
        case Or(parts):
            return or_(*(condition(part, run) for part in parts))
        case Not(inner):
            return not_(condition(inner, run))
        case IsNull(key, negated):
            return _is_there(key, run) if negated else not_(_is_there(key, run))
        case Compare(key, sign, value):
            return _tags(key, sign, value, run) if key.root == "tags" else _compares(key, sign, value, run)
        case In(key, values, negated):
            return _in(key, values, negated, run)
        case Like():
            return _like(of, run)


def number_of(key: Key, row: Any) -> ColumnElement[float]:
    """A field that is a number, or a sum of a metric, as a float64; NULL when it is missing. `row` is of runs or of series."""
    column = row.c[key.part] if key.root == "metric" else field_number(key.name, row)
    is_float = key.part in ("last", "min", "max") or key.is_time or key.name == "duration"
    return type_coerce(column, Double) if is_float else cast(column, Double)


def field_number(field: str, row: Any) -> SQLColumnExpression[Any]:
    """A run's field that is a number or a time. How long it took, in seconds; of one that is under way, until it was last heard of."""
    if field == "heartbeat_at":
        return func.coalesce(row.c.heartbeat_at, row.c.finished_at, row.c.created_at)
    if field == "duration":
        return func.coalesce(row.c.finished_at, row.c.heartbeat_at) - func.coalesce(row.c.started_at, row.c.created_at)
    return row.c[field]  # type: ignore[no-any-return]


def text_of(field: str, row: Any) -> SQLColumnExpression[Any]:
    """A run's field that is a text; NULL when it is missing."""
    if field == "project":
        return select(PROJECTS.c.entity + "/" + PROJECTS.c.name).where(PROJECTS.c.id == row.c.project_id).correlate(row).scalar_subquery()
    if field == "archived":
        return case((row.c.archived, "true"), else_="false")
    if field == "username":
        return select(KEYS.c.name).where(KEYS.c.id == row.c.created_by).correlate(row).scalar_subquery()
    if field in FACTS:
        return row.c.environment[field].as_string()  # type: ignore[no-any-return]
    return row.c[{"baseline": "baseline_id"}.get(field, field)]  # type: ignore[no-any-return]


def _compares(key: Key, sign: str, value: Value, run: Subject) -> Condition:
    if key.is_time:
        return run.has(lambda row: at_a_time(number_of(key, row), sign, moment(value)))
    return _holds(key, number_test(sign, value.plain), run) if isinstance(value.plain, float) else _holds_text(key, sign, value.plain, run)


def _holds(key: Key, test: Test, run: Subject) -> Condition:
    """Whether there is a number there that passes the test."""
    if key.root == "config":
        return run.has_leaf(key.name, test(PARAMS.c.number))
    if not key.is_number:
        return false()
    if key.root == "metric":
        return run.has_metric(key.name, test(number_of(key, SERIES)))
    return run.has(lambda row: test(number_of(key, row)))


def _holds_text(key: Key, sign: str, text: str, run: Subject) -> Condition:
    if key.root == "config":
        column = PARAMS.c.head if len(text) < HEAD else WHOLE
        return run.has_leaf(key.name, signed(column, sign, text))
    if key.is_number:
        return false()
    return run.has(lambda row: _field_holds(text_of(key.name, row), sign, text))


def _field_holds(column: SQLColumnExpression[Any], sign: str, text: str) -> Condition:
    return signed(column if sign in ("=", "!=") else by_bytes(column), sign, text)


def number_test(sign: str, number: float) -> Test:
    return lambda column: signed(column, sign, literal(number, Double))


def signed(column: SQLColumnExpression[Any], sign: str, value: Any) -> Condition:
    signs: dict[str, Callable[[], Any]] = {
        "=": lambda: column == value,
        "!=": lambda: column != value,
        "<": lambda: column < value,
        "<=": lambda: column <= value,
        ">": lambda: column > value,
        ">=": lambda: column >= value,
    }
    return signs[sign]()  # type: ignore[no-any-return]


def at_a_time(column: ColumnElement[float], sign: str, moment: float) -> Condition:
    """A comparison of what is shown: both sides to the microsecond."""
    low, high = literal(moment - HALF_MICROSECOND, Double), literal(moment + HALF_MICROSECOND, Double)
    tests = {"<": column < low, "<=": column < high, ">": column >= high, ">=": column >= low}
    tests["="], tests["!="] = and_(column >= low, column < high), or_(column < low, column >= high)
    return tests[sign]


def moment(value: Value) -> float:
    """Raises BadSearch."""
    if isinstance(value.plain, str):
        try:
            moment = datetime.fromisoformat(value.plain)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            pass
    raise BadSearch(value.column, "a time is compared with a text such as '2026-11-23T20:30:01Z'")


def _in(key: Key, values: Sequence[Value], negated: bool, run: Subject) -> Condition:
    """`not in` needs a value that is there, and of a kind that the list has."""
    if key.root == "tags":
        given = run.has_tag(TAGS.c.tag.in_([tag_text(value) for value in values]))
        return not_(given) if negated else given
    if key.is_time:
        moments = [moment(value) for value in values]
        return run.has(lambda row: _at_times(number_of(key, row), moments, negated))
    numbers = [literal(value.plain, Double) for value in values if isinstance(value.plain, float)]
    texts = [value.plain for value in values if isinstance(value.plain, str)]
    tests = []
    if numbers:
        tests.append(_holds(key, lambda column: _among(column, numbers, negated), run))
    if texts and key.root == "config":
        column = PARAMS.c.head if max(map(len, texts)) < HEAD else WHOLE
        tests.append(run.has_leaf(key.name, _among(column, texts, negated)))
    elif texts and not key.is_number:
        tests.append(run.has(lambda row: _among(text_of(key.name, row), texts, negated)))
    return or_(false(), *tests)


def _among(column: SQLColumnExpression[Any], values: Sequence[Any], negated: bool) -> Condition:
    return column.not_in(values) if negated else column.in_(values)


def _at_times(column: ColumnElement[float], moments: Sequence[float], negated: bool) -> Condition:
    each = [at_a_time(column, "!=" if negated else "=", moment) for moment in moments]
    return and_(*each) if negated else or_(*each)


def _like(of: Like, run: Subject) -> Condition:
    key, negated = of.key, of.negated

    def test(column: SQLColumnExpression[Any]) -> Condition:
        text, wanted = (func.lower(by_bytes(column)), _lower(of.pattern)) if of.folds else (column, of.pattern)
        found = matches(text, *_spelled(wanted, of.escapes))
        return not_(found) if negated and key.root != "tags" else found

    if key.root == "tags":
        given = run.has_tag(test(TAGS.c.tag))
        return not_(given) if negated else given
    if key.is_time:
        raise BadSearch(key.column, f"{key.name} is a time, which like does not take")
    if key.root == "config":
        return run.has_leaf(key.name, test(WHOLE))
    if key.is_number:
        return false()
    return run.has(lambda row: test(text_of(key.name, row)))


def _lower(text: str) -> str:
    """As both databases do it in the C order: A to Z and nothing else."""
    return "".join(letter.lower() if "A" <= letter <= "Z" else letter for letter in text)


def _spelled(pattern: str, escapes: bool) -> tuple[str, str]:
    """The pattern as PostgreSQL's LIKE and as SQLite's GLOB take it."""
    wild, in_like, in_glob = {"%": "*", "_": "?"}, {"%": "\\%", "_": "\\_", "\\": "\\\\"}, {"*": "[*]", "?": "[?]", "[": "[[]"}
    like, glob, letters = [], [], iter(pattern)
    for letter in letters:
        if escapes and letter == "\\":
            plain = next(letters, "\\")
        elif letter in wild:
            like.append(letter)
            glob.append(wild[letter])
            continue
        else:
            plain = letter
        like.append(in_like.get(plain, plain))
        glob.append(in_glob.get(plain, plain))
    return "".join(like), "".join(glob)


def _tags(key: Key, sign: str, value: Value, run: Subject) -> Condition:
    if sign not in ("=", "!="):
        raise BadSearch(key.column, "tags take in, not in, =, !=, like, ilike and is null")
    return _in(key, [value], sign == "!=", run)


def tag_text(value: Value) -> str:
    """Raises BadSearch."""
    if isinstance(value.plain, float):
        raise BadSearch(value.column, "a tag is a text in single quotes")
    return value.plain


def _is_there(key: Key, run: Subject) -> Condition:
    """Whether the run has a value there; of a config also when leaves lie below. A NaN is a value."""
    if key.root == "tags":
        return run.has_tag()
    if key.root == "metric":
        return run.has_metric(key.name, true() if key.part == "last" else SERIES.c[key.part].is_not(None))
    if key.root == "config":
        return run.has_leaf_at_or_below(key.name)
    if key.is_number or key.is_time:
        return run.has(lambda row: number_of(key, row).is_not(None))
    return run.has(lambda row: text_of(key.name, row).is_not(None))
