"""Values of Prometheus: this repository's own beside small environments, with one thing changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.environments import parse_environment
from bot.policies.manifests import Manifests
from bot.policies.prometheus_values import full_volumes, short_retention, spans_of_gates, spans_of_rules, unread_namespaces
from tests.bot.policies.test_cluster_fit import VALUES, add_ons

ROOT = Path(__file__).parents[3]
SIZE, KEPT, TOP = "retentionSize: 170GB", "retention: 30d", "fullnameOverride: prometheus"


@pytest.mark.parametrize(
    ("said", "is_full"),
    [
        (SIZE, False),
        ("retentionSize: 200GB", True),  # of a volume of 200Gi, which holds less once it has a file system
        ("retentionSize: 200GiB", True),
        ("retentionSize: 1.5TB", True),
        ("retentionSize: 204000MB", False),
        ("retentionSize: 199GiB", False),
        ("retentionSize: 10B", False),
        ("retentionSize: much", False),  # the operator refuses it
        ("walCompression: true", False),
    ],
)
def test_what_is_kept_has_room(said: str, *, is_full: bool) -> None:
    found = [*full_volumes(add_ons((VALUES, SIZE, said)))]
    assert [each.file for each in found] == ["clusters/production/kube-prometheus-stack/values.yaml"] * is_full
    assert all(said.partition(" ")[2] in each.what and "200Gi" in each.what and each.hint for each in found)


def test_without_a_volume_of_its_own_nothing_is_known() -> None:
    assert not [*full_volumes(add_ons((VALUES, "storage: 200Gi", "cpu: 1"), (VALUES, SIZE, "retentionSize: 1TB")))]


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("", []),
        ("namespaces: {}", []),
        ("namespaces: {releaseNamespace: true, additional: [context-staging, context-prod]}", []),
        ("namespaces: {additional: [context-staging]}", ["prometheusOperator.namespaces lacks context-prod, where prod runs"]),
        ("denyNamespaces: [kube-system]", []),
        ("denyNamespaces: [kube-system, context-staging]", ["prometheusOperator.denyNamespaces holds context-staging, where staging runs"]),
        ('namespaces: {additional: ["{{ .Release.Namespace }}"]}', []),
    ],
)
def test_the_operator_reads_each_environment(said: str, named: list[str]) -> None:
    charts = add_ons((VALUES, TOP, f"{TOP}\nprometheusOperator:\n  {said}\n"))
    found = [*unread_namespaces(charts, [Manifests(name, f"context-{name}", ()) for name in ("staging", "prod")])]
    assert [each.what.partition(":")[0] for each in found] == named
    assert all(each.hint for each in found)


def rule(expr: str) -> Manifests:
    spec = {"groups": [{"rules": [{"alert": "Slow", "expr": "up == 0"}, {"record": "a:b", "expr": expr}]}]}
    return Manifests("prod", "context-prod", ({"kind": "PrometheusRule", "metadata": {"name": "ours"}, "spec": spec},))


@pytest.mark.parametrize(
    ("expr", "kept", "is_short"),
    [
        ("rate(a[30d])", KEPT, False),
        ("rate(a[31d])", KEPT, True),
        ("max_over_time(rate(a[5m])[31d:1h])", KEPT, True),
        ("rate(a[31d]", KEPT, False),  # no PromQL, which is named elsewhere
        ("rate(a[31d])", "retention: 1y", False),
        ("rate(a[11d])", "walCompression: true", True),  # the chart's default
        ("rate(a[10d])", "walCompression: true", False),
        ("rate(a[31d])", "retention: for ever", False),
    ],
)
def test_no_rule_looks_further_back_than_what_is_kept(expr: str, kept: str, *, is_short: bool) -> None:
    found = [*short_retention(add_ons((VALUES, KEPT, kept)), spans_of_rules(rule(expr)))]
    assert ["record a:b of prod looks back" in each.what and bool(each.hint) for each in found] == [True] * is_short


def test_no_gate_looks_further_back_than_what_is_kept() -> None:
    names = ("dev", "staging", "prod")
    dev, staging, prod = (parse_environment(name, (ROOT / f"environments/{name}/environment.yaml").read_text()) for name in names)
    long = replace(prod, policy=replace(prod.policy, soak=timedelta(days=40), watch=timedelta(days=50)))
    charts = add_ons()
    assert not [*short_retention(charts, spans_of_gates((dev, staging, prod), names))]
    (soak,) = short_retention(charts, spans_of_gates((dev, staging, long), ["dev", "staging"]))
    assert "gate.soak of prod asks for 40 days of staging" in soak.what
    (watch,) = short_retention(charts, spans_of_gates((dev, staging, long), ["prod"]))
    assert "gate.watch of prod is 50 days" in watch.what
    assert not [*short_retention(charts, ())]
