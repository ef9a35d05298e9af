"""Values of Istio's charts: this repository's own beside a small environment, with one thing changed."""

from __future__ import annotations

from typing import Any

import pytest

from bot.policies.manifests import Manifests
from bot.policies.mesh_values import hidden_gateways, uninjected_namespaces, unreachable_ports
from tests.bot.policies.test_cluster_fit import add_ons, texts

MESH, GATEWAY = "istiod/values", "istio-ingress/values"
FILE = f"clusters/production/{GATEWAY}.yaml"
ENABLED, OF_PROD = {"istio-injection": "enabled"}, {"istio.io/rev": "prod"}


def environment(labels: dict[str, str], *ports: int) -> Manifests:
    namespace = {"kind": "Namespace", "metadata": {"name": "context-prod", "labels": labels}}
    servers = [{"port": {"number": number}} for number in ports]
    spec = {"selector": {"istio": "ingressgateway"}, "servers": servers}
    return Manifests("prod", "context-prod", (namespace, {"kind": "Gateway", "metadata": {"name": "api"}, "spec": spec}))


@pytest.mark.parametrize(
    ("said", "labels", "field"),
    [
        ("", ENABLED, ""),
        ("", {"istio.io/rev": "default"}, ""),
        ("", {}, ""),
        ("", {"istio-injection": "disabled", "istio.io/rev": "prod"}, ""),
        ("", OF_PROD, "metadata.labels[istio.io/rev]"),
        ("revision: prod", OF_PROD, ""),
        ("revision: prod", ENABLED, "metadata.labels[istio-injection]"),
        ("revision: prod", ENABLED | OF_PROD, "metadata.labels[istio-injection]"),  # which is read first
        ("revision: 1-30-4\nrevisionTags: [default, prod]", ENABLED, ""),
        ("revision: 1-30-4\nrevisionTags: [default, prod]", OF_PROD, ""),
        ("revision: 1-30-4\nsidecarInjectorWebhook: {enableNamespacesByDefault: true}", ENABLED, ""),
        ("revision: 1-30-4\nglobal: {operatorManageWebhooks: true}", ENABLED, ""),
    ],
)
def test_a_namespace_asks_for_sidecars_of_an_istiod_that_is_there(said: str, labels: dict[str, str], field: str) -> None:
    charts = add_ons(
        (MESH, "autoscaleMin: 2", f"autoscaleMin: 2\n{said}"), *([(MESH, "global:\n  hub", "other:\n  hub")] if "global" in said else [])
    )
    found = [*uninjected_namespaces(environment(labels), charts)]
    assert [each.field for each in found] == [field] * bool(field)
    assert all(each.kind == "Namespace" and each.hint for each in found)


def test_a_cluster_without_istiod_is_told_so_elsewhere() -> None:
    assert not [*uninjected_namespaces(environment(OF_PROD), [each for each in add_ons() if each.chart != "istiod"])]


@pytest.mark.parametrize(
    ("said", "is_hidden"),
    [
        ("", False),
        ("  type: LoadBalancer\n", False),
        ("  type: ClusterIP\n", True),
        ('  type: "None"\n', True),
        ("  loadBalancerClass: a # ours\n  type: ClusterIP\n", True),
        ("  type: NodePort # an ALB of the platform team leads there\n", False),
        ("  # an ALB of the platform team leads there\n  type: ClusterIP\n", False),
    ],
)
def test_a_gateway_is_reached_from_outside(said: str, *, is_hidden: bool) -> None:
    change = (GATEWAY, "service:\n", f"service:\n{said}")
    written = {**texts("production"), FILE: texts("production")[FILE].replace(*change[1:])}
    found = [*hidden_gateways(add_ons(change), written)]
    assert [each.file for each in found] == [FILE] * is_hidden
    assert all("service.type is" in each.what and each.hint for each in found)


LISTED = "service:\n  ports:\n    - {name: https, port: 443, targetPort: 8443}\n"


@pytest.mark.parametrize(
    ("said", "ports", "lacking"),
    [
        ("service:\n", (443, 80), []),
        ("service:\n", (443, 8080), [1]),
        (LISTED, (443, 8443), []),
        (LISTED, (443, 80), [1]),
        ('service:\n  type: "None"\n', (8080,), []),
        ("networkGateway: prod\nservice:\n", (8080,), []),
        ("labels: {istio: another}\nservice:\n", (8080,), []),
    ],
)
def test_a_gateway_listens_on_ports_of_its_service(said: str, ports: tuple[int, ...], lacking: list[int]) -> None:
    found: Any = [*unreachable_ports(environment({}, *ports), add_ons((GATEWAY, "service:\n", said)))]
    assert [each.field for each in found] == [f"spec.servers[{index}].port.number" for index in lacking]
    assert all(
        f"is {ports[index]}, and the Service of {FILE}" in each.what and each.hint for each, index in zip(found, lacking, strict=True)
    )
