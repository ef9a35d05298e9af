"""What a cluster's own objects must be: storage classes that place and grow volumes, under names that no vendor uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.policies.manifests import name_of, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Violation

PREFIX = "ctx-"
IN_TREE = "kubernetes.io/"  # removed from Kubernetes; what is left of them is translated to CSI drivers


def storage_classes_wait_for_their_pod(manifests: Manifests) -> Iterator[Violation]:
    """A volume made before its Pod is placed may lie in a zone where the Pod cannot run."""
    for item in manifests.of("StorageClass"):
        if item.get("volumeBindingMode") != "WaitForFirstConsumer":
            what = "volumes are made before their Pod is placed, so they may lie in a zone where it cannot run"
            yield wrong(item, "volumeBindingMode", what, hint="write WaitForFirstConsumer")


def storage_classes_let_volumes_grow(manifests: Manifests) -> Iterator[Violation]:
    """A volume that cannot grow is replaced by hand."""
    for item in manifests.of("StorageClass"):
        if item.get("allowVolumeExpansion") is not True:
            yield wrong(item, "allowVolumeExpansion", "volumes of this class can never grow", hint="write true")


def storage_classes_use_csi_drivers(manifests: Manifests) -> Iterator[Violation]:
    """In-tree provisioners are gone from Kubernetes."""
    for item in manifests.of("StorageClass"):
        provisioner = str(item.get("provisioner"))
        if provisioner.startswith(IN_TREE):
            what = f"{provisioner} is a provisioner that Kubernetes no longer has"
            yield wrong(item, "provisioner", what, hint="name the CSI driver, such as ebs.csi.aws.com")


def storage_classes_have_names_of_their_own(manifests: Manifests) -> Iterator[Violation]:
    """`standard` exists on many clusters, and a class cannot be changed."""
    for item in manifests.of("StorageClass"):
        if not name_of(item).startswith(PREFIX):
            what = "clusters bring classes of common names, and a class that exists cannot be changed"
            yield wrong(item, "metadata.name", what, hint=f"begin it with {PREFIX}")


CLUSTER_POLICIES = (
    storage_classes_wait_for_their_pod,
    storage_classes_let_volumes_grow,
    storage_classes_use_csi_drivers,
    storage_classes_have_names_of_their_own,
)
