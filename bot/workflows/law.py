"""Alerts that promotions are judged by, and would not be any more: that waits for a second person."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bot.gate.definitions import lost_rules, required_rule
from bot.gate.outcomes import names
from bot.model import BotError
from bot.workflows.rendering import RULES, alert_rules, render_at, renders_alike
from bot.workflows.ways import approval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.model import Environment
    from bot.observations import Finding, RequiredRule
    from bot.ports import Rendered, World
    from bot.workflows.approvals import SecondPerson

    Second = Callable[[], SecondPerson]  # asked only where it matters

MONITORS = frozenset({"ServiceMonitor", "PodMonitor", "Probe", "ScrapeConfig"})


def weakened_finding(world: World, environment: Environment, *, before: str, after: str, second: Second) -> Iterator[Finding]:
    """Blocking alerts, the watchdog, and what they rest on, where one is gone or other; what does not render is refused elsewhere."""
    if renders_alike(world.origin, environment, before=before, after=after):
        return
    try:
        old, new = (render_at(world.origin, world.renderer, commit=commit, environment=environment) for commit in (before, after))
        policy = environment.policy
        judging = [rule for rule in _rules(old) if policy.alerts.blocks(rule.labels) or rule.name == policy.watchdog]
        weakened = {*lost_rules(judging, _rules(new)), *(_basis(old).items() - _basis(new).items())}
    except BotError:
        return
    if weakened:
        told = names({each if isinstance(each, str) else each[0] for each in weakened})
        what = f"alerts that block promotions, or what they rest on, would be gone or other: {told}"
        yield approval("alerts-weakened", f"{environment.name}: alerts", what, second=second())


def _rules(rendered: Rendered) -> list[RequiredRule]:
    return [required_rule(rule) for rule in alert_rules(rendered.objects)]


def _basis(rendered: Rendered) -> dict[str, str]:
    """What alerts rest on, by its name: recording rules, how often groups are evaluated, and what is scraped."""
    found = {}
    for item in rendered.objects:
        if item["kind"] in MONITORS:
            found[f"{item['kind']} {item['metadata']['name']}"] = _text(item.get("spec"))
        for group in (item.get("spec") or {}).get("groups") or () if item["kind"] == RULES else ():
            name = f"group {group.get('name')}"
            found[name] = _text({key: value for key, value in group.items() if key != "rules"})
            found |= {f"{name}: {rule['record']}": _text(rule) for rule in group.get("rules") or () if "record" in rule}
    return found


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)
