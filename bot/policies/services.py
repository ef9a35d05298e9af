"""Policies of Services: each port reaches a container, tells its protocol, and what the mesh must know of is declared."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.policies.connections import SIDECAR_PORT, needed
from bot.policies.fields import indexed, mapping, text
from bot.policies.manifests import wrong
from bot.policies.ports import protocol_of, protocols
from bot.policies.sidecars import has_sidecar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Violation

LOAD_BALANCER = re.compile(r"load-?balancer", re.IGNORECASE)


def every_port_tells_its_protocol(manifests: Manifests) -> Iterator[Violation]:
    """By appProtocol or by the first word of its name, so that a sidecar need not guess from the first bytes."""
    for service in manifests.of("Service"):
        for index, port in indexed(service, "spec", "ports"):
            if not protocol_of(port):
                what = "does not tell its protocol: a sidecar waits for the first bytes, and guesses"
                where = f"spec.ports[{text(port, 'name') or index}].appProtocol"
                yield wrong(service, where, what, hint="set appProtocol (http, grpc, tcp), or begin the name with it, as in tcp-bolt")


def a_container_port_has_one_protocol(manifests: Manifests) -> Iterator[Violation]:
    """Services do not give one container port different protocols."""
    for pods in manifests.pods:
        for number, spoken in protocols(manifests, pods).items():
            if len(spoken - {""}) > 1:
                names = " and ".join(sorted(spoken - {""}))
                what = f"Services give port {number} the protocols {names}: the sidecar takes one of them for both"
                where = f"{pods.path}.containers.ports[{number}]"
                yield pods.wrong(where, what, hint="give the port the same appProtocol on each Service")


def every_needed_port_is_on_a_service(manifests: Manifests) -> Iterator[Violation]:
    """In a mesh, a port that no Service declares is reached in plain text, and refused."""
    for connection, _, target in needed(manifests):
        pods = target.pods
        if pods is None or connection.port == SIDECAR_PORT or not has_sidecar(manifests, pods):
            continue
        if connection.port not in protocols(manifests, pods):
            what = f"no Service declares port {connection.port}: its callers send plain text, which STRICT refuses ({connection})"
            yield pods.wrong(f"{pods.path}.containers.ports[{connection.port}]", what, hint="add the port to a Service of these Pods")


def no_load_balancer_annotations(manifests: Manifests) -> Iterator[Violation]:
    """A Service of type ClusterIP has no load balancer to configure."""
    for service in manifests.of("Service"):
        if text(service, "spec", "type") == "LoadBalancer":
            continue
        for key in mapping(service, "metadata", "annotations"):
            if LOAD_BALANCER.search(str(key)):
                what = "configures a load balancer that a ClusterIP Service never gets: readers take it for exposed"
                yield wrong(service, f"metadata.annotations[{key}]", what, hint="remove the annotation; the gateway lets requests in")


SERVICE_POLICIES = (
    every_port_tells_its_protocol,
    a_container_port_has_one_protocol,
    every_needed_port_is_on_a_service,
    no_load_balancer_annotations,
)
