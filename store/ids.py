"""Names the service gives to things."""

import secrets
import string
import threading
import time

ALPHABET = string.ascii_lowercase + string.digits
BY_VALUE = string.digits + string.ascii_lowercase
_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """12 letters and digits: 62 random bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(12))


def new_run_id() -> str:
    """16 letters and digits: the microsecond, so that ids sort by age and fall side by side into an index, and 31 random bits."""
    return _base36(_next_microsecond(), 10) + "".join(secrets.choice(BY_VALUE) for _ in range(6))


def new_external_id() -> str:
    """8 letters and digits, the form of a wandb run id; unique only within a project."""
    return "".join(secrets.choice(ALPHABET) for _ in range(8))


def _next_microsecond() -> int:
    """Now, later than any this process has had."""
    global _last  # noqa: PLW0603
    with _lock:
        _last = max(_last + 1, time.time_ns() // 1000)
        return _last


def _base36(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 36)
        digits.append(BY_VALUE[digit])
    return "".join(reversed(digits))
