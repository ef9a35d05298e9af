"""Updates of workloads: they go on, somebody serves meanwhile, a slow start is no failure, and the last release can be put back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.policies.fields import at, integer, mapping, mappings, number, text
from bot.policies.replicas import least_replicas, share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Pods, Violation

DEFAULT_SHARE = "25%"  # of maxSurge and of maxUnavailable
DEFAULT_DEADLINE = 600


def updates_go_on(manifests: Manifests) -> Iterator[Violation]:
    """An update may make a Pod or take one, and is not paused."""
    for pods in _deployments(manifests):
        surge, gone = (_share(pods, key, least_replicas(manifests, pods)) for key in ("maxSurge", "maxUnavailable"))
        if _is_rolling(pods) and surge == 0 and gone == 0:
            what = "is 0 beside maxUnavailable: 0: no Pod may be made and none taken, and the API server refuses it"
            yield pods.wrong("spec.strategy.rollingUpdate.maxSurge", what, hint="write maxSurge: 1")
        if at(pods.owner, "spec", "paused") is True:
            what = "is true: a release that is merged changes no Pod, and the Application waits as Suspended"
            yield pods.wrong("spec.paused", what, hint="remove it; `bot freeze` holds promotions back")


def updates_keep_serving(manifests: Manifests) -> Iterator[Violation]:
    """Of several replicas some serve while they are replaced."""
    for pods in _deployments(manifests):
        replicas = least_replicas(manifests, pods)
        gone = _share(pods, "maxUnavailable", replicas)
        if replicas > 1 and not _is_rolling(pods):
            what = f"is Recreate: each release stops all {replicas} Pods before it starts the first new one"
            yield pods.wrong("spec.strategy.type", what, hint="write RollingUpdate, with maxUnavailable: 0")
        elif replicas > 1 and gone is not None and gone >= replicas:
            what = f"lets {gone} of {replicas} Pods go at once: nobody serves during an update"
            yield pods.wrong("spec.strategy.rollingUpdate.maxUnavailable", what, hint="write maxUnavailable: 0")


def updates_wait_for_a_slow_start(manifests: Manifests) -> Iterator[Violation]:
    """An update is not called a failure while a Pod may still be starting."""
    for pods in _deployments(manifests):
        deadline = number(pods.owner, "spec", "progressDeadlineSeconds", default=DEFAULT_DEADLINE)
        needed = max(map(_startup, mappings(pods.spec, "containers")), default=0) + number(pods.owner, "spec", "minReadySeconds", default=0)
        if deadline <= needed:
            what = f"is {deadline} s, and a Pod may take {needed} s until it counts: a start that is only slow is Degraded, and rolled back"
            yield pods.wrong("spec.progressDeadlineSeconds", what, hint=f"write more than {needed}, or let startupProbe allow less")


def updates_can_be_undone(manifests: Manifests) -> Iterator[Violation]:
    """The last release's ReplicaSet is kept, for `kubectl rollout undo` when Git cannot be reached."""
    for pods in _deployments(manifests):
        if integer(pods.owner, "spec", "revisionHistoryLimit") == 0:
            what = "is 0: no former release is kept in the cluster, and without Git nobody can go back"
            yield pods.wrong("spec.revisionHistoryLimit", what, hint="write 3")


def members_are_updated(manifests: Manifests) -> Iterator[Violation]:
    """A release reaches every member of a StatefulSet by itself."""
    for pods in manifests.pods:
        strategy = mapping(pods.owner, "spec", "updateStrategy") if pods.kind == "StatefulSet" else {}
        if text(strategy, "type") == "OnDelete":
            what = "is OnDelete: a release that is merged changes no member until somebody deletes its Pod, and the gate waits for it"
            yield pods.wrong("spec.updateStrategy.type", what, hint="write RollingUpdate")
        if partition := integer(strategy, "rollingUpdate", "partition"):
            what = f"is {partition}: members below it keep the old release for ever, and the gate waits for them"
            yield pods.wrong("spec.updateStrategy.rollingUpdate.partition", what, hint="remove it")


ROLLOUT_POLICIES = (
    updates_go_on,
    updates_keep_serving,
    updates_wait_for_a_slow_start,
    updates_can_be_undone,
    members_are_updated,
)


def _deployments(manifests: Manifests) -> Iterator[Pods]:
    yield from (pods for pods in manifests.pods if pods.kind == "Deployment")


def _is_rolling(pods: Pods) -> bool:
    return text(pods.owner, "spec", "strategy", "type") != "Recreate"


def _share(pods: Pods, key: str, replicas: int) -> int | None:
    said = at(pods.owner, "spec", "strategy", "rollingUpdate", key)
    return share(DEFAULT_SHARE if said is None else said, replicas)


def _startup(container: object) -> int:
    """The longest that a container may take until its startup probe has answered, or has given up."""
    probe = mapping(container, "startupProbe")
    tries = number(probe, "failureThreshold", default=3) * number(probe, "periodSeconds", default=10)
    return number(probe, "initialDelaySeconds", default=0) + tries if probe else 0
