"""Policies of volumes: of a known class, for one node at a time, and used by somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.policies.fields import at, mapping, mappings, text, words
from bot.policies.manifests import name_of, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Object, Pods, Violation

FOR_ONE_NODE = frozenset({"ReadWriteOnce", "ReadWriteOncePod"})


def claims(manifests: Manifests) -> Iterator[tuple[Object, str, Object]]:
    """The spec of each claim: on its own, of a StatefulSet's members, and of Pods; with its object and path."""
    for item in manifests.of("PersistentVolumeClaim"):
        yield item, "spec", mapping(item, "spec")
    for item in manifests.of("StatefulSet"):
        for claim in mappings(item, "spec", "volumeClaimTemplates"):
            yield item, f"spec.volumeClaimTemplates[{name_of(claim)}].spec", mapping(claim, "spec")
    for pods in manifests.pods:
        for volume in mappings(pods.spec, "volumes"):
            if at(volume, "ephemeral") is not None:
                where = f"{pods.path}.volumes[{text(volume, 'name')}].ephemeral.volumeClaimTemplate.spec"
                yield pods.owner, where, mapping(volume, "ephemeral", "volumeClaimTemplate", "spec")


def storage_classes_are_known(manifests: Manifests) -> Iterator[Violation]:
    """Each claim names a class, and one that a cluster has where it is known which there are."""
    known = manifests.storage_classes
    named = ", ".join(sorted(known)) or "clusters/*/storage-classes"
    for item, where, claim in claims(manifests):
        name = text(claim, "storageClassName")
        if not name or (known and name not in known):
            what = (
                f"no cluster has the class {name}: the claim stays Pending"
                if name
                else "takes the cluster's default class, whatever that is"
            )
            yield wrong(item, f"{where}.storageClassName", what, hint=f"name one of {named}")


def volumes_are_for_one_node(manifests: Manifests) -> Iterator[Violation]:
    """Block volumes are written from one node at a time."""
    for item, where, claim in claims(manifests):
        for mode in words(claim, "accessModes"):
            if mode not in FOR_ONE_NODE:
                what = f"{mode} is what no block volume can do: the claim stays Pending"
                yield wrong(item, f"{where}.accessModes", what, hint="write ReadWriteOnce")


def every_claim_is_used(manifests: Manifests) -> Iterator[Violation]:
    """A claim that no Pod mounts stays Pending, and the Application Progressing."""
    mounted = {name for pods in manifests.pods if _runs(pods) for name in _mounted(pods)}
    for item in manifests.of("PersistentVolumeClaim"):
        if name_of(item) not in mounted:
            what = "no Pod mounts it: it stays Pending, and the Application Progressing"
            yield wrong(item, "metadata.name", what, hint="mount it, or remove it; a Job that rarely runs takes an ephemeral volume")


def _runs(pods: Pods) -> bool:
    return at(pods.owner, "spec", "suspend") is not True


def _mounted(pods: Pods) -> Iterator[str]:
    for volume in mappings(pods.spec, "volumes"):
        yield text(volume, "persistentVolumeClaim", "claimName")


STORAGE_POLICIES = (storage_classes_are_known, volumes_are_for_one_node, every_claim_is_used)
