"""Which Pods get a sidecar of the mesh."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.policies.fields import mapping, text
from bot.policies.manifests import POD_PATHS

if TYPE_CHECKING:
    from bot.policies.manifests import Manifests, Object, Pods

INJECT = "sidecar.istio.io/inject"


def own_namespace(manifests: Manifests) -> Object | None:
    """The Namespace object of the environment."""
    return manifests.named("Namespace", manifests.namespace)


def is_meshed(manifests: Manifests) -> bool:
    """Whether Pods of the environment get sidecars unless they decline."""
    labels = mapping(own_namespace(manifests), "metadata", "labels")
    return labels.get("istio-injection") == "enabled" or bool(labels.get("istio.io/rev"))


def template(pods: Pods) -> Object:
    """The Pod template of a workload."""
    return mapping(pods.owner, *POD_PATHS[pods.kind])


def pod_annotations(pods: Pods) -> Object:
    """The annotations of the Pods."""
    return mapping(template(pods), "metadata", "annotations")


def has_sidecar(manifests: Manifests, pods: Pods) -> bool:
    """Whether these Pods get a sidecar: the Pod's own label decides, then its annotation, then the Namespace."""
    said = text(template(pods), "metadata", "labels", INJECT) or text(pod_annotations(pods), INJECT)
    return said == "true" if said else is_meshed(manifests)
