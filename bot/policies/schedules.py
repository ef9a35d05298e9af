"""Schedules as robfig/cron v3 reads them (parser.go): five fields; for Kubernetes also macros, and @every with a length of time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from cronsim import CronSim, CronSimError

from bot.policies.fields import seconds

YEARLY, DAILY = "0 0 1 1 *", "0 0 * * *"
MACROS = {
    "@yearly": YEARLY,
    "@annually": YEARLY,
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": DAILY,
    "@midnight": DAILY,
    "@hourly": "0 * * * *",
}
EVERY = "@every "
START = datetime(2026, 1, 1, tzinfo=UTC)  # any: whether a schedule can be read does not depend on it
# What robfig/cron reads, which is less than cron's dialects: no seconds, no L, W or #, and Sunday is 0 alone.
FIELDS = re.compile(r"(?:(?:\d+|[A-Za-z]{3}|[*,/-])+(?: +|\Z)){5}")
SUNDAY_IS_7 = re.compile(r"(?:.*[ ,-])7(?:[,/-]\S*)?\Z")
NO_FIELDS = "not five fields of numbers, names, * , / and -"


def why_no_fields(written: str) -> str:
    """Why five fields of cron cannot be read, or never come round; empty where they can."""
    if not FIELDS.fullmatch(written):
        return NO_FIELDS
    if SUNDAY_IS_7.fullmatch(written):
        return "Sunday is 0"
    try:
        CronSim(written, START)
    except CronSimError as error:
        return str(error).lower()
    return ""


def as_fields(schedule: str) -> str:
    """The five fields that a macro stands for; anything else as it is."""
    return MACROS.get(schedule, schedule)


def period(schedule: str) -> timedelta | None:
    """The time from run to run of an @every; None for what is none."""
    length = seconds({"every": schedule.removeprefix(EVERY)}, "every") if schedule.startswith(EVERY) else None
    return timedelta(seconds=float(length)) if length else None
