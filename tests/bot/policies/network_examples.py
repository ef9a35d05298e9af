"""A small stack that keeps every rule, and ways to change one thing in it."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from bot.policies.manifests import Manifests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bot.policies.manifests import Violation

    Object = dict[str, Any]
    Objects = list[Object]
    Change = Callable[[Objects], None]
    Policy = Callable[[Manifests], Iterator[Violation]]

NAME = "app.kubernetes.io/name"
METADATA_NAME = "kubernetes.io/metadata.name"
HERE = "context-prod"
CLASSES = frozenset({"ctx-archive", "ctx-fast-ssd", "ctx-standard"})


def thing(kind: str, name: str, spec: Any = None, *, labels: Any = None, **fields: Any) -> Object:
    metadata = {"name": name, "namespace": HERE} | ({"labels": labels} if labels else {})
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata} | ({} if spec is None else {"spec": spec}) | fields


def pod(name: str, ports: dict[str, int], **more: Any) -> Object:
    container = {
        "name": name,
        "ports": [{"name": key, "containerPort": port} for key, port in ports.items()],
        "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}},
    }
    spread = {"topologyKey": "kubernetes.io/hostname", "nodeTaintsPolicy": "Honor", "labelSelector": {"matchLabels": {NAME: name}}}
    spec = {"serviceAccountName": name, "containers": [container], "topologySpreadConstraints": [spread], **more}
    annotations = {f"sidecar.istio.io/{key}": value for key, value in SIDECAR.items()}
    return {"metadata": {"labels": {NAME: name}, "annotations": annotations}, "spec": spec}


SIDECAR = {"proxyCPU": "50m", "proxyMemory": "128Mi", "proxyCPULimit": "1", "proxyMemoryLimit": "256Mi"}
API = {"http-api": 8000}
QDRANT = {"http-rest": 6333, "grpc-api": 6334, "tcp-p2p": 6335}
NEO4J = {"tcp-bolt": 7687, "tcp-cluster": 6000, "tcp-raft": 7000, "tcp-routing": 7688, "tcp-backup": 6362, "http-metrics": 2004}


def workloads() -> Objects:
    disk = {"accessModes": ["ReadWriteOnce"], "storageClassName": "ctx-fast-ssd", "resources": {"requests": {"storage": "100Gi"}}}
    items = [
        thing("Namespace", HERE, labels={"istio-injection": "enabled"}),
        thing("Deployment", "context-api", {"selector": {"matchLabels": {NAME: "context-api"}}, "template": pod("context-api", API)}),
    ]
    for name, ports in (("qdrant", QDRANT), ("neo4j", NEO4J)):
        spec = {
            "replicas": 3,
            "serviceName": f"{name}-headless",
            "selector": {"matchLabels": {NAME: name}},
            "template": pod(name, ports),
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": deepcopy(disk)}],
        }
        items.append(thing("StatefulSet", name, spec))
    backups = ("qdrant-backup", "neo4j-backup")
    return [*items, *(thing("CronJob", name, {"jobTemplate": {"spec": {"template": pod(name, {})}}}) for name in backups)]


def service(name: str, app: str, ports: dict[str, int], *, scraped: bool = False, **spec: Any) -> Object:
    listed = [{"name": key, "port": port, "targetPort": key} for key, port in ports.items()]
    return thing(
        "Service", name, {"selector": {NAME: app}, "ports": listed, **spec}, labels={NAME: app} | ({"scraped": "true"} if scraped else {})
    )


def monitor(app: str, port: str) -> Object:
    tls = {f"{part}File": f"/etc/prom-certs/{part}" for part in ("ca", "cert", "key")} | {"insecureSkipVerify": True}
    endpoint = {"port": port, "path": "/metrics", "scheme": "https", "tlsConfig": tls}
    return thing(
        "ServiceMonitor", app, {"jobLabel": NAME, "selector": {"matchLabels": {NAME: app, "scraped": "true"}}, "endpoints": [endpoint]}
    )


def services() -> Objects:
    return [
        service("context-api", "context-api", API, scraped=True),
        service("qdrant", "qdrant", {"http-rest": 6333, "grpc-api": 6334}, scraped=True),
        service("qdrant-headless", "qdrant", QDRANT, clusterIP="None", publishNotReadyAddresses=True),
        service("neo4j", "neo4j", {"tcp-bolt": 7687, "http-metrics": 2004}, scraped=True),
        service("neo4j-headless", "neo4j", NEO4J, clusterIP="None", publishNotReadyAddresses=True),
        monitor("context-api", "http-api"),
        monitor("qdrant", "http-rest"),
        monitor("neo4j", "http-metrics"),
    ]


def namespace(name: str) -> Object:
    return {"namespaceSelector": {"matchLabels": {METADATA_NAME: name}}}


def block(cidr: str, *excepts: str) -> Object:
    return {"ipBlock": {"cidr": cidr} | ({"except": list(excepts)} if excepts else {})}


def pods(name: str) -> Object:
    return {"podSelector": {"matchLabels": {NAME: name}}}


def to(peer: Object, *ports: Any) -> Object:
    return {"to": [peer], "ports": [port if isinstance(port, dict) else {"port": port} for port in ports]}


def by(peer: Object, *ports: Any) -> Object:
    return {"from": [peer], "ports": [port if isinstance(port, dict) else {"port": port} for port in ports]}


PRIVATE = ["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"]
INTERNET = to({"ipBlock": {"cidr": "0.0.0.0/0", "except": PRIVATE}}, 443)


def network_policy(name: str, ingress: Objects, egress: Objects, *, selector: Any = None) -> Object:
    chosen = {"matchLabels": {NAME: name}} if selector is None else selector
    rules = {key: value for key, value in (("ingress", ingress), ("egress", egress)) if value}
    return thing("NetworkPolicy", name, {"podSelector": chosen, "policyTypes": ["Ingress", "Egress"], **rules})


def network_policies() -> Objects:
    dns = to(namespace("kube-system") | {"podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}, {"port": 53, "protocol": "UDP"}, 53)
    mesh = to(namespace("istio-system") | {"podSelector": {"matchLabels": {"app": "istiod"}}}, 15012)
    gateway = namespace("istio-ingress") | {"podSelector": {"matchLabels": {"istio": "ingressgateway"}}}
    prometheus = namespace("monitoring") | pods("prometheus")
    members = {"qdrant": (6335,), "neo4j": (6000, 7000, 7687, 7688)}
    callers = {"qdrant": (6333, 6334), "neo4j": (7687, 7688)}
    items = [
        network_policy("default-deny", [], [], selector={}),
        network_policy("allow-platform", [by(prometheus, 15020)], [dns, mesh], selector={}),
        network_policy(
            "context-api",
            [by(gateway, 8000), by(prometheus, "http-api")],
            [*(to(pods(name), *ports) for name, ports in callers.items()), INTERNET],
        ),
        network_policy("qdrant-backup", [], [to(pods("qdrant"), 6333), INTERNET]),
        network_policy("neo4j-backup", [], [to(pods("neo4j"), 6362, 7687), INTERNET]),
    ]
    for name, watched, saved in (("qdrant", 6333, (6333,)), ("neo4j", 2004, (6362, 7687))):
        ingress = [by(pods("context-api"), *callers[name]), by(prometheus, watched), by(pods(name), *members[name])]
        items.append(network_policy(name, [*ingress, by(pods(f"{name}-backup"), *saved)], [to(pods(name), *members[name])]))
    return items


def allow(name: str, *rules: tuple[str, tuple[int, ...]]) -> Object:
    listed = [
        {"from": [{"source": {"serviceAccounts": [account]}}], "to": [{"operation": {"ports": [str(port) for port in ports]}}]}
        for account, ports in rules
    ]
    return thing("AuthorizationPolicy", name, {"selector": {"matchLabels": {NAME: name}}, "action": "ALLOW", "rules": listed})


def mesh() -> Objects:
    prometheus = "monitoring/prometheus-prometheus"
    tls = {"mode": "SIMPLE", "credentialName": "context-prod-tls", "minProtocolVersion": "TLSV1_2"}
    servers = [
        {"port": {"number": 443, "protocol": "HTTPS"}, "hosts": ["api.context.example.com"], "tls": tls},
        {"port": {"number": 80, "protocol": "HTTP"}, "hosts": ["api.context.example.com"], "tls": {"httpsRedirect": True}},
    ]
    way = {
        "match": [{"uri": {"prefix": "/api/"}}],
        "timeout": "10s",
        "route": [{"destination": {"host": "context-api", "port": {"number": 8000}}}],
    }
    reads: Any = deepcopy(way) | {"retries": {"attempts": 2, "perTryTimeout": "4s", "retryOn": "gateway-error,connect-failure"}}
    reads["match"][0]["method"] = {"regex": "GET|HEAD"}
    cors = {"allowOrigins": [{"exact": "https://app.example.com"}], "allowCredentials": True}
    writes = way | {"retries": {"attempts": 2, "retryOn": "connect-failure,refused-stream"}, "corsPolicy": cors}
    breaker = {"consecutive5xxErrors": 5, "maxEjectionPercent": 50}
    policy = {"outlierDetection": breaker, "connectionPool": {"tcp": {"maxConnections": 100}}, "loadBalancer": {"simple": "LEAST_REQUEST"}}
    subsets = [{"name": "stable", "labels": {NAME: "context-api"}}, {"name": "canary", "labels": {"track": "canary"}}]
    return [
        thing("AuthorizationPolicy", "deny-all", {}),
        allow("context-api", ("istio-ingress/istio-ingressgateway", (8000,)), (prometheus, (8000,))),
        allow("qdrant", ("context-api", (6333, 6334)), (prometheus, (6333,)), ("qdrant", (6335,)), ("qdrant-backup", (6333,))),
        allow(
            "neo4j",
            ("context-api", (7687, 7688)),
            (prometheus, (2004,)),
            ("neo4j", (6000, 7000, 7687, 7688)),
            ("neo4j-backup", (6362, 7687)),
        ),
        thing("PeerAuthentication", "default", {"mtls": {"mode": "STRICT"}}),
        thing("Gateway", "context", {"selector": {"istio": "ingressgateway"}, "servers": servers}),
        thing("VirtualService", "context-api", {"hosts": ["api.context.example.com"], "gateways": ["context"], "http": [reads, writes]}),
        thing("DestinationRule", "context-api", {"host": "context-api", "trafficPolicy": policy, "subsets": subsets}),
        thing(
            "DestinationRule",
            "qdrant-headless",
            {"host": "qdrant-headless", "trafficPolicy": {"connectionPool": {"tcp": {"connectTimeout": "5s"}}}},
        ),
    ]


def scaling() -> Objects:
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "context-api"}
    cpu = {"type": "ContainerResource", "containerResource": {"name": "cpu", "container": "context-api"}}
    rate = {"type": "Pods", "pods": {"metric": {"name": "http_requests_per_second"}}}
    items = [
        thing(
            "HorizontalPodAutoscaler",
            "context-api",
            {"scaleTargetRef": reference, "minReplicas": 2, "maxReplicas": 4, "metrics": [cpu, rate]},
        ),
        thing("VerticalPodAutoscaler", "context-api", {"targetRef": reference, "updatePolicy": {"updateMode": "Off"}}),
        thing(
            "VerticalPodAutoscaler",
            "qdrant",
            {"targetRef": {"kind": "StatefulSet", "name": "qdrant"}, "updatePolicy": {"updateMode": "Off"}},
        ),
        thing(
            "ResourceQuota",
            "context-foundation",
            {"hard": {"requests.cpu": "10", "requests.memory": "20Gi", "requests.storage": "600Gi", "pods": "20"}},
        ),
    ]
    for name in ("context-api", "qdrant", "neo4j"):
        spec = {"maxUnavailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow", "selector": {"matchLabels": {NAME: name}}}
        items.append(thing("PodDisruptionBudget", name, spec))
    return items


def stack() -> Objects:
    """Every object of it, none sharing a part with another."""
    items: Objects = json.loads(json.dumps([*workloads(), *services(), *network_policies(), *mesh(), *scaling()]))
    return items


def manifests(objects: Iterable[Object]) -> Manifests:
    return Manifests("prod", HERE, tuple(objects), storage_classes=CLASSES)


def find(objects: Objects, title: str) -> Object:
    kind, name = title.split()
    return next(item for item in objects if item["kind"] == kind and item["metadata"]["name"] == name)


def put(title: str, path: str, value: Any) -> Change:
    """Sets a field, as in spec/ingress/0/ports; a number one past the end of a list appends."""

    def change(objects: Objects) -> None:
        *above, last = path.split("/")
        item: Any = find(objects, title)
        for key in above:
            item = item[int(key)] if isinstance(item, list) else item.setdefault(key, {})
        if isinstance(item, list):
            item[int(last) : int(last) + 1] = [deepcopy(value)]
        else:
            item[last] = deepcopy(value)

    return change


def cut(title: str, path: str = "") -> Change:
    """Removes a field, or the whole object."""

    def change(objects: Objects) -> None:
        item: Any = find(objects, title)
        if not path:
            objects.remove(item)
            return
        *above, last = path.split("/")
        for key in above:
            item = item[int(key)] if isinstance(item, list) else item[key]
        del item[int(last) if isinstance(item, list) else last]

    return change


def add(item: Object) -> Change:
    return lambda objects: objects.append(deepcopy(item))


def changed(*changes: Change) -> Objects:
    objects = stack()
    for change in changes:
        change(objects)
    return objects


def broken(policies: Iterable[Policy], objects: Objects) -> list[str]:
    """What the policies say: kind, name and field of each violation."""
    seen = manifests(objects)
    return [f"{each.kind} {each.name} {each.field}" for policy in policies for each in policy(seen)]


def are_all_shown(policies: Iterable[Policy], examples: Iterable[tuple[Change, ...]]) -> bool:
    """Whether each policy is broken by one of the examples."""
    renders = [manifests(changed(*changes)) for changes in examples]
    return all(any(any(policy(render)) for render in renders) for policy in policies)


ODD = (None, "text", [None], {"key": None})


def oddities(*titles: str) -> Iterator[Objects]:
    """The stack with each field of these objects replaced in turn by something of another type."""
    whole = stack()
    for title in titles:
        place = whole.index(find(whole, title))
        for path in _paths(whole[place]):
            for odd in ODD:
                item = deepcopy(whole[place])
                inner: Any = item
                for key in path[:-1]:
                    inner = inner[key]
                inner[path[-1]] = odd
                yield [*whole[:place], item, *whole[place + 1 :]]


def _paths(item: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every field below spec and the labels and annotations; of a list, the first item stands for all."""
    pairs = item.items() if isinstance(item, dict) else enumerate(item[:1]) if isinstance(item, list) else ()
    for key, value in pairs:
        path = (*above, key)
        if path[0] in {"spec", "metadata"} and path not in {("metadata",), ("metadata", "name")}:
            yield path
        yield from _paths(value, path) if path[0] in {"spec", "metadata"} else ()
