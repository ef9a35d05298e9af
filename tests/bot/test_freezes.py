"""When an environment is frozen: windows by the clock of their zone, also when clocks change, and freezes by command."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given
from hypothesis import strategies as st

from bot.freezes import concerned, freeze_id, holds_now, open_until
from bot.model import Freeze, FreezeWindow

BERLIN = "Europe/Berlin"
WEEKEND = FreezeWindow("0 16 * * FRI", timedelta(hours=64), BERLIN, "weekend")
NIGHT = FreezeWindow("30 2 * * *", timedelta(hours=1), BERLIN)  # 02:30 is lost in March and comes twice in October


def at(written: str) -> datetime:
    return datetime.fromisoformat(written)


@pytest.mark.parametrize(
    ("window", "now", "ends"),
    [
        (WEEKEND, "2026-11-27T15:59:59.999+01:00", None),
        (WEEKEND, "2026-11-27T16:00+01:00", "2026-11-30T08:00+01:00"),
        (WEEKEND, "2026-11-30T07:59:59+01:00", "2026-11-30T08:00+01:00"),
        (WEEKEND, "2026-11-30T08:00+01:00", None),
        (WEEKEND, "2026-03-30T08:59+02:00", "2026-03-30T09:00+02:00"),  # the hour of the change is not lost
        (WEEKEND, "2026-10-26T06:59+01:00", "2026-10-26T07:00+01:00"),
        (NIGHT, "2026-03-28T02:45+01:00", "2026-03-28T03:30+01:00"),
        (NIGHT, "2026-03-29T01:59:59+01:00", None),
        (NIGHT, "2026-03-29T03:00+02:00", "2026-03-29T04:00+02:00"),
        (NIGHT, "2026-10-25T02:29+02:00", None),
        (NIGHT, "2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00"),
        (NIGHT, "2026-10-25T02:29:59+01:00", "2026-10-25T02:30+01:00"),
        (NIGHT, "2026-10-25T02:30+01:00", None),  # the second half past two begins nothing
    ],
)
def test_a_window_is_open_by_the_clock_of_its_zone(window: FreezeWindow, now: str, ends: str | None) -> None:
    assert open_until(window, at(now)) == (at(ends) if ends else None)
    assert open_until(window, at(now).astimezone(UTC)) == (at(ends) if ends else None)


CHANGES = [datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)]


@given(
    st.sampled_from(["30 2 * * *", "*/20 * * * *", "0 3 * * SUN", "5 1-4 * * *", "0 0 1 * *"]),
    st.integers(1, 50),
    st.sampled_from(CHANGES),
    st.integers(-3 * 86400, 3 * 86400),
)
def test_a_window_is_open_as_long_as_a_start_lies_behind_by_less_than_its_duration(
    cron: str, hours: int, change: datetime, seconds: int
) -> None:
    window, now = FreezeWindow(cron, timedelta(hours=hours), BERLIN), change + timedelta(seconds=seconds)
    starts, expected = CronSim(cron, (now - timedelta(days=4)).astimezone(ZoneInfo(BERLIN))), None
    for start in starts:
        if start > now:
            break
        ends = start.astimezone(UTC) + window.duration
        expected = ends if now < ends else None
    assert open_until(window, now) == expected


def test_a_freeze_by_command_ends_at_its_time_or_never() -> None:
    freeze = Freeze("f", "prod", (), "2026-12-01T00:00:00Z", "ada", "2026-11-28T00:00:00Z", "audit")
    assert holds_now(freeze, at("2026-11-30T23:59:59Z"))
    assert not holds_now(freeze, at("2026-12-01T00:00:00Z"))
    assert holds_now(Freeze("f", "prod", (), None, "ada", "2026-11-28T00:00:00Z", "audit"), at("2099-01-01T00:00Z"))


def test_a_freeze_names_apps_or_means_all() -> None:
    one = Freeze("f", "prod", ("qdrant",), None, "ada", "2026-11-28T00:00:00Z", "audit")
    assert concerned(one, ["context-api", "qdrant"])
    assert not concerned(one, ["context-api"])
    assert concerned(Freeze("f", "prod", (), None, "ada", "2026-11-28T00:00:00Z", "audit"), ["context-api"])


def test_the_same_freeze_has_the_same_name() -> None:
    assert freeze_id(["b", "a"], None, "audit") == freeze_id(["a", "b"], None, "audit")
    assert (
        len({freeze_id([], None, "audit"), freeze_id([], None, "other"), freeze_id([], "2026", "audit"), freeze_id(["a"], None, "audit")})
        == 4
    )
