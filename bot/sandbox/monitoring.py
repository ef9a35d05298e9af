"""The sandbox's monitoring: one exporter for all workloads, one Prometheus for each environment."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bot.adapters.prometheus import open_prometheus
from bot.model import Alerts, BotError
from bot.sandbox.exporter import ExportedEnvironment, Exporter, exporter_app
from bot.sandbox.exporter_pages import KUBE_STATE_METRICS
from bot.sandbox.prometheus import RunningPrometheus, start_prometheus, wait_until_warm
from bot.sandbox.serving import Server, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from bot.model import Environment
    from bot.observations import PodSeen
    from bot.ports import Rendered


SECONDS, WAIT_SECONDS = 5.0, 40
BLOCKING = Alerts()


@dataclass(frozen=True)
class Monitoring:
    """What watches the sandbox's environments; each has its own Prometheus."""

    exporter: Exporter
    server: Server
    prometheus: Mapping[str, RunningPrometheus]

    @property
    def description(self) -> str:
        """What evaluates the rules: `Prometheus 2.42.0`, or a stand-in."""
        return next(iter(self.prometheus.values())).description

    def watch(self, environment: str, *, namespace: str, pods: Callable[[], tuple[PodSeen, ...]]) -> None:
        """Has an environment's pages tell about these Pods, with nothing wrong."""
        with self.exporter.lock:
            self.exporter.environments[environment] = ExportedEnvironment(namespace, pods)

    def alerts(self, environment: str) -> frozenset[tuple[str, str]]:
        """Name and state of the environment's alerts that are pending or firing and may block."""
        url = self.prometheus[environment].url
        sample = open_prometheus(url, authorization=None, timeout=SECONDS, now=lambda: datetime.now(UTC)).sample()
        return frozenset((rule.name, alert.state) for rule in sample.rules if BLOCKING.blocks(rule.labels) for alert in rule.alerts)

    def wait_for_alerts(self, environment: str, *, firing: bool) -> None:
        """Waits until an alert that may block fires, or until none does nor is pending."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            found = self.alerts(environment)
            if any(state == "firing" for _, state in found) if firing else not found:
                return
            time.sleep(0.2)
        wanted = "no alert fires" if firing else f"alerts do not end: {sorted(found)}"
        raise BotError(f"{environment}: {wanted} after {WAIT_SECONDS} s", f"look at {self.prometheus[environment].url}/alerts")

    def stop(self) -> None:
        """Ends all of it."""
        for each in self.prometheus.values():
            each.stop()
        self.server.stop()


def start_monitoring(folder: Path, renders: Mapping[Environment, Rendered], *, stand_in: bool = False) -> Monitoring:
    """Starts the exporter and a Prometheus for each environment, with the alert rules of its render."""
    exporter = Exporter({each.name: ExportedEnvironment(each.namespace, tuple) for each in renders})
    server = serve(exporter_app(exporter))
    running: dict[str, RunningPrometheus] = {}
    monitoring = Monitoring(exporter, server, running)
    try:
        for environment, rendered in renders.items():
            running[environment.name] = start_prometheus(
                folder / environment.name,
                exporter_url=server.url,
                environment=environment.name,
                namespace=environment.namespace,
                jobs=[*environment.policy.required_jobs, KUBE_STATE_METRICS],
                rule_groups=rule_groups(rendered),
                stand_in=stand_in,
            )
    except BaseException:
        monitoring.stop()
        raise
    return monitoring


def wait_for(monitoring: Monitoring) -> None:
    """Waits until every Prometheus has scraped and evaluated."""
    wait_until_warm(monitoring.prometheus.values())


def rule_groups(rendered: Rendered) -> list[dict[str, Any]]:
    """The groups of all PrometheusRules of a render."""
    rules = [item for item in rendered.objects if item["kind"] == "PrometheusRule"]
    return [group for item in rules for group in item["spec"]["groups"]]
