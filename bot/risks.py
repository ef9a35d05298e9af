"""Which changes of a render are dangerous: what loses data, cannot be applied, or stops something; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.hooks import is_made_anew

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.objects_diff import Manifest, ObjectChange

KEEPS_DATA = frozenset({"StatefulSet", "PersistentVolumeClaim"})
LASTING = frozenset({"StatefulSet", "PersistentVolumeClaim", "PersistentVolume", "CustomResourceDefinition", "Namespace"})
# What the API server refuses to change (stack facts, 5).
IMMUTABLE = {
    "StatefulSet": ("serviceName", "podManagementPolicy", "selector", "volumeClaimTemplates"),
    "Deployment": ("selector",),
    "DaemonSet": ("selector",),
    "Job": ("selector", "template"),
    "PersistentVolumeClaim": ("accessModes", "storageClassName", "volumeName", "volumeMode", "selector"),
}


def risks(changes: Iterable[ObjectChange]) -> tuple[str, ...]:
    """Sentences about changes that lose data, cannot be applied, or stop something."""
    return tuple(sentence for change in changes for sentence in _risks(change))


def lasting_risks(changes: Iterable[ObjectChange]) -> tuple[str, ...]:
    """Those of the risks that no rollback may carry: what keeps data goes, or a field that cannot change would."""
    return tuple(sentence for change in changes for sentence in (*_deletions(change), *_immutable(change)))


def _risks(change: ObjectChange) -> Iterator[str]:
    yield from _deletions(change)
    yield from _immutable(change)
    if change.after and _replicas(change.after) == 0 and (change.before is None or _replicas(change.before) != 0):
        yield f"scales {change.title} to zero"


def _deletions(change: ObjectChange) -> Iterator[str]:
    if change.what == "removed" and change.kind in LASTING:
        yield f"deletes {change.title}"


def _immutable(change: ObjectChange) -> Iterator[str]:
    if not (change.before and change.after) or is_made_anew(change.after):
        return
    for field in IMMUTABLE.get(change.kind, ()):
        if (change.before.get("spec") or {}).get(field) != (change.after.get("spec") or {}).get(field):
            yield f"changes the immutable field spec.{field} of {change.title}"


def _replicas(item: Manifest) -> object:
    return (item.get("spec") or {}).get("replicas")


def stateful(objects: Iterable[Manifest]) -> tuple[str, ...]:
    """The objects that keep data: StatefulSets and claims on volumes."""
    return tuple(f"{item['kind']} {item['metadata']['name']}" for item in objects if item["kind"] in KEEPS_DATA)
