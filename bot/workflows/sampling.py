"""Looking at one Prometheus: its samples, and what its store knows of the time that a soak may reach back to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.gate.promql import metric_selectors
from bot.observations import PrometheusSeen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.model import Environment, Policy
    from bot.observations import RunSeen, Sample
    from bot.ports import Prometheus, World


@dataclass(frozen=True)
class Window:
    """A time that Prometheus is asked about."""

    start: datetime
    end: datetime
    covered: datetime | None = None  # from when on the watchdog must cover it, if not from the start


def look(world: World, prometheus: Prometheus, *, environment: Environment, policy: Policy, window: Window | None) -> PrometheusSeen:
    """All samples of one replica, and its present series; with a window also what fired in it."""
    samples = [prometheus.sample()]
    for number in range(1, policy.samples):
        world.progress.say(f"{environment.name}: sample {number + 1} of {policy.samples}, {policy.interval.total_seconds():g} s apart")
        world.sleep(policy.interval)
        samples.append(prometheus.sample())
    seen = PrometheusSeen(
        url=prometheus.url,
        samples=tuple(samples),
        metrics_without_series=prometheus.without_series(_selectors(samples[-1], environment)),
        pod_images=prometheus.pod_images(environment.namespace),
    )
    return seen if window is None else _with_window(prometheus, seen=seen, environment=environment, window=window)


def _selectors(sample: Sample, environment: Environment) -> Sequence[str]:
    """The metrics that this environment's blocking rules read."""
    alerts = environment.policy.alerts
    rules = [rule for rule in sample.rules if alerts.blocks(rule.labels)]
    ours = [rule for rule in rules if rule.labels.get("environment", environment.name) == environment.name]
    return sorted({selector for rule in ours for selector in metric_selectors(rule.query)})


def soak_window(world: World, policy: Policy, runs: Sequence[RunSeen]) -> Window:
    """The time that the soak of these runs may reach back to: the soak, or a past run's that ended earlier."""
    end = world.now()
    return Window(min([end - policy.soak, *(run.until - policy.soak for run in runs if run.until)]), end)


def _with_window(prometheus: Prometheus, *, seen: PrometheusSeen, environment: Environment, window: Window) -> PrometheusSeen:
    watchdog = environment.policy.watchdog
    interval = _interval(seen.samples[-1], watchdog, environment.name)
    return replace(
        seen,
        window_start=window.start,
        firing_in_window=prometheus.firing_spans(window.start, window.end),
        watchdog_coverage=prometheus.coverage(watchdog, start=window.covered or window.start, end=window.end, interval=interval),
    )


def _interval(sample: Sample, alert: str, environment: str) -> float:
    rules = [rule for rule in sample.rules if rule.name == alert]
    ours = [rule for rule in rules if rule.labels.get("environment", environment) == environment]
    return min((rule.interval for rule in ours), default=0.0)
