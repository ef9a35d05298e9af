"""Row 11 in the target: no freeze, neither a window that comes again nor one by command, keeps it from changing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.freezes import concerned, holds_now, open_until
from bot.gate.outcomes import good, hold, iso

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from bot.gate.outcomes import Outcome
    from bot.model import Environment, Freeze


def target_is_not_frozen(target: Environment, freezes: Iterable[Freeze], apps: tuple[str, ...], *, now: datetime) -> list[Outcome]:
    """What is to be promoted may change the target now; freezes of other environments say nothing of it."""
    law, problems = target.policy, []
    for window in law.freeze:
        if ends := open_until(window, now):
            summary = f"a freeze window is open until {iso(ends)}" + (f": {window.reason}" if window.reason else "")
            facts = {"cron": window.cron, "time_zone": window.time_zone, "until": iso(ends)}
            problems.append(hold("freeze-window", summary, about=f"window {window.cron}", **facts))
    for freeze in freezes:
        if freeze.environment == target.name and holds_now(freeze, now) and concerned(freeze, apps):
            what = ", ".join(freeze.apps) or "everything"
            summary = f"{what} is frozen until {freeze.until or 'somebody lifts it'}: {freeze.why}"
            facts = {"hold": freeze.id, "who": freeze.who, "when": freeze.when, "until": freeze.until or "lifted"}
            problems.append(hold("frozen", summary, about=freeze.id, **facts))
    return problems or [good("not-frozen", "no freeze is in force", windows=str(len(law.freeze)))]
