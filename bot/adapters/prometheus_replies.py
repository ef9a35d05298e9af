"""What Prometheus' replies mean to the gate; a reply of another shape is an UnobservableError."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from bot.adapters.foreign import quoted
from bot.adapters.prometheus_shapes import LONGEST, YEARS, AlertingRule
from bot.gate.promql import duration
from bot.observations import AlertSeen, RuleSeen, TargetSeen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import TypeAdapter

    from bot.adapters.monitoring_http import Connection
    from bot.adapters.prometheus_shapes import Group, Reply, Target

Content = TypeVar("Content")
Raw = TypeVar("Raw")
Meaning = TypeVar("Meaning")
EPOCH = 1970  # a clock that was never set begins here: its skew is told, not its shape


def ask(
    connection: Connection,
    path: str,
    *,
    shape: TypeAdapter[Reply[Content]],
    parameters: Mapping[str, str] | None = None,
) -> tuple[Content, tuple[str, ...]]:
    """What an endpoint of the API says, and its warnings."""
    reply = connection.json(path, shape, parameters)
    if reply.status != "success" or reply.data is None:
        error = quoted(reply.error.encode())
        raise connection.unseen("status", f"answers {path} with status {reply.status}: {error}")
    return reply.data, reply.warnings


def meaning(connection: Connection, read: Callable[[Raw], Meaning], raw: Raw) -> Meaning:
    """A value read out of a well-shaped reply."""
    try:
        return read(raw)
    except (ValueError, OverflowError) as error:
        reason = quoted(str(error).encode())
        raise connection.unseen("malformed", f"answers with a value without meaning: {reason}") from error


def moment(seconds: float) -> datetime:
    """A time as Prometheus writes it in samples; ValueError so far away that reckoning with it could leave the calendar."""
    try:
        found = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(str(error)) from error
    if not EPOCH <= found.year <= YEARS[-1]:
        raise ValueError(f"the year {found.year} is not from {EPOCH} to {YEARS[-1]}")
    return found


def since_zero(written: datetime) -> datetime | None:
    """A time as Go writes it, in UTC; its zero time (year 1) means never."""
    return None if written.year <= 1 else written.astimezone(UTC)


def number(text: str) -> float:
    """A sample's value; ValueError when it is not finite, which no count or time is."""
    value = float(text)
    if not math.isfinite(value):
        message = f"{text} is not a finite number"
        raise ValueError(message)
    return value


def alerting_rules(groups: tuple[Group, ...]) -> tuple[RuleSeen, ...]:
    """All alerting rules, in the order of evaluation."""
    return tuple(_rule(group, rule) for group in groups for rule in group.rules if isinstance(rule, AlertingRule))


def target_seen(target: Target) -> TargetSeen:
    """A target; one without a job label goes by the name of its scrape pool."""
    interval = duration(target.interval).total_seconds()
    if interval > LONGEST:
        raise ValueError(f"{target.interval} is no interval")
    return TargetSeen(
        job=target.labels.get("job", target.pool),
        labels=target.labels,
        health=target.health,
        last_scrape=since_zero(target.last_scrape),
        interval=interval,
        last_error=target.last_error,
    )


def _rule(group: Group, rule: AlertingRule) -> RuleSeen:
    return RuleSeen(
        name=rule.name,
        group=group.name,
        query=rule.query,
        duration=rule.duration,
        labels=rule.labels,
        health=rule.health,
        last_error=rule.last_error,
        last_evaluation=since_zero(rule.last_evaluation),
        interval=group.interval,
        alerts=tuple(AlertSeen(alert.labels, alert.state, alert.active_at and since_zero(alert.active_at)) for alert in rule.alerts or ()),
        keep_firing=rule.keep_firing,
    )
