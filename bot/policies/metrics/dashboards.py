"""Dashboards: Grafana loads them as they are, in any cluster, and each panel shows one environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.policies.fields import indexed, text
from bot.policies.manifests import wrong
from bot.policies.metrics.expressions import dashboards, equalities, expressions, nodes, panels, selectors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Violation
    from bot.policies.metrics.expressions import Dashboard

PANEL_TYPES = ("timeseries", "stat", "gauge", "table")  # the others are gone from Grafana or show no numbers
DATASOURCE = "${datasource}"
BINDINGS = ('namespace="$namespace"', 'environment="$environment"')


def dashboards_can_be_provisioned(manifests: Manifests) -> Iterator[Violation]:
    """Grafana loads the bare model of a dashboard, and finds it again by its uid."""
    for each in dashboards(manifests):
        if not isinstance(each.model, dict):
            yield wrong(each.item, each.where, "is no JSON object, so that Grafana skips it", hint="export the dashboard's JSON model")
        elif "dashboard" in each.model:
            yield wrong(each.item, each.where, "is wrapped in `dashboard`, so that Grafana skips it", hint="write the bare model")
        elif not text(each.model, "uid"):
            yield wrong(each.item, each.where, "has no uid, so that each start makes another one of it", hint="write a uid")
        yield from _panel_violations(each)


def panels_name_their_environment(manifests: Manifests) -> Iterator[Violation]:
    """A panel shows one environment, never the sum of all."""
    for each in expressions(manifests):
        if not each.of_rule and not all(_is_bound(equalities(selector)) for selector in selectors(nodes(each.query))):
            yield each.wrong("adds up all environments", hint=f"write {' or '.join(BINDINGS)} in each selector")


def _panel_violations(dashboard: Dashboard) -> Iterator[Violation]:
    for where, panel in panels(dashboard):
        if text(panel, "type") not in PANEL_TYPES:
            what = f"is a panel of type {panel.get('type')}"
            yield wrong(dashboard.item, f"{where}.type", what, hint=f"use one of {', '.join(PANEL_TYPES)}")
        for _, part in [(0, panel), *indexed(panel, "targets")]:
            if text(part, "datasource", "uid") != DATASOURCE:
                what = "names a data source of one Grafana, or none, so that it shows nothing in another"
                yield wrong(dashboard.item, f"{where}.datasource", what, hint=f"write uid: {DATASOURCE}")


def _is_bound(labels: dict[str, str]) -> bool:
    return any(f'{name}="{labels.get(name)}"' in BINDINGS for name in ("namespace", "environment"))
