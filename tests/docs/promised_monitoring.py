"""What issue 4 promises of monitoring."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tests.docs.markdown import anchors_of
from tests.docs.promise import BEYOND_DEV, EVERYWHERE, Promise, every, has, named, some
from tests.docs.stack import at
from tests.manifests.renders import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.docs.promise import Find, Test
    from tests.docs.stack import Item

WATCHDOG = "ContextFoundationWatchdog"
RUNBOOK = re.compile(r".*/blob/main/(docs/RUNBOOK\.md)#(.+)")
LEAST_ALERTS, LEAST_PANELS = 16, 12


def alerts_of(items: Iterable[Item]) -> Iterator[Item]:
    """All alerting rules."""
    yield from (rule for item in items for group in at(item, "spec.groups") or [] for rule in group["rules"] if "alert" in rule)


def every_alert(test: Test) -> Find:
    """The PrometheusRules, if each of their alerts is what is wanted."""

    def find(items: Iterable[Item]) -> list[Item]:
        found = [item for item in items if item["kind"] == "PrometheusRule"]
        return found if all(test(rule) for rule in alerts_of(found)) else []

    return find


def _enough_alerts(items: Iterable[Item]) -> list[Item]:
    found = [item for item in items if item["kind"] == "PrometheusRule"]
    return found if len({rule["alert"] for rule in alerts_of(found)}) >= LEAST_ALERTS else []


def _has_a_section(rule: Item) -> bool:
    link = RUNBOOK.fullmatch(at(rule, "annotations.runbook_url") or "")
    return bool(link and (ROOT / link[1]).exists() and link[2] in anchors_of(ROOT / link[1]))


def _watches(item: Item) -> bool:
    return any(rule["alert"] == WATCHDOG for rule in alerts_of([item]))


def _records(item: Item) -> bool:
    return any("record" in rule for group in at(item, "spec.groups") or [] for rule in group["rules"])


def _burns(item: Item) -> bool:
    return any("burn" in rule["alert"].lower() for rule in alerts_of([item]))


def _dashboard(item: Item) -> Any:
    return json.loads(next(text for name, text in item["data"].items() if name.endswith(".json")))


def _is_dashboard(item: Item) -> bool:
    return (at(item, "metadata.labels") or {}).get("grafana_dashboard") == "1"


def _has_panels(item: Item) -> bool:
    return _is_dashboard(item) and sum(panel["type"] != "row" for panel in _dashboard(item)["panels"]) >= LEAST_PANELS


MONITORING = (
    Promise("ServiceMonitor of context-api", named("ServiceMonitor", "context-api")),
    Promise("ServiceMonitor of Qdrant", named("ServiceMonitor", "qdrant")),
    Promise("ServiceMonitor of Neo4j", named("ServiceMonitor", "neo4j"), BEYOND_DEV),
    Promise("scraped through STRICT mTLS", every(("ServiceMonitor",), has("spec.endpoints.0.scheme", "https"))),
    Promise(f"{LEAST_ALERTS} or more alerts", _enough_alerts, BEYOND_DEV),
    Promise("each with a severity", every_alert(lambda rule: bool(at(rule, "labels.severity")))),
    Promise("each with summary and description", every_alert(lambda rule: {"summary", "description"} <= rule["annotations"].keys())),
    Promise("each with a link to a section of the runbook", every_alert(_has_a_section)),
    Promise("each with the label by which the gate selects it", every_alert(lambda rule: "promotion_gate" in rule["labels"])),
    Promise("a watchdog", some("PrometheusRule", _watches), EVERYWHERE),
    Promise("recording rules", some("PrometheusRule", _records), BEYOND_DEV),
    Promise("SLO burn-rate alerts", some("PrometheusRule", _burns), BEYOND_DEV),
    Promise(f"Grafana dashboard with {LEAST_PANELS} or more panels", some("ConfigMap", _has_panels)),
)
