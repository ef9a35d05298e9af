"""Doctor on an environment's Alertmanagers: whether each can be read; where silences count, the gate cannot do without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.model import BotError
from bot.setup import OK, PROBLEM, WARNING, Check

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.model import Environment
    from bot.ports import Alertmanager


def alertmanager_checks(alertmanagers: Callable[[Environment], tuple[Alertmanager, ...]], environment: Environment) -> list[Check]:
    """Each replica that is listed; none is fine."""
    try:
        return [_look(each, environment) for each in alertmanagers(environment)]
    except BotError as error:
        return [Check(PROBLEM, environment.name, error.message, error.hint)]


def _look(alertmanager: Alertmanager, environment: Environment) -> Check:
    try:
        seen = alertmanager.look()
    except BotError as error:
        state = PROBLEM if environment.policy.alerts.silences == "honour" else WARNING
        return Check(state, environment.name, error.message, error.hint)
    what = f"{seen.url} is an Alertmanager, version {seen.version}; active silences: {len(seen.silences)}"
    return Check(OK, environment.name, what)
