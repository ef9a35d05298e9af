"""Volumes and quotas: each rule names what breaks it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.policies.quota import QUOTA_POLICIES
from bot.policies.storage import STORAGE_POLICIES, storage_classes_are_known
from tests.bot.policies.network_examples import CLASSES, add, are_all_shown, broken, changed, cut, manifests, oddities, put, stack, thing

if TYPE_CHECKING:
    from tests.bot.policies.network_examples import Change

ALL = (*STORAGE_POLICIES, *QUOTA_POLICIES)
QDRANT, QUOTA, BACKUP = "StatefulSet qdrant", "ResourceQuota context-foundation", "CronJob qdrant-backup"
CLAIM = "spec.volumeClaimTemplates[data].spec"
DISK: dict[str, Any] = {"accessModes": ["ReadWriteOnce"], "storageClassName": "ctx-archive", "resources": {"requests": {"storage": "50Gi"}}}
BACKUPS = thing("PersistentVolumeClaim", "backups", DISK)
MOUNTED = {"name": "backups", "persistentVolumeClaim": {"claimName": "backups"}}
SCRATCH = {"name": "scratch", "ephemeral": {"volumeClaimTemplate": {"spec": DISK}}}
POD = "spec/jobTemplate/spec/template/spec"
ROOM = put(QUOTA, "spec/hard/requests.storage", "650Gi")
HISTORY = (put(BACKUP, "spec/failedJobsHistoryLimit", 1), put(BACKUP, "spec/successfulJobsHistoryLimit", 0))
# With two attempts: those of the run that goes on, and those of the one that failed.
TWICE = (*HISTORY, put(BACKUP, f"{POD}/restartPolicy", "Never"), put(BACKUP, "spec/jobTemplate/spec/backoffLimit", 1))


def mount(volume: dict[str, Any]) -> Change:
    return put(BACKUP, f"{POD}/volumes", [volume])


BAD: dict[str, tuple[tuple[Change, ...], list[str]]] = {
    "a class that no cluster has": (
        (put(QDRANT, "spec/volumeClaimTemplates/0/spec/storageClassName", "gp3"),),
        [f"{QDRANT} {CLAIM}.storageClassName"],
    ),
    "no class": (
        (
            put(QUOTA, "spec/hard/requests.storage", "700Gi"),
            *HISTORY,
            mount(SCRATCH),
            cut(BACKUP, f"{POD}/volumes/0/ephemeral/volumeClaimTemplate/spec/storageClassName"),
        ),
        [f"{BACKUP} spec.jobTemplate.spec.template.spec.volumes[scratch].ephemeral.volumeClaimTemplate.spec.storageClassName"],
    ),
    "a volume for many nodes": (
        (put(QDRANT, "spec/volumeClaimTemplates/0/spec/accessModes", ["ReadWriteMany"]),),
        [f"{QDRANT} {CLAIM}.accessModes"],
    ),
    "a claim that nobody uses": (
        (add(BACKUPS), ROOM),
        ["PersistentVolumeClaim backups metadata.name"],
    ),
    "a claim of a Job that does not run": (
        (add(BACKUPS), ROOM, mount(MOUNTED), put(BACKUP, "spec/suspend", True)),
        ["PersistentVolumeClaim backups metadata.name"],
    ),
    "a quota without room for the surge": ((put(QUOTA, "spec/hard/requests.cpu", "7"),), [f"{QUOTA} spec.hard[requests.cpu]"]),
    "a quota without room for sidecars": ((put(QUOTA, "spec/hard/requests.memory", "13Gi"),), [f"{QUOTA} spec.hard[requests.memory]"]),
    "a quota of limits": ((put(QUOTA, "spec/hard/limits.cpu", "25"),), [f"{QUOTA} spec.hard[limits.cpu]"]),
    "a quota without room for volumes": ((put(QUOTA, "spec/hard/requests.storage", "599Gi"),), [f"{QUOTA} spec.hard[requests.storage]"]),
    "a quota without room for what failed Jobs hold": (
        (mount(SCRATCH), *TWICE, put(QUOTA, "spec/hard/requests.storage", "799Gi")),
        [f"{QUOTA} spec.hard[requests.storage]"],
    ),
    "a quota of volumes": ((put(QUOTA, "spec/hard/persistentvolumeclaims", 5),), [f"{QUOTA} spec.hard[persistentvolumeclaims]"]),
    "a quota of Pods": ((put(QUOTA, "spec/hard/pods", "12"),), [f"{QUOTA} spec.hard[pods]"]),
    "a quota that is no amount": ((put(QUOTA, "spec/hard/pods", "many"),), [f"{QUOTA} spec.hard[pods]"]),
}


def test_the_stack_passes() -> None:
    assert broken(ALL, stack()) == []


@pytest.mark.parametrize(("changes", "expected"), BAD.values(), ids=BAD)
def test_one_change_names_one_field(changes: tuple[Change, ...], expected: list[str]) -> None:
    assert broken(ALL, changed(*changes)) == expected


def test_every_rule_has_a_failing_example() -> None:
    assert are_all_shown(ALL, (changes for changes, _ in BAD.values()))


@pytest.mark.parametrize(
    "changes",
    [
        (add(BACKUPS), ROOM, mount(MOUNTED)),
        (mount(SCRATCH), *TWICE, put(QUOTA, "spec/hard/requests.storage", "800Gi")),
        (put(QUOTA, "spec/hard", {"pods": 13, "requests.cpu": "7150m", "requests.storage": "600Gi"}),),
        (put(QUOTA, "spec/hard", {"services.loadbalancers": "0"}),),
        (put(QUOTA, "spec", {"hard": {"pods": "1"}, "scopes": ["BestEffort"]}),),
    ],
    ids=["a claim that is used", "a volume of a Pod", "a quota that just fits", "a quota of other things", "a quota of some Pods"],
)
def test_what_is_as_good_passes(changes: tuple[Change, ...]) -> None:
    assert broken(ALL, changed(*changes)) == []


def test_classes_are_those_of_the_clusters_and_none_is_judged_where_they_are_not_known() -> None:
    renamed = manifests(changed(put(QDRANT, "spec/volumeClaimTemplates/0/spec/storageClassName", "ctx-nvme")))
    assert [each.name for each in storage_classes_are_known(renamed)] == ["qdrant"]
    for classes in (CLASSES | {"ctx-nvme"}, frozenset[str]()):
        assert not list(storage_classes_are_known(replace(renamed, storage_classes=classes)))


def test_a_violation_says_how_much_is_missing() -> None:
    (found,) = [each for policy in QUOTA_POLICIES for each in policy(manifests(changed(put(QUOTA, "spec/hard/requests.cpu", "7"))))]
    assert found.what == "7 is less than the 7.15 of all Pods at the largest scale, update and Jobs included"


@pytest.mark.parametrize("title", [QDRANT, QUOTA, "Deployment context-api"])
def test_odd_shapes_are_read_as_empty(title: str) -> None:
    for objects in oddities(title):
        broken(ALL, objects)
