"""Schedules as Kubernetes reads them beside five fields of cron (robfig/cron v3, parser.go): macros, and @every with a length of time."""

from __future__ import annotations

from datetime import timedelta

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


def as_fields(schedule: str) -> str:
    """The five fields that a macro stands for; anything else as it is."""
    return MACROS.get(schedule, schedule)


def period(schedule: str) -> timedelta | None:
    """The time from run to run of an @every; None for what is none."""
    length = seconds({"every": schedule.removeprefix(EVERY)}, "every") if schedule.startswith(EVERY) else None
    return timedelta(seconds=float(length)) if length else None
