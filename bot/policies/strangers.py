"""Who else a policy lets in or out: an example of each namespace, range of addresses and account that policies name themselves.

Fixed examples alone would only find a rule that is so wide that one of them falls into it.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from bot.policies.connections import ELSEWHERE, INTERNET, OUTSIDE, End
from bot.policies.fields import at, indexed, integer, mapping, sequence, text, words
from bot.policies.label_selectors import selects
from bot.policies.network_rules import NAMESPACE_NAME, PEERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

    from bot.policies.manifests import Object
    from bot.policies.network_rules import Direction

    Address = IPv4Address | IPv6Address
    Block = IPv4Network | IPv6Network

UNDECLARED = 65000  # stands for every port that nobody declares
PRIVATE = tuple(
    map(ip_network, ("10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10"))
)
TRIED = tuple(ip_address(end.address) for end in (*OUTSIDE, ELSEWHERE))
NAMESPACE_FIELDS, PRINCIPAL_FIELDS = ("namespaces", "source.namespace"), ("principals", "source.principal")


def network_strangers(policies: Iterable[Object], direction: Direction) -> tuple[End, ...]:
    """One end for each peer outside of the environment that rules of a direction name, and that is none of the list's."""
    found: dict[tuple[str, str | None, str], End] = {}
    for policy in policies:
        for _, rule in indexed(policy, "spec", direction):
            for peer in sequence(rule, PEERS[direction]):
                for end in (*_of_namespaces(peer), *_of_block(mapping(peer, "ipBlock"))):
                    found[end.name, end.namespace, end.address] = end
    return tuple(found.values())


def _of_namespaces(peer: object) -> Iterator[End]:
    selector = at(peer, "namespaceSelector")
    labels = _fitting(at(peer, "podSelector"))
    named = [text(selector, "matchLabels", NAMESPACE_NAME)]
    for each in sequence(selector, "matchExpressions"):
        if text(each, "key") == NAMESPACE_NAME and text(each, "operator") == "In":
            named += words(each, "values")
    for name in filter(None, named):
        listed = labels and any(end.namespace == name and labels.items() <= end.labels.items() for end in OUTSIDE)
        if not listed:
            yield End(f"a Pod of the namespace {name}", name, labels)


def _fitting(selector: object) -> dict[str, str]:
    """Labels that a selector selects, and no more than it asks for."""
    labels = {str(key): str(value) for key, value in mapping(selector, "matchLabels").items()}
    for each in sequence(selector, "matchExpressions"):
        if text(each, "operator") in {"In", "Exists"}:
            labels.setdefault(text(each, "key"), next(iter(words(each, "values")), "any"))
    return labels if selects(selector, labels) else {}


def _of_block(block: Object) -> Iterator[End]:
    """Of a block, an address of the internet and one of each private range, where it holds none that is tried anyway."""
    try:
        whole, excepts = _block(text(block, "cidr")), [*map(_block, words(block, "except"))]
    except ValueError:
        return  # an address that is none is the schema's matter, and admits nobody
    parts: dict[Block | None, Address] = {}
    starts = [whole[0], *(each[0] for each in PRIVATE), *(each[-1] + 1 for each in excepts if int(each[-1]) + 1 < 2**each.max_prefixlen)]
    starts += [each[-1] + 1 for each in PRIVATE]
    for address in (*TRIED, *starts):  # of what is left of a block, each part begins at one of these
        if address in whole and not any(address in each for each in excepts):
            parts.setdefault(next((each for each in PRIVATE if address in each), None), address)
    for private, address in parts.items():
        if address not in TRIED:
            yield End(f"the address {address}" if private else INTERNET, None, address=str(address))


def _block(cidr: str) -> Block:
    return ip_network(cidr, strict=False)


def network_ports(policies: Iterable[Object], direction: Direction) -> tuple[tuple[int, str], ...]:
    """Each port that rules of a direction name by number; where they name none of a protocol, one that nobody declares."""
    found = []
    for policy in policies:
        for _, rule in indexed(policy, "spec", direction):
            for port in sequence(rule, "ports"):
                number = UNDECLARED if at(port, "port") is None else integer(port, "port")
                if number is not None:
                    found.append((number, text(port, "protocol") or "TCP"))
    return tuple(dict.fromkeys(found))


def identity_strangers(policies: Iterable[Object], here: str, ends: Iterable[End]) -> tuple[End, ...]:
    """One end for each identity, or namespace of identities, that AuthorizationPolicies name, and that is tried by no other name."""
    listed = {(end.namespace, end.account) for end in (*ends, *OUTSIDE)} | {(here, "default")}
    found = {}
    for policy in policies:
        for _, rule in indexed(policy, "spec", "rules"):
            for namespace, account in _identities(rule, here):
                if (namespace, account) not in listed:
                    name = account if namespace == here else f"another Pod of {namespace}"
                    found[namespace, account] = End(name, namespace, account=account)
    return tuple(found.values())


def _identities(rule: Object, here: str) -> Iterator[tuple[str, str]]:
    sources = [mapping(each, "source") for each in sequence(rule, "from")]
    sources += [{text(each, "key"): sequence(each, "values")} for each in sequence(rule, "when")]
    for source in sources:
        for name in words(source, "serviceAccounts"):
            namespace, _, account = name.rpartition("/")
            yield namespace or here, account
        for key in NAMESPACE_FIELDS:
            for pattern in words(source, key):
                yield _example(pattern), "default"
        for key in PRINCIPAL_FIELDS:
            for pattern in words(source, key):
                namespace, _, account = pattern.rpartition("/ns/")[2].partition("/sa/")
                yield _example(namespace), account.strip("*") or "default"


def _example(pattern: str) -> str:
    """A namespace that a pattern fits."""
    return pattern.strip("/*") or str(ELSEWHERE.namespace)
