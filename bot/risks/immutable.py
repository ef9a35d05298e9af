"""Fields that the API server refuses to change (stack facts, 5): a sync that carries such a change fails."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from bot.hooks import is_made_anew
from bot.policies.fields import at
from bot.policies.quantities import quantity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.objects_diff import Manifest, ObjectChange

IMMUTABLE = {  # below spec
    "StatefulSet": ("serviceName", "podManagementPolicy", "selector", "volumeClaimTemplates"),
    "Deployment": ("selector",),
    "DaemonSet": ("selector",),
    "Job": ("selector", "template"),
    "PersistentVolumeClaim": ("accessModes", "storageClassName", "volumeName", "volumeMode", "selector"),
}
TOP_LEVEL = {  # outside of spec
    "StorageClass": ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"),
    "RoleBinding": ("roleRef",),
    "ClusterRoleBinding": ("roleRef",),
}
SPECIAL = {"Service": ("clusterIP",), "PersistentVolumeClaim": ("resources",)}  # that can change in one way
KINDS = IMMUTABLE.keys() | TOP_LEVEL.keys() | SPECIAL.keys()


def refused_fields(change: ObjectChange) -> Iterator[str]:
    """The paths of what changes in an object and cannot."""
    if change.before is None or change.after is None or is_made_anew(change.after):
        return
    before, after = change.before, change.after
    paths = [("spec", name) for name in IMMUTABLE.get(change.kind, ())] + [(name,) for name in TOP_LEVEL.get(change.kind, ())]
    yield from (".".join(path) for path in paths if at(before, *path) != at(after, *path))
    if change.kind == "Service" and (at(before, "spec", "clusterIP") == "None") is not (at(after, "spec", "clusterIP") == "None"):
        yield "spec.clusterIP"
    if change.kind == "PersistentVolumeClaim" and _size(after) < _size(before):
        yield "spec.resources.requests.storage"


def _size(claim: Manifest) -> Fraction:
    return Fraction(quantity(at(claim, "spec", "resources", "requests", "storage")) or 0)
