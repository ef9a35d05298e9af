"""All dangers of all changes, the worst first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.policies.fields import integer
from bot.risks.alerts import weakened_alerts
from bot.risks.immutable import refused_fields
from bot.risks.pods import lowered_pod_security, weakened_pods
from bot.risks.risk import Danger, Risk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bot.model import Environment
    from bot.objects_diff import Manifest, ObjectChange

KEEPS_DATA = frozenset({"StatefulSet", "PersistentVolumeClaim"})
LASTING = frozenset({"StatefulSet", "PersistentVolumeClaim", "PersistentVolume", "CustomResourceDefinition", "Namespace"})
DELETED = {
    **dict.fromkeys(LASTING, Danger.LOSES),
    **dict.fromkeys(("NetworkPolicy", "AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication"), Danger.EXPOSES),
    "PodDisruptionBudget": Danger.INTERRUPTS,
}
REFUSALS = {
    "spec.clusterIP": "turns {title} headless or back, which cannot be",
    "spec.resources.requests.storage": "makes the volume of {title} smaller, which cannot be",
}


def risks(changes: Sequence[ObjectChange], target: Environment) -> tuple[Risk, ...]:
    """What is dangerous about changes, the worst first; the target's law says which alerts block."""
    found = [risk for change in changes for risk in _risks(change)]
    return tuple(sorted([*found, *weakened_alerts(changes, target)], key=lambda risk: risk.danger))


def dangerous_first(changes: Iterable[ObjectChange], found: Iterable[Risk]) -> tuple[ObjectChange, ...]:
    """The changes in the order of their worst danger; those without any keep theirs, at the end."""
    worst: dict[int, Danger] = {}
    for risk in found:
        worst[id(risk.change)] = min(risk.danger, worst.get(id(risk.change), risk.danger))
    return tuple(sorted(changes, key=lambda change: worst.get(id(change), len(Danger))))


def lasting_risks(changes: Iterable[ObjectChange]) -> tuple[str, ...]:
    """Those of the risks that no rollback may carry: what keeps data goes, or a field that cannot change would."""
    found = (risk for change in changes for risk in (*_deletions(change), *_refusals(change)))
    return tuple(risk.sentence for risk in found if risk.danger in {Danger.LOSES, Danger.REFUSED})


def stateful(objects: Iterable[Manifest]) -> tuple[str, ...]:
    """The objects that keep data: StatefulSets and claims on volumes."""
    return tuple(f"{item['kind']} {item['metadata']['name']}" for item in objects if item["kind"] in KEEPS_DATA)


def _risks(change: ObjectChange) -> Iterator[Risk]:
    yield from _deletions(change)
    yield from _refusals(change)
    if change.after and _is_stopped(change.after) and not (change.before and _is_stopped(change.before)):
        yield Risk(Danger.STOPS, f"scales {_scaled(change)} to zero", change)
    for what in (*weakened_pods(change), *lowered_pod_security(change)):
        yield Risk(Danger.EXPOSES, f"weakens {change.title}: {what}", change)


def _deletions(change: ObjectChange) -> Iterator[Risk]:
    if change.what == "removed" and change.kind in DELETED:
        yield Risk(DELETED[change.kind], f"deletes {change.title}", change)


def _refusals(change: ObjectChange) -> Iterator[Risk]:
    for field in refused_fields(change):
        words = REFUSALS.get(field, "changes the immutable field {field} of {title}")
        yield Risk(Danger.REFUSED, words.format(field=field, title=change.title), change)


def _is_stopped(item: Manifest) -> bool:
    """Whether nothing runs of it, or nothing needs to: an autoscaler's least is what it falls back to."""
    field = "minReplicas" if item["kind"] == "HorizontalPodAutoscaler" else "replicas"
    return integer(item, "spec", field) == 0


def _scaled(change: ObjectChange) -> str:
    return f"what {change.title} scales" if change.kind == "HorizontalPodAutoscaler" else change.title
