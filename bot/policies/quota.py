"""Policies of quotas: an environment at its largest, with what a rolling update adds, fits into its ResourceQuota."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from bot.policies.fields import at, mapping, number, text
from bot.policies.manifests import wrong
from bot.policies.quantities import quantity
from bot.policies.replicas import JOBS, most_replicas
from bot.policies.sizes import claim_size, own_claims, pod_amount

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Pods, Violation
    from bot.policies.sizes import Bound

GI = 1024**3
RESOURCES = frozenset({"cpu", "memory", "ephemeral-storage"})
BOUNDS: dict[str, Bound] = {"": "requests", "requests": "requests", "limits": "limits"}  # by a quota's first word


def quotas_have_room(manifests: Manifests) -> Iterator[Violation]:
    """What a quota does not cover is refused, first in the middle of an update or of a rush."""
    for quota in manifests.of("ResourceQuota"):
        if at(quota, "spec", "scopes") or at(quota, "spec", "scopeSelector"):
            continue
        for name, written in mapping(quota, "spec", "hard").items():
            allowed, most = quantity(written), most_used(manifests, str(name))
            if allowed is None:
                yield wrong(quota, f"spec.hard[{name}]", f"{written} is no amount", hint="write an amount such as 500m, 2 or 4Gi")
            elif most is not None and most > Fraction(allowed):
                what = f"{written} is less than the {_said(name, most)} of all Pods at the largest scale, update and Jobs included"
                yield wrong(quota, f"spec.hard[{name}]", what, hint="raise the quota, or lower maxReplicas or the Pods' sizes")


def most_used(manifests: Manifests, name: str) -> Fraction | None:
    """What an environment uses at the most of what a quota counts under a name; None for what is not counted here."""
    if name == "pods":
        return Fraction(sum(most_replicas(manifests, pods) for pods in manifests.pods))
    if name in {"requests.storage", "persistentvolumeclaims"}:
        claimed = _claimed(manifests)
        return Fraction(sum(claimed) if name == "requests.storage" else len(claimed))
    bound, _, resource = name.rpartition(".")
    if resource not in RESOURCES or bound not in BOUNDS:
        return None
    amounts = (pod_amount(manifests, pods, BOUNDS[bound], resource) * most_replicas(manifests, pods) for pods in manifests.pods)
    return sum(amounts, Fraction(0))


def _claimed(manifests: Manifests) -> list[int]:
    alone = [claim_size(mapping(item, "spec")) for item in manifests.of("PersistentVolumeClaim")]
    owned = [
        claim_size(claim)
        for pods in manifests.pods
        for claim in own_claims(pods)
        for _ in range(most_replicas(manifests, pods) * _with_volumes(pods))
    ]
    return alone + owned


def _with_volumes(pods: Pods) -> int:
    """How many Pods hold volumes for each that runs: those of a CronJob keep them when they have ended, until their Job is removed."""
    if pods.kind not in JOBS:
        return 1
    job = mapping(pods.owner, *(("spec", "jobTemplate", "spec") if pods.kind == "CronJob" else ("spec",)))
    attempts = number(job, "backoffLimit", default=6) + 1 if text(pods.spec, "restartPolicy") == "Never" else 1
    if pods.kind == "Job":
        return attempts
    failed, succeeded = (number(pods.owner, "spec", f"{each}JobsHistoryLimit", default=n) for each, n in (("failed", 1), ("successful", 3)))
    return attempts * (1 + failed) + succeeded


def _said(name: str, amount: Fraction) -> str:
    if "memory" in name or "storage" in name:
        return f"{float(amount / GI):.4g}Gi"
    return f"{float(amount):.4g}"


QUOTA_POLICIES = (quotas_have_room,)
