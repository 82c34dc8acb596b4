"""NaN in a column."""

import math
from typing import Any

from sqlalchemy import Double, TypeDecorator


class NanAsNull(TypeDecorator[float]):
    """A float64 that is never missing: SQLite keeps no NaN, so NULL stands for it in both databases."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Any) -> float | None:
        return None if value is None or math.isnan(value) else value

    def process_result_value(self, value: float | None, dialect: Any) -> float:
        return math.nan if value is None else value
