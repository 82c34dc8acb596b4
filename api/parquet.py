"""Parquet files written row group by row group. pyarrow is loaded when the first of them is: an API that exports nothing does without it.

Arrays are made from buffers. `pyarrow.array` would import pandas, where that is installed, for 50 MB of memory.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from api.downloads import Sink

Kind = Literal["text", "int", "float", "bool", "time"]
MEDIA_TYPE = "application/vnd.apache.parquet"


@dataclass(frozen=True)
class Field:
    """A column. A time is milliseconds or microseconds since the epoch, by `unit`."""

    name: str
    kind: Kind
    unit: Literal["ms", "us"] = "us"
    nullable: bool = True


@dataclass(frozen=True)
class Repeated:
    """A column of texts, each of which stands so many times in a row."""

    texts: Sequence[str]
    counts: Sequence[int]

    def __len__(self) -> int:
        return sum(self.counts)


Values = Sequence[Any] | NDArray[Any] | Repeated


class Writer:
    """writer = Writer(fields); writer.rows(columns) gives the bytes of a row group; writer.end() those behind the last."""

    def __init__(self, fields: Sequence[Field], metadata: Mapping[str, str] | None = None, repeating: Sequence[str] = ()) -> None:
        """`repeating`: columns in which few values stand many times."""
        from pyarrow import parquet

        pa = _arrow()
        types = {"text": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}
        kinds = [types[field.kind] if field.kind != "time" else pa.timestamp(field.unit, "UTC") for field in fields]
        named = zip(fields, kinds, strict=True)
        self._schema = pa.schema([pa.field(field.name, kind, field.nullable) for field, kind in named], metadata=dict(metadata or {}))
        self._sink = Sink()
        self._writer = parquet.ParquetWriter(self._sink, self._schema, compression="zstd", use_dictionary=list(repeating))

    def rows(self, columns: Sequence[Values]) -> bytes:
        """The bytes so far, this row group among them; numbers as NumPy arrays, or lists with None for null."""
        pa = _arrow()
        length = len(columns[0])
        if length:
            arrays = [_array(pa, field.type, column) for field, column in zip(self._schema, columns, strict=True)]
            self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema), row_group_size=length)
        return self._sink.taken()

    def end(self) -> bytes:
        self._writer.close()
        return self._sink.taken()


def _arrow() -> Any:
    import pyarrow as pa

    if pa.default_memory_pool().backend_name != "system":
        pa.set_memory_pool(pa.system_memory_pool())  # the others keep what was freed for themselves
        pa.set_cpu_count(1)
    return pa


def _array(pa: Any, kind: Any, column: Values) -> Any:
    length = len(column)
    if isinstance(column, Repeated):
        return _repeated(pa, kind, column)
    if isinstance(column, np.ndarray):
        return pa.Array.from_buffers(kind, length, [None, pa.py_buffer(np.ascontiguousarray(column))])
    there = np.fromiter((value is not None for value in column), np.bool_, length)
    bits = None if there.all() else pa.py_buffer(np.packbits(there, bitorder="little").tobytes())
    if kind == pa.string():
        texts = [b"" if value is None else value.encode(errors="replace") for value in column]
        ends = np.zeros(length + 1, np.int32)
        np.cumsum([len(text) for text in texts], out=ends[1:])
        return pa.Array.from_buffers(kind, length, [bits, pa.py_buffer(ends), pa.py_buffer(b"".join(texts))])
    if kind == pa.bool_():
        flags = np.packbits(np.fromiter((bool(value) for value in column), np.bool_, length), bitorder="little")
        return pa.Array.from_buffers(kind, length, [bits, pa.py_buffer(flags.tobytes())])
    plain = np.fromiter((0 if value is None else value for value in column), np.float64 if kind == pa.float64() else np.int64, length)
    return pa.Array.from_buffers(kind, length, [bits, pa.py_buffer(plain)])


def _repeated(pa: Any, kind: Any, column: Repeated) -> Any:
    texts = [text.encode(errors="replace") for text in column.texts]
    ends = np.zeros(len(column) + 1, np.int32)
    np.cumsum(np.repeat([len(text) for text in texts], column.counts), out=ends[1:])
    joined = b"".join(text * count for text, count in zip(texts, column.counts, strict=True))
    return pa.Array.from_buffers(kind, len(column), [None, pa.py_buffer(ends), pa.py_buffer(joined)])
