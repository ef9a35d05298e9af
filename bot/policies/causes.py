"""Causes: where Pods lack the labels that they are found by, that is named, and not each rule that does not find them either."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.policies.fields import mapping, strings
from bot.policies.label_selectors import NAME
from bot.policies.manifests import POD_PATHS
from bot.policies.selectors import ONCE_MADE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.policies.manifests import Manifests, Pods, Violation

SELECTOR = "spec.selector.matchLabels"
FOLDED = "; errors elsewhere that follow from it are left out until it is mended"


def without_consequences(manifests: Manifests, judge: Callable[[Manifests], list[Violation]]) -> list[Violation]:
    """What a judge finds, less what it would not find if Pods had their labels: found out by giving them, one workload at a time."""
    found = rest = judge(manifests)
    causes: list[Violation] = []
    for kind, name in [(pods.kind, pods.name) for pods in _unlabelled(manifests)]:
        pods = next(each for each in manifests.pods if (each.kind, each.name) == (kind, name))
        manifests = _labelled(manifests, pods)
        kept = judge(manifests)
        there = frozenset(kept)
        gone = [each for each in rest if each not in there]
        cause = min((each for each in gone if _is_about(each, pods)), key=lambda each: each.field == SELECTOR, default=None)
        if cause is not None:
            causes.append(replace(cause, what=cause.what + FOLDED) if len(gone) > 1 else cause)
        rest = kept
    there = frozenset(rest)
    return [*causes, *(each for each in found if each in there)] if causes else found


def _unlabelled(manifests: Manifests) -> Iterator[Pods]:
    for pods in manifests.pods:
        if mapping(pods.owner, *POD_PATHS[pods.kind]) and not (pods.labels.get(NAME) and _selected(pods).items() <= pods.labels.items()):
            yield pods


def _labelled(manifests: Manifests, pods: Pods) -> Manifests:
    """The same with the labels that the workload selects its Pods by, or is called by itself."""
    owner = deepcopy(pods.owner)
    template = owner
    for key in POD_PATHS[pods.kind]:
        template = template[key]
    guess = {NAME: strings(owner, "metadata", "labels").get(NAME) or pods.name}
    metadata = template["metadata"] if isinstance(template.get("metadata"), dict) else {}
    template["metadata"] = {**metadata, "labels": {**guess, **pods.labels, **_selected(pods)}}
    return replace(manifests, objects=tuple(owner if item is pods.owner else item for item in manifests.objects))


def _selected(pods: Pods) -> dict[str, str]:
    return strings(pods.owner, "spec", "selector", "matchLabels") if pods.kind in ONCE_MADE else {}


def _is_about(violation: Violation, pods: Pods) -> bool:
    of_labels = violation.field == SELECTOR or violation.field.endswith(f".metadata.labels.{NAME}")
    return of_labels and (violation.kind, violation.name) == (pods.kind, pods.name)
