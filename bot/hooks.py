"""Objects that Argo CD does not keep as they are: hooks, which run in a sync, and Jobs that it replaces; pure."""

from __future__ import annotations

from typing import Any

HOOK, SYNC_OPTIONS = "argocd.argoproj.io/hook", "argocd.argoproj.io/sync-options"
REPLACED = ("Replace=true", "Force=true")


def is_made_anew(item: dict[str, Any]) -> bool:
    """Whether Argo CD deletes a Job and creates it again where it differs, so that no field of it is immutable."""
    annotations = item["metadata"].get("annotations")
    if item["kind"] != "Job" or not isinstance(annotations, dict):
        return False
    return HOOK in annotations or any(each in str(annotations.get(SYNC_OPTIONS)) for each in REPLACED)
