"""How the stand-in evaluates rule groups: pending, firing, resolved, and the ALERTS series of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import promql_parser

from bot.gate.promql import duration
from bot.model import BotError
from bot.sandbox.prometheus_evaluator import Moment
from bot.sandbox.prometheus_matching import beyond, nameless
from bot.sandbox.prometheus_store import NAME, Key, Labels

if TYPE_CHECKING:
    from bot.sandbox.prometheus_matching import Vector
    from bot.sandbox.prometheus_store import Store

ZERO_TIME = "0001-01-01T00:00:00Z"  # Go's: never


@dataclass
class ActiveAlert:
    """A pending or firing instance of a rule."""

    labels: Labels
    since: float
    value: float
    seen: float  # when the expression last held
    firing: bool = False

    @property
    def state(self) -> str:
        """As the API calls it."""
        return "firing" if self.firing else "pending"


@dataclass
class Rule:
    """An alerting or recording rule, and how its last evaluation went."""

    name: str
    query: str
    labels: Labels
    is_alert: bool
    duration: float = 0.0
    keep_firing: float = 0.0
    health: str = "unknown"
    error: str = ""
    evaluated: float | None = None
    active: dict[Key, ActiveAlert] = field(default_factory=dict)
    written: set[Key] = field(default_factory=set)

    def evaluate(self, store: Store, *, at: float) -> None:
        """Evaluates once; an error leaves alerts as they were and shows in the health."""
        try:
            found = self._found(store, at=at)
        except (BotError, ValueError) as error:
            self.health, self.error = "err", str(error)
        else:
            if self.is_alert:
                self._advance(found, at=at)
                found = [sample for alert in self.active.values() for sample in _series(alert)]
            self.written = store.replace(self.written, found, at=at)
            self.health, self.error = "ok", ""
        self.evaluated = at

    def told(self) -> dict[str, Any]:
        """The rule as the API tells it."""
        own = {
            "name": self.name,
            "query": self.query,
            "labels": self.labels,
            "health": self.health,
            "lastEvaluation": go_time(self.evaluated),
            **({"lastError": self.error} if self.error else {}),
        }
        if not self.is_alert:
            return {**own, "type": "recording"}
        alerts = [
            {
                "labels": alert.labels,
                "annotations": {},
                "state": alert.state,
                "activeAt": go_time(alert.since),
                "value": f"{alert.value:e}",
            }
            for alert in self.active.values()
        ]
        states = {alert.state for alert in self.active.values()}
        state = next((state for state in ("firing", "pending") if state in states), "inactive")
        kept = {"duration": self.duration, "keepFiringFor": self.keep_firing}
        return {**own, **kept, "type": "alerting", "state": state, "annotations": {}, "alerts": alerts}

    def _found(self, store: Store, *, at: float) -> Vector:
        if any("{{" in value for value in self.labels.values()):
            raise beyond("a label with a template")
        value = Moment(store, at).value(_parsed(self.query))
        name = {"alertname" if self.is_alert else NAME: self.name}
        vector = [({}, value)] if isinstance(value, float) else value
        found = [({**nameless(labels), **self.labels, **name}, one) for labels, one in vector]
        if len({frozenset(labels.items()) for labels, _ in found}) < len(found):
            raise BotError("vector contains metrics with the same labelset after applying rule labels", "aggregate in the expr")
        return found

    def _advance(self, found: Vector, *, at: float) -> None:
        for labels, value in found:
            alert = self.active.setdefault(frozenset(labels.items()), ActiveAlert(labels, at, value, at))
            alert.value, alert.seen = value, at
            alert.firing = alert.firing or at - alert.since >= self.duration
        self.active = {
            key: alert for key, alert in self.active.items() if alert.seen == at or (alert.firing and at - alert.seen < self.keep_firing)
        }


@dataclass
class RuleGroup:
    """Rules that are evaluated one after the other, each interval."""

    name: str
    interval: float
    rules: list[Rule]
    due: float = 0.0
    evaluated: float | None = None

    def evaluate_when_due(self, store: Store, *, at: float) -> None:
        """Evaluates all rules if their interval is over."""
        if at < self.due:
            return
        self.due = at + self.interval * 0.4  # twice in an interval: a busy machine must leave no gap
        self.evaluated = at
        with store.lock:
            for rule in self.rules:
                rule.evaluate(store, at=at)

    def told(self) -> dict[str, Any]:
        """The group as the API tells it."""
        rules = [rule.told() for rule in self.rules]
        return {
            "name": self.name,
            "file": "",
            "interval": self.interval,
            "rules": rules,
            "lastEvaluation": go_time(self.evaluated),
        }


def rule_groups_of(groups: list[dict[str, Any]], interval: float) -> list[RuleGroup]:
    """The groups as PrometheusRules write them."""
    return [
        RuleGroup(group["name"], _seconds(group.get("interval"), interval), [_rule(rule) for rule in group.get("rules") or ()])
        for group in groups
    ]


def go_time(seconds: float | None) -> str:
    """A time as Go writes it."""
    return ZERO_TIME if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _rule(rule: dict[str, Any]) -> Rule:
    return Rule(
        name=rule.get("alert") or rule["record"],
        query=str(rule["expr"]),
        labels=dict(rule.get("labels") or {}),
        is_alert="alert" in rule,
        duration=_seconds(rule.get("for"), 0.0),
        keep_firing=_seconds(rule.get("keep_firing_for"), 0.0),
    )


@lru_cache(maxsize=1024)  # the same rules are evaluated every second
def _parsed(query: str) -> promql_parser.Expr:
    return promql_parser.parse(query)


def _series(alert: ActiveAlert) -> Vector:
    alerts = {NAME: "ALERTS", "alertstate": alert.state, **alert.labels}
    return [(alerts, 1.0), ({NAME: "ALERTS_FOR_STATE", **alert.labels}, alert.since)]


def _seconds(written: str | None, otherwise: float) -> float:
    if not written:
        return otherwise
    return duration(str(written)).total_seconds()
