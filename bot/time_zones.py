"""Time zones by their names in the IANA database."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def is_time_zone(written: str) -> bool:
    """Whether there is a time zone of this name."""
    try:
        ZoneInfo(written)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return False
    return True
