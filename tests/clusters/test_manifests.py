"""The plain manifests of a cluster fit the environments that it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.clusters.layout import CLUSTERS, RUNS_ON, add_ons
from tests.manifests.renders import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.manifests.renders import Render

    Objects = Mapping[str, list[dict[str, Any]]]

every_cluster = pytest.mark.parametrize("cluster", CLUSTERS)
every_environment = pytest.mark.parametrize("name", NAMES)


def _of(items: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [item for item in items if item["kind"] == kind]


def _storage_class_names(value: Any) -> Iterator[str]:
    """Every storageClassName anywhere in a document."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "storageClassName":
                yield item
            else:
                yield from _storage_class_names(item)
    elif isinstance(value, list):
        for item in value:
            yield from _storage_class_names(item)


def test_every_environment_runs_on_a_cluster() -> None:
    assert set(RUNS_ON) == set(NAMES)
    assert set(RUNS_ON.values()) == set(CLUSTERS)


@every_cluster
def test_volumes_are_made_where_their_pods_run_and_can_grow(cluster: str, clusters: Objects) -> None:
    classes = _of(clusters[cluster], "StorageClass")
    assert {item["metadata"]["name"] for item in classes} == {"ctx-fast-ssd", "ctx-standard", "ctx-archive"}
    assert all(item["volumeBindingMode"] == "WaitForFirstConsumer" and item["allowVolumeExpansion"] for item in classes)
    assert all(item["parameters"]["encrypted"] == "true" for item in classes)


def test_production_keeps_the_data_of_deleted_claims(clusters: Objects) -> None:
    kept = {item["metadata"]["name"]: item["reclaimPolicy"] for item in _of(clusters["production"], "StorageClass")}
    assert kept["ctx-fast-ssd"] == kept["ctx-archive"] == "Retain"


@every_environment
def test_the_cluster_has_the_storage_classes_that_an_environment_names(
    name: str, clusters: Objects, environments: Mapping[str, Render]
) -> None:
    classes = {item["metadata"]["name"] for item in _of(clusters[RUNS_ON[name]], "StorageClass")}
    named = set(_storage_class_names(list(environments[name].objects)))
    assert named
    assert named <= classes


@every_cluster
def test_the_cluster_has_the_storage_classes_that_its_add_ons_name(cluster: str, clusters: Objects) -> None:
    classes = {item["metadata"]["name"] for item in _of(clusters[cluster], "StorageClass")}
    assert set(_storage_class_names([add_on.values for add_on in add_ons(cluster).values()])) <= classes


@every_environment
def test_a_gateways_certificate_lies_where_the_gateway_runs_and_covers_its_hosts(
    name: str, clusters: Objects, environments: Mapping[str, Render]
) -> None:
    certificates = {
        item["spec"]["secretName"]: set(item["spec"]["dnsNames"])
        for item in _of(clusters[RUNS_ON[name]], "Certificate")
        if item["metadata"]["namespace"] == "istio-ingress"
    }
    served = [
        server
        for item in environments[name].of("Gateway")
        for server in item["spec"]["servers"]
        if "credentialName" in server.get("tls", {})
    ]
    assert served
    for server in served:
        hosts = {host.rpartition("/")[2] for host in server["hosts"]}
        assert hosts <= certificates[server["tls"]["credentialName"]]


@every_cluster
def test_a_cluster_has_certificates_for_its_own_environments_alone(cluster: str, clusters: Objects) -> None:
    issuers = {item["metadata"]["name"] for item in _of(clusters[cluster], "ClusterIssuer")}
    certificates = _of(clusters[cluster], "Certificate")
    assert {item["spec"]["secretName"] for item in certificates} == {f"context-{name}-tls" for name in NAMES if RUNS_ON[name] == cluster}
    assert {item["spec"]["issuerRef"]["name"] for item in certificates} <= issuers


@every_cluster
def test_nothing_lands_in_an_environments_namespace(cluster: str, clusters: Objects) -> None:
    assert not [item for item in clusters[cluster] if item["metadata"].get("namespace", "").startswith("context-")]
