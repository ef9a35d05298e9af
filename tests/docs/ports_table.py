"""The table of ports: who serves them, by Services; who may connect, by NetworkPolicies."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.docs.markdown import code, table
from tests.docs.stack import at, containers_of, order_of, template_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.docs.stack import Item, Stack

NAME = "app.kubernetes.io/name"
EVERY_POD = "every Pod"


class Port(NamedTuple):
    """A port of the Pods of a name, or of what lies outside."""

    of: str
    number: int
    protocol: str


def served_ports(stack: Stack) -> str:
    """Ports of the stack's own Pods."""
    rows: dict[Port, dict[str, set[str]]] = {}
    for place, render in stack.environments.items():
        for port, name in _declared(render.objects):
            _note(rows, port, name=name, places=place)
        for port, service in _services(render.objects):
            _note(rows, port, services=service, places=place)
        for port, peer in _admitted(render.objects):
            _note(rows, port, peers=peer, admitted=place)
    header = ("of", "port", "name", "protocol", "Services", "who may connect", "where")
    return table(header, (_row(port, rows[port]) for port in sorted(rows)))


def left_ports(stack: Stack) -> str:
    """Ports outside of the stack that its Pods may connect to."""
    rows: dict[Port, dict[str, set[str]]] = {}
    for place, render in stack.environments.items():
        for port, source in _outgoing(render.objects):
            _note(rows, port, peers=source, places=place)
    cells = ((port.of, str(port.number), port.protocol, _words(rows[port]["peers"]), _places(rows[port])) for port in sorted(rows))
    return table(("to", "port", "protocol", "who may connect", "where"), cells)


def _row(port: Port, found: dict[str, set[str]]) -> tuple[str, ...]:
    services = ", ".join(code(each) for each in sorted(found.get("services", ())))
    names = ", ".join(code(each) for each in sorted(found.get("name", ())))
    peers = _words(found.get("peers", set())) or "nobody"
    return port.of, str(port.number), names, port.protocol, services, peers, _places(found)


def _places(found: dict[str, set[str]]) -> str:
    """Where a port is served; of one that no manifest declares, such as a sidecar's, where it is let through."""
    return ", ".join(order_of(found.get("places") or found["admitted"]))


def _words(found: set[str]) -> str:
    return ", ".join(sorted(found))


def _note(rows: dict[Port, dict[str, set[str]]], port: Port, **facts: str) -> None:
    for key, value in facts.items():
        rows.setdefault(port, {}).setdefault(key, set()).add(value)


def _declared(items: Iterable[Item]) -> Iterator[tuple[Port, str]]:
    for item in items:
        for box in containers_of(item):
            for each in box.get("ports", []):
                yield Port(_name_of_pods(item), each["containerPort"], each.get("protocol", "TCP")), each["name"]


def _name_of_pods(item: Item) -> str:
    return str(at(template_of(item), "metadata.labels")[NAME])


def _services(items: Iterable[Item]) -> Iterator[tuple[Port, str]]:
    """Ports of Services by the number of the container's port behind them."""
    known = list(items)
    numbers = {(port.of, name): port for port, name in _declared(known)}
    for item in known:
        if item["kind"] == "Service":
            for each in item["spec"]["ports"]:
                of = item["spec"]["selector"][NAME]
                target = each.get("targetPort", each["port"])
                yield numbers.get((of, target), Port(of, each["port"], each.get("protocol", "TCP"))), item["metadata"]["name"]


def _admitted(items: Iterable[Item]) -> Iterator[tuple[Port, str]]:
    for item in items:
        if item["kind"] == "NetworkPolicy":
            for rule in item["spec"].get("ingress", []):
                for port in rule["ports"]:
                    for peer in rule["from"]:
                        yield Port(_selected(at(item, "spec.podSelector")), port["port"], port["protocol"]), _peer(peer)


def _outgoing(items: Iterable[Item]) -> Iterator[tuple[Port, str]]:
    for item in items:
        if item["kind"] == "NetworkPolicy":
            for rule in item["spec"].get("egress", []):
                for port in rule["ports"]:
                    for peer in rule["to"]:
                        if peer.keys() != {"podSelector"}:
                            yield Port(_peer(peer), port["port"], port["protocol"]), _selected(at(item, "spec.podSelector"))


def _selected(selector: Item) -> str:
    labels = selector.get("matchLabels", {})
    return str(labels.get(NAME) or ", ".join(f"{key}={value}" for key, value in sorted(labels.items())) or EVERY_POD)


def _peer(peer: Item) -> str:
    """Who a peer of a NetworkPolicy is, in words."""
    if "ipBlock" in peer:
        return "addresses outside of private ranges" if at(peer, "ipBlock.except") else str(at(peer, "ipBlock.cidr"))
    namespace = (at(peer, "namespaceSelector.matchLabels") or {}).get("kubernetes.io/metadata.name")
    pods = _selected(peer.get("podSelector", {}))
    return f"{pods} in {namespace}" if namespace else pods
