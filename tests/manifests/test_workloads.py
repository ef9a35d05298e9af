"""What every Pod must be: restricted, bounded, probed, with nothing that it refers to missing."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.manifests.renders import Item, Render, called, containers, pod_spec

if TYPE_CHECKING:
    from collections.abc import Iterator

REFERENCE = re.compile(r"\$\((\w+)\)")
UNITS = {"": Decimal(1), "m": Decimal("0.001"), "Mi": Decimal(2**20), "Gi": Decimal(2**30)}


def amount(written: str) -> Decimal:
    number, unit = re.fullmatch(r"(\d+)(\w*)", written).groups()  # type: ignore[union-attr] # another shape fails the test
    return Decimal(number) * UNITS[unit]


def test_requests_and_limits_are_set(render: Render) -> None:
    for workload in render.workloads():
        for container in containers(workload):
            for kind in ("requests", "limits"):
                assert {"cpu", "memory", "ephemeral-storage"} <= container["resources"][kind].keys(), (called(workload), container["name"])


def test_pods_are_restricted(render: Render) -> None:
    for workload in render.workloads():
        pod = pod_spec(workload)
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        for container in containers(workload):
            context = container["securityContext"]
            assert context == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    labels = render.of("Namespace")[0]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_services_do_not_leak_into_the_environment_of_pods(render: Render) -> None:
    """A Service named neo4j or qdrant would set variables that both databases read as settings."""
    assert all(pod_spec(workload)["enableServiceLinks"] is False for workload in render.workloads())


def test_a_variable_is_declared_before_it_is_referred_to(render: Render) -> None:
    for workload in render.workloads():
        for container in containers(workload):
            declared: set[str] = set()
            for variable in container.get("env", []):
                wanted = set(REFERENCE.findall(variable.get("value", "")))
                assert wanted <= declared, (called(workload), variable["name"])
                declared.add(variable["name"])


def test_what_pods_refer_to_is_there(render: Render) -> None:
    maps = {item["metadata"]["name"] for item in render.of("ConfigMap")}
    accounts = {item["metadata"]["name"] for item in render.of("ServiceAccount")}
    for workload in render.workloads():
        pod = pod_spec(workload)
        claims = [claim["metadata"]["name"] for claim in workload["spec"].get("volumeClaimTemplates", [])]
        volumes = {volume["name"] for volume in pod["volumes"]} | set(claims)
        assert pod["serviceAccountName"] in accounts
        for container in containers(workload):
            assert {each["configMapRef"]["name"] for each in container.get("envFrom", [])} <= maps
            assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
        mounted = {mount["name"] for container in containers(workload) for mount in container["volumeMounts"]}
        assert mounted == volumes


def test_a_database_outage_does_not_restart_the_api(render: Render) -> None:
    (api,) = pod_spec(render.one("Deployment", "context-api"))["containers"]
    assert api["livenessProbe"]["httpGet"]["path"] == api["startupProbe"]["httpGet"]["path"] == "/health/live"
    assert api["readinessProbe"]["httpGet"]["path"] == "/health/ready"


def test_containers_are_probed(render: Render) -> None:
    for workload in render.workloads():
        for container in pod_spec(workload)["containers"]:
            assert {"startupProbe", "livenessProbe", "readinessProbe"} <= container.keys(), called(workload)


def test_replicas_have_one_owner(render: Render) -> None:
    scaled = {item["spec"]["scaleTargetRef"]["name"] for item in render.of("HorizontalPodAutoscaler")}
    for item in render.of("Deployment"):
        assert ("replicas" in item["spec"]) != (item["metadata"]["name"] in scaled), called(item)
    assert not scaled & {item["metadata"]["name"] for item in render.of("StatefulSet")}


def test_a_budget_never_blocks_every_drain(render: Render) -> None:
    assert all(item["spec"]["maxUnavailable"] == 1 for item in render.of("PodDisruptionBudget"))


def test_a_cluster_is_configured_for_as_many_members_as_run(render: Render) -> None:
    neo4j, qdrant = (render.one("StatefulSet", name) for name in ("neo4j", "qdrant"))
    settings = settings_of(render, "neo4j")
    members = neo4j["spec"]["replicas"]
    assert settings.get("NEO4J_dbms_cluster_minimum__initial__system__primaries__count", "1") == str(members)
    assert settings.get("NEO4J_initial_dbms_default__primaries__count", "1") == str(members)
    assert settings_of(render, "qdrant")["QDRANT__CLUSTER__ENABLED"] == str(qdrant["spec"]["replicas"] > 1).lower()


def settings_of(render: Render, app: str) -> dict[str, str]:
    (found,) = (item for item in render.of("ConfigMap") if item["metadata"]["name"].startswith(f"{app}-settings-"))
    settings: dict[str, str] = found["data"]
    return settings


def test_the_stack_at_its_largest_fits_into_the_quota(render: Render) -> None:
    hard = render.of("ResourceQuota")[0]["spec"]["hard"]
    for kind, resource in (("requests", "cpu"), ("requests", "memory"), ("limits", "memory")):
        largest = sum(most_pods(render, item) * pod_sum(item, kind, resource=resource) for item in render.workloads())
        assert largest <= amount(hard[f"{kind}.{resource}"]), (kind, resource)
    assert sum(storage(render)) <= amount(hard["requests.storage"])


def most_pods(render: Render, workload: Item) -> int:
    if workload["kind"] == "StatefulSet":
        return int(workload["spec"]["replicas"])
    scalers = [item for item in render.of("HorizontalPodAutoscaler") if item["metadata"]["name"] == workload["metadata"]["name"]]
    replicas = scalers[0]["spec"]["maxReplicas"] if scalers else workload["spec"]["replicas"]
    return int(replicas + workload["spec"]["strategy"]["rollingUpdate"]["maxSurge"])


def pod_sum(workload: Item, kind: str, *, resource: str) -> Decimal:
    """What a Pod counts for: its containers together, or its largest init container."""
    pod = pod_spec(workload)
    running = sum((amount(each["resources"][kind][resource]) for each in pod["containers"]), Decimal(0))
    starting = [amount(each["resources"][kind][resource]) for each in pod.get("initContainers", [])]
    return max([running, *starting])


def storage(render: Render) -> Iterator[Decimal]:
    for item in render.of("StatefulSet"):
        for claim in item["spec"]["volumeClaimTemplates"]:
            yield item["spec"]["replicas"] * amount(claim["spec"]["resources"]["requests"]["storage"])
