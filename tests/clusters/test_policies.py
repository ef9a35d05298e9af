"""The admission policy refuses what Pod Security lets through, and no sidecar of the mesh."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from tests.clusters.admission import refusals, selects
from tests.clusters.layout import CLUSTERS, FOLDER, read_yaml
from tests.manifests.renders import NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.manifests.renders import Render

KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")
DIGEST = "sha256:" + "4" * 64
PINNED = f"docker.io/qdrant/qdrant:v1.19.0@{DIGEST}"
OURS = {"app.kubernetes.io/part-of": "context-foundation"}
DEV = {**OURS, "environment": "dev"}
PROD = {**DEV, "environment": "prod"}
POLICY = read_yaml(FOLDER / "production" / "policies" / "validating-admission-policy.yaml")

CONTAINER = {"name": "app", "image": PINNED, "securityContext": {"readOnlyRootFilesystem": True}}
HUB = read_yaml(FOLDER / "production" / "istiod" / "values.yaml")["global"]["hub"]
PROXY = {"name": "istio-proxy", "image": f"{HUB}/proxyv2:1.30.4", "restartPolicy": "Always"}
VALIDATION = {**PROXY, "name": "istio-validation"}


def _pod(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    body = {"enableServiceLinks": False, "containers": list(containers or (CONTAINER,)), **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "app-0"}, "spec": body}


def _workload(kind: str, pod: dict[str, Any]) -> dict[str, Any]:
    template = {"template": {"spec": pod["spec"]}}
    spec = {"jobTemplate": {"spec": template}} if kind == "CronJob" else template
    group = "batch" if kind in {"Job", "CronJob"} else "apps"
    return {"apiVersion": f"{group}/v1", "kind": kind, "metadata": {"name": "app"}, "spec": spec}


def _with(**fields: Any) -> dict[str, Any]:
    return {**CONTAINER, **fields}


def _proxy_of(hub: str) -> dict[str, Any]:
    """With a root that nobody writes, so that its image is all that is wrong."""
    return {**_with(name="istio-proxy"), "image": f"{hub}/proxyv2:1.30.4"}


REFUSED = {
    "no tag": (_pod(_with(image="docker.io/qdrant/qdrant")), DEV, "app has an image without a tag"),
    "a port is no tag": (_pod(_with(image="registry:5000/qdrant")), DEV, "app has an image without a tag"),
    "latest": (_pod(_with(image="qdrant/qdrant:latest")), DEV, "app has an image without a tag, or the tag latest"),
    "latest beside a digest": (_pod(_with(image=f"qdrant/qdrant:latest@{DIGEST}")), DEV, "app has an image without a tag"),
    "no digest in prod": (_pod(_with(image="qdrant/qdrant:v1.19.0")), PROD, "app has an image without a digest"),
    "half a digest in prod": (_pod(_with(image="qdrant/qdrant:v1@sha256:44")), PROD, "app has an image without a digest"),
    "an init container": (_pod(initContainers=[_with(name="seed", image="busybox:1.37")]), PROD, "seed has an image without a digest"),
    "a debug container": (_pod(ephemeralContainers=[{"name": "debugger", "image": "busybox:1.37"}]), PROD, "debugger has an image"),
    "a debug container of latest": (_pod(ephemeralContainers=[{"name": "debugger", "image": "busybox"}]), DEV, "debugger has an image"),
    "the proxy's name, not its image": (_pod(CONTAINER, _with(name="istio-proxy", image="evil:v1")), PROD, "istio-proxy has an image"),
    "the proxy's image, not its name": (_pod(_with(image=PROXY["image"])), PROD, "app has an image without a digest"),
    "the proxy of latest": (_pod(initContainers=[{**PROXY, "image": f"{HUB}/proxyv2:latest"}]), DEV, "istio-proxy has an image"),
    "the proxy of another registry": (_pod(initContainers=[_proxy_of("evil.example.com/istio")]), PROD, "istio-proxy has an image"),
    "the proxy of the hub's neighbour": (_pod(initContainers=[_proxy_of(f"evil.example.com/{HUB}")]), PROD, "istio-proxy has an image"),
    "a writable root": (_pod(_with(securityContext={"readOnlyRootFilesystem": False})), DEV, "app has a writable root"),
    "a root that nobody speaks of": (_pod(_with(securityContext={})), DEV, "app has a writable root"),
    "no securityContext": (_pod({"name": "app", "image": PINNED}), DEV, "app has a writable root"),
    "a native sidecar of our own": (
        _pod(initContainers=[{**_with(name="helper"), "securityContext": {}}]),
        DEV,
        "helper has a writable root",
    ),
    "service links": (_pod(enableServiceLinks=True), DEV, "enableServiceLinks is not false"),
}
ADMITTED = {
    "a digest": (_pod(), PROD),
    "a digest without a tag": (_pod(_with(image=f"qdrant/qdrant@{DIGEST}")), PROD),
    "a registry with a port": (_pod(_with(image=f"registry:5000/qdrant:v1@{DIGEST}")), PROD),
    "a tag outside prod": (_pod(_with(image="qdrant/qdrant:v1.19.0")), DEV),
    "a namespace without the label environment": (_pod(_with(image="qdrant/qdrant:v1.19.0")), OURS),
    "the mesh's native sidecar": (_pod(initContainers=[VALIDATION, PROXY]), PROD),
    "the mesh's sidecar among the containers": (_pod(CONTAINER, PROXY), PROD),
    "a debug container that writes": (_pod(ephemeralContainers=[{"name": "debugger", "image": PINNED}]), PROD),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    item, namespace, message = REFUSED[case]
    (found,) = refusals(POLICY, item, namespace)
    assert message in found


@pytest.mark.parametrize("case", ADMITTED)
def test_admitted(case: str) -> None:
    assert refusals(POLICY, *ADMITTED[case]) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_workload_is_refused_like_its_pods(kind: str) -> None:
    for item, namespace, message in REFUSED.values():
        if "ephemeralContainers" not in item["spec"]:
            workload = _workload(kind, item)
            assert selects(POLICY, workload, namespace)
            assert [message in found for found in refusals(POLICY, workload, namespace)] == [True]


def test_a_workload_that_does_not_speak_of_service_links_is_refused() -> None:
    workload = _workload("Deployment", _pod())
    del workload["spec"]["template"]["spec"]["enableServiceLinks"]
    assert refusals(POLICY, workload, DEV) != []


def test_what_is_being_deleted_may_lose_its_finalizers() -> None:
    item = deepcopy(REFUSED["latest"][0])
    item["metadata"]["deletionTimestamp"] = "2026-11-23T12:00:00Z"
    assert refusals(POLICY, item, PROD) == []


def test_namespaces_that_are_not_ours_are_left_alone() -> None:
    assert not selects(POLICY, _pod(), {"kubernetes.io/metadata.name": "kube-system"})


def test_an_old_replica_set_can_still_be_scaled_down() -> None:
    assert not selects(POLICY, _workload("ReplicaSet", _pod()), DEV)


def test_what_cannot_be_judged_is_refused_and_nothing_is_only_warned_of() -> None:
    for cluster in CLUSTERS:
        folder = FOLDER / cluster / "policies"
        policy, binding = (read_yaml(folder / f"validating-admission-policy{end}.yaml") for end in ("", "-binding"))
        assert policy == POLICY
        assert policy["spec"]["failurePolicy"] == "Fail"
        assert binding["spec"] == {"policyName": policy["metadata"]["name"], "validationActions": ["Deny"]}


def test_sidecars_come_from_the_one_hub_that_is_admitted() -> None:
    (injected,) = (each["expression"] for each in POLICY["spec"]["variables"] if each["name"] == "injected")
    for cluster in CLUSTERS:
        hub = read_yaml(FOLDER / cluster / "istiod" / "values.yaml")["global"]["hub"]
        assert f"c.image.startsWith('{hub}/proxyv2:')" in injected


def test_kubectl_debug_is_judged() -> None:
    assert "pods/ephemeralcontainers" in POLICY["spec"]["matchConstraints"]["resourceRules"][0]["resources"]


@pytest.mark.parametrize("name", NAMES)
def test_an_environments_namespace_is_selected(name: str, environments: Mapping[str, Render]) -> None:
    (namespace,) = environments[name].of("Namespace")
    assert namespace["metadata"]["labels"]["environment"] == name
    assert all(selects(POLICY, item, namespace["metadata"]["labels"]) for item in environments[name].of(*KINDS))


@pytest.mark.parametrize("name", NAMES)
def test_every_workload_of_an_environment_is_admitted_but_for_digests_that_prod_still_lacks(
    name: str, environments: Mapping[str, Render]
) -> None:
    for item in environments[name].of(*KINDS):
        found = refusals(POLICY, item, {**DEV, "environment": name})
        assert [message for message in found if "without a digest" not in message] == []
        assert name == "prod" or found == []
