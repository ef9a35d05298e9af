"""Whether NetworkPolicies admit a connection, by the semantics of networking.k8s.io/v1."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Literal

from bot.policies.fields import at, indexed, integer, mapping, sequence, text, words
from bot.policies.label_selectors import selects
from bot.policies.sidecars import own_namespace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.connections import End
    from bot.policies.manifests import Manifests, Object

Direction = Literal["egress", "ingress"]
PEERS = {"egress": "to", "ingress": "from"}
NAMESPACE_NAME = "kubernetes.io/metadata.name"  # the one label that every namespace is sure to have


@dataclass(frozen=True)
class Attempt:
    """One end trying to reach a port of another."""

    source: End
    target: End
    port: int
    protocol: str = "TCP"

    def here(self, direction: Direction) -> End:
        """The end whose policies judge this direction."""
        return self.source if direction == "egress" else self.target

    def there(self, direction: Direction) -> End:
        """The other end."""
        return self.target if direction == "egress" else self.source


@dataclass(frozen=True)
class Network:
    """The NetworkPolicies of one namespace, with its labels."""

    namespace: str
    labels: Object
    policies: tuple[Object, ...]
    _known: dict[tuple[End, Direction], tuple[Object, ...]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def isolating(self, end: End, direction: Direction) -> tuple[Object, ...]:
        """The policies that apply to Pods in a direction; where there is one, only what rules admit passes."""
        key = (end, direction)
        if key not in self._known:
            judging = [each for each in self.policies if direction in directions(each)]
            self._known[key] = tuple(each for each in judging if selects(at(each, "spec", "podSelector"), end.labels))
        return self._known[key]

    def admitting(self, attempt: Attempt, direction: Direction) -> Iterator[tuple[Object, str]]:
        """The rules that admit an attempt in a direction: policy and field."""
        for policy in self.isolating(attempt.here(direction), direction):
            for index, rule in indexed(policy, "spec", direction):
                if _port_matches(rule, attempt) and self._peer_matches(rule, attempt.there(direction), direction):
                    yield policy, f"spec.{direction}[{index}]"

    def admits(self, attempt: Attempt, direction: Direction) -> bool:
        """Whether an attempt passes in a direction; what lies outside of the environment is not judged."""
        here = attempt.here(direction)
        if here.pods is None or not self.isolating(here, direction):
            return True
        return any(self.admitting(attempt, direction))

    def _peer_matches(self, rule: Object, end: End, direction: Direction) -> bool:
        peers = sequence(rule, PEERS[direction])
        return not peers or any(self._selects(peer, end) for peer in peers)

    def _selects(self, peer: object, end: End) -> bool:
        if block := mapping(peer, "ipBlock"):
            return _holds(block, end.address)
        pods, namespaces = at(peer, "podSelector"), at(peer, "namespaceSelector")
        if end.namespace is None or (pods is None and namespaces is None):
            return False  # selectors select Pods, never addresses outside
        if namespaces is None and end.namespace != self.namespace:
            return False
        return selects(namespaces, self._namespace_labels(end.namespace)) and selects(pods, end.labels)

    def _namespace_labels(self, namespace: str) -> Object:
        own = self.labels if namespace == self.namespace else {}
        return {**own, NAMESPACE_NAME: namespace}


def network_of(manifests: Manifests) -> Network:
    """The NetworkPolicies of the environment's namespace."""
    here = (None, manifests.namespace)
    policies = tuple(each for each in manifests.of("NetworkPolicy") if at(each, "metadata", "namespace") in here)
    return Network(manifests.namespace, mapping(own_namespace(manifests), "metadata", "labels"), policies)


def directions(policy: Object) -> frozenset[str]:
    """What a policy judges: as it says, else ingress always, and egress where it has such rules."""
    said = words(policy, "spec", "policyTypes")
    if said:
        return frozenset(word.lower() for word in said)
    return frozenset({"ingress", "egress"} if sequence(policy, "spec", "egress") else {"ingress"})


def _port_matches(rule: Object, attempt: Attempt) -> bool:
    ports = sequence(rule, "ports")
    return not ports or any(_is_port(port, attempt) for port in ports)


def _is_port(port: object, attempt: Attempt) -> bool:
    if not isinstance(port, dict) or (text(port, "protocol") or "TCP") != attempt.protocol:
        return False
    if port.get("port") is None:
        return True  # all of the protocol
    if name := text(port, "port"):
        return (name, attempt.port, attempt.protocol) in attempt.target.ports
    first = integer(port, "port")
    last = integer(port, "endPort")
    return first is not None and first <= attempt.port <= (first if last is None else last)


def _holds(block: Object, address: str) -> bool:
    return _is_in(text(block, "cidr"), address) and not any(_is_in(each, address) for each in words(block, "except"))


def _is_in(cidr: str, address: str) -> bool:
    try:
        return ip_address(address) in ip_network(cidr, strict=False)
    except ValueError:
        return False
