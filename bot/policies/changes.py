"""Changes between two renders that the API server refuses: a release that carries one never gets live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.objects_diff import diff_objects
from bot.policies.fields import at, mapping, text
from bot.policies.manifests import name_of, wrong
from bot.risks.immutable import IMMUTABLE, KINDS, SPECIAL, TOP_LEVEL, refused_fields

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Object, Violation

WHAT = {
    "spec.clusterIP": "turns a Service headless or back, which cannot be",
    "spec.resources.requests.storage": "makes the volume smaller, which cannot be",
}
HINTS = {
    "StatefulSet": "keep it; a volume grows by patching its claim and deleting the StatefulSet with --cascade=orphan",
    "Job": "give the Job another name, or the annotation argocd.argoproj.io/sync-options: Force=true,Replace=true",
}
RENAME = "keep it, or give the object another name and move over"


def immutable_changes(before: Manifests, after: Manifests) -> Iterator[Violation]:
    """Each change of a field that cannot change, from the environment as it is to what it would be."""
    old, new = ([_lasting(item) for kind in sorted(KINDS) for item in each.of(kind)] for each in (before, after))
    for change in diff_objects(old, new):
        for where in refused_fields(change):
            what = f"{WHAT.get(where, 'changes, and cannot')}: the API server refuses the sync"
            yield wrong(change.after or {}, where, what, hint=HINTS.get(change.kind, RENAME))


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
