"""Points as columns: how steps, values and times become the bytes of a segment, and come back bit for bit.

Each blob starts with one byte that says how it was written, so that later forms can lie beside these.
"""

import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Steps = NDArray[np.int64]
Values = NDArray[np.float64]
Milliseconds = NDArray[np.int64]  # since the epoch
Versions = NDArray[np.int64]  # numbers of writes

_PAIR = struct.Struct("<qq")
_EVEN = b"e"  # first step and stride, two int64: steps at equal distance
_DELTA = b"d"  # zlib of the first differences, int64
_NARROW = (b"1", b"2", b"4")  # first value, int64, then zlib of the differences from it on, in so many bytes each
_RAW = b"r"  # little-endian as they are
_ZLIB = b"z"  # zlib of little-endian
SHORT_BYTES = 1024


@dataclass(frozen=True)
class Column:
    """A metric's points in ascending order of step; times are seconds since the epoch, kept to the millisecond."""

    steps: Steps
    values: Values
    times: Values

    def __len__(self) -> int:
        return len(self.steps)

    def take(self, which: NDArray[np.bool_] | NDArray[np.intp] | slice) -> "Column":
        return Column(self.steps[which], self.values[which], self.times[which])


def empty() -> Column:
    return Column(np.empty(0, np.int64), np.empty(0, np.float64), np.empty(0, np.float64))


def joined(parts: list[Column]) -> Column:
    """The parts one after another; nothing is sorted."""
    if not parts:
        return empty()
    if len(parts) == 1:
        return parts[0]
    return Column(np.concatenate([p.steps for p in parts]), np.concatenate([p.values for p in parts]), np.concatenate([p.times for p in parts]))


def encode_steps(steps: Steps) -> bytes:
    stride = int(steps[1] - steps[0]) if len(steps) > 1 else 1
    if len(steps) < 3 or bool((steps[1:] - steps[:-1] == stride).all()):
        return _EVEN + _PAIR.pack(steps[0], stride)
    return _differences(steps)


def decode_steps(blob: bytes, count: int) -> Steps:
    if blob[:1] == _EVEN:
        first, stride = _PAIR.unpack_from(blob, 1)
        return np.arange(first, first + stride * count, stride, dtype=np.int64) if stride else np.full(count, first, np.int64)
    return _summed(blob)


def encode_values(values: Values) -> bytes:
    """Raw, or compressed where that saves a fifth: a learning rate shrinks, a loss does not."""
    raw = values.astype("<f8", copy=False).tobytes()
    if len(raw) < SHORT_BYTES:
        return _RAW + raw  # a tail, which the next append rewrites
    sample = zlib.compress(raw[:1024], 1)
    if len(sample) * 5 < len(raw[:1024]) * 4:
        return _ZLIB + zlib.compress(raw, 1)
    return _RAW + raw


def decode_values(blob: bytes) -> Values:
    raw = blob[1:] if blob[:1] == _RAW else _inflated(blob[1:])
    return np.frombuffer(raw, "<f8").astype(np.float64, copy=False)


def milliseconds(times: Values) -> Milliseconds:
    """Seconds as whole milliseconds, which is what is kept of them."""
    return np.asarray(np.rint(times * 1000.0), np.int64)


def encode_times(times: Milliseconds) -> bytes:
    """As differences: points logged at a steady pace take about a byte each."""
    return _differences(times)


def decode_times(blob: bytes) -> Milliseconds:
    return _summed(blob)


def _differences(numbers: NDArray[np.int64]) -> bytes:
    """Each number's distance from the one before, in as few bytes as hold the largest."""
    steps = numbers[1:] - numbers[:-1]
    most = max(abs(int(steps.min())), abs(int(steps.max()))) if len(steps) else 0
    for form in _NARROW:
        if most < 1 << (8 * int(form) - 1):
            return form + numbers[:1].astype("<i8").tobytes() + zlib.compress(steps.astype(f"<i{int(form)}").tobytes(), 1)
    return _DELTA + zlib.compress(np.diff(numbers, prepend=0).astype("<i8").tobytes(), 1)


def _summed(blob: bytes) -> NDArray[np.int64]:
    if blob[:1] == _DELTA:
        return np.cumsum(np.frombuffer(_inflated(blob[1:]), "<i8"), dtype=np.int64)
    steps = np.frombuffer(_inflated(blob[9:]), f"<i{int(blob[:1])}")
    numbers = np.empty(len(steps) + 1, np.int64)
    numbers[0] = np.frombuffer(blob, "<i8", 1, 1)[0]
    np.cumsum(steps, dtype=np.int64, out=numbers[1:])
    numbers[1:] += numbers[0]
    return numbers


def _inflated(packed: bytes) -> bytes:
    try:
        return zlib.decompress(packed)
    except zlib.error as error:
        raise ValueError(f"a segment of points is damaged: {error}") from error
