"""Filters as SQL expressions. Each is true or false, never NULL: a missing value makes a comparison false, so `not` flips it on both databases."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Double, SQLColumnExpression, Text, and_, case, cast, false, func, literal, not_, or_, select, type_coerce
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from store.errors import BadSearch
from store.search.keys import Key
from store.search.leaves import HEAD
from store.search.syntax import And, Compare, Filter, In, IsNull, Like, Not, Or, Value
from store.tables import Project, Run, RunParam, RunTag, Series

Condition = ColumnElement[bool]
Test = Callable[[SQLColumnExpression[Any]], Condition]
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


def condition(of: Filter) -> Condition:
    """Raises BadSearch for what a key does not take."""
    match of:
        case And(parts):
            return and_(*map(condition, parts))
        case Or(parts):
            return or_(*map(condition, parts))
        case Not(inner):
            return not_(condition(inner))
        case IsNull(key, negated):
            return _is_there(key) if negated else not_(_is_there(key))
        case Compare(key, sign, value):
            return _tags(key, sign, value) if key.root == "tags" else _compares(key, sign, value)
        case In(key, values, negated):
            return _in(key, values, negated)
        case Like(key, pattern, folds, negated):
            return _like(key, pattern, folds, negated)


def number_of(key: Key, sums: Any = Series) -> ColumnElement[float]:
    """A field that is a number, or a sum of a metric as a float64; NULL when it is missing."""
    if key.root == "metric":
        column = getattr(sums, key.part)
        return type_coerce(column, Double) if key.part in ("last", "min", "max") else cast(column, Double)
    column = getattr(Run, key.name)
    return type_coerce(column, Double) if key.is_time else cast(column, Double)


def text_of(field: str) -> SQLColumnExpression[Any]:
    """A run's field that is a text; NULL when it is missing."""
    if field == "project":
        return select(Project.entity + "/" + Project.name).where(Project.id == Run.project_id).correlate(Run).scalar_subquery()
    if field == "archived":
        return case((Run.archived, "true"), else_="false")
    names = {"baseline": "baseline_id"}
    return getattr(Run, names.get(field, field))  # type: ignore[no-any-return]


def _compares(key: Key, sign: str, value: Value) -> Condition:
    if key.is_time:
        return _at_a_time(key, sign, value)
    return _holds(key, _number_test(sign, value.plain)) if isinstance(value.plain, float) else _holds_text(key, sign, value.plain)


def _holds(key: Key, test: Test) -> Condition:
    """Whether there is a number there that passes the test."""
    if key.root == "config":
        return _some_leaf(key, RunParam.number.is_not(None), test(RunParam.number))
    if not key.is_number:
        return false()
    column = number_of(key)
    if key.root == "metric":
        return Run.id.in_(select(Series.run_id).where(Series.metric == key.name, column.is_not(None), test(column)))
    return and_(column.is_not(None), test(column))


def _holds_text(key: Key, sign: str, text: str) -> Condition:
    if key.root == "config":
        tests = [_signed(RunParam.head, sign, text)]
        if len(text) >= HEAD:
            tests = [_signed(RunParam.text, sign, text)]
            if sign != "!=":
                tests.append(_signed(RunParam.head, sign[0] + "=" if sign != "=" else "=", text[:HEAD]))
        return _some_leaf(key, RunParam.head.is_not(None), *tests)
    if key.is_number:
        return false()
    column = text_of(key.name)
    return and_(column.is_not(None), _signed(column if sign in ("=", "!=") else by_bytes(column), sign, text))


def _some_leaf(key: Key, *tests: Condition) -> Condition:
    return Run.id.in_(select(RunParam.run_id).where(RunParam.path == key.name, *tests))


def _number_test(sign: str, number: float) -> Test:
    return lambda column: _signed(column, sign, literal(number, Double))


def _signed(column: SQLColumnExpression[Any], sign: str, value: Any) -> Condition:
    signs: dict[str, Callable[[], Any]] = {
        "=": lambda: column == value,
        "!=": lambda: column != value,
        "<": lambda: column < value,
        "<=": lambda: column <= value,
        ">": lambda: column > value,
        ">=": lambda: column >= value,
    }
    return signs[sign]()  # type: ignore[no-any-return]


def _at_a_time(key: Key, sign: str, value: Value) -> Condition:
    """A comparison of what is shown: both sides to the microsecond."""
    column, moment = number_of(key), _moment(value)
    low, high = literal(moment - HALF_MICROSECOND, Double), literal(moment + HALF_MICROSECOND, Double)
    tests = {"<": column < low, "<=": column < high, ">": column >= high, ">=": column >= low}
    tests["="], tests["!="] = and_(column >= low, column < high), or_(column < low, column >= high)
    return and_(column.is_not(None), tests[sign])


def _moment(value: Value) -> float:
    if isinstance(value.plain, str):
        try:
            moment = datetime.fromisoformat(value.plain)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            pass
    raise BadSearch(value.column, "a time is compared with a text such as '2026-11-23T20:30:01Z'")


def _in(key: Key, values: Sequence[Value], negated: bool) -> Condition:
    """`not in` needs a value that is there, and of a kind that the list has."""
    if key.root == "tags":
        given = Run.id.in_(select(RunTag.run_id).where(RunTag.tag.in_([_tag(value) for value in values])))
        return not_(given) if negated else given
    if key.is_time:
        each = [_at_a_time(key, "!=" if negated else "=", value) for value in values]
        return and_(*each) if negated else or_(*each)
    numbers = [value.plain for value in values if isinstance(value.plain, float)]
    texts = [value.plain for value in values if isinstance(value.plain, str)]
    tests = []
    if numbers:
        held = [literal(number, Double) for number in numbers]
        tests.append(_holds(key, lambda column: column.not_in(held) if negated else column.in_(held)))
    if texts and key.root == "config":
        short = [text for text in texts if len(text) < HEAD]
        column = RunParam.head if len(short) == len(texts) else RunParam.text
        tests.append(_some_leaf(key, column.is_not(None), column.not_in(texts) if negated else column.in_(texts)))
    elif texts and not key.is_number:
        field = text_of(key.name)
        tests.append(and_(field.is_not(None), field.not_in(texts) if negated else field.in_(texts)))
    return or_(false(), *tests)


def _like(key: Key, pattern: str, folds: bool, negated: bool) -> Condition:
    def test(column: SQLColumnExpression[Any]) -> Condition:
        text, wanted = (func.lower(by_bytes(column)), _lower(pattern)) if folds else (column, pattern)
        found = matches(text, wanted.replace("\\", "\\\\"), _glob(wanted))
        return not_(found) if negated and key.root != "tags" else found

    if key.root == "tags":
        given = Run.id.in_(select(RunTag.run_id).where(test(RunTag.tag)))
        return not_(given) if negated else given
    if key.is_time:
        raise BadSearch(key.column, f"{key.name} is a time, which like does not take")
    if key.root == "config":
        return _some_leaf(key, RunParam.text.is_not(None), test(RunParam.text))
    if key.is_number:
        return false()
    return and_(text_of(key.name).is_not(None), test(text_of(key.name)))


def _lower(text: str) -> str:
    """As both databases do it in the C order: A to Z and nothing else."""
    return "".join(letter.lower() if "A" <= letter <= "Z" else letter for letter in text)


def _glob(pattern: str) -> str:
    words = {"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}
    return "".join(words.get(letter, letter) for letter in pattern)


def _tags(key: Key, sign: str, value: Value) -> Condition:
    if sign not in ("=", "!="):
        raise BadSearch(key.column, "tags take in, not in, =, !=, like, ilike and is null")
    return _in(key, [value], sign == "!=")


def _tag(value: Value) -> str:
    if isinstance(value.plain, float):
        raise BadSearch(value.column, "a tag is a text in single quotes")
    return value.plain


def _is_there(key: Key) -> Condition:
    """Whether the run has a value there; of a config also when leaves lie below. A NaN is a value."""
    if key.root == "tags":
        return Run.id.in_(select(RunTag.run_id))
    if key.root == "metric":
        tests = [Series.metric == key.name] if key.part == "last" else [Series.metric == key.name, getattr(Series, key.part).is_not(None)]
        return Run.id.in_(select(Series.run_id).where(*tests))
    if key.root == "config":
        below = and_(RunParam.path > key.name + ".", RunParam.path < key.name + "/")
        return Run.id.in_(select(RunParam.run_id).where(or_(RunParam.path == key.name, below)))
    if key.is_number or key.is_time:
        return number_of(key).is_not(None)
    return text_of(key.name).is_not(None)
