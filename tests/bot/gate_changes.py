"""Changes of one thing in a gate's observations, to be applied to the environment of a role."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bot.model import Freeze
from bot.observations import FiringSpan, Observations, PodSeen
from tests.bot.gate_situations import (
    BLOCKING,
    NOON,
    SECOND,
    alert,
    on_application,
    on_environment,
    on_replica,
    on_rule,
    on_run,
    on_sample,
    other_hold,
    rule,
)

if TYPE_CHECKING:
    from datetime import timedelta

    from bot.observations import EnvironmentSeen, Sample

Change = Callable[[Observations, str], Observations]


def place(**changes: Any) -> Change:
    """A change of fields of an environment's observation."""
    return lambda seen, role: on_environment(seen, role, lambda each: replace(each, **changes))


def replica(**changes: Any) -> Change:
    """A change of fields of one replica."""
    return lambda seen, role: on_replica(seen, role, lambda each: replace(each, **changes))


def app(**changes: Any) -> Change:
    """A change of fields of the Application."""
    return lambda seen, role: on_application(seen, role, **changes)


def samples(only: int | None = None, **changes: Any) -> Change:
    """A change of fields of samples of one replica."""
    return lambda seen, role: on_sample(seen, role, lambda each: replace(each, **changes), only=only)


def shifted(field: str, by: timedelta, *, of: str, only: int | None = None) -> Change:
    """Samples in which one time is another plus something."""
    return lambda seen, role: on_sample(seen, role, lambda each: replace(each, **{field: getattr(each, of) + by}), only=only)


def judged_rule(name: str, *, only: int | None = None, **changes: Any) -> Change:
    """A change of fields of one rule."""
    return lambda seen, role: on_rule(seen, role, name, only=only, **changes)


def evaluated(name: str, ago: timedelta, *, only: int | None = None) -> Change:
    """A rule whose last evaluation lies this far back by the server's clock."""

    def change(one: Sample) -> Sample:
        at = one.server_time - ago
        return replace(one, rules=tuple(replace(each, last_evaluation=at) if each.name == name else each for each in one.rules))

    return lambda seen, role: on_sample(seen, role, change, only=only)


def without(name: str, *, only: int | None = None) -> Change:
    """Samples that lack a rule."""
    return lambda seen, role: on_sample(
        seen, role, lambda each: replace(each, rules=tuple(rule for rule in each.rules if rule.name != name)), only=only
    )


def targets(*, only: int | None = None, ago: timedelta | None = None, **changes: Any) -> Change:
    """A change of fields of every target."""

    def change(one: Sample) -> Sample:
        when: dict[str, Any] = {} if ago is None else {"last_scrape": one.server_time - ago}
        return replace(one, targets=tuple(replace(each, **changes, **when) for each in one.targets[1:]) + one.targets[:1])

    return lambda seen, role: on_sample(seen, role, change, only=only)


def alerting(state: str, labels: dict[str, str] | None, *, only: int | None = None, **of_rule: str) -> Change:
    """An alert of a rule of its own; without labels, one of the blocking rule's."""

    def change(seen: Observations, role: str) -> Observations:
        own = name_of(role)
        known = {"environment": own, "promotion_gate": "block"} if labels is None else labels

        def add(one: Sample) -> Sample:
            return replace(one, rules=(*one.rules, rule("Added", dict(of_rule), at=one.at, alerts=(alert(state, known),))))

        return on_sample(seen, role, add, only=only)

    return change


def name_of(role: str) -> str:
    """The environment of a role."""
    return "staging" if role == "source" else "prod"


def policy(**changes: Any) -> Change:
    """A change of an environment's own policy."""

    def change(each: EnvironmentSeen) -> EnvironmentSeen:
        return replace(each, environment=replace(each.environment, policy=replace(each.environment.policy, **changes)))

    return lambda seen, role: on_environment(seen, role, change)


def fired(first: timedelta, last: timedelta, **labels: str) -> Change:
    """A blocking alert that fired in the window of one replica, from and until so long ago."""
    known = {"alertname": BLOCKING, "environment": "staging", "severity": "critical"} | labels
    return replica(firing_in_window=(FiringSpan(known, NOON - first, NOON - last),))


def between(**labels: str) -> Change:
    """A blocking alert of every environment that fired between the samples of one replica."""
    known = {"alertname": BLOCKING, "severity": "critical"} | labels
    return replica(firing_between=(FiringSpan(known, NOON - 35 * SECOND, NOON - 30 * SECOND),))


def run(name: str = "context-api", **changes: Any) -> Change:
    """A change of fields of a run in the source."""
    return lambda seen, _: on_run(seen, name, **changes)


def held(**changes: Any) -> Change:
    """One more hold."""
    return lambda seen, _: replace(seen, holds=(other_hold(), replace(other_hold(), **changes)))


def freeze_by_command(**changes: Any) -> Change:
    """A freeze of the target by command."""
    freeze = Freeze("freeze-1", "prod", (), None, "lead", "2026-11-01T00:00:00Z", "audit")
    return lambda seen, _: replace(seen, freezes=(replace(freeze, **changes),))


def operation(**changes: Any) -> Change:
    """A change of fields of the last operation."""

    def change(each: EnvironmentSeen) -> EnvironmentSeen:
        seen: Any = each.application
        return replace(each, application=replace(seen, operation=replace(seen.operation, **changes)))

    return lambda seen, role: on_environment(seen, role, change)


def pods(*added: str, dropping: str = "", of_job: bool = False) -> Change:
    """Pods of one more image each; those whose images contain a text are gone."""

    def change(each: EnvironmentSeen) -> EnvironmentSeen:
        seen: Any = each.application
        kept = [pod for pod in seen.pods if not dropping or pod.of_job or dropping not in pod.images[0]]
        more = [PodSeen(f"more-{number}", (image,), "Healthy", of_job) for number, image in enumerate(added)]
        return replace(each, application=replace(seen, pods=(*kept, *more)))

    return lambda seen, role: on_environment(seen, role, change)


def one_sample_less(seen: Observations, role: str) -> Observations:
    """One replica was asked twice only."""
    return on_replica(seen, role, lambda each: replace(each, samples=each.samples[:2]))


def each_replica(**changes: Any) -> Change:
    """A change of fields of both replicas."""

    def change(seen: Observations, role: str) -> Observations:
        for only in (0, 1):
            seen = on_replica(seen, role, lambda each: replace(each, **changes), only=only)
        return seen

    return change
