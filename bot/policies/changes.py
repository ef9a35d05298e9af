"""Changes between two renders that the API server refuses: a release that carries one never gets live."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from bot.hooks import is_made_anew
from bot.objects_diff import diff_objects
from bot.policies.fields import at, mapping, text
from bot.policies.manifests import name_of, wrong
from bot.policies.quantities import quantity
from bot.risks import IMMUTABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.objects_diff import ObjectChange
    from bot.policies.manifests import Manifests, Object, Violation

TOP_LEVEL = {  # fields outside of spec that cannot change
    "StorageClass": ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"),
    "RoleBinding": ("roleRef",),
    "ClusterRoleBinding": ("roleRef",),
}
SPECIAL = {"Service": ("clusterIP",), "PersistentVolumeClaim": ("resources",)}  # that can change in one way
KINDS = IMMUTABLE.keys() | TOP_LEVEL.keys() | SPECIAL.keys()
HINTS = {
    "StatefulSet": "keep it; a volume grows by patching its claim and deleting the StatefulSet with --cascade=orphan",
    "Job": "give the Job another name, or the annotation argocd.argoproj.io/sync-options: Force=true,Replace=true",
}
RENAME = "keep it, or give the object another name and move over"


def immutable_changes(before: Manifests, after: Manifests) -> Iterator[Violation]:
    """Each change of a field that cannot change, from the environment as it is to what it would be."""
    old, new = ([_lasting(item) for kind in sorted(KINDS) for item in each.of(kind)] for each in (before, after))
    for change in diff_objects(old, new):
        if change.before and change.after and not is_made_anew(change.after):
            for where, what in _changed(change, change.before, change.after):
                yield wrong(change.after, where, what, hint=HINTS.get(change.kind, RENAME))


def _lasting(item: Object) -> Object:
    """What of an object is compared here, so that the rest costs nothing."""
    kind, metadata = str(item.get("kind")), mapping(item, "metadata")
    names = {"name": name_of(item), "namespace": text(metadata, "namespace"), "annotations": mapping(metadata, "annotations")}
    spec = {key: at(item, "spec", key) for key in (*IMMUTABLE.get(kind, ()), *SPECIAL.get(kind, ()))}
    top = {key: item.get(key) for key in TOP_LEVEL.get(kind, ())}
    return {
        "apiVersion": text(item, "apiVersion"),
        "kind": kind,
        "metadata": names if kind == "Job" else names | {"annotations": {}},
        "spec": spec,
        **top,
    }


def _changed(change: ObjectChange, before: Object, after: Object) -> Iterator[tuple[str, str]]:
    paths = [("spec", name) for name in IMMUTABLE.get(change.kind, ())] + [(name,) for name in TOP_LEVEL.get(change.kind, ())]
    for path in paths:
        if at(before, *path) != at(after, *path):
            yield ".".join(path), "changes, and cannot: the API server refuses the sync"
    if change.kind == "Service" and (at(before, "spec", "clusterIP") == "None") is not (at(after, "spec", "clusterIP") == "None"):
        yield "spec.clusterIP", "turns a Service headless or back, which cannot be: the API server refuses the sync"
    if change.kind == "PersistentVolumeClaim" and _size(after) < _size(before):
        yield "spec.resources.requests.storage", "makes the volume smaller, which cannot be: the API server refuses the sync"


def _size(claim: Object) -> Fraction:
    return Fraction(quantity(at(claim, "spec", "resources", "requests", "storage")) or 0)
