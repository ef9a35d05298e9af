"""What one Prometheus is asked: its samples, and what its store knows of the time that a soak may reach back to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.gate.promql import metric_selectors
from bot.observations import PrometheusSeen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.model import Environment, Policy
    from bot.observations import FiringSpan, RunSeen, Sample
    from bot.ports import Prometheus, World


@dataclass(frozen=True)
class Window:
    """A time that Prometheus is asked about."""

    start: datetime
    end: datetime
    covered: datetime | None = None  # from when on the watchdog must cover it, if not from the start


@dataclass(frozen=True)
class Look:
    """One replica to be looked at: for which environment, by whose policy, and at which past."""

    prometheus: Prometheus
    environment: Environment
    policy: Policy
    window: Window | None


@dataclass(frozen=True)
class Taken:
    """What is seen first: samples, oldest first, and what fired in the window."""

    samples: tuple[Sample, ...]
    spans: tuple[FiringSpan, ...]


def take(world: World, look: Look) -> Taken:
    """All samples of one replica, and beside them what fired in the window."""
    with ThreadPoolExecutor() as pool:
        samples = pool.submit(_samples, world, look)
        spans = pool.submit(look.prometheus.firing_spans, look.window.start, look.window.end) if look.window else None
        return Taken(samples.result(), spans.result() if spans else ())


def complete(look: Look, taken: Taken) -> PrometheusSeen:
    """With what can be asked only when rules are known, or is told best at the end."""
    prometheus, newest = look.prometheus, taken.samples[-1]
    with ThreadPoolExecutor() as pool:
        images = pool.submit(prometheus.pod_images, look.environment.namespace)
        coverage = pool.submit(_coverage, look, newest)
        between = pool.submit(_between, look, taken.samples)
        lacking = pool.submit(prometheus.without_series, _selectors(newest, look.environment))  # last: reading many rules takes a while
        return PrometheusSeen(
            url=prometheus.url,
            samples=taken.samples,
            metrics_without_series=lacking.result(),
            pod_images=images.result(),
            firing_in_window=taken.spans,
            watchdog_coverage=coverage.result(),
            window_start=look.window.start if look.window else None,
            firing_between=between.result(),
        )


def _samples(world: World, look: Look) -> tuple[Sample, ...]:
    samples = [look.prometheus.sample()]
    wanted, apart = look.policy.samples, look.policy.interval
    for number in range(1, wanted):
        world.progress.say(f"{look.environment.name}: sample {number + 1} of {wanted}, {apart.total_seconds():g} s apart")
        world.sleep(apart)
        samples.append(look.prometheus.sample())
    return tuple(samples)


def _between(look: Look, samples: tuple[Sample, ...]) -> tuple[FiringSpan, ...]:
    """What fired from the first sample to the last, whether or not it did at one of them."""
    first, last = samples[0].server_time, samples[-1].server_time
    return look.prometheus.firing_spans(first, last) if first < last else ()


def _coverage(look: Look, sample: Sample) -> float:
    """Which share of the window the watchdog's samples cover."""
    if look.window is None:
        return 0.0
    watchdog, environment, window = look.environment.policy.watchdog, look.environment.name, look.window
    interval = _interval(sample, watchdog, environment)
    return look.prometheus.coverage(watchdog, environment, start=window.covered or window.start, end=window.end, interval=interval)


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


def _interval(sample: Sample, alert: str, environment: str) -> float:
    rules = [rule for rule in sample.rules if rule.name == alert]
    ours = [rule for rule in rules if rule.labels.get("environment", environment) == environment]
    return min((rule.interval for rule in ours), default=0.0)
