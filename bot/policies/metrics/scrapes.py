"""How Prometheus scrapes: under which job, how often, and what relabelling makes of the labels that a program writes.

As prometheus-operator makes scrape configurations (its pkg/prometheus/promcfg.go), and as Prometheus relabels.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import promql_parser

from bot.gate.promql import parsed
from bot.policies.fields import mapping, mappings, text, words
from bot.policies.images import image_of
from bot.policies.label_selectors import selects
from bot.policies.manifests import SCRAPE_INTERVAL, name_of
from bot.policies.monitors import scraped
from bot.policies.ports import selected_pods

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.policies.manifests import Manifests, Object, Pods
    from bot.policies.metrics import Exported

OF_EVERY_TARGET = frozenset({"instance", "job"})
OF_PODS = OF_EVERY_TARGET | {"container", "endpoint", "namespace", "pod"}
OF_SERVICES = OF_PODS | {"service"}
OTHERS = "not-a-label"  # where a label's value comes from, when not from the program


@dataclass(frozen=True)
class Scrape:
    """One way of scraping: its job, how often, and what it makes of labels."""

    job: str
    interval: timedelta
    adds: frozenset[str]
    keeps: bool = False  # whether a program's label wins against one of the target, which else puts it aside
    steps: tuple[Object, ...] = ()  # metricRelabelings

    def labels(self, series: str, written: frozenset[str]) -> Mapping[str, str] | None:
        """The labels as they are stored, each with the written label whose value it has; None when the series is dropped."""
        found = dict.fromkeys(self.adds, OTHERS)
        for name in sorted(written):
            found[name if self.keeps or name not in self.adds else f"exported_{name}"] = name
        for step in self.steps:
            if not _survives(step, series):
                return None
            _relabel(step, found)
        return found


def scrapes_of(manifests: Manifests, component: Exported) -> tuple[Scrape, ...]:
    """How a component is scraped for an environment; none where nothing scrapes it."""
    if component.elsewhere:
        own = component.elsewhere
        interval = duration(own.interval or manifests.scrape_interval)
        return (Scrape(own.job, interval, OF_EVERY_TARGET | own.labels, keeps=True),)
    return tuple(scrape for scrape, pods, path in _of_monitors(manifests) if _is_of(component, pods, path))


def all_scrapes(manifests: Manifests) -> tuple[Scrape, ...]:
    """All that an environment's own monitors do."""
    return tuple(scrape for scrape, _, _ in _of_monitors(manifests))


def is_blind(manifests: Manifests) -> bool:
    """Whether a monitor finds nothing, which is said of the monitor, and not of each rule that it leaves without series."""
    return any(not scraped(manifests, monitor) for monitor in manifests.of("ServiceMonitor"))


def duration(written: str) -> timedelta:
    """A length of time in Prometheus' words; the operator's default where it is none."""
    try:
        found = parsed(f"up[{written}]")
    except ValueError:
        found = parsed(f"up[{SCRAPE_INTERVAL}]")
    return found.range if isinstance(found, promql_parser.MatrixSelector) else timedelta()


def _is_of(component: Exported, pods: tuple[Pods, ...], path: str) -> bool:
    if component.path:
        return path == component.path
    ending = component.image
    return ending is not None and any(image_of(container).is_named(ending) for each in pods for _, container in each.containers())


def _of_monitors(manifests: Manifests) -> Iterator[tuple[Scrape, tuple[Pods, ...], str]]:
    """Each endpoint of each monitor, with the Pods that it finds and the path that it asks for."""
    for monitor in manifests.of("ServiceMonitor"):
        for service in scraped(manifests, monitor):
            job = text(service, "metadata", "labels", text(monitor, "spec", "jobLabel")) or name_of(service)
            for endpoint in mappings(monitor, "spec", "endpoints"):
                scrape = _scrape(manifests, monitor, endpoint, job=job, adds=OF_SERVICES)
                yield scrape, selected_pods(manifests, service), text(endpoint, "path") or "/metrics"
    for monitor in manifests.of("PodMonitor"):
        pods = tuple(each for each in manifests.pods if selects(mapping(monitor, "spec", "selector"), each.labels))
        for endpoint in mappings(monitor, "spec", "podMetricsEndpoints"):
            scrape = _scrape(manifests, monitor, endpoint, job=f"{manifests.namespace}/{name_of(monitor)}", adds=OF_PODS)
            yield scrape, pods, text(endpoint, "path") or "/metrics"


def _scrape(manifests: Manifests, monitor: Object, endpoint: Object, *, job: str, adds: frozenset[str]) -> Scrape:
    copied = {re.sub(r"\W", "_", name) for key in ("targetLabels", "podTargetLabels") for name in words(monitor, "spec", key)}
    written = {text(step, "targetLabel") for step in mappings(endpoint, "relabelings")}
    visible = {name for name in written if name and not name.startswith("__")}  # the others are gone before the scrape is stored
    interval = duration(text(endpoint, "interval") or manifests.scrape_interval)
    keeps = endpoint.get("honorLabels") is True
    return Scrape(job, interval, adds | copied | visible, keeps, mappings(endpoint, "metricRelabelings"))


def _survives(step: Object, series: str) -> bool:
    """Whether a series passes a step that looks at its name alone; what others drop depends on values."""
    action = text(step, "action").lower()
    if action not in {"keep", "drop"} or words(step, "sourceLabels") != ("__name__",):
        return True
    return bool(_pattern(step).fullmatch(series)) is (action == "keep")


def _relabel(step: Object, labels: dict[str, str]) -> None:
    action, pattern, target = text(step, "action").lower() or "replace", _pattern(step), text(step, "targetLabel")
    if action in {"labeldrop", "labelkeep"}:
        for name in [each for each in labels if bool(pattern.fullmatch(each)) is (action == "labeldrop")]:
            del labels[name]
    elif action == "labelmap":
        replacement = re.sub(r"\$\{?(\w+)\}?", r"\\g<\1>", text(step, "replacement") or "$1")
        found = {match: labels[name] for name in labels if (match := pattern.fullmatch(name))}
        labels.update({match.expand(replacement): written for match, written in found.items()})
    elif action in {"replace", "lowercase", "uppercase", "hashmod"} and target:
        sources = words(step, "sourceLabels")
        there = [labels[name] for name in sources if name in labels]
        if there or not sources:  # what none of its labels fills, is left as it is
            labels[target] = next((written for written in there if written != OTHERS), OTHERS)


def _pattern(step: Object) -> re.Pattern[str]:
    try:
        return re.compile(text(step, "regex") or "(.*)", re.DOTALL)
    except re.error:  # the operator refuses it, too
        return re.compile("(?!)")
