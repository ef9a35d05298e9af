"""Alerts that stop promotions, and would do so no longer, or later, or for something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.gate.definitions import required_rule, same_expression
from bot.gate.scope import can_block
from bot.model import UnobservableError
from bot.policies.fields import mappings, text
from bot.risks.risk import Danger, Risk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.model import Environment
    from bot.objects_diff import Manifest, ObjectChange
    from bot.observations import RequiredRule

RULES = "PrometheusRule"


def weakened_alerts(changes: Sequence[ObjectChange], target: Environment) -> Iterator[Risk]:
    """Blocking alerts that are gone or weaker, wherever a rule moved to, and recording rules that alerts may rest on."""
    of_rules = [change for change in changes if change.kind == RULES]
    alerts = [rule for change in of_rules for rule in _alerts(change.after)]
    records = [rule for change in of_rules for rule in _rules(change.after, "record")]
    for change in of_rules:
        for rule in _alerts(change.before):
            if _blocks(rule, target) and (what := _weaker(rule, alerts, target)):
                yield Risk(Danger.BLINDS, what, change)
        for record in _rules(change.before, "record"):
            if not any(same_expression(text(each, "expr"), text(record, "expr")) for each in records if each["record"] == record["record"]):
                yield Risk(Danger.BLINDS, f"changes or removes the recording rule {record['record']}, which alerts may rest on", change)


def _rules(item: Manifest | None, key: str) -> list[Manifest]:
    """The rules of an object that are called so by a key: alert, record."""
    return [rule for group in mappings(item, "spec", "groups") for rule in mappings(group, "rules") if text(rule, key)]


def _alerts(item: Manifest | None) -> Iterator[RequiredRule]:
    """Its alerts; one whose durations cannot be read is none, since Prometheus does not load it."""
    for rule in _rules(item, "alert"):
        try:
            yield required_rule(rule)
        except UnobservableError:
            continue


def _blocks(rule: RequiredRule, target: Environment) -> bool:
    return can_block(target, rule.labels)


def _weaker(rule: RequiredRule, after: Sequence[RequiredRule], target: Environment) -> str:
    """How the most similar alert of that name is weaker; nothing where one is as strong."""
    found = [_differences(rule, each, target) for each in after if each.name == rule.name]
    if not found:
        return f"removes the blocking alert {rule.name}"
    least = min(found, key=len)
    return f"weakens the blocking alert {rule.name}: {'; '.join(least)}" if least else ""


def _differences(before: RequiredRule, after: RequiredRule, target: Environment) -> list[str]:
    wrong = {
        "by its labels it no longer blocks": not _blocks(after, target),
        "another expression": not same_expression(before.expr, after.expr),
        f"for {before.duration:g} s becomes {after.duration:g} s": after.duration > before.duration,
        f"keep_firing_for {before.keep_firing:g} s becomes {after.keep_firing:g} s": after.keep_firing < before.keep_firing,
    }
    return [what for what, is_so in wrong.items() if is_so]
