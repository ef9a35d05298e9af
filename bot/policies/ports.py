"""What Services say of ports: which Pods and container ports they reach, and which protocol a sidecar takes them for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.policies.connections import declared_ports
from bot.policies.fields import at, indexed, integer, mapping, text
from bot.policies.label_selectors import selects

if TYPE_CHECKING:
    from bot.policies.manifests import Manifests, Object, Pods

# By https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/
HTTP = frozenset({"http", "http2", "grpc", "grpc-web", "h2c", "kubernetes.io/h2c", "kubernetes.io/ws"})
OPAQUE = frozenset({"https", "mongo", "mysql", "redis", "tcp", "tls", "udp", "kubernetes.io/wss"})


def protocol_of(port: Object) -> str:
    """What a sidecar takes a Service's port for: by appProtocol, else by the name's first word; empty when neither tells."""
    said = text(port, "appProtocol")
    if said:
        return said if said in HTTP | OPAQUE else ""
    name = text(port, "name")
    return next((word for word in sorted(HTTP | OPAQUE, key=len, reverse=True) if name == word or name.startswith(f"{word}-")), "")


def selected_pods(manifests: Manifests, service: Object) -> tuple[Pods, ...]:
    """The workloads whose Pods a Service reaches."""
    selector = mapping(service, "spec", "selector")
    return tuple(pods for pods in manifests.pods if selector and selects({"matchLabels": selector}, pods.labels))


def container_port(port: Object, pods: Pods) -> int | None:
    """The declared container port of these Pods that a Service's port reaches, if there is one."""
    target = at(port, "targetPort")
    wanted = at(port, "port") if target is None else target
    protocol = text(port, "protocol") or "TCP"
    for name, number, spoken in declared_ports(pods):
        if wanted in (name, number) and spoken == protocol:
            return number
    return None


def protocols(manifests: Manifests, pods: Pods) -> dict[int, set[str]]:
    """Container ports of these Pods that Services reach, with what the Services say they speak."""
    found: dict[int, set[str]] = {}
    for service in manifests.of("Service"):
        if any(each.owner is pods.owner for each in selected_pods(manifests, service)):
            for _, port in indexed(service, "spec", "ports"):
                number = container_port(port, pods)
                if number is not None:
                    found.setdefault(number, set()).add(protocol_of(port))
    return found


def http_ports(manifests: Manifests, pods: Pods) -> frozenset[int]:
    """The container ports of these Pods that their sidecar reads as HTTP."""
    return frozenset(number for number, spoken in protocols(manifests, pods).items() if spoken <= HTTP)


def service_ports(service: Object) -> dict[str, int]:
    """Numbers of a Service's ports by their names."""
    return {text(port, "name"): number for _, port in indexed(service, "spec", "ports") if (number := integer(port, "port")) is not None}
