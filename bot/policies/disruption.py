"""Policies of disruption: replicas lie on different nodes, and a drain takes few of them, but always some."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.policies.fields import at, mapping, mappings, text, words
from bot.policies.label_selectors import selects
from bot.policies.manifests import name_of, wrong
from bot.policies.replicas import JOBS, least_replicas, share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Object, Pods, Violation

HOST = "kubernetes.io/hostname"


def budgets_of(manifests: Manifests, pods: Pods) -> list[Object]:
    """The PodDisruptionBudgets that count these Pods."""
    return [each for each in manifests.of("PodDisruptionBudget") if selects(at(each, "spec", "selector"), pods.labels)]


def _replicated(manifests: Manifests) -> Iterator[tuple[Pods, int]]:
    for pods in manifests.pods:
        replicas = least_replicas(manifests, pods)
        if pods.kind not in JOBS and replicas > 1:
            yield pods, replicas


def replicated_workloads_have_a_budget(manifests: Manifests) -> Iterator[Violation]:
    """Without one a drain of nodes takes all replicas at once; with two, no Pod can be evicted at all."""
    for pods, replicas in _replicated(manifests):
        budgets = budgets_of(manifests, pods)
        if not budgets:
            what = f"no PodDisruptionBudget counts its {replicas} Pods: a drain of nodes may take all of them at once"
            yield pods.wrong("spec.template.metadata.labels", what, hint="add a PodDisruptionBudget with maxUnavailable: 1")
        for budget in budgets[1:]:
            what = f"counts the Pods of {pods.kind} {pods.name} as {name_of(budgets[0])} does: Pods of two budgets cannot be evicted"
            yield wrong(budget, "spec.selector", what, hint="keep one of the two")


def drains_can_go_on(manifests: Manifests) -> Iterator[Violation]:
    """A budget lets one Pod go at least."""
    for budget, pods in _counted(manifests):
        replicas = least_replicas(manifests, pods)
        kept, given = at(budget, "spec", "minAvailable"), at(budget, "spec", "maxUnavailable")
        if (kept is None) is (given is None):
            what = "says not exactly one of maxUnavailable and minAvailable"
            yield wrong(budget, "spec.maxUnavailable", what, hint="write maxUnavailable: 1")
        if (least := share(kept, replicas)) is not None and least >= replicas:
            what = f"keeps {kept} of {replicas} Pods: a drain of their node never ends"
            yield wrong(budget, "spec.minAvailable", what, hint="write maxUnavailable: 1 in its place")
        if share(given, replicas) == 0:
            what = "lets no Pod go: a drain of their node never ends"
            yield wrong(budget, "spec.maxUnavailable", what, hint="write maxUnavailable: 1")


def drains_leave_enough(manifests: Manifests) -> Iterator[Violation]:
    """Of several replicas some stay; of members that vote, the majority."""
    for budget, pods in _counted(manifests):
        replicas = least_replicas(manifests, pods)
        kept, given = share(at(budget, "spec", "minAvailable"), replicas), share(at(budget, "spec", "maxUnavailable"), replicas)
        gone = given if given is not None else None if kept is None else replicas - kept
        most = (replicas - 1) // 2 if pods.kind == "StatefulSet" else replicas - 1
        if gone is not None and replicas > 1 and gone > max(most, 1):
            where = "spec.maxUnavailable" if given is not None else "spec.minAvailable"
            lost = "the majority of members, and with it every write" if pods.kind == "StatefulSet" else "the service as a whole"
            yield wrong(budget, where, f"lets {gone} of {replicas} Pods go at once: {lost} is lost", hint="write maxUnavailable: 1")


def _counted(manifests: Manifests) -> Iterator[tuple[Object, Pods]]:
    for pods in manifests.pods:
        if pods.kind not in JOBS:
            yield from ((budget, pods) for budget in budgets_of(manifests, pods))


def broken_pods_can_be_evicted(manifests: Manifests) -> Iterator[Violation]:
    """A Pod that crashes does not hold up a drain."""
    for budget in manifests.of("PodDisruptionBudget"):
        if text(budget, "spec", "unhealthyPodEvictionPolicy") != "AlwaysAllow":
            what = "keeps Pods that are broken anyway: one that crashes holds up every drain"
            yield wrong(budget, "spec.unhealthyPodEvictionPolicy", what, hint="write AlwaysAllow")


def replicas_are_spread(manifests: Manifests) -> Iterator[Violation]:
    """Replicas lie on different nodes."""
    for pods, _ in _replicated(manifests):
        keys = {text(each, "topologyKey") for each in mappings(pods.spec, "topologySpreadConstraints")}
        if HOST not in keys and not mapping(pods.spec, "affinity", "podAntiAffinity"):
            what = "all replicas may lie on one node, and go with it"
            yield pods.wrong(f"{pods.path}.topologySpreadConstraints", what, hint=f"add a constraint with topologyKey {HOST}")


def spread_counts_usable_nodes(manifests: Manifests) -> Iterator[Violation]:
    """Nodes whose taints keep the Pods out do not count as empty."""
    for pods in manifests.pods:
        for constraint in mappings(pods.spec, "topologySpreadConstraints"):
            where = f"{pods.path}.topologySpreadConstraints[{text(constraint, 'topologyKey')}]"
            if text(constraint, "nodeTaintsPolicy") != "Honor":
                what = "counts nodes with taints as empty: Pods stay Pending for a place that is not theirs"
                yield pods.wrong(f"{where}.nodeTaintsPolicy", what, hint="write nodeTaintsPolicy: Honor")
            for key in words(constraint, "matchLabelKeys"):
                if key in mapping(constraint, "labelSelector", "matchLabels"):
                    what = f"{key} is in labelSelector, too: the API server refuses the Pod"
                    yield pods.wrong(f"{where}.matchLabelKeys", what, hint="name the label in one of the two")


DISRUPTION_POLICIES = (
    replicated_workloads_have_a_budget,
    drains_can_go_on,
    drains_leave_enough,
    broken_pods_can_be_evicted,
    replicas_are_spread,
    spread_counts_usable_nodes,
)
