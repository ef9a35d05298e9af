"""Whether clusters fit their environments: this repository's add-ons beside small objects, with one thing changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from bot.policies.add_on_values import WANTED, read_add_ons, value_problems
from bot.policies.admission import refused_sidecars, unjudged_namespaces
from bot.policies.cluster_fit import (
    missing_add_ons,
    unknown_accounts,
    unknown_providers,
    unread_certificates,
    unread_stores,
    unserved_gateways,
    unserved_metrics,
)
from bot.policies.manifests import Manifests
from tests.bot.policies.examples import put

if TYPE_CHECKING:
    from bot.policies.add_on_values import AddOn
    from bot.policies.manifests import Violation

ROOT = Path(__file__).parents[3]
CLUSTERS = ("nonprod", "production")


def texts(cluster: str) -> dict[str, str]:
    return {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in (ROOT / "clusters" / cluster).glob("*/*.yaml")}


def add_ons(*changes: tuple[str, str, str], cluster: str = "production") -> tuple[AddOn, ...]:
    found = texts(cluster)
    for path, old, new in changes:
        file = f"clusters/{cluster}/{path}.yaml"
        assert old in found[file]
        found[file] = found[file].replace(old, new)
    return read_add_ons([path.rpartition("/")[0] for path in found if path.endswith("/add-on.yaml")], found)


VALUES, ADAPTER = "kube-prometheus-stack/values", "prometheus-adapter/values"
ACCOUNTS = "AuthorizationPolicy spec.rules[0].from[0].source.serviceAccounts"
WRONG_VALUES = {
    "monitors": ((VALUES, "serviceMonitorSelectorNilUsesHelmValues: false", ""), "serviceMonitorSelectorNilUsesHelmValues is not set"),
    "rules": ((VALUES, "ruleNamespaceSelector: {}", "ruleNamespaceSelector: {matchLabels: {a: b}}"), "ruleNamespaceSelector"),
    "a selector": (
        (VALUES, "    podMonitorNamespaceSelector", "    podMonitorSelector: {a: b}\n    podMonitorNamespaceSelector"),
        "podMonitorSel",
    ),
    "dashboards": ((VALUES, "searchNamespace: ALL", "searchNamespace: monitoring"), "searchNamespace is monitoring"),
    "nobody is told": ((VALUES, "alertmanager:\n", "alertmanager:\n  enabled: false\n"), "alertmanager.enabled is false"),
    "init containers": (("istiod/values", "cni:\n  enabled: true", "cni:\n  enabled: false"), "cni.enabled is false"),
    "the way out": (("istiod/values", "ALLOW_ANY", "REGISTRY_ONLY"), "outboundTrafficPolicy.mode is REGISTRY_ONLY"),
    "certificates": (("cert-manager/values", "crds:\n  enabled: true\n", ""), "crds.enabled is not set"),
    "an updater": (("vertical-pod-autoscaler/values", "updater:\n  enabled: false", "updater:\n  enabled: true"), "updater.enabled"),
    "a password": ((VALUES, "existingSecret: grafana-admin", "password: hunter2"), "grafana.admin.password is written out"),
    "two versions": (("istio-cni/add-on", '"1.30', '"1.29'), "several versions"),
}


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_the_values_of_this_repository_pass(cluster: str) -> None:
    found = add_ons(cluster=cluster)
    assert {each.chart for each in found} >= WANTED.keys()
    assert not [*value_problems(found)]


@pytest.mark.parametrize("case", WRONG_VALUES)
def test_a_value_that_breaks_the_stack_is_named(case: str) -> None:
    change, what = WRONG_VALUES[case]
    (found,) = value_problems(add_ons(change))
    assert what in found.what
    assert found.file.startswith("clusters/production/")
    assert found.hint


def test_files_that_cannot_be_read_are_left_to_others() -> None:
    assert read_add_ons(["a", "b"], {"a/add-on.yaml": "a: [", "a/values.yaml": "{}", "b/add-on.yaml": "- 1", "b/values.yaml": "{}"}) == ()


STACK: dict[str, dict[str, Any]] = {
    "AuthorizationPolicy": {
        "rules": [
            {"from": [{"source": {"serviceAccounts": ["monitoring/prometheus-prometheus", "istio-ingress/istio-ingressgateway", "own"]}}]},
            {"from": [{"source": {"serviceAccounts": ["elsewhere/anybody"]}}]},
        ]
    },
    "Gateway": {
        "selector": {"istio": "ingressgateway"},
        "servers": [
            {"hosts": ["api.context.example.com"], "tls": {"credentialName": "context-prod-tls"}},
            {"hosts": ["api.context.example.com"], "tls": {"httpsRedirect": True}},
        ],
    },
    "Telemetry": {"tracing": [{"providers": [{"name": "otel-tracing"}]}], "metrics": [{"providers": [{"name": "prometheus"}]}]},
    "HorizontalPodAutoscaler": {"metrics": [{"pods": {"metric": {"name": "http_requests_per_second"}}}, {"type": "ContainerResource"}]},
    "ServiceMonitor": {"endpoints": [{"tlsConfig": {"caFile": "/etc/prom-certs/root-cert.pem"}}, {"port": "http"}]},
}
CERTIFICATE: dict[str, Any] = {
    "kind": "Certificate",
    "metadata": {"name": "prod", "namespace": "istio-ingress"},
    "spec": {"secretName": "context-prod-tls", "dnsNames": ["api.context.example.com"]},
}


def fit(charts: tuple[AddOn, ...], path: str = "", value: object = None) -> list[Violation]:
    stack = {kind: {"kind": kind, "metadata": {"name": "ours"}, "spec": YAML(typ="safe").load(str(STACK[kind]))} for kind in STACK}
    items = [*stack.values(), YAML(typ="safe").load(str(CERTIFICATE))]
    if path:
        kind, _, field = path.partition(" ")
        put(next(each for each in items if each["kind"] == kind), field, value)
    environment = Manifests("prod", "context-prod", tuple(items[:-1]))
    found = [*unserved_gateways(environment, charts, Manifests("production", "", (items[-1],)))]
    for policy in (missing_add_ons, unknown_accounts, unknown_providers, unserved_metrics, unread_certificates):
        found += policy(environment, charts)
    return found


WRONG: dict[str, tuple[tuple[str, str, str] | None, str, Any, str]] = {
    "another Prometheus": ((VALUES, "fullnameOverride: prometheus", "fullnameOverride: prom"), "", None, "AuthorizationPolicy"),
    "another gateway": (None, ACCOUNTS, ["istio-system/istio-ingressgateway"], "AuthorizationPolicy"),
    "another label": (None, "Gateway spec.selector", {"istio": "gateway"}, "Gateway"),
    "another secret": (None, "Gateway spec.servers[0].tls.credentialName", "prod-tls", "Gateway"),
    "another host": (None, "Gateway spec.servers[0].hosts", ["ns/www.example.com"], "Gateway"),
    "a certificate elsewhere": (None, "Certificate metadata.namespace", "istio-system", "Gateway"),
    "tracing to nobody": (("istiod/values", "name: otel-tracing", "name: otel"), "", None, "Telemetry"),
    "a metric of another name": ((ADAPTER, "as: http_requests_per_second", "as: rate"), "", None, "HorizontalPodAutoscaler"),
    "a metric of no Pod": ((ADAPTER, "          pod:\n            resource: pod\n", ""), "", None, "HorizontalPodAutoscaler"),
    "certificates elsewhere": ((VALUES, "mountPath: /etc/prom-certs", "mountPath: /etc/certs"), "", None, "ServiceMonitor"),
}  # fmt: skip


def test_an_environment_that_fits_passes() -> None:
    assert fit(add_ons()) == []
    assert fit(add_ons(), "Certificate spec.dnsNames", ["*.context.example.com"]) == []


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_named(case: str) -> None:
    change, path, value, kind = WRONG[case]
    (found,) = fit(add_ons(*filter(None, [change])), path, value)
    assert found.kind == kind
    assert found.hint


def test_a_kind_that_nothing_acts_on_is_named_once_for_each_chart() -> None:
    items = tuple(
        {"apiVersion": "networking.istio.io/v1", "kind": kind, "metadata": {"name": "a"}} for kind in ("Gateway", "VirtualService")
    )
    environment = Manifests("prod", "context-prod", items)
    assert not [*missing_add_ons(environment, add_ons())]
    without = [each for each in add_ons() if each.chart not in {"istiod", "cni"}]
    assert ["chart cni" in each.what or "chart istiod" in each.what for each in missing_add_ons(environment, without)] == [True, True]


def test_a_store_of_the_whole_cluster_is_there_and_switched_on() -> None:
    def external(kind: str) -> Manifests:
        spec = {"secretStoreRef": {"kind": kind, "name": "vault"}}
        return Manifests("prod", "context-prod", ({"kind": "ExternalSecret", "metadata": {"name": "ours"}, "spec": spec},))

    store, empty = {"kind": "ClusterSecretStore", "metadata": {"name": "vault"}}, Manifests("production", "", ())
    there = Manifests("production", "", (store,))
    on = add_ons(("external-secrets/values", "processClusterStore: false", "processClusterStore: true"))
    assert not [*unread_stores(external("SecretStore"), add_ons(), empty)]
    assert not [*unread_stores(external("ClusterSecretStore"), on, there)]
    for charts, cluster, what in ((add_ons(), there, "values.yaml switches off"), (on, empty, "has none named vault")):
        (found,) = unread_stores(external("ClusterSecretStore"), charts, cluster)
        assert (found.kind, found.field) == ("ExternalSecret", "spec.secretStoreRef.kind")
        assert what in found.what


def test_sidecars_come_from_the_hub_that_is_admitted() -> None:
    cluster = Manifests("production", "", (POLICY, BINDING))
    assert not [*refused_sidecars(cluster, add_ons())]
    assert not [*refused_sidecars(Manifests("production", "", ()), add_ons())]
    for old, new in (("hub: registry.istio.io/release", "hub: docker.io/istio"), ("  hub: registry.istio.io/release", "  any: 1")):
        (found,) = refused_sidecars(cluster, add_ons(("istiod/values", old, new)))
        assert "registry.istio.io/release" in found.what


NAMESPACE: dict[str, Any] = {
    "kind": "Namespace",
    "metadata": {"name": "context-prod", "labels": {"app.kubernetes.io/part-of": "context-foundation", "environment": "prod"}},
}
POLICY, BINDING = (
    YAML(typ="safe").load((ROOT / f"clusters/production/policies/validating-admission-policy{end}.yaml").read_text())
    for end in ("", "-binding")
)
RULES = POLICY["spec"]["matchConstraints"]["resourceRules"]


@pytest.mark.parametrize(
    ("field", "value", "is_named"),
    [
        ("spec.matchConstraints.namespaceSelector", {"matchLabels": {"environment": "prod"}}, False),
        ("spec.matchConstraints.namespaceSelector", {"matchLabels": {"environment": "staging"}}, True),
        (
            "spec.matchConstraints.namespaceSelector",
            {"matchExpressions": [{"key": "environment", "operator": "NotIn", "values": ["prod"]}]},
            True,
        ),
        ("spec.matchConstraints.resourceRules", RULES[1:], True),
        ("spec.matchConstraints.resourceRules", [{**RULES[0], "operations": ["CREATE"]}], True),
        ("spec.matchConstraints.resourceRules", [{**RULES[0], "operations": ["*"]}], False),
        ("spec.failurePolicy", "Ignore", False),  # which is named for itself
        ("spec.policyName", "another", True),
        ("spec.matchResources", {"namespaceSelector": {"matchLabels": {"environment": "dev"}}}, True),
        ("spec.validationActions", ["Warn"], True),
    ],
)
def test_pods_of_an_environment_are_judged(field: str, value: object, is_named: bool) -> None:
    policy, binding = (YAML(typ="safe").load(str(each)) for each in (POLICY, BINDING))
    assert not [*unjudged_namespaces(Manifests("prod", "context-prod", (NAMESPACE,)), Manifests("production", "", (POLICY, BINDING)))]
    put(binding if field in {"spec.policyName", "spec.matchResources", "spec.validationActions"} else policy, field, value)
    found = [*unjudged_namespaces(Manifests("prod", "context-prod", (NAMESPACE,)), Manifests("production", "", (policy, binding)))]
    assert [each.kind for each in found] == ["Namespace"] * is_named
