"""Whether an alert rule that is loaded is the one that Git renders: expression, `for`, `keep_firing_for`, labels; formatting aside."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.gate.promql import UNREADABLE, canonical, duration
from bot.model import UnobservableError
from bot.observations import RequiredRule

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.observations import RuleSeen

HINT = "correct it, and let `promtool check rules` (part of `bot validate`) look at it"
PRECISION = 0.001  # seconds: Prometheus tells durations as floating-point numbers


def required_rule(written: dict[str, Any]) -> RequiredRule:
    """A rule as a PrometheusRule writes it; UnobservableError when its durations cannot be read."""
    name = str(written["alert"])
    labels = {str(key): str(value) for key, value in (written.get("labels") or {}).items()}
    lasts, keeps = (_length(name, written.get(key)) for key in ("for", "keep_firing_for"))
    return RequiredRule(name, labels, str(written.get("expr", "")), lasts.total_seconds(), keeps.total_seconds())


def _length(name: str, written: object) -> timedelta:
    try:
        return timedelta() if written is None else duration(str(written))
    except ValueError as error:
        raise UnobservableError(UNREADABLE, f"the alert rule {name} has no readable duration: {written!r}", HINT) from error


def is_loaded(rule: RequiredRule, loaded: Iterable[RuleSeen]) -> bool:
    """Whether one of these loaded rules is this one."""
    return any(each.name == rule.name and not differences(rule, each) for each in loaded)


def differences(rule: RequiredRule, loaded: RuleSeen) -> tuple[str, ...]:
    """In which parts a loaded rule of the same name differs from the required one."""
    same = {
        "labels": loaded.labels == rule.labels,
        "for": abs(loaded.duration - rule.duration) < PRECISION,
        "keep_firing_for": abs(loaded.keep_firing - rule.keep_firing) < PRECISION,
        "expr": same_expression(loaded.query, rule.expr),
    }
    return tuple(part for part, is_same in same.items() if not is_same)


def same_expression(one: str, other: str) -> bool:
    """Whether two expressions say the same, formatting aside; what cannot be read is the same only to the letter."""
    try:
        return one == other or canonical(one) == canonical(other)
    except UnobservableError:
        return False


def nearest(rule: RequiredRule, loaded: Iterable[RuleSeen]) -> tuple[str, ...] | None:
    """How the most similar loaded rule of the same name differs; None when there is none of that name."""
    found = [differences(rule, each) for each in loaded if each.name == rule.name]
    return min(found, key=len, default=None)


def lost_rules(before: Iterable[RequiredRule], after: Iterable[RequiredRule]) -> tuple[str, ...]:
    """Names of rules that are gone, or of which any part is another."""
    there = tuple(after)
    return tuple(dict.fromkeys(rule.name for rule in before if not any(_is_same(rule, other) for other in there)))


def _is_same(one: RequiredRule, other: RequiredRule) -> bool:
    return replace(one, expr="") == replace(other, expr="") and same_expression(one.expr, other.expr)
