"""Kinds that clusters serve: nothing of a version of the API that is gone, or going."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.policies.fields import text
from bot.policies.manifests import wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Violation

# By version of the API; of kubernetes.io, "Deprecated API Migration Guide", and the CRDs of the pinned add-ons.
REPLACED = {
    "apps/v1beta1": "apps/v1",
    "apps/v1beta2": "apps/v1",
    "autoscaling/v2beta1": "autoscaling/v2",
    "autoscaling/v2beta2": "autoscaling/v2",
    "autoscaling.k8s.io/v1beta2": "autoscaling.k8s.io/v1",
    "batch/v1beta1": "batch/v1",
    "cert-manager.io/v1alpha2": "cert-manager.io/v1",
    "extensions/v1beta1": "apps/v1 or networking.k8s.io/v1",
    "external-secrets.io/v1alpha1": "external-secrets.io/v1",
    "external-secrets.io/v1beta1": "external-secrets.io/v1",
    "networking.istio.io/v1alpha3": "networking.istio.io/v1",
    "networking.istio.io/v1beta1": "networking.istio.io/v1",
    "networking.k8s.io/v1beta1": "networking.k8s.io/v1",
    "policy/v1beta1": "policy/v1",
    "rbac.authorization.k8s.io/v1beta1": "rbac.authorization.k8s.io/v1",
    "security.istio.io/v1beta1": "security.istio.io/v1",
    "snapshot.storage.k8s.io/v1beta1": "snapshot.storage.k8s.io/v1",
    "storage.k8s.io/v1beta1": "storage.k8s.io/v1",
    "telemetry.istio.io/v1alpha1": "telemetry.istio.io/v1",
}
NEWEST = {  # kinds that have not followed their group, by the version that there is of them
    "ClusterPushSecret": "external-secrets.io/v1alpha1",
    "EnvoyFilter": "networking.istio.io/v1alpha3",
    "ProxyConfig": "networking.istio.io/v1beta1",
    "PushSecret": "external-secrets.io/v1alpha1",
}
GONE = {
    "PodSecurityPolicy": "remove it; the Namespace's pod-security.kubernetes.io labels do its work",
}

MADE = {
    "Pod": "write a Deployment, a StatefulSet or a Job: nothing would start this one again",
    "ReplicaSet": "write a Deployment, which makes it",
}


def kinds_are_served(manifests: Manifests) -> Iterator[Violation]:
    """No kind is one that clusters have given up."""
    for item in manifests.objects:
        hint = GONE.get(text(item, "kind"))
        if hint:
            yield wrong(item, "kind", "is a kind that clusters do not serve any more: the sync fails as a whole", hint=hint)


def versions_are_current(manifests: Manifests) -> Iterator[Violation]:
    """No version of the API is one that has been replaced."""
    for item in manifests.objects:
        version, kind = text(item, "apiVersion"), text(item, "kind")
        newer = REPLACED.get(version) and NEWEST.get(kind, REPLACED[version])
        if newer and newer != version and kind not in GONE:
            what = f"is {version}, which is replaced: the next version of the cluster or the add-on may refuse it"
            yield wrong(item, "apiVersion", what, hint=f"write {newer}")


def workloads_are_whole(manifests: Manifests) -> Iterator[Violation]:
    """Nothing is written that controllers make; projects allow these kinds, so that Argo CD shows them."""
    for item in manifests.objects:
        hint = MADE.get(text(item, "kind"))
        if hint:
            yield wrong(item, "kind", "is what a controller makes of a workload", hint=hint)


KIND_POLICIES = (kinds_are_served, versions_are_current, workloads_are_whole)
