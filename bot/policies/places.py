"""An environment stays within itself: its own namespace, nothing of the cluster, no word of other environments."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from bot.policies.fields import text
from bot.policies.manifests import wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Violation

CLUSTER_SCOPED = frozenset(
    (
        *("APIService", "ClusterIssuer", "ClusterRole", "ClusterRoleBinding", "ClusterSecretStore", "CSIDriver"),
        *("CustomResourceDefinition", "GatewayClass", "IngressClass", "MutatingWebhookConfiguration", "Node", "PersistentVolume"),
        *("PodSecurityPolicy", "PriorityClass", "RuntimeClass", "StorageClass", "ValidatingAdmissionPolicy"),
        *("ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration", "VolumeSnapshotClass"),
    )
)


def objects_are_in_the_namespace(manifests: Manifests) -> Iterator[Violation]:
    """Every object is in the environment's own namespace."""
    for item in manifests.objects:
        kind = text(item, "kind")
        field = "metadata.name" if kind == "Namespace" else "metadata.namespace"
        place = text(item, *field.split("."))
        if kind not in CLUSTER_SCOPED and place != manifests.namespace:
            what = (
                f"is {place or 'not set'}, and this environment is {manifests.namespace}: Argo CD refuses it, or two environments share it"
            )
            yield wrong(item, field, what, hint="leave it out: `namespace:` in the environment's kustomization.yaml sets it")


def cluster_objects_are_elsewhere(manifests: Manifests) -> Iterator[Violation]:
    """Nothing that the whole cluster shares comes with an environment."""
    for item in manifests.objects:
        if text(item, "kind") in CLUSTER_SCOPED:
            what = (
                "belongs to the whole cluster: environments that share it would overwrite each other's, and removing one removes it for all"
            )
            yield wrong(item, "kind", what, hint="move it to clusters/<cluster>, or use a kind of the namespace")


def strings_name_no_other_environment(manifests: Manifests) -> Iterator[Violation]:
    """No string holds another environment's namespace or name."""
    patterns = {name: _mentions(name, namespace) for name, namespace in manifests.others.items()}
    for item in manifests.objects:
        for where, value in _strings(item, ""):
            for name, pattern in patterns.items():
                if found := pattern.search(value) or _in_address(manifests, name, value):
                    what = f"says {found[0]}, which is {name}'s: {manifests.environment} would reach into another environment, or nowhere"
                    hint = "use short names of Services, fields of the Pod, or a value in the environment's own folder"
                    yield wrong(item, where, what, hint=hint)


PLACE_POLICIES = (objects_are_in_the_namespace, cluster_objects_are_elsewhere, strings_name_no_other_environment)


@lru_cache(maxsize=32)
def _mentions(name: str, namespace: str) -> re.Pattern[str]:
    """The namespace wherever it stands; the name as a part of a host, a path or a matcher, since `dev` is a word, too."""
    part = (
        rf"(?<=\.){re.escape(name)}(?=\.)|(?<=\w/){re.escape(name)}(?=/|$)|(?<=environment=\"){re.escape(name)}(?=\")|^{re.escape(name)}$"
    )
    return re.compile(rf"(?<![\w-]){re.escape(namespace)}(?!\w)|{part}")


def _in_address(manifests: Manifests, name: str, value: str) -> re.Match[str] | None:
    """Another's name as a word of an ARN's resource or of a URL, where names are joined with dashes; not as a part of the own name."""
    if "arn:" not in value and "://" not in value:
        return None
    own = (manifests.namespace, manifests.environment)
    return _addressed(name).search(value.replace(own[0], "").replace(own[1], ""))


@lru_cache(maxsize=32)
def _addressed(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?:\barn:(?:[^:\s]*:){{4}}|\w://)[^\s\"'#]*?(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])")


def _strings(found: object, path: str) -> Iterator[tuple[str, str]]:
    """Every string below an object, with its path; lists by name where items have one."""
    if isinstance(found, str):
        yield path, found
    elif isinstance(found, dict):
        for key, value in found.items():
            yield from _strings(value, f"{path}.{key}".lstrip("."))
    elif isinstance(found, list):
        for index, value in enumerate(found):
            label = value.get("name", index) if isinstance(value, dict) else index
            yield from _strings(value, f"{path}[{label}]")
