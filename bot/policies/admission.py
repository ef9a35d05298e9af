"""Admission where an environment runs: its namespace and its Pods are judged by a policy that refuses; what CEL says is for tests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.policies.add_on_values import ISTIOD
from bot.policies.clusters import BINDING, POLICY
from bot.policies.fields import indexed, mapping, mappings, strings, text, words
from bot.policies.label_selectors import selects
from bot.policies.manifests import wrong

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.policies.add_on_values import AddOn
    from bot.policies.manifests import Manifests, Object, Violation

HUB = re.compile(r"'([\w./:-]+)/proxyv2:'")
CHANGES = frozenset({"CREATE", "UPDATE"})


def unjudged_namespaces(environment: Manifests, cluster: Manifests) -> Iterator[Violation]:
    """Each Namespace of an environment is selected by an admission policy of its cluster that judges Pods, and refuses."""
    there = [(policy, binding) for policy in cluster.of(POLICY) for binding in cluster.of(BINDING) if _binds(policy, binding)]
    for item in environment.of("Namespace"):
        labels = {"kubernetes.io/metadata.name": text(item, "metadata", "name"), **strings(item, "metadata", "labels")}
        found = [policy for policy, binding in there if _selects(policy, binding, labels)]
        where = f"clusters/{cluster.environment}/policies"
        if not found:
            what = f"no admission policy of {where} selects them: images without digest and writable roots are let in"
            yield wrong(item, "metadata.labels", what, hint=f"select the namespace in {where}, in the policy and in its binding")
        elif not any(_judges_pods(policy) for policy in found):
            what = f"the admission policy of {where} leaves out that Pods are made or changed: whoever makes one by hand passes it"
            yield wrong(item, "metadata.labels", what, hint=f"write pods with {' and '.join(sorted(CHANGES))} into its resourceRules")


def refused_sidecars(cluster: Manifests, add_ons: Iterable[AddOn]) -> Iterator[Violation]:
    """A policy that lets the mesh's sidecars pass names the hub that they come from."""
    hubs = {text(each.values, "global", "hub") or "another than is named" for each in add_ons if each.chart == ISTIOD}
    for item in cluster.of(POLICY):
        for index, variable in indexed(item, "spec", "variables"):
            named = set(HUB.findall(text(variable, "expression")))
            if named and not hubs <= named:
                what = f"lets sidecars of {', '.join(sorted(named))} pass, and istiod's global.hub is {', '.join(sorted(hubs))}"
                hint = "write the same into both: a sidecar that is not known is refused, and every Pod with it"
                yield wrong(item, f"spec.variables[{index}].expression", what, hint=hint)


def _binds(policy: Object, binding: Object) -> bool:
    refuses = "Deny" in words(binding, "spec", "validationActions")
    return refuses and text(binding, "spec", "policyName") == text(policy, "metadata", "name")


def _selects(policy: Object, binding: Object, labels: dict[str, str]) -> bool:
    places = (mapping(policy, "spec", "matchConstraints"), mapping(binding, "spec", "matchResources"))
    return all(selects(each.get("namespaceSelector") or {}, labels) for each in places)


def _judges_pods(policy: Object) -> bool:
    said = set[str]()
    for rule in mappings(policy, "spec", "matchConstraints", "resourceRules"):
        if {"", "*"} & set(words(rule, "apiGroups")) and {"pods", "*", "*/*"} & set(words(rule, "resources")):
            said |= CHANGES if "*" in words(rule, "operations") else set(words(rule, "operations"))
    return said >= CHANGES
