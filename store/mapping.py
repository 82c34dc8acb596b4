"""How tables are mapped: what they all stand on, and kinds of columns that the two databases must agree on."""

import math
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, Double, LargeBinary, MetaData, String, Text, TypeDecorator, text
from sqlalchemy.orm import DeclarativeBase

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
BY_BYTES = Text().with_variant(Text(collation="C"), "postgresql")  # in the order of code points, as SQLite has it
BY_BYTES_256 = String(256).with_variant(String(256, collation="C"), "postgresql")


class NanAsNull(TypeDecorator[float]):
    """A float64 that is never missing: SQLite keeps no NaN, so NULL stands for it in both databases."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Any) -> float | None:
        return None if value is None or math.isnan(value) else value

    def process_result_value(self, value: float | None, dialect: Any) -> float:
        return math.nan if value is None else value


def only_where(condition: str) -> dict[str, Any]:
    """Of an index: that it holds such rows alone."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class Table(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar = {dict[str, Any]: JSON, list[Any]: JSON, float: Double, int: BigInteger, bytes: LargeBinary}
