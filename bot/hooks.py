"""Objects that Argo CD does not keep as they are: hooks, which run in a sync, and Jobs that it replaces; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "argocd.argoproj.io/"
HOOK, DELETE_POLICY, SYNC_OPTIONS = f"{PREFIX}hook", f"{PREFIX}hook-delete-policy", f"{PREFIX}sync-options"
REPLACED = ("Replace=true", "Force=true")
# As Argo CD 3.5 reads them. It takes an object with another word for a hook all the same, one of no phase: it is never applied.
HOOK_TYPES = frozenset({"PreSync", "Sync", "PostSync", "SyncFail", "Skip", "PreDelete", "PostDelete"})
DELETE_POLICIES = frozenset({"BeforeHookCreation", "HookSucceeded", "HookFailed"})
_ON = ("true", "false")
_OF_BOTH = {"PruneLast": _ON, "Replace": _ON, "ServerSideApply": _ON, "SkipDryRunOnMissingResource": _ON, "Validate": _ON}
# What may stand in syncOptions, of one object and of an Application; Argo CD passes over every other word without a sign.
OBJECT_OPTIONS = _OF_BOTH | {
    "ClientSideApplyMigration": _ON,
    "Delete": ("confirm", "false"),
    "Force": _ON,
    "Prune": ("confirm", "false"),
}
APPLICATION_OPTIONS = _OF_BOTH | {
    "ApplyOutOfSyncOnly": _ON,
    "ClientSideApplyMigration": _ON,
    "CreateNamespace": _ON,
    "FailOnSharedResource": _ON,
    "PrunePropagationPolicy": ("background", "foreground", "orphan"),
    "RespectIgnoreDifferences": _ON,
}


def words_of(options: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """Every option with each of its values, as it is written."""
    return frozenset(f"{name}={value}" for name, values in options.items() for value in values)


def is_made_anew(item: dict[str, Any]) -> bool:
    """Whether Argo CD deletes a Job and creates it again where it differs, so that no field of it is immutable."""
    annotations = item["metadata"].get("annotations")
    if item["kind"] != "Job" or not isinstance(annotations, dict):
        return False
    return HOOK in annotations or any(each in str(annotations.get(SYNC_OPTIONS)) for each in REPLACED)
