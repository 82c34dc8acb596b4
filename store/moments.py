"""Moments as texts."""

from datetime import UTC, datetime


def rfc3339(moment: float) -> str:
    """Seconds since the epoch as 2026-11-23T20:30:01.123456Z."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
