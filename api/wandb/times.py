"""Moments as the SDK reads them."""

from datetime import UTC, datetime


def moment(seconds: float | None) -> str | None:
    """RFC 3339 in UTC to the second, without fractions: older clients parse no others."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
