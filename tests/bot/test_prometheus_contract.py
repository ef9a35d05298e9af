"""The real Prometheus and its stand-in, seen through the adapter on one timeline, are the same to the gate."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
import promql_parser
import pytest

from bot.adapters.prometheus import open_prometheus
from bot.observations import PodSeen
from bot.sandbox.exporter import ExportedEnvironment, Exporter, exporter_app
from bot.sandbox.prometheus import RunningPrometheus, start_prometheus, wait_until_warm
from bot.sandbox.serving import serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.observations import FiringSpan, RuleSeen, Sample
    from bot.ports import Prometheus

pytestmark = pytest.mark.skipif(
    shutil.which("prometheus") is None and not os.environ.get("CI"), reason="prometheus is not installed; CI has it"
)

Answer = TypeVar("Answer")

JOBS = ("context-api", "qdrant", "kube-state-metrics")
IMAGE = "ghcr.io/example/context-api:v1.4.2@sha256:" + "24" * 32
REQUESTS = 'http_requests_total{job="context-api"}[3s]'
RULES: list[dict[str, Any]] = [
    {"alert": "Watchdog", "expr": "vector(1)"},
    {"alert": "Theirs", "expr": "vector(1)", "labels": {"environment": "stag-ing"}},
    {"alert": "LongPending", "expr": "vector(1)", "for": "10m", "labels": {"severity": "critical"}},
    {
        "alert": "HighErrorRate",
        "expr": 'sum by (namespace) (rate(http_requests_total{job="context-api", status=~"5.."}[3s]))'
        f" / sum by (namespace) (rate({REQUESTS})) > 0.05 and sum by (namespace) (rate({REQUESTS})) > 0.2",
        "for": "2s",
        "labels": {"promotion_gate": "block"},
    },
    {
        "alert": "SlowSearch",
        "expr": "histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[3s]))) > 0.2",
    },
    {"alert": "QdrantDown", "expr": 'absent(up{job="qdrant", namespace="context-prod"} == 1)'},
    {
        "alert": "QuorumLost",
        "expr": "kube_statefulset_status_replicas_ready < floor(kube_statefulset_replicas / 2) + 1",
    },
    {
        "alert": "CrashLooping",
        "expr": 'max_over_time(kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff"}[3s]) >= 1',
    },
    {"alert": "Renamed", "expr": "context_requests_total > 0"},
    {"alert": "Ambiguous", "expr": "up * on (namespace) up < 0"},
]


@dataclass(frozen=True)
class Story:
    """What the adapter saw of one Prometheus, while trouble came and went."""

    calm: Sample
    missing: tuple[str, ...]
    images: frozenset[str]
    states: tuple[str, ...]  # of HighErrorRate, in order of appearance
    troubled: Sample
    cured: Sample
    spans: tuple[FiringSpan, ...]
    coverage: float
    theirs: tuple[float, ...]  # what an alert of stag-ing covers for it, and for two other environments
    absent_coverage: float
    error_seconds: tuple[datetime, datetime]


@pytest.fixture(scope="module")
def exporter() -> Exporter:
    pods = (PodSeen("context-api-1", (IMAGE,), "Healthy", of_job=False),)
    return Exporter({"prod": ExportedEnvironment("context-prod", lambda: pods)})


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory, exporter: Exporter) -> Iterator[dict[str, Story]]:
    server = serve(exporter_app(exporter))
    running = {
        name: start_prometheus(
            tmp_path_factory.mktemp(name),
            exporter_url=server.url,
            environment="prod",
            jobs=JOBS,
            rule_groups=[{"name": "rules", "rules": RULES}],
            stand_in=name == "stand-in",
        )
        for name in ("real", "stand-in")
    }
    try:
        yield tell(running, server.url)
    finally:
        for prometheus in running.values():
            prometheus.stop()
        server.stop()


def tell(running: dict[str, RunningPrometheus], exporter_url: str) -> dict[str, Story]:
    """Errors come, then qdrant goes and Pods crash, then all is well again; both are asked at each step."""
    assert running["real"].real
    assert not running["stand-in"].real
    wait_until_warm(running.values())
    start = datetime.now(UTC)
    adapters = {name: opened(prometheus) for name, prometheus in running.items()}
    time.sleep(2.5)  # rates need two scrapes
    calm = each(adapters, lambda adapter: adapter.sample())
    missing = each(
        adapters,
        lambda adapter: adapter.without_series(["context_requests_total", 'up{job="qdrant"}', "up", "nothing"]),
    )
    images = each(adapters, lambda adapter: adapter.pod_images("context-prod"))
    switch(exporter_url, "errors/on")
    began = datetime.now(UTC)
    states = watch(adapters, until="firing")
    switch(exporter_url, "qdrant/off", "crash-loop/on")
    until(adapters, lambda sample: is_firing(sample, "QdrantDown") and is_firing(sample, "CrashLooping"))
    troubled = each(adapters, lambda adapter: adapter.sample())
    switch(exporter_url, "errors/off", "qdrant/on", "crash-loop/off")
    ended = datetime.now(UTC)
    until(
        adapters,
        lambda sample: not any(is_firing(sample, name) for name in ("HighErrorRate", "QdrantDown", "CrashLooping")),
    )
    end = datetime.now(UTC)
    return {
        name: Story(
            calm[name],
            missing[name],
            images[name],
            states[name],
            troubled[name],
            adapter.sample(),
            adapter.firing_spans(start, end),
            adapter.coverage("Watchdog", "prod", start=start, end=end, interval=1),
            tuple(adapter.coverage("Theirs", name, start=start, end=end, interval=1) for name in ("stag-ing", "prod", "stag.ing")),
            adapter.coverage("Nobody", "prod", start=start, end=end, interval=1),
            (began, ended),
        )
        for name, adapter in adapters.items()
    }


def opened(prometheus: RunningPrometheus) -> Prometheus:
    return open_prometheus(prometheus.url, authorization=None, timeout=5, now=lambda: datetime.now(UTC))


def each(adapters: dict[str, Prometheus], ask: Callable[[Prometheus], Answer]) -> dict[str, Answer]:
    return {name: ask(adapter) for name, adapter in adapters.items()}


def switch(exporter_url: str, *settings: str) -> None:
    for setting in settings:
        httpx.post(f"{exporter_url}/switch/prod/{setting}", trust_env=False).raise_for_status()


def until(adapters: dict[str, Prometheus], holds: Callable[[Sample], bool]) -> None:
    deadline = time.monotonic() + 12
    while not all(holds(adapter.sample()) for adapter in adapters.values()):
        assert time.monotonic() < deadline, "the rules never got there"
        time.sleep(0.1)


def watch(adapters: dict[str, Prometheus], *, until: str) -> dict[str, tuple[str, ...]]:
    """The states of HighErrorRate, each once, as they appear."""
    seen: dict[str, list[str]] = {name: [] for name in adapters}
    deadline = time.monotonic() + 12
    while not all(states and states[-1] == until for states in seen.values()):
        assert time.monotonic() < deadline, f"never {until}: {seen}"
        for name, adapter in adapters.items():
            now = ",".join(alert.state for alert in rule(adapter.sample(), "HighErrorRate").alerts) or "inactive"
            seen[name] += [now] if seen[name][-1:] != [now] else []
        time.sleep(0.1)
    return {name: tuple(states) for name, states in seen.items()}


def rule(sample: Sample, name: str) -> RuleSeen:
    return next(rule for rule in sample.rules if rule.name == name)


def is_firing(sample: Sample, name: str) -> bool:
    return any(alert.state == "firing" for alert in rule(sample, name).alerts)


def timeless_rules(sample: Sample) -> dict[str, Any]:
    """Rules without their times; expressions as the parser prints them, since Prometheus reprints them, too."""
    return {
        seen.name: (
            (seen.group, seen.duration, seen.labels, seen.health, seen.interval, bool(seen.last_error)),
            promql_parser.parse(seen.query).prettify(),
            sorted((sorted(alert.labels.items()), alert.state) for alert in seen.alerts),
        )
        for seen in sample.rules
    }


def timeless_targets(sample: Sample) -> dict[str, Any]:
    return {seen.job: (seen.labels, seen.health, seen.interval, bool(seen.last_error)) for seen in sample.targets}


@pytest.mark.parametrize("phase", ["calm", "troubled", "cured"])
def test_both_are_observed_alike(stories: dict[str, Story], phase: str) -> None:
    """Apart from times, an observation does not tell which of the two it is of."""
    real, stand_in = getattr(stories["real"], phase), getattr(stories["stand-in"], phase)
    assert timeless_rules(real) == timeless_rules(stand_in)
    assert timeless_targets(real) == timeless_targets(stand_in)
    for sample in (real, stand_in):
        assert (sample.reload_succeeded, sample.warnings, sample.more_pages) == (True, (), False)


def test_both_know_the_same_history(stories: dict[str, Story]) -> None:
    """The same alerts fired on both, within the time of two evaluations."""
    real, stand_in = ({frozenset(span.labels.items()): span for span in stories[name].spans} for name in ("real", "stand-in"))
    assert real.keys() == stand_in.keys()
    assert {span.labels["alertname"] for span in real.values()} == {
        "Watchdog",
        "Theirs",
        "HighErrorRate",
        "QdrantDown",
        "CrashLooping",
        "SlowSearch",
    }
    for labels, span in real.items():
        assert abs(span.first - stand_in[labels].first) < timedelta(seconds=3)
        assert abs(span.last - stand_in[labels].last) < timedelta(seconds=3)


@pytest.fixture(params=["real", "stand-in"])
def story(request: pytest.FixtureRequest, stories: dict[str, Story]) -> Story:
    return stories[request.param]


def test_an_alert_goes_through_pending_to_firing(story: Story) -> None:
    """A rule with `for` is seen pending before it fires."""
    assert story.states in {("inactive", "pending", "firing"), ("pending", "firing")}
    assert rule(story.calm, "LongPending").alerts[0].state == "pending"
    assert rule(story.calm, "LongPending").duration == 600


def test_a_firing_alert_carries_the_labels_of_series_and_rule(story: Story) -> None:
    """What the gate compares with environment and policy."""
    (alert,) = rule(story.troubled, "HighErrorRate").alerts
    assert alert.labels == {"alertname": "HighErrorRate", "namespace": "context-prod", "promotion_gate": "block"}
    assert alert.active_at is not None
    assert story.error_seconds[0] < alert.active_at < story.error_seconds[1]


def test_a_rule_that_cannot_be_evaluated_says_so(story: Story) -> None:
    """Its health is err, with the reason."""
    assert rule(story.calm, "Ambiguous").health == "err"
    assert "many-to-many" in rule(story.calm, "Ambiguous").last_error


def test_a_target_that_goes_down_is_seen_down_and_up_again(story: Story) -> None:
    """With the reason, and the time of the last scrape."""
    healths = [{seen.job: seen.health for seen in sample.targets} for sample in (story.calm, story.troubled, story.cured)]
    everything_up = dict.fromkeys(JOBS, "up")
    assert healths == [everything_up, {**everything_up, "qdrant": "down"}, everything_up]
    assert all(seen.last_scrape and abs(seen.last_scrape - story.calm.server_time) < timedelta(seconds=3) for seen in story.calm.targets)


def test_rules_are_evaluated_anew_between_samples(story: Story) -> None:
    """Last evaluations advance, and are near the server's time."""
    for before, after in zip(story.calm.rules, story.cured.rules, strict=True):
        assert before.last_evaluation
        assert after.last_evaluation
        assert before.last_evaluation < after.last_evaluation
        assert abs(after.last_evaluation - story.cured.server_time) < timedelta(seconds=3)


def test_clocks_of_one_machine_agree_to_the_millisecond(story: Story) -> None:
    """The server's time is not rounded to seconds."""
    assert abs(story.calm.at - story.calm.server_time) < timedelta(milliseconds=500)
    assert story.calm.started == story.calm.started_after < story.calm.server_time


def test_a_metric_that_nobody_exports_is_missing(story: Story) -> None:
    """A renamed metric is found, in the order asked."""
    assert story.missing == ("context_requests_total", "nothing")


def test_the_images_of_pods_are_seen_in_every_spelling(story: Story) -> None:
    """With tag, with both, and by digest."""
    name, digest = IMAGE.split("@")
    assert story.images == {name, IMAGE, f"{name.rpartition(':')[0]}@{digest}"}


def test_a_span_lies_inside_the_trouble(story: Story) -> None:
    """First and last raw sample, not steps: not before the `for` was over, not long after the cure."""
    (span,) = (span for span in story.spans if span.labels["alertname"] == "HighErrorRate")
    began, ended = story.error_seconds
    assert began + timedelta(seconds=2) <= span.first < span.last < ended + timedelta(seconds=5)
    assert "alertstate" not in span.labels


def test_the_watchdog_covers_its_time_and_nobody_covers_none(story: Story) -> None:
    """The share of the time that firing samples stand for."""
    assert story.coverage > 0.9
    assert story.absent_coverage == 0


def test_a_watchdog_of_another_environment_covers_nothing(story: Story) -> None:
    """Several may share one Prometheus; the name of one is no pattern for that of another."""
    for_its_own, *for_others = story.theirs
    assert for_its_own > 0.9
    assert for_others == [0, 0]
