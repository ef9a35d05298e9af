"""Volumes: what is mounted is declared, once for each path, and what is declared is mounted."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bot.policies.fields import at, mappings, number, text, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Pods, Violation


def mounts_have_volumes(manifests: Manifests) -> Iterator[Violation]:
    """Every mount names a volume of the Pod or a claim template of its StatefulSet."""
    for pods in manifests.pods:
        known = _volumes(pods)
        for where, container in pods.containers():
            for mount in mappings(container, "volumeMounts"):
                name = text(mount, "name")
                if name not in known:
                    what = f"names the volume {name}, which the Pod does not have (it has {', '.join(known) or 'none'}): it is refused"
                    hint = "add the volume; a merge patch replaces the whole list of volumeClaimTemplates, so patch by index"
                    yield pods.wrong(f"{where}.volumeMounts[{mount.get('mountPath')}].name", what, hint=hint)


def paths_are_mounted_once(manifests: Manifests) -> Iterator[Violation]:
    """No two mounts of a container share a path."""
    for pods, where, container in manifests.containers():
        paths = Counter(text(mount, "mountPath").rstrip("/") for mount in mappings(container, "volumeMounts"))
        for path, times in paths.items():
            if times > 1:
                what = f"is mounted {times} times: the API server refuses the Pod"
                yield pods.wrong(f"{where}.volumeMounts[{path}]", what, hint="keep one of them")


def volumes_are_mounted(manifests: Manifests) -> Iterator[Violation]:
    """Every volume is used: what nobody mounts costs storage, or is a mount that was forgotten."""
    for pods in manifests.pods:
        mounted = {text(mount, "name") for _, container in pods.containers() for mount in mappings(container, "volumeMounts")}
        for name in _volumes(pods):
            if name not in mounted:
                what = "is mounted nowhere: it costs storage for nothing, or a mount is missing"
                yield pods.wrong(f"{pods.path}.volumes[{name}]", what, hint="mount it, or remove it", is_error=False)


def claims_exist(manifests: Manifests) -> Iterator[Violation]:
    """A claim that Pods mount by name is rendered, or made by a StatefulSet."""
    known = {text(item, "metadata", "name") for item in manifests.of("PersistentVolumeClaim")}
    known |= {name for pods in manifests.pods for name in _claims(pods)}
    for pods in manifests.pods:
        for volume in mappings(pods.spec, "volumes"):
            name = text(volume, "persistentVolumeClaim", "claimName")
            if name and name not in known:
                where = f"{pods.path}.volumes[{volume.get('name')}].persistentVolumeClaim.claimName"
                yield pods.wrong(where, f"is {name}, which nothing here makes: the Pod stays Pending", hint="add the claim")


def claim_templates_are_whole(manifests: Manifests) -> Iterator[Violation]:
    """A StatefulSet's claims say class, mode and size: they can never be changed, and a merge patch loses them."""
    for pods in manifests.pods:
        for template in mappings(pods.owner, "spec", "volumeClaimTemplates") if pods.kind == "StatefulSet" else ():
            where = f"spec.volumeClaimTemplates[{text(template, 'metadata', 'name')}].spec"
            wanted = {
                "accessModes": words(template, "spec", "accessModes"),
                "storageClassName": text(template, "spec", "storageClassName"),
                "resources.requests.storage": at(template, "spec", "resources", "requests", "storage"),
            }
            for field in (field for field, value in wanted.items() if not value):
                what = "is not set, and cannot be set later: a merge patch replaces the whole list of templates"
                yield pods.wrong(f"{where}.{field}", what, hint="write it in the base, and change the size by a JSON patch on the index")


MOUNT_POLICIES = (mounts_have_volumes, paths_are_mounted_once, volumes_are_mounted, claims_exist, claim_templates_are_whole)


def _volumes(pods: Pods) -> tuple[str, ...]:
    templates = mappings(pods.owner, "spec", "volumeClaimTemplates") if pods.kind == "StatefulSet" else ()
    volumes = [text(volume, "name") for volume in mappings(pods.spec, "volumes")]
    return tuple(dict.fromkeys([*volumes, *(text(template, "metadata", "name") for template in templates)]))


def _claims(pods: Pods) -> Iterator[str]:
    """The claims that a StatefulSet makes for its Pods."""
    if pods.kind == "StatefulSet":
        for template in mappings(pods.owner, "spec", "volumeClaimTemplates"):
            for ordinal in range(min(number(pods.owner, "spec", "replicas", default=1), 100)):
                yield f"{text(template, 'metadata', 'name')}-{pods.name}-{ordinal}"
