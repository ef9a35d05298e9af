"""What one line of the gate's table found of one subject, and how times are told to people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from bot.model import Verdict

if TYPE_CHECKING:
    from datetime import datetime

    from bot.observations import Finding, Labels

UNITS = (("day", 86400), ("hour", 3600), ("minute", 60))


@dataclass(frozen=True)
class Outcome:
    """A finding that does not know yet which row and environment it belongs to."""

    verdict: Verdict
    code: str
    summary: str
    facts: dict[str, str]
    about: str = ""  # a narrower subject than the replica or the environment


def good(code: str, summary: str, *, about: str = "", **facts: str) -> Outcome:
    """What was checked and found in order."""
    return Outcome(Verdict.PASS, code, summary, facts, about)


def hold(code: str, summary: str, *, about: str = "", **facts: str) -> Outcome:
    """What is not yet in order, and may come to be by itself."""
    return Outcome(Verdict.HOLD, code, summary, facts, about)


def unknown(code: str, summary: str, *, about: str = "", **facts: str) -> Outcome:
    """What could not be observed or cannot be trusted."""
    return Outcome(Verdict.UNKNOWN, code, summary, facts, about)


def fail(code: str, summary: str, *, about: str, **facts: str) -> Outcome:
    """What is wrong."""
    return Outcome(Verdict.FAIL, code, summary, facts, about)


def iso(time: datetime | None) -> str:
    """A time in UTC to the second; `never` when there is none."""
    return "never" if time is None else f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def in_words(duration: timedelta) -> str:
    """A duration by its two largest units, such as `2 hours 5 minutes`; seconds to the millisecond."""
    if duration < timedelta(0):
        return f"minus {in_words(-duration)}"
    rest = round(duration.total_seconds(), 3)  # first, so that no minute has 60 seconds
    parts = []
    for unit, length in UNITS:
        count, rest = divmod(rest, length)
        if count:
            parts.append(_counted(count, unit))
    if rest or not parts:
        parts.append(_counted(rest, "second"))
    return " ".join(parts[:2])


def seconds_in_words(seconds: float) -> str:
    """The same for a number of seconds."""
    return in_words(timedelta(seconds=seconds))


def labels_in_words(labels: Labels) -> str:
    """Labels as people write them, in one order."""
    return ", ".join(f"{name}={value}" for name, value in sorted(labels.items()))


def names(found: set[str] | frozenset[str]) -> str:
    """Names in one order."""
    return ", ".join(sorted(found))


def written(finding: Finding) -> dict[str, object]:
    """One line of evidence as JSON values."""
    return {
        "row": finding.row,
        "code": finding.code,
        "verdict": finding.verdict.name,
        "subject": finding.subject,
        "summary": finding.summary,
        "facts": finding.facts,
    }


def _counted(count: float, unit: str) -> str:
    return f"{count:g} {unit}" + ("" if count == 1 else "s")
