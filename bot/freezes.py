"""When an environment takes no promotion: windows that come again, and freezes by command; pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cronsim import CronSim

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.model import Freeze, FreezeWindow

PAST_A_CHANGE = timedelta(hours=4)  # looking back from within a repeated hour, the library passes over what began in its first pass


def open_until(window: FreezeWindow, now: datetime) -> datetime | None:
    """When a window that is open ends, in UTC; None when it is not open. It is open from its first moment, not at its last.

    Clocks change as for cron: what falls into a lost hour begins after it, what falls into a repeated one begins once.
    """
    later = (now + PAST_A_CHANGE).astimezone(ZoneInfo(window.time_zone))
    began = next(start for start in CronSim(window.cron, later, reverse=True) if start <= now)
    ends = began.astimezone(UTC) + window.duration
    return ends if now < ends else None


def holds_now(freeze: Freeze, now: datetime) -> bool:
    """Whether a freeze by command is in force."""
    return freeze.until is None or now < datetime.fromisoformat(freeze.until)


def concerned(freeze: Freeze, apps: Iterable[str]) -> bool:
    """Whether a freeze is about one of these apps."""
    return not freeze.apps or bool(set(freeze.apps) & set(apps))


def freeze_id(apps: Iterable[str], until: str | None, why: str) -> str:
    """The name of a freeze: the same for the same apps, end and reason, so that it is written once."""
    digest = sha256("\0".join([*sorted(apps), until or "", why]).encode()).hexdigest()[:8]
    return "-".join(["freeze", *sorted(apps), digest])
