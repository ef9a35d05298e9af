"""How many Pods a workload has: at least, and at most while it is updated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.policies.fields import at, integer, mapping, text
from bot.policies.manifests import name_of

if TYPE_CHECKING:
    from bot.policies.manifests import Manifests, Object, Pods

JOBS = frozenset({"Job", "CronJob"})
DEFAULT_SURGE = "25%"


def scaler_of(manifests: Manifests, pods: Pods) -> Object | None:
    """The HorizontalPodAutoscaler of a workload."""
    return next((each for each in manifests.of("HorizontalPodAutoscaler") if targets(each, pods)), None)


def targets(item: Object, pods: Pods, key: str = "scaleTargetRef") -> bool:
    """Whether an autoscaler is for a workload."""
    reference = mapping(item, "spec", key)
    return (text(reference, "kind"), text(reference, "name")) == (pods.kind, name_of(pods.owner))


def least_replicas(manifests: Manifests, pods: Pods) -> int:
    """Pods that there always are; of a Job, those that run at a time."""
    scaler = scaler_of(manifests, pods)
    if scaler:
        return _default(integer(scaler, "spec", "minReplicas"))
    return _parallel(pods) if pods.kind in JOBS else _default(integer(pods.owner, "spec", "replicas"))


def scaled_replicas(manifests: Manifests, pods: Pods) -> int:
    """Pods that there are at the largest scale, without those that an update adds."""
    least, scaler = least_replicas(manifests, pods), scaler_of(manifests, pods)
    return max(least, _default(integer(scaler, "spec", "maxReplicas"))) if scaler else least


def most_replicas(manifests: Manifests, pods: Pods) -> int:
    """Pods that there may be while a rolling update runs at the largest scale."""
    most = scaled_replicas(manifests, pods)
    if pods.kind != "Deployment" or text(pods.owner, "spec", "strategy", "type") == "Recreate":
        return most
    surge = at(pods.owner, "spec", "strategy", "rollingUpdate", "maxSurge")
    return most + (share(DEFAULT_SURGE if surge is None else surge, most) or 0)


def share(amount: object, whole: int) -> int | None:
    """What a number, or a percentage rounded up, makes of a whole; None where it is neither."""
    if isinstance(amount, int) and not isinstance(amount, bool):
        return amount
    if isinstance(amount, str) and amount.endswith("%") and amount[:-1].isascii() and amount[:-1].isdecimal():
        return -(-int(amount[:-1]) * whole // 100)
    return None


def _parallel(pods: Pods) -> int:
    job = mapping(pods.owner, "spec", "jobTemplate", "spec") if pods.kind == "CronJob" else mapping(pods.owner, "spec")
    return _default(integer(job, "parallelism"))


def _default(count: int | None) -> int:
    return 1 if count is None else count
