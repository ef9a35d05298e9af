"""Alerts that promotions are judged by, and would not be any more: that waits for a second person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.gate.definitions import lost_rules, required_rule
from bot.gate.outcomes import names
from bot.model import BotError
from bot.workflows.rendering import alert_rules, render_at
from bot.workflows.ways import approval

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model import Environment
    from bot.observations import Finding, RequiredRule
    from bot.ports import World


def weakened_finding(world: World, environment: Environment, *, before: str, after: str, approved: str | None) -> Iterator[Finding]:
    """Blocking alerts and the watchdog, where one is gone or other; what does not render is refused elsewhere."""
    try:
        old, new = (_rules(world, environment, commit) for commit in (before, after))
    except BotError:
        return
    policy = environment.policy
    judging = [rule for rule in old if policy.alerts.blocks(rule.labels) or rule.name == policy.watchdog]
    if weakened := lost_rules(judging, new):
        what = f"alerts that block promotions would be gone or other: {names(set(weakened))}"
        yield approval("alerts-weakened", f"{environment.name}: alerts", what, approved=approved)


def _rules(world: World, environment: Environment, commit: str) -> list[RequiredRule]:
    rendered = render_at(world.origin, world.renderer, commit=commit, environment=environment)
    return [required_rule(rule) for rule in alert_rules(rendered.objects)]
