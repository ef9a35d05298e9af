"""Policies of NetworkPolicies: every connection that the stack needs is admitted both ways, and no other."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from bot.policies.connections import (
    COLLECTOR,
    ELSEWHERE,
    INTERNET,
    ISTIOD,
    LIST,
    METADATA,
    OUTSIDE,
    SIDECAR_PORT,
    fixed,
    inside,
    is_listed,
    needed,
)
from bot.policies.fields import at, indexed, mapping, sequence, text
from bot.policies.manifests import Violation, wrong
from bot.policies.network_rules import NAMESPACE_NAME, PEERS, Attempt, Direction, Network, directions, network_of
from bot.policies.sidecars import has_sidecar
from bot.policies.strangers import UNDECLARED, network_ports, network_strangers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.policies.connections import Connection, End
    from bot.policies.manifests import Manifests, Object

DIRECTIONS: tuple[Direction, ...] = ("egress", "ingress")
# Tried on all that lies outside: what a too wide rule would let through, istiod's and DNS's own ports among it.
OUTSIDE_PORTS = (
    (53, "TCP"),
    (53, "UDP"),
    (80, "TCP"),
    (443, "TCP"),
    (443, "UDP"),
    (4317, "TCP"),
    (8080, "TCP"),
    (9090, "TCP"),
    (15010, "TCP"),
    (15012, "TCP"),
)
MOST_NAMED = 4
# Which feature of foundation has the NetworkPolicies of what one end of a connection is.
FEATURES = {"neo4j-backup": "backup", "qdrant-backup": "backup", ISTIOD: "mesh", COLLECTOR: "mesh"}


def needed_connections_are_admitted(manifests: Manifests) -> Iterator[Violation]:
    """Each connection of the list leaves its source and enters its target."""
    network = network_of(manifests)
    yield from dict.fromkeys(_blocked(network, manifests))


def _blocked(network: Network, manifests: Manifests) -> Iterator[Violation]:
    for connection, source, target in needed(manifests):
        attempt = Attempt(source, target, connection.port, connection.protocol)
        for direction in DIRECTIONS:
            if not network.admits(attempt, direction):
                yield _not_admitted(network, connection, attempt, direction)


def _not_admitted(network: Network, connection: Connection, attempt: Attempt, direction: Direction) -> Violation:
    """The policy to which a rule belongs is the one that selects the Pods most narrowly: one that selects all would admit it to all."""
    here, hint = attempt.here(direction), _rule(connection, attempt, direction)
    own = [each for each in network.isolating(here, direction) if mapping(each, "spec", "podSelector")]
    if own:
        policy = max(own, key=lambda each: len(mapping(each, "spec", "podSelector", "matchLabels")))
        return wrong(policy, f"spec.{direction}", f"does not admit {connection}, {connection.why}", hint=hint)
    what = f"no policy that is for these Pods alone admits {connection}, {connection.why}"
    feature = next((FEATURES[each.name] for each in (attempt.source, attempt.target) if each.name in FEATURES), None)
    missing = f"take the feature `{feature}` of foundation, where it is missing, or " if feature else ""
    hint = f"{missing}add a NetworkPolicy whose podSelector selects {here.name}, and {hint.removeprefix('add ')}"
    return Violation("NetworkPolicy", here.name, f"spec.{direction}", what, hint)


def _rule(connection: Connection, attempt: Attempt, direction: Direction) -> str:
    there = attempt.there(direction)
    rule = f"`{PEERS[direction]}` {there.name}, port {connection.port}, protocol {connection.protocol}"
    return f"add a rule under spec.{direction} {rule}{fixed(there)}"


def no_other_connection_is_admitted(manifests: Manifests) -> Iterator[Violation]:
    """Of all workloads, declared ports and peers, nothing connects that the list does not name."""
    network = network_of(manifests)
    found: dict[tuple[int, str], list[str]] = defaultdict(list)
    policies: dict[int, Object] = {}
    for attempt in _attempts(network, manifests):
        if all(network.admits(attempt, direction) for direction in DIRECTIONS) and (rule := _admitting(network, attempt)):
            policy, where = rule
            policies[id(policy)] = policy
            found[id(policy), where].append(f"{_shown(attempt.source)} -> {_shown(attempt.target)} {_port(attempt)}")
    for (key, where), admitted in found.items():
        names = list(dict.fromkeys(admitted))
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        what = f"admits what nothing needs: {', '.join(names[:MOST_NAMED])}{more}; whoever breaks into one end reaches the other"
        yield wrong(policies[key], where, what, hint=f"narrow peers and ports to {LIST}")


def _shown(end: End) -> str:
    is_other = end.name == INTERNET and end not in OUTSIDE
    return f"{end.name} ({end.address})" if is_other else end.name


def _port(attempt: Attempt) -> str:
    return "on every port" if attempt.port == UNDECLARED else f"{attempt.port}/{attempt.protocol}"


def _admitting(network: Network, attempt: Attempt) -> tuple[Object, str] | None:
    """The rule to blame: that of the target, where it is here; without any, the missing default deny is to blame."""
    direction: Direction = "ingress" if attempt.target.pods else "egress"
    return next(network.admitting(attempt, direction), None)


def _attempts(network: Network, manifests: Manifests) -> Iterator[Attempt]:
    """Every connection that the list does not name, between workloads and from and to what lies outside."""
    ends = inside(manifests)
    sources = (*ends, *OUTSIDE, ELSEWHERE, *network_strangers(network.policies, "ingress"))
    targets = (*OUTSIDE, ELSEWHERE, METADATA, *network_strangers(network.policies, "egress"))
    for target in ends:
        ports = (*_ports(manifests, target), *network_ports(network.isolating(target, "ingress"), "ingress"))
        yield from _unlisted(sources, (target,), ports)
    for source in ends:
        named = network_ports(network.isolating(source, "egress"), "egress")
        yield from _unlisted((source,), targets, (*OUTSIDE_PORTS, (UNDECLARED, "TCP"), *named))


def _unlisted(sources: Iterable[End], targets: Iterable[End], ports: Iterable[tuple[int, str]]) -> Iterator[Attempt]:
    tried, sources = dict.fromkeys(ports), tuple(sources)
    for target in targets:
        for source in sources:
            for port, protocol in tried:
                if not is_listed(source, target, port, protocol):
                    yield Attempt(source, target, port, protocol)


def _ports(manifests: Manifests, target: End) -> Iterator[tuple[int, str]]:
    yield from ((number, protocol) for _, number, protocol in target.ports)
    if target.pods and has_sidecar(manifests, target.pods):
        yield SIDECAR_PORT, "TCP"
    yield UNDECLARED, "TCP"


def nothing_is_admitted_by_default(manifests: Manifests) -> Iterator[Violation]:
    """A policy without rules selects every Pod in both directions."""
    denied = {way for policy in network_of(manifests).policies if _denies_all(policy) for way in directions(policy)}
    for direction in DIRECTIONS:
        if direction not in denied:
            what = f"there is no default deny for {direction}: a Pod that no other policy selects may connect without limit"
            hint = "add a NetworkPolicy with podSelector {}, policyTypes Ingress and Egress, and no rules"
            yield Violation("NetworkPolicy", "default-deny", "spec.policyTypes", what, hint)


def _denies_all(policy: Object) -> bool:
    return not mapping(policy, "spec", "podSelector") and not any(sequence(policy, "spec", way) for way in DIRECTIONS)


def _peers(manifests: Manifests) -> Iterator[tuple[Object, str, Object]]:
    """Each peer of each rule, with its policy and path."""
    for policy in network_of(manifests).policies:
        for direction in DIRECTIONS:
            for rule, rules in indexed(policy, "spec", direction):
                for index, peer in indexed(rules, PEERS[direction]):
                    yield policy, f"spec.{direction}[{rule}].{PEERS[direction]}[{index}]", peer


def namespaces_are_selected_by_name(manifests: Manifests) -> Iterator[Violation]:
    """Namespace selectors use the label that every namespace has."""
    for policy, where, peer in _peers(manifests):
        selector = mapping(peer, "namespaceSelector")
        keys = {*mapping(selector, "matchLabels"), *(text(each, "key") for each in sequence(selector, "matchExpressions"))}
        for key in sorted(str(key) for key in keys if key != NAMESPACE_NAME):
            what = f"selects namespaces by the label {key}, which nothing guarantees: without it the rule admits nobody"
            yield wrong(policy, f"{where}.namespaceSelector", what, hint=f"select by {NAMESPACE_NAME}")


def an_empty_namespace_selector_is_not_used(manifests: Manifests) -> Iterator[Violation]:
    """`namespaceSelector: {}` means all Pods of the cluster, and never the internet."""
    for policy, where, peer in _peers(manifests):
        if at(peer, "namespaceSelector") is not None and not mapping(peer, "namespaceSelector"):
            what = "an empty namespaceSelector selects the Pods of every namespace, and never the internet"
            hint = f"select a namespace by {NAMESPACE_NAME}; the internet is an ipBlock 0.0.0.0/0 without the private ranges"
            yield wrong(policy, f"{where}.namespaceSelector", what, hint=hint)


NETWORK_POLICIES = (
    needed_connections_are_admitted,
    no_other_connection_is_admitted,
    nothing_is_admitted_by_default,
    namespaces_are_selected_by_name,
    an_empty_namespace_selector_is_not_used,
)
