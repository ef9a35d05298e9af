"""The names that the stack and the add-ons must agree on."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.clusters.layout import CLUSTERS, RUNS_ON, add_ons

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.manifests.renders import Render

METRIC = "http_requests_per_second"

every_cluster = pytest.mark.parametrize("cluster", CLUSTERS)


def _values(cluster: str, name: str) -> dict[str, Any]:
    return add_ons(cluster)[name].values


@every_cluster
def test_prometheus_selects_what_environments_write_in_their_own_namespaces(cluster: str) -> None:
    spec = _values(cluster, "kube-prometheus-stack")["prometheus"]["prometheusSpec"]
    for kind in ("serviceMonitor", "podMonitor", "rule"):
        assert spec[f"{kind}SelectorNilUsesHelmValues"] is False
        assert spec[f"{kind}NamespaceSelector"] == {}


@every_cluster
def test_prometheus_has_the_service_account_that_environments_admit(cluster: str) -> None:
    values = _values(cluster, "kube-prometheus-stack")
    assert values["fullnameOverride"] == "prometheus"  # the chart appends -prometheus
    assert add_ons(cluster)["kube-prometheus-stack"].fields["namespace"] == "monitoring"


@every_cluster
def test_prometheus_reads_the_certificates_that_its_sidecar_writes(cluster: str) -> None:
    spec = _values(cluster, "kube-prometheus-stack")["prometheus"]["prometheusSpec"]
    (mount,) = spec["volumeMounts"]
    (volume,) = spec["volumes"]
    annotations = spec["podMetadata"]["annotations"]
    (in_sidecar,) = json.loads(annotations["sidecar.istio.io/userVolumeMount"])
    assert mount["name"] == volume["name"] == in_sidecar["name"]
    assert f"OUTPUT_CERTS: {in_sidecar['mountPath']}" in annotations["proxy.istio.io/config"]
    assert annotations["traffic.sidecar.istio.io/includeInboundPorts"] == ""
    assert annotations["traffic.sidecar.istio.io/includeOutboundIPRanges"] == ""


def test_monitors_read_certificates_where_prometheus_mounts_them(environments: Mapping[str, Render]) -> None:
    for name, render in environments.items():
        (mount,) = _values(RUNS_ON[name], "kube-prometheus-stack")["prometheus"]["prometheusSpec"]["volumeMounts"]
        endpoints = [each for item in render.of("ServiceMonitor") for each in item["spec"]["endpoints"] if each.get("scheme") == "https"]
        assert endpoints, name
        files = [each["tlsConfig"][key] for each in endpoints for key in ("caFile", "certFile", "keyFile")]
        assert {file.rpartition("/")[0] for file in files} == {mount["mountPath"]}


@every_cluster
def test_dashboards_of_all_namespaces_are_read(cluster: str) -> None:
    dashboards = _values(cluster, "kube-prometheus-stack")["grafana"]["sidecar"]["dashboards"]
    assert dashboards == {"label": "grafana_dashboard", "labelValue": "1", "searchNamespace": "ALL"}


@every_cluster
def test_what_the_cloud_hides_has_no_alerts(cluster: str) -> None:
    values = _values(cluster, "kube-prometheus-stack")
    assert not any(values[name]["enabled"] for name in ("kubeControllerManager", "kubeEtcd", "kubeProxy", "kubeScheduler"))


@every_cluster
def test_no_password_is_written(cluster: str) -> None:
    for add_on in add_ons(cluster).values():
        assert not re.search(r"password", json.dumps(add_on.values), re.IGNORECASE), add_on.name


@every_cluster
def test_sidecars_need_no_rights_that_restricted_refuses(cluster: str) -> None:
    assert _values(cluster, "istiod")["cni"] == {"enabled": True}


def test_telemetry_names_a_provider_that_the_cluster_has(environments: Mapping[str, Render]) -> None:
    for name, render in environments.items():
        providers = {each["name"] for each in _values(RUNS_ON[name], "istiod")["meshConfig"]["extensionProviders"]} | {
            "prometheus",
            "envoy",
        }
        named = [
            provider["name"] for item in render.of("Telemetry") for key in ("tracing", "metrics", "accessLogging")
            for each in item["spec"].get(key, []) for provider in each.get("providers", [])
        ]  # fmt: skip
        assert set(named) <= providers, name


def test_gateways_select_the_gateway_that_the_cluster_has(environments: Mapping[str, Render]) -> None:
    for name, render in environments.items():
        istio_label = _values(RUNS_ON[name], "istio-ingress")["name"].removeprefix("istio-")  # the chart's rule
        assert all(item["spec"]["selector"] == {"istio": istio_label} for item in render.of("Gateway"))


@every_cluster
def test_one_rule_serves_the_request_rate_without_health_checks(cluster: str) -> None:
    rules = _values(cluster, "prometheus-adapter")["rules"]
    (rule,) = rules["custom"]
    assert rules["default"] is False
    assert rule["name"] == {"matches": "^http_requests_total$", "as": METRIC}
    assert 'endpoint!~"/health.*"' in rule["metricsQuery"]
    assert set(rule["resources"]["overrides"]) == {"namespace", "pod"}


def test_every_pods_metric_of_an_autoscaler_is_served(environments: Mapping[str, Render]) -> None:
    metrics = [
        metric["pods"]["metric"]["name"] for render in environments.values()
        for item in render.of("HorizontalPodAutoscaler") for metric in item["spec"]["metrics"] if metric["type"] == "Pods"
    ]  # fmt: skip
    assert set(metrics) == {METRIC}


@every_cluster
def test_the_vertical_autoscaler_only_recommends(cluster: str) -> None:
    values = _values(cluster, "vertical-pod-autoscaler")
    assert [values[part]["enabled"] for part in ("admissionController", "updater")] == [False, False]
