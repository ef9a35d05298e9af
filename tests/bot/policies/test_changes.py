"""Fields that cannot change between two renders: each is named, and what may change is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.policies.changes import immutable_changes
from tests.bot.policies.network_examples import add, changed, cut, manifests, oddities, put, stack, thing

if TYPE_CHECKING:
    from tests.bot.policies.network_examples import Change

QDRANT, API, HEADLESS = "StatefulSet qdrant", "Deployment context-api", "Service qdrant-headless"
CLAIM, JOB, CLASS, BINDING = "PersistentVolumeClaim backups", "Job restore", "StorageClass ctx-fast-ssd", "RoleBinding reader"
DISK = {"accessModes": ["ReadWriteOnce"], "storageClassName": "ctx-archive", "resources": {"requests": {"storage": "50Gi"}}}
BASE: tuple[Change, ...] = (
    add(thing("PersistentVolumeClaim", "backups", DISK)),
    add(thing("Job", "restore", {"template": {"spec": {"containers": [{"image": "rclone:1"}]}}})),
    add(thing("StorageClass", "ctx-fast-ssd", provisioner="ebs.csi.aws.com", parameters={"type": "gp3"}, allowVolumeExpansion=False)),
    add(thing("RoleBinding", "reader", roleRef={"kind": "Role", "name": "reader"})),
)
SIZE = "spec/volumeClaimTemplates/0/spec/resources/requests/storage"

REFUSED: dict[str, tuple[Change, str]] = {
    "a claim template's size": (put(QDRANT, SIZE, "200Gi"), f"{QDRANT} spec.volumeClaimTemplates"),
    "a claim template more": (
        put(QDRANT, "spec/volumeClaimTemplates/1", {"metadata": {"name": "snapshots"}}),
        f"{QDRANT} spec.volumeClaimTemplates",
    ),
    "the Service of members": (put(QDRANT, "spec/serviceName", "qdrant"), f"{QDRANT} spec.serviceName"),
    "the order of members": (put(QDRANT, "spec/podManagementPolicy", "Parallel"), f"{QDRANT} spec.podManagementPolicy"),
    "the selector of members": (put(QDRANT, "spec/selector/matchLabels/tier", "data"), f"{QDRANT} spec.selector"),
    "the selector of a Deployment": (put(API, "spec/selector/matchLabels/tier", "web"), f"{API} spec.selector"),
    "a Job's image": (put(JOB, "spec/template/spec/containers/0/image", "rclone:2"), f"{JOB} spec.template"),
    "a claim's class": (put(CLAIM, "spec/storageClassName", "ctx-standard"), f"{CLAIM} spec.storageClassName"),
    "a claim's mode": (put(CLAIM, "spec/accessModes", ["ReadWriteOncePod"]), f"{CLAIM} spec.accessModes"),
    "a smaller claim": (put(CLAIM, "spec/resources/requests/storage", "40Gi"), f"{CLAIM} spec.resources.requests.storage"),
    "a class's disks": (put(CLASS, "parameters", {"type": "io2"}), f"{CLASS} parameters"),
    "a class's provisioner": (put(CLASS, "provisioner", "pd.csi.storage.gke.io"), f"{CLASS} provisioner"),
    "no longer headless": (cut(HEADLESS, "spec/clusterIP"), f"{HEADLESS} spec.clusterIP"),
    "headless from now on": (put("Service qdrant", "spec/clusterIP", "None"), "Service qdrant spec.clusterIP"),
    "another role": (put(BINDING, "roleRef/name", "writer"), f"{BINDING} roleRef"),
}
FINE: dict[str, Change] = {
    "replicas": put(QDRANT, "spec/replicas", 5),
    "a template's image": put(QDRANT, "spec/template/spec/containers/0/image", "qdrant:2"),
    "how members are updated": put(QDRANT, "spec/updateStrategy", {"type": "OnDelete"}),
    "a larger claim": put(CLAIM, "spec/resources/requests/storage", "0.1Ti"),
    "the same size in other words": put(CLAIM, "spec/resources/requests/storage", "51200Mi"),
    "a class that may grow": put(CLASS, "allowVolumeExpansion", True),
    "a Service's ports": put(HEADLESS, "spec/ports/0/port", 80),
    "a Job that is gone": cut(JOB),
    "a Job that is new": add(thing("Job", "other", {"template": {}})),
    "a CronJob's image": put("CronJob qdrant-backup", "spec/jobTemplate/spec/template/spec/containers/0/image", "rclone:2"),
}


def refused(*changes: Change) -> list[str]:
    before, after = manifests(changed(*BASE)), manifests(changed(*BASE, *changes))
    return [f"{each.kind} {each.name} {each.field}" for each in immutable_changes(before, after)]


def test_nothing_changes_between_two_equal_renders() -> None:
    assert refused() == []


@pytest.mark.parametrize(("change", "expected"), REFUSED.values(), ids=REFUSED)
def test_one_change_names_one_field(change: Change, expected: str) -> None:
    assert refused(change) == [expected]


@pytest.mark.parametrize("change", FINE.values(), ids=FINE)
def test_what_may_change_is_not_named(change: Change) -> None:
    assert refused(change) == []


@pytest.mark.parametrize(
    "annotation", [{"argocd.argoproj.io/sync-options": "Force=true,Replace=true"}, {"argocd.argoproj.io/hook": "PostSync"}]
)
def test_a_job_that_argo_cd_creates_anew_may_change(annotation: dict[str, Any]) -> None:
    assert refused(put(JOB, "metadata/annotations", annotation), put(JOB, "spec/template/spec/containers/0/image", "rclone:2")) == []


def test_the_violation_says_how_a_volume_grows() -> None:
    before, after = manifests(stack()), manifests(changed(put(QDRANT, SIZE, "200Gi")))
    (found,) = immutable_changes(before, after)
    assert found.what == "changes, and cannot: the API server refuses the sync"
    assert found.hint == "keep it; a volume grows by patching its claim and deleting the StatefulSet with --cascade=orphan"


def test_odd_shapes_are_read_as_empty() -> None:
    before = manifests(stack())
    for objects in oddities("StatefulSet qdrant"):
        list(immutable_changes(before, manifests(objects)))
