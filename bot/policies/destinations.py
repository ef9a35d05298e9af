"""Policies of DestinationRules: circuit breakers that break, balancing that is not undone, and Raft left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.policies.connections import RAFT_PORTS
from bot.policies.fields import at, indexed, integer, mapping, text
from bot.policies.manifests import wrong
from bot.policies.ports import selected_pods, service_ports
from bot.policies.replicas import least_replicas

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Object, Violation

DEFAULT_EJECTION = 10  # percent
FEWEST_REQUESTS = 100  # for which a connection is worth its handshake
POOL_LIMITS = (
    ("tcp", "maxConnections"),
    ("http", "http1MaxPendingRequests"),
    ("http", "http2MaxRequests"),
    ("http", "maxRequestsPerConnection"),
)


def subsets_of(manifests: Manifests, host: str) -> dict[str, Object]:
    """The subsets of a host by their names."""
    rules = [each for each in manifests.of("DestinationRule") if text(each, "spec", "host") == host]
    return {text(subset, "name"): subset for rule in rules for _, subset in indexed(rule, "spec", "subsets")}


def traffic_policies(rule: Object) -> Iterator[tuple[str, Object]]:
    """Each traffic policy of a DestinationRule, of subsets and ports too, with its path."""
    parts = [
        ("spec", mapping(rule, "spec")),
        *((f"spec.subsets[{text(each, 'name')}]", each) for _, each in indexed(rule, "spec", "subsets")),
    ]
    for where, part in parts:
        policy = mapping(part, "trafficPolicy")
        if policy:
            yield f"{where}.trafficPolicy", policy
        for index, each in indexed(policy, "portLevelSettings"):
            yield f"{where}.trafficPolicy.portLevelSettings[{index}]", each


def _policies(manifests: Manifests) -> Iterator[tuple[Object, str, Object]]:
    for rule in manifests.of("DestinationRule"):
        for where, policy in traffic_policies(rule):
            yield rule, where, policy


def hosts_of_rules_exist(manifests: Manifests) -> Iterator[Violation]:
    """Each rule is for a Service of the environment by its short name."""
    for rule in manifests.of("DestinationRule"):
        host = text(rule, "spec", "host")
        if "." in host:
            what = f"names {host} in full: copied to another environment, it is a rule for this one, or for nothing"
            yield wrong(rule, "spec.host", what, hint=f"write the short name, {host.split('.')[0]}")
        elif manifests.named("Service", host) is None:
            what = f"there is no Service {host or '(none is named)'} here: the rule does nothing"
            yield wrong(rule, "spec.host", what, hint="name a Service of this environment")


def circuit_breakers_use_known_fields(manifests: Manifests) -> Iterator[Violation]:
    """`consecutiveErrors` passes the schema and is read by nobody."""
    for rule, where, policy in _policies(manifests):
        if "consecutiveErrors" in mapping(policy, "outlierDetection"):
            what = "is read by no version in use: nothing is ever ejected"
            yield wrong(rule, f"{where}.outlierDetection.consecutiveErrors", what, hint="write consecutive5xxErrors")


def balancing_is_not_deprecated(manifests: Manifests) -> Iterator[Violation]:
    """LEAST_CONN is the old name of LEAST_REQUEST."""
    for rule, where, policy in _policies(manifests):
        if text(policy, "loadBalancer", "simple") == "LEAST_CONN":
            yield wrong(rule, f"{where}.loadBalancer.simple", "LEAST_CONN is deprecated and will be refused", hint="write LEAST_REQUEST")


def connections_are_kept(manifests: Manifests) -> Iterator[Violation]:
    """A connection serves many requests."""
    for rule, where, policy in _policies(manifests):
        most = integer(policy, "connectionPool", "http", "maxRequestsPerConnection")
        if most is not None and 0 < most < FEWEST_REQUESTS:
            what = f"closes each connection after {most} requests: every few requests pay for a new TLS handshake"
            hint = f"leave it out, or set {FEWEST_REQUESTS} and more"
            yield wrong(rule, f"{where}.connectionPool.http.maxRequestsPerConnection", what, hint=hint)


def stickiness_is_not_mixed(manifests: Manifests) -> Iterator[Violation]:
    """A consistent hash does not go with a Service that sticks to the client's address."""
    for rule, where, policy in _policies(manifests):
        service = manifests.named("Service", text(rule, "spec", "host"))
        if mapping(policy, "loadBalancer", "consistentHash") and text(service, "spec", "sessionAffinity") == "ClientIP":
            what = "hashes requests while the Service has sessionAffinity ClientIP, which the mesh does not read: the load is uneven"
            yield wrong(rule, f"{where}.loadBalancer.consistentHash", what, hint="remove sessionAffinity from the Service")


def mutual_tls_is_not_turned_off(manifests: Manifests) -> Iterator[Violation]:
    """Clients use the mesh's TLS for Services of the environment."""
    for rule, where, policy in _policies(manifests):
        mode = text(policy, "tls", "mode")
        if mode and mode != "ISTIO_MUTUAL" and manifests.named("Service", text(rule, "spec", "host")):
            what = f"mode {mode} is not what STRICT asks for: every request is refused"
            yield wrong(rule, f"{where}.tls.mode", what, hint="remove tls: mutual TLS is automatic")


def ejection_is_possible(manifests: Manifests) -> Iterator[Violation]:
    """With the replicas that there are at least, maxEjectionPercent makes one whole Pod."""
    for rule, where, policy in _policies(manifests):
        service = manifests.named("Service", text(rule, "spec", "host"))
        if not mapping(policy, "outlierDetection") or service is None:
            continue
        percent = integer(policy, "outlierDetection", "maxEjectionPercent")
        percent = DEFAULT_EJECTION if percent is None else percent
        replicas = sum(least_replicas(manifests, pods) for pods in selected_pods(manifests, service))
        if replicas > 1 and replicas * percent < 100:  # noqa: PLR2004 - percent
            what = f"{percent} % of {replicas} Pods is less than one: a Pod that fails is never taken out"
            hint = f"set at least {-(-100 // replicas)}"
            yield wrong(rule, f"{where}.outlierDetection.maxEjectionPercent", what, hint=hint)


def raft_is_left_alone(manifests: Manifests) -> Iterator[Violation]:
    """Members of a Raft group judge each other themselves; a sidecar that ejects one or limits it breaks the quorum."""
    for rule, where, policy in _policies(manifests):
        service = manifests.named("Service", text(rule, "spec", "host"))
        if service is None or not RAFT_PORTS & set(service_ports(service).values()):
            continue
        if mapping(policy, "outlierDetection"):
            what = "ejects members of a Raft group from each other's view: the quorum is lost while all of them run"
            yield wrong(rule, f"{where}.outlierDetection", what, hint="remove it; put it on the Service that clients use")
        for part, key in POOL_LIMITS:
            if at(policy, "connectionPool", part, key):
                what = "limits what members of a Raft group send each other: under load the quorum is lost"
                yield wrong(rule, f"{where}.connectionPool.{part}.{key}", what, hint="remove it; put it on the Service that clients use")


DESTINATION_POLICIES = (
    hosts_of_rules_exist,
    circuit_breakers_use_known_fields,
    balancing_is_not_deprecated,
    connections_are_kept,
    stickiness_is_not_mixed,
    mutual_tls_is_not_turned_off,
    ejection_is_possible,
    raft_is_left_alone,
)
