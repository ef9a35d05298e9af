"""Policies of rules and dashboards, each with what passes and what does not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from bot.policies.manifests import Manifests
from bot.policies.measurements import (
    MEASUREMENT_POLICIES,
    RUNBOOK,
    alerts_say_what_they_are,
    alerts_say_what_to_do,
    expressions_are_promql,
    lists_are_of_the_pinned_versions,
    metrics_are_exported,
    quantiles_are_of_buckets,
    rates_are_of_counters,
    rules_name_their_environment,
    scrape_jobs_are_watched,
)
from bot.policies.metrics import exported, known_series
from bot.policies.metrics.dashboards import dashboards_can_be_provisioned, panels_name_their_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.policies.manifests import Violation

    Policy = Callable[[Manifests], Iterator[Violation]]

NS = "namespace='context-prod'"
LABELS = {
    "environment": "prod",
    "app": "context-foundation",
    "component": "qdrant",
    "severity": "warning",
    "promotion_gate": "warn",
}
ANNOTATIONS = {"summary": "s", "description": "d", "runbook_url": f"{RUNBOOK}#slow", "dashboard": "/d/context-prod"}
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
BOUND = 'up{namespace="$namespace"}'
RULE = "spec.groups[0].rules[0].expr"


def alert(expr: str = f"up{{{NS}}} == 0", **changed: Any) -> dict[str, Any]:
    return {"alert": "Slow", "expr": expr, "labels": LABELS, "annotations": ANNOTATIONS, **changed}


def rendered(*rules: dict[str, Any], objects: tuple[dict[str, Any], ...] = ()) -> Manifests:
    groups = [{"name": "group", "rules": list(rules)}]
    rule = {"kind": "PrometheusRule", "metadata": {"name": "rules"}, "spec": {"groups": groups}}
    return Manifests("prod", "context-prod", (rule, *objects))


def panel(expr: str = BOUND, **changed: Any) -> dict[str, Any]:
    target = {"refId": "A", "expr": expr, "datasource": DATASOURCE}
    return {"title": "Panel", "type": "timeseries", "datasource": DATASOURCE, "targets": [target], **changed}


def dashboard(text: str) -> Manifests:
    metadata = {"name": "dashboard", "labels": {"grafana_dashboard": "1"}}
    return Manifests("prod", "context-prod", ({"kind": "ConfigMap", "metadata": metadata, "data": {"a.json": text}},))


def panels(*written: dict[str, Any]) -> Manifests:
    return dashboard(json.dumps({"uid": "context-prod", "panels": list(written)}))


def running(image: str) -> Manifests:
    containers = [{"name": "qdrant", "image": image}]
    spec = {"template": {"metadata": {"labels": {}}, "spec": {"containers": containers}}}
    return Manifests("prod", "context-prod", ({"kind": "StatefulSet", "metadata": {"name": "qdrant"}, "spec": spec},))


def scraped(job: str) -> dict[str, Any]:
    spec = {"jobLabel": "app.kubernetes.io/name", "selector": {"matchLabels": {"app.kubernetes.io/name": job}}}
    return {"kind": "ServiceMonitor", "metadata": {"name": job}, "spec": spec}


def without(pairs: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in pairs.items() if key != name}


RECORD = {"record": "namespace:up:sum", "expr": f"sum by (namespace) (up{{{NS}}})", "labels": {"environment": "prod"}}
COUNT = f"rest_responses_duration_seconds_count{{{NS}}}"
BUCKETS = f"histogram_quantile(0.9, sum by (le) (rate(rest_responses_duration_seconds_bucket{{{NS}}}[5m])))"
LATENCY = f"neo4j_database_neo4j_db_query_execution_latency_millis{{{NS}}}"

PASSING: dict[str, tuple[Policy, Manifests]] = {
    "an alert": (expressions_are_promql, rendered(alert())),
    "a panel with Grafana's variables": (expressions_are_promql, panels(panel("rate(http_requests_total[$__rate_interval])"))),
    "an exported metric": (metrics_are_exported, rendered(alert())),
    "a recorded metric": (metrics_are_exported, rendered(RECORD, alert(f"namespace:up:sum{{{NS}}} > 1"))),
    "a metric per database": (metrics_are_exported, rendered(alert("neo4j_database_system_cluster_raft_is_leader > 0"))),
    "a name as a label": (metrics_are_exported, rendered(alert(f'{{__name__="up",{NS}}} > 1'))),
    "a rate of a counter": (rates_are_of_counters, rendered(alert(f"rate(http_requests_total{{{NS}}}[5m]) > 1"))),
    "a rate of a histogram's count": (rates_are_of_counters, rendered(alert(f"rate({COUNT}[5m]) > 1"))),
    "a quantile of buckets": (quantiles_are_of_buckets, rendered(alert(f"{BUCKETS} > 1"))),
    "an own namespace": (rules_name_their_environment, rendered(alert())),
    "an own certificate": (
        rules_name_their_environment,
        rendered(alert("certmanager_certificate_expiration_timestamp_seconds{name='context-prod-tls'} < time()")),
    ),
    "no metric at all": (rules_name_their_environment, rendered(alert("vector(1)"))),
    "all labels": (alerts_say_what_they_are, rendered(alert(), RECORD)),
    "all annotations": (alerts_say_what_to_do, rendered(alert(), RECORD)),
    "a bare model": (dashboards_can_be_provisioned, panels(panel())),
    "another ConfigMap": (dashboards_can_be_provisioned, Manifests("prod", "n", ({"kind": "ConfigMap", "data": {"a": "{"}},))),
    "a panel of one environment": (panels_name_their_environment, panels(panel(), panel('ALERTS{environment="$environment"}'))),
    "a watched job": (scrape_jobs_are_watched, rendered(alert(f'absent(up{{{NS},job="qdrant"}} == 1)'), objects=(scraped("qdrant"),))),
    "the listed version of a mirror": (lists_are_of_the_pinned_versions, running("registry.example.com/mirror/qdrant/qdrant:v1.19.7")),
    "another image of such a name": (lists_are_of_the_pinned_versions, running("docker.io/team/my-qdrant/qdrant:v1.20.0")),
    "the listed version": (lists_are_of_the_pinned_versions, running("docker.io/qdrant/qdrant:v1.19.7-unprivileged@sha256:00")),
    "an image without a list": (lists_are_of_the_pinned_versions, running("docker.io/library/busybox:1.36.1")),
}

FAILING: dict[str, tuple[Policy, Manifests, str, str]] = {
    "no PromQL": (expressions_are_promql, rendered(alert("sum(")), RULE, "alert Slow: is not PromQL"),
    "PromQL deeper than can be read": (expressions_are_promql, rendered(alert("(" * 1000 + "up" + ")" * 1000)), RULE, "within one another"),
    "no expression": (expressions_are_promql, panels(panel("")), "data[a.json].panels[Panel].targets[A].expr", "is not PromQL"),
    "an invented metric": (
        metrics_are_exported,
        rendered(alert(), alert(f"rate(qdrant_search_duration_seconds_bucket{{{NS}}}[5m]) > 1")),
        "spec.groups[0].rules[1].expr",
        "measures qdrant_search_duration_seconds_bucket, which no pinned version exports",
    ),
    "an old name": (
        metrics_are_exported,
        panels(panel('neo4j_cluster_core_is_leader{namespace="$namespace"}')),
        "data[a.json].panels[Panel].targets[A].expr",
        "measures neo4j_cluster_core_is_leader",
    ),
    "a pattern of names": (metrics_are_exported, rendered(alert('{__name__=~"up|down"} > 1')), RULE, "a pattern of names"),
    "a rate of a gauge": (
        rates_are_of_counters,
        rendered(alert(f"rate(memory_usage_bytes{{{NS}}}[5m]) > 1")),
        RULE,
        "takes rate() of the gauge memory_usage_bytes",
    ),
    "a quantile of a summary": (
        quantiles_are_of_buckets,
        rendered(alert(f"histogram_quantile(0.9, {LATENCY}) > 1")),
        RULE,
        "which is no bucket",
    ),
    "a quantile of counts": (
        quantiles_are_of_buckets,
        panels(panel(f"histogram_quantile(0.9, rate({COUNT}[5m]))")),
        "data[a.json]",
        "no bucket",
    ),
    "no namespace": (rules_name_their_environment, rendered(alert("up == 0")), RULE, "does not name the namespace context-prod"),
    "a neighbour's namespace": (
        rules_name_their_environment,
        rendered(alert('up{namespace="context-staging"} == 0')),
        RULE,
        "looks at the namespace context-staging, not at context-prod",
    ),
    "an unbound recording": (
        rules_name_their_environment,
        rendered({**RECORD, "expr": "sum(up)"}),
        RULE,
        "record namespace:up:sum: does not name",
    ),
    "no gate label": (
        alerts_say_what_they_are,
        rendered(alert(labels=without(LABELS, "promotion_gate"))),
        "spec.groups[0].rules[0].labels.promotion_gate",
        "alert Slow: the label is missing",
    ),
    "another environment's label": (
        alerts_say_what_they_are,
        rendered(alert(labels={**LABELS, "environment": "dev"})),
        "spec.groups[0].rules[0].labels.environment",
        "the label is dev",
    ),
    "no summary": (
        alerts_say_what_to_do,
        rendered(alert(annotations=without(ANNOTATIONS, "summary"))),
        "spec.groups[0].rules[0].annotations.summary",
        "it has no summary",
    ),
    "another alert's section": (
        alerts_say_what_to_do,
        rendered(alert(annotations={**ANNOTATIONS, "runbook_url": f"{RUNBOOK}#fast"})),
        "spec.groups[0].rules[0].annotations.runbook_url",
        "not to its own section",
    ),
    "no JSON": (dashboards_can_be_provisioned, dashboard("{"), "data[a.json]", "is no JSON object"),
    "a wrapped model": (dashboards_can_be_provisioned, dashboard('{"dashboard": {"uid": "a"}}'), "data[a.json]", "is wrapped"),
    "no uid": (dashboards_can_be_provisioned, dashboard('{"panels": []}'), "data[a.json]", "has no uid"),
    "a removed panel type": (
        dashboards_can_be_provisioned,
        panels(panel(type="graph")),
        "data[a.json].panels[Panel].type",
        "is a panel of type graph",
    ),
    "one Grafana's data source": (
        dashboards_can_be_provisioned,
        panels(panel(datasource={"type": "prometheus", "uid": "P1809F7CD0C75ACF3"})),
        "data[a.json].panels[Panel].datasource",
        "names a data source of one Grafana",
    ),
    "all environments at once": (
        panels_name_their_environment,
        panels(panel(f"{BOUND} / up")),
        "data[a.json].panels[Panel].targets[A].expr",
        "adds up all environments",
    ),
    "an unwatched job": (scrape_jobs_are_watched, rendered(alert(), objects=(scraped("qdrant"),)), "spec.jobLabel", "the job qdrant"),
    "a later version": (
        lists_are_of_the_pinned_versions,
        running("docker.io/qdrant/qdrant:v1.20.0-unprivileged"),
        "spec.template.spec.containers[qdrant].image",
        "runs v1.20.0, and the known metrics are those of qdrant 1.19",
    ),
    "a later version of a mirror": (
        lists_are_of_the_pinned_versions,
        running("registry.example.com/mirror/qdrant/qdrant:v1.20.0"),
        "spec.template.spec.containers[qdrant].image",
        "runs v1.20.0, and the known metrics are those of qdrant 1.19",
    ),
    "a version that only begins alike": (
        lists_are_of_the_pinned_versions,
        running("docker.io/qdrant/qdrant:v1.190.0"),
        "spec.template.spec.containers[qdrant].image",
        "runs v1.190.0",
    ),
}


@pytest.mark.parametrize(("policy", "manifests"), PASSING.values(), ids=PASSING.keys())
def test_what_passes(policy: Policy, manifests: Manifests) -> None:
    assert list(policy(manifests)) == []


@pytest.mark.parametrize(("policy", "manifests", "field", "what"), FAILING.values(), ids=FAILING.keys())
def test_what_fails_is_named(policy: Policy, manifests: Manifests, field: str, what: str) -> None:
    (found,) = policy(manifests)
    assert found.field.startswith(field)
    assert what in found.what
    assert found.hint
    assert found.name


@pytest.mark.parametrize("policy", MEASUREMENT_POLICIES, ids=lambda policy: policy.__name__)
def test_every_policy_has_both_examples(policy: Policy) -> None:
    assert policy in {each for each, _ in PASSING.values()}
    assert policy in {each for each, *_ in FAILING.values()}


@pytest.mark.parametrize("policy", MEASUREMENT_POLICIES, ids=lambda policy: policy.__name__)
def test_objects_of_any_shape_are_survived(policy: Policy) -> None:
    odd: tuple[dict[str, Any], ...] = (
        {},
        {"kind": "PrometheusRule", "spec": {"groups": [None, {"rules": ["a", {}]}]}},
        {"kind": "ConfigMap", "metadata": None, "data": 1},
    )
    list(policy(Manifests("prod", "context-prod", odd)))


def test_a_later_version_is_a_warning() -> None:
    """Its metrics are most likely the same; people are told to look."""
    (found,) = lists_are_of_the_pinned_versions(running("docker.io/qdrant/qdrant:v1.20.0"))
    assert not found.is_error


def test_every_list_names_version_and_source() -> None:
    for each in exported():
        assert each.component, each
        assert each.version, each
        assert each.source, each
        assert each.series, each
    assert {"context-api", "qdrant", "neo4j"} == {each.component for each in exported() if each.image}


def test_names_that_two_components_export_are_of_one_type() -> None:
    kinds = {(name, kind) for each in exported() for name, kind in each.series.items()}
    assert len(kinds) == len(known_series())
