"""Points and curves as Arrow streams. pyarrow is large and loaded with the first of them, not with the service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from api.arrow_messages import must_not_be_packed
from api.point_bodies import LATEST_S, LONGEST_METRIC, Sent
from api.pointers import escaped
from api.problems import InvalidValue, Problem
from store import blocks
from store.columns import Milliseconds, Steps, Values, milliseconds

if TYPE_CHECKING:
    from store.curves import Curve

MEDIA_TYPE = "application/vnd.apache.arrow.stream"
STEP, TIME = "step", "time"
LISTS = ("steps", "times", "values", "mean", "min", "max", "first", "last", "counts", "non_finite")


def points(body: bytes) -> Sent:
    """What a stream of record batches says: a column `step`, perhaps `time`, and one for each metric; a null is no value.

    Raises Problem 400 for what is no such stream, 422 for columns that are not what they should be.
    """
    import pyarrow as pa

    try:
        must_not_be_packed(body)
        table = pa.ipc.open_stream(body).read_all()
        table.validate(full=True)
    except (pa.ArrowException, ValueError, OSError) as error:
        raise Problem(400, f"The body is not a valid Arrow stream: {str(error)[:200]}.") from error
    names = table.column_names
    if len(set(names)) < len(names):
        raise InvalidValue("", "takes each column once; a name stands there twice")
    if STEP not in names:
        raise InvalidValue("/step", "is missing: takes a column of whole numbers named step")
    has_times = TIME in names
    steps = _steps(table[STEP])
    times = _times(table[TIME]) if has_times else np.zeros(len(steps), np.int64)
    metrics = {name: _values(name, table[name]) for name in names if name not in (STEP, TIME)}
    return Sent(blocks.grouped(steps, times, metrics), has_times)


def curves(found: Sequence[Curve], columns: Sequence[dict[str, NDArray[Any]]]) -> bytes:
    """One row a curve: run, metric, count and its columns as lists; a column that this curve has not is null."""
    import pyarrow as pa

    heads = {
        "run": pa.array([curve.run_id for curve in found], pa.string()),
        "metric": pa.array([curve.metric for curve in found], pa.string()),
        "count": pa.array([curve.count for curve in found], pa.int64()),
    }
    lists = {name: _lists(pa, [named.get(name) for named in columns], whole=name in ("steps", "counts", "non_finite")) for name in LISTS}
    batch = pa.record_batch({**heads, **lists})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def _steps(column: Any) -> Steps:
    import pyarrow as pa

    if not pa.types.is_integer(column.type) or column.null_count:
        raise InvalidValue("/step", f"takes whole numbers without nulls; got {column.type} with {column.null_count} nulls")
    steps = column.to_numpy()
    if len(steps) and not 0 <= int(steps.min()) <= int(steps.max()) < 2**53:
        raise InvalidValue("/step", f"takes 0 to {2**53 - 1}; got {steps.min()} to {steps.max()}")
    return np.asarray(steps, np.int64)


def _times(column: Any) -> Milliseconds:
    import pyarrow as pa

    if column.null_count or not (pa.types.is_floating(column.type) or pa.types.is_timestamp(column.type)):
        raise InvalidValue("/time", f"takes timestamps, or seconds since the epoch as floats, without nulls; got {column.type}")
    if pa.types.is_timestamp(column.type):
        times = np.asarray(column.cast(pa.timestamp("ms"), safe=False).to_numpy().astype("datetime64[ms]").astype(np.int64), np.int64)
        seconds = times / 1000.0
    else:
        seconds = np.asarray(column.to_numpy(), np.float64)
        times = milliseconds(np.where(np.isfinite(seconds), seconds, -1.0))
    if len(seconds) and not bool(((seconds >= 0) & (seconds <= LATEST_S)).all()):
        raise InvalidValue("/time", "takes seconds since the epoch; some lie before it, too far beyond it, or are no number")
    return times


def _values(name: str, column: Any) -> tuple[Values, NDArray[np.bool_] | None]:
    import pyarrow as pa

    pointer = f"/{escaped(name[:100])}"
    if not 0 < len(name) <= LONGEST_METRIC or "\0" in name:
        raise InvalidValue(pointer, f"takes metric names of 1 to {LONGEST_METRIC} characters without NUL")
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        raise InvalidValue(pointer, f"takes floats or integers; got {column.type}")
    mask = np.asarray(column.is_valid().to_numpy(), np.bool_) if column.null_count else None
    try:
        whole = column.fill_null(0) if column.null_count else column
        return np.asarray(whole.cast(pa.float64()).to_numpy(), np.float64), mask
    except pa.ArrowInvalid as error:
        raise InvalidValue(pointer, "takes integers that float64 holds exactly; some of these are not") from error


def _lists(pa: Any, columns: Sequence[NDArray[Any] | None], *, whole: bool) -> Any:
    lengths = [0 if column is None else len(column) for column in columns]
    kind, dtype = (pa.int64(), np.int64) if whole else (pa.float64(), np.float64)
    flat = np.concatenate([np.empty(0, dtype), *(np.asarray(column, dtype) for column in columns if column is not None)])
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32), pa.int32())
    missing = pa.array([column is None for column in columns], pa.bool_())
    return pa.ListArray.from_arrays(offsets, pa.array(flat, kind), mask=missing)
