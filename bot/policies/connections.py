"""Who must connect to whom: the one truth that network policies, authorization policies and Services are held to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.policies.fields import integer, mapping, mappings, sequence, text
from bot.policies.label_selectors import NAME
from bot.policies.sidecars import has_sidecar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.policies.manifests import Manifests, Pods

EVERY_POD = "every Pod"
GATEWAY, PROMETHEUS, ISTIOD, COLLECTOR = "the gateway", "Prometheus", "istiod", "the trace collector"
DNS, INTERNET = "DNS", "the internet"
SIDECAR_PORT = 15020  # of each sidecar: merged metrics, and probes
LIST = "the list in bot/policies/connections.py, or add it there: a new app or Job, and an add-on that moves, need an entry"
RAFT_PORTS = frozenset({6335, 6000, 7000})


@dataclass(frozen=True)
class Connection:
    """One that is needed; its ends are the `app.kubernetes.io/name` of Pods, or names of what lies outside."""

    source: str
    target: str
    port: int
    why: str = field(default="", compare=False)
    protocol: str = "TCP"
    path: str = field(default="/", compare=False)  # one that is asked for, where it is HTTP

    def __str__(self) -> str:
        return f"{self.source} -> {self.target} {self.port}/{self.protocol}"


CONNECTIONS = (
    Connection(GATEWAY, "context-api", 8000, "else no request from outside arrives", path="/api/v1/search"),
    Connection(PROMETHEUS, "context-api", 8000, "else the API is not watched", path="/metrics"),
    Connection(PROMETHEUS, "qdrant", 6333, "else Qdrant is not watched", path="/metrics"),
    Connection(PROMETHEUS, "neo4j", 2004, "else Neo4j is not watched", path="/metrics"),
    Connection(PROMETHEUS, EVERY_POD, SIDECAR_PORT, "else the sidecars are not watched"),
    *(
        Connection("context-api-smoke", "context-api", 8000, "else every sync fails: its last step asks the API", path=path)
        for path in ("/health/live", "/health/ready", "/metrics")
    ),
    Connection("context-api", "qdrant", 6333, "else the API finds no vectors", path="/collections/context/points/query"),
    Connection("context-api", "qdrant", 6334, "else the API finds no vectors", path="/qdrant.Points/Query"),
    Connection("context-api", "neo4j", 7687, "else the API finds no graph"),
    Connection("context-api", "neo4j", 7688, "else writes that reach a follower are not routed to the leader"),
    Connection("context-api", INTERNET, 443, "else the API reaches neither model hub nor identity provider"),
    Connection("qdrant", "qdrant", 6335, "else the members form no cluster"),
    Connection("neo4j", "neo4j", 6000, "else the members form no cluster"),
    Connection("neo4j", "neo4j", 7000, "else the members elect no leader"),
    Connection("neo4j", "neo4j", 7687, "else a member does not route for another"),
    Connection("neo4j", "neo4j", 7688, "else a member does not route for another"),
    Connection("qdrant-backup", "qdrant", 6333, "else there are no backups of Qdrant", path="/collections/context/snapshots"),
    Connection("neo4j-backup", "neo4j", 6362, "else there are no backups of Neo4j"),
    Connection("neo4j-backup", "neo4j", 7687, "else no backup of Neo4j can be restored"),
    Connection("neo4j", "neo4j-backup", 8080, "else no backup of Neo4j can be restored: each member fetches its store from the Job"),
    Connection("qdrant-backup", INTERNET, 443, "else backups do not leave the cluster"),
    Connection("neo4j-backup", INTERNET, 443, "else backups do not leave the cluster"),
    Connection(EVERY_POD, ISTIOD, 15012, "else its sidecar never gets a certificate"),
    Connection(EVERY_POD, COLLECTOR, 4317, "else its sidecar's traces are lost"),
    Connection(EVERY_POD, DNS, 53, "else it finds nobody", "UDP"),
    Connection(EVERY_POD, DNS, 53, "else answers that do not fit UDP are lost"),
)
LISTED = frozenset((each.source, each.target, each.port, each.protocol) for each in CONNECTIONS)


@dataclass(frozen=True, eq=False)
class End:
    """One end of a connection: the Pods of a workload, or what lies outside of the environment."""

    name: str
    namespace: str | None = None  # None: not in the cluster
    labels: Mapping[str, str] = field(default_factory=dict)
    address: str = "10.0.0.10"  # of a Pod: in a range for private use
    account: str = "default"
    ports: tuple[tuple[str, int, str], ...] = ()  # name, number, protocol of each that is declared
    pods: Pods | None = None

    def declares(self, port: int, protocol: str = "TCP") -> bool:
        """Whether a container of these Pods declares the port."""
        return any((number, spoken) == (port, protocol) for _, number, spoken in self.ports)


# Labels: what the charts of Istio and CoreDNS, and the Prometheus operator, give their Pods. Namespaces and accounts are written out, as
# one set of policies of `apps/` is for all clusters, whose add-ons `cluster_fit` holds to what these policies name.
OUTSIDE = (
    End(GATEWAY, "istio-ingress", {"istio": "ingressgateway"}, account="istio-ingressgateway"),
    End(PROMETHEUS, "monitoring", {NAME: "prometheus"}, account="prometheus-prometheus"),
    End(ISTIOD, "istio-system", {"app": "istiod", "istio": "pilot"}, account="istiod"),
    End(COLLECTOR, "observability", {NAME: "opentelemetry-collector"}, account="opentelemetry-collector"),
    End(DNS, "kube-system", {"k8s-app": "kube-dns"}, account="coredns"),
    End(INTERNET, None, address="203.0.113.10"),
)
METADATA = End("the node's metadata service", None, address="169.254.169.254")
ELSEWHERE = End("a Pod of another namespace", "another-namespace")


def fixed(end: End) -> str:
    """What a hint adds of an end outside of the environment: where its name is from, should the add-on live elsewhere."""
    if end.pods or end.namespace is None:
        return ""
    who = f"namespace {end.namespace} and account {end.account}"
    return f"; {who} are fixed in bot/policies/connections.py, for all clusters alike: if the add-on has moved, write them there first"


def inside(manifests: Manifests) -> tuple[End, ...]:
    """The ends that are Pods of the environment, one for each workload."""
    return tuple(_end(manifests, pods) for pods in manifests.pods)


def _end(manifests: Manifests, pods: Pods) -> End:
    labels = mapping({"labels": pods.labels}, "labels")
    name = text(labels, NAME) or pods.name
    account = text(pods.spec, "serviceAccountName") or "default"
    return End(name, manifests.namespace, labels, account=account, ports=tuple(declared_ports(pods)), pods=pods)


def declared_ports(pods: Pods) -> Iterator[tuple[str, int, str]]:
    """Name, number and protocol of each port that the containers declare."""
    for _, container in pods.containers():
        for port in mappings(container, "ports"):
            declared = integer(port, "containerPort")
            if declared is not None:
                yield text(port, "name"), declared, text(port, "protocol") or "TCP"


def is_listed(source: End, target: End, port: int, protocol: str) -> bool:
    """Whether a connection is one of the list."""
    sources = {source.name, EVERY_POD} if source.pods else {source.name}
    targets = {target.name, EVERY_POD} if target.pods else {target.name}
    return any((one, other, port, protocol) in LISTED for one in sources for other in targets)


def needed(manifests: Manifests) -> Iterator[tuple[Connection, End, End]]:
    """The connections of the list whose both ends are in this environment: Pods that connect, Pods that declare the port."""
    ends = inside(manifests)
    for connection in CONNECTIONS:
        for source in _ends(ends, connection.source):
            for target in _ends(ends, connection.target):
                if _exists(manifests, connection, source, target):
                    named = Connection(source.name, target.name, connection.port, connection.why, connection.protocol, connection.path)
                    yield named, source, target


def _ends(ends: tuple[End, ...], name: str) -> Iterator[End]:
    yield from (end for end in (*ends, *OUTSIDE) if end.name == name or (name == EVERY_POD and end.pods))


def _exists(manifests: Manifests, connection: Connection, source: End, target: End) -> bool:
    if connection.port == SIDECAR_PORT:
        return target.pods is not None and has_sidecar(manifests, target.pods)
    if target.name in {ISTIOD, COLLECTOR}:
        asked = target.name == ISTIOD or any(sequence(each, "spec", "tracing") for each in manifests.of("Telemetry"))
        return asked and source.pods is not None and has_sidecar(manifests, source.pods)
    return target.pods is None or target.declares(connection.port, connection.protocol)
