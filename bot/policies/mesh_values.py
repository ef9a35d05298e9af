"""Values of Istio's charts beside what environments ask of the mesh: who injects their sidecars, and how their hosts are reached."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.contents import Problem
from bot.policies.add_on_values import GATEWAY, ISTIOD
from bot.policies.cluster_fit import labels_of
from bot.policies.fields import at, indexed, integer, mappings, strings, text, words
from bot.policies.manifests import wrong
from bot.policies.sidecars import own_namespace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bot.policies.add_on_values import AddOn
    from bot.policies.manifests import Manifests, Violation

DEFAULT = "default"  # the revision of an istiod that has no other, and the tag that makes it of one that has
INJECTION, REVISION = "istio-injection", "istio.io/rev"
PUBLIC, NONE = "LoadBalancer", "None"  # the chart's default, and what makes no Service
PORTS = frozenset({80, 443, 15021})  # the chart's defaults
UNREASONED = re.compile(r"(?m)(?:\A|^(?![ \t]*#).*\n)[^#\n]*\btype:[ \t]*[\"']?(?:ClusterIP|NodePort|None)\b[^#\n]*$")


def uninjected_namespaces(environment: Manifests, add_ons: Iterable[AddOn]) -> Iterator[Violation]:
    """The label by which a Namespace asks for sidecars is one that an istiod of its cluster answers to."""
    add_ons = tuple(add_ons)
    namespace, revisions = own_namespace(environment), _revisions(add_ons)
    labels = strings(namespace, "metadata", "labels")
    injection, asked = labels.get(INJECTION), labels.get(REVISION)
    key, revision = (INJECTION, DEFAULT) if injection == "enabled" else (REVISION, "" if injection else asked)
    if namespace and revision and revisions and revision not in revisions:
        files = ", ".join(each.file for each in add_ons if each.chart == ISTIOD)
        what = f"is {labels[key]}, and {files} makes the revision {', '.join(sorted(revisions))}: no Pod gets a sidecar"
        hint = f"write {revision} into revisionTags there, or leave out its revision, or label the namespace {REVISION}: {min(revisions)}"
        yield wrong(namespace, f"metadata.labels[{key}]", what, hint=hint)


def hidden_gateways(add_ons: Iterable[AddOn], texts: Mapping[str, str]) -> Iterator[Problem]:
    """A gateway is reached from outside, or its values say in a comment why it is not, or by what else."""
    for each in add_ons:
        said = text(each.values, "service", "type")
        if each.chart == GATEWAY and said not in {"", PUBLIC} and UNREASONED.search(texts.get(each.file, "")):
            what = f"service.type is {said}: from outside nobody reaches the hosts of the environments"
            yield Problem(each.file, what, f"write {PUBLIC}, or say in a comment behind it or above it what else leads there")


def unreachable_ports(environment: Manifests, add_ons: Iterable[AddOn]) -> Iterator[Violation]:
    """Each port that a Gateway listens on is one of the Service in front of the gateway's Pods."""
    gateways = [each for each in add_ons if each.chart == GATEWAY]
    for item in environment.of("Gateway"):
        selector = strings(item, "spec", "selector")
        fitting = [each for each in gateways if selector.items() <= labels_of(each).items()]
        ports = [_ports(each) for each in fitting]
        if not selector or not ports or None in ports:
            continue  # which is named elsewhere, or has a Service that is not known here
        known = frozenset[int]().union(*filter(None, ports))
        for index, server in indexed(item, "spec", "servers"):
            number = integer(server, "port", "number")
            if number is not None and number not in known:
                what = f"is {number}, and the Service of {fitting[0].file} has {', '.join(map(str, sorted(known)))}: nobody reaches it"
                yield wrong(item, f"spec.servers[{index}].port.number", what, hint="name one of these, or add the port to service.ports")


def _revisions(add_ons: Iterable[AddOn]) -> frozenset[str]:
    """The revisions and tags that some istiod injects; none where that is not known."""
    found = set[str]()
    for each in add_ons:
        if each.chart == ISTIOD:
            if at(each.values, "sidecarInjectorWebhook", "enableNamespacesByDefault") or at(
                each.values, "global", "operatorManageWebhooks"
            ):
                return frozenset()
            found |= {text(each.values, "revision") or DEFAULT, *words(each.values, "revisionTags")}
    return frozenset(found)


def _ports(gateway: AddOn) -> frozenset[int] | None:
    """The ports of a gateway's Service, and those of its Pods behind them; nothing where the chart makes none, or others."""
    if text(gateway.values, "service", "type") == NONE or at(gateway.values, "networkGateway"):
        return None
    if at(gateway.values, "service", "ports") is None:
        return PORTS
    said = [integer(each, key) for each in mappings(gateway.values, "service", "ports") for key in ("port", "targetPort")]
    return frozenset(number for number in said if number is not None)
