"""Selectors find what they are meant for: the Pods of one workload, no others, today and after the next change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.policies.fields import mapping, mappings, strings, text, words
from bot.policies.label_selectors import NAME
from bot.policies.manifests import wrong

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bot.policies.manifests import Manifests, Object, Pods, Violation

ONCE_MADE = ("Deployment", "StatefulSet", "DaemonSet")  # their selector cannot be changed
TRACK = "context-foundation/track"  # a canary is the same app on another track
EVERY_POD = frozenset({"app.kubernetes.io/part-of"})  # labels that tell no workload from another
ENVIRONMENT = "environment"


def workloads_select_themselves(manifests: Manifests) -> Iterator[Violation]:
    """A workload's selector matches its own Pods and nobody else's."""
    for pods in manifests.pods:
        if pods.kind in ONCE_MADE:
            labels = strings(pods.owner, "spec", "selector", "matchLabels")
            others = _named(each for each in manifests.selected(labels) if each.owner is not pods.owner)
            if not labels or not labels.items() <= pods.labels.items():
                what = "does not match the labels of its own Pods: the API server refuses it"
                yield pods.wrong("spec.selector.matchLabels", what, hint="repeat the template's app.kubernetes.io/name")
            elif others:
                what = f"matches the Pods of {others}, too: each takes the other's Pods for its own"
                yield pods.wrong("spec.selector.matchLabels", what, hint="give the Pods app.kubernetes.io/name labels of their own")


def services_select_one_workload(manifests: Manifests) -> Iterator[Violation]:
    """A Service leads to the Pods of exactly one workload."""
    for item in manifests.of("Service"):
        labels = strings(item, "spec", "selector")
        if labels or text(item, "spec", "type") != "ExternalName":
            yield from _one_workload(manifests, item, "spec.selector", labels=labels)


def budgets_select_one_workload(manifests: Manifests) -> Iterator[Violation]:
    """A PodDisruptionBudget counts the Pods of exactly one workload."""
    for item in manifests.of("PodDisruptionBudget"):
        labels = strings(item, "spec", "selector", "matchLabels")
        yield from _one_workload(manifests, item, "spec.selector.matchLabels", labels=labels)


def pods_spread_among_themselves(manifests: Manifests) -> Iterator[Violation]:
    """Topology spread and Pod (anti-)affinity count the Pods of the same workload."""
    for pods in manifests.pods:
        for where, labels in _spreads(pods):
            found = manifests.selected(labels)
            if not labels or not _are_one(found) or pods not in found:
                what = f"matches {_named(found) or 'no Pods'}: replicas of this workload may share one node or zone"
                yield pods.wrong(where, what, hint="select by the template's app.kubernetes.io/name")


def spread_counts_one_revision(manifests: Manifests) -> Iterator[Violation]:
    """During a rollout, a Deployment's Pods are spread among the new ones, not among those that go."""
    for pods in manifests.pods:
        if pods.kind == "Deployment":
            for constraint in mappings(pods.spec, "topologySpreadConstraints"):
                if "pod-template-hash" not in words(constraint, "matchLabelKeys"):
                    where = f"{pods.path}.topologySpreadConstraints[{constraint.get('topologyKey')}].matchLabelKeys"
                    what = "lacks pod-template-hash: Pods that are being replaced count, and the new ones end up unevenly placed"
                    yield pods.wrong(where, what, hint="set matchLabelKeys: [pod-template-hash]")


def selectors_know_no_environment(manifests: Manifests) -> Iterator[Violation]:
    """A selector cannot be changed once made, so nothing in it differs between environments."""
    for item in (each for kind in (*ONCE_MADE, "Service", "PodDisruptionBudget") for each in manifests.of(kind)):
        field = "selector" if item.get("kind") == "Service" else "selector.matchLabels"
        if ENVIRONMENT in mapping(item, "spec", *field.split(".")):
            what = "holds the environment: kustomize's commonLabels put it there, and a selector cannot be changed any more"
            hint = "use `labels:` without includeSelectors, with includeTemplates: true"
            yield wrong(item, f"spec.{field}.{ENVIRONMENT}", what, hint=hint)


def services_lead_to_ports(manifests: Manifests) -> Iterator[Violation]:
    """Each port of a Service is one that a container of its Pods opens."""
    for item in manifests.of("Service"):
        for pods in _served(manifests, item):
            opened = [port.get(key) for each in _running(pods) for port in mappings(each, "ports") for key in PORT_KEYS]
            for port in mappings(item, "spec", "ports"):
                target = port.get("targetPort", port.get("port"))
                if target not in opened:
                    what = f"is {target}, which no container of {pods.kind} {pods.name} opens: connections are refused"
                    hint = f"name one of {', '.join(sorted(each for each in opened if isinstance(each, str))) or 'its ports'}"
                    yield wrong(item, f"spec.ports[{port.get('name')}].targetPort", what, hint=hint)


PORT_KEYS = ("name", "containerPort")
SELECTOR_POLICIES = (
    workloads_select_themselves,
    services_select_one_workload,
    budgets_select_one_workload,
    pods_spread_among_themselves,
    spread_counts_one_revision,
    selectors_know_no_environment,
    services_lead_to_ports,
)


def services_of(manifests: Manifests, pods: Pods) -> tuple[Object, ...]:
    """The Services that lead to these Pods."""
    return tuple(item for item in manifests.of("Service") if pods in _served(manifests, item))


def _served(manifests: Manifests, service: Object) -> tuple[Pods, ...]:
    labels = strings(service, "spec", "selector")
    return manifests.selected(labels) if labels else ()


def _running(pods: Pods) -> tuple[Object, ...]:
    """Containers that run side by side: init containers that stay are among them."""
    sidecars = (each for each in mappings(pods.spec, "initContainers") if each.get("restartPolicy") == "Always")
    return (*sidecars, *mappings(pods.spec, "containers"))


def _one_workload(manifests: Manifests, item: Object, where: str, *, labels: Mapping[str, str]) -> Iterator[Violation]:
    found = manifests.selected(labels)
    if not _are_one(found) or not labels.keys() - EVERY_POD:
        what = f"matches {_named(found) or 'no Pods'}; it must match the Pods of exactly one workload"
        yield wrong(item, where, what, hint="select by the app.kubernetes.io/name of that workload's template")


def _are_one(found: tuple[Pods, ...]) -> bool:
    """Whether Pods are of one workload, or of one app's tracks: a canary beside what is stable."""
    tracks = [each.labels.get(TRACK) for each in found]
    names = {each.labels.get(NAME) for each in found}
    return len(found) == 1 or (len(names) == 1 and None not in tracks and len(set(tracks)) == len(found) > 0)


def _spreads(pods: Pods) -> Iterator[tuple[str, Mapping[str, str]]]:
    for constraint in mappings(pods.spec, "topologySpreadConstraints"):
        where = f"{pods.path}.topologySpreadConstraints[{constraint.get('topologyKey')}].labelSelector"
        yield where, strings(constraint, "labelSelector", "matchLabels")
    anti = mapping(pods.spec, "affinity", "podAntiAffinity")
    path = f"{pods.path}.affinity.podAntiAffinity"
    for term in mappings(anti, "requiredDuringSchedulingIgnoredDuringExecution"):
        yield f"{path}.requiredDuringSchedulingIgnoredDuringExecution", strings(term, "labelSelector", "matchLabels")
    for term in mappings(anti, "preferredDuringSchedulingIgnoredDuringExecution"):
        labels = strings(term, "podAffinityTerm", "labelSelector", "matchLabels")
        yield f"{path}.preferredDuringSchedulingIgnoredDuringExecution", labels


def _named(found: Iterable[Pods]) -> str:
    return ", ".join(f"{each.kind} {each.name}" for each in found)
