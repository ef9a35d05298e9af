"""StatefulSets whose members find each other: names before readiness, all at once, and data that stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.policies.fields import at, strings, text
from bot.policies.manifests import wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Object, Violation


def has_a_headless_service(manifests: Manifests) -> Iterator[Violation]:
    """The serviceName is a headless Service that leads to these Pods."""
    for item in manifests.of("StatefulSet"):
        name, service = text(item, "spec", "serviceName"), _service(manifests, item)
        if service is None:
            what = f"is {name or 'not set'}, which is not a Service here: members get no names in DNS"
            yield wrong(item, "spec.serviceName", what, hint="add a headless Service of that name")
        elif text(service, "spec", "clusterIP") != "None":
            what = f"is {name}, which has a cluster IP: its DNS name leads to any member, and members have no names of their own"
            yield wrong(item, "spec.serviceName", what, hint=f"set clusterIP: None on Service {name}, or name the headless one")
        elif not any(pods.owner is item for pods in manifests.selected(strings(service, "spec", "selector"))):
            what = f"is {name}, which selects other Pods: members get no names in DNS"
            yield wrong(item, "spec.serviceName", what, hint=f"correct the selector of Service {name}")


def members_are_found_before_they_are_ready(manifests: Manifests) -> Iterator[Violation]:
    """The headless Service also names members that are not ready: they get ready by finding each other."""
    for item in manifests.of("StatefulSet"):
        service = _service(manifests, item)
        if service is not None and at(service, "spec", "publishNotReadyAddresses") is not True:
            what = "is not true: members that form a cluster are not ready yet, so they never find each other"
            yield wrong(service, "spec.publishNotReadyAddresses", what, hint="set publishNotReadyAddresses: true")


def members_start_together(manifests: Manifests) -> Iterator[Violation]:
    """All members start at once."""
    for item in manifests.of("StatefulSet"):
        if text(item, "spec", "podManagementPolicy") != "Parallel":
            what = "is not Parallel: the second member waits for the first to be ready, which waits for the second"
            yield wrong(item, "spec.podManagementPolicy", what, hint="set podManagementPolicy: Parallel; it cannot be changed later")


def says_how_it_is_updated(manifests: Manifests) -> Iterator[Violation]:
    """The way of updating is written down."""
    for item in manifests.of("StatefulSet"):
        if text(item, "spec", "updateStrategy", "type") not in {"RollingUpdate", "OnDelete"}:
            what = "is not set: whether a new image restarts the members one by one, or never, is a decision"
            yield wrong(item, "spec.updateStrategy.type", what, hint="set updateStrategy: {type: RollingUpdate}")


def keeps_its_data(manifests: Manifests) -> Iterator[Violation]:
    """Claims outlive the StatefulSet and its members."""
    for item in manifests.of("StatefulSet"):
        for moment in ("whenDeleted", "whenScaled"):
            if at(item, "spec", "persistentVolumeClaimRetentionPolicy", moment) == "Delete":
                what = "is Delete: one wrong commit removes the data"
                yield wrong(item, f"spec.persistentVolumeClaimRetentionPolicy.{moment}", what, hint="set it to Retain")


STATEFUL_SET_POLICIES = (
    has_a_headless_service,
    members_are_found_before_they_are_ready,
    members_start_together,
    says_how_it_is_updated,
    keeps_its_data,
)


def _service(manifests: Manifests, item: Object) -> Object | None:
    return manifests.named("Service", text(item, "spec", "serviceName"))
