"""Errors of who may connect to whom, and how requests travel. The numbers are those of the list of errors of the earlier manifests."""

from __future__ import annotations

from tests.manifests.planting import Planted, drop, one, policy_rules, says, spec

NEO4J_AUTHORIZATION = ("AuthorizationPolicy", "neo4j")
TRAFFIC = (
    Planted(41, "members cannot reach each other", lambda o: one(o, "NetworkPolicy", "qdrant")["spec"].pop("egress"), "qdrant", "6335"),
    Planted(41, "no DNS", lambda o: drop(o, "NetworkPolicy", "allow-dns"), "", "53"),
    Planted(42, "no certificates", lambda o: drop(o, "NetworkPolicy", "allow-istiod"), "", "15012"),
    Planted(
        43,
        "a namespace by a label that nobody sets",
        lambda o: one(o, "NetworkPolicy", "allow-dns")["spec"]["egress"][0]["to"][0].update(
            namespaceSelector={"matchLabels": {"name": "kube-system"}}
        ),
        "NetworkPolicy allow-dns",
        "kubernetes.io/metadata.name",
    ),
    Planted(
        44,
        "the internet as Pods",
        lambda o: one(o, "NetworkPolicy", "context-api")["spec"]["egress"].append(
            {"to": [{"namespaceSelector": {}}], "ports": [{"port": 443}]}
        ),
        "NetworkPolicy context-api",
        "namespaceSelector",
    ),
    Planted(
        45,
        "DNS over UDP alone",
        lambda o: one(o, "NetworkPolicy", "allow-dns")["spec"]["egress"][0].update(ports=[{"port": 53, "protocol": "UDP"}]),
        "",
        "53/TCP",
    ),
    Planted(46, "Prometheus forgotten", lambda o: policy_rules(o, "NetworkPolicy", "qdrant", says("monitoring")), "", "Prometheus"),
    Planted(47, "peers denied", lambda o: policy_rules(o, *NEO4J_AUTHORIZATION, says("'6000'")), "", "6000"),
    Planted(48, "metrics denied", lambda o: policy_rules(o, "AuthorizationPolicy", "context-api", says("/metrics")), "", "Prometheus"),
    Planted(
        48,
        "a whole namespace trusted",
        lambda o: one(o, "AuthorizationPolicy", "context-api")["spec"]["rules"].append(
            {"from": [{"source": {"namespaces": ["istio-system"]}}]}
        ),
        "AuthorizationPolicy context-api",
        "",
    ),
    Planted(
        49,
        "metrics for everybody",
        lambda o: one(o, "AuthorizationPolicy", "context-api")["spec"]["rules"].append({"to": [{"operation": {"paths": ["/metrics"]}}]}),
        "AuthorizationPolicy context-api",
        "",
    ),
    Planted(
        50,
        "consecutiveErrors",
        lambda o: one(o, "DestinationRule", "context-api")["spec"]["trafficPolicy"]["outlierDetection"].update(consecutiveErrors=5),
        "DestinationRule context-api",
        "consecutiveErrors",
    ),
    Planted(
        50,
        "LEAST_CONN",
        lambda o: one(o, "DestinationRule", "context-api")["spec"]["trafficPolicy"]["loadBalancer"].update(simple="LEAST_CONN"),
        "DestinationRule context-api",
        "LEAST_CONN",
    ),
    Planted(
        52,
        "a host with a namespace in it",
        spec("DestinationRule", "qdrant", host="qdrant.context-foundation.svc.cluster.local"),
        "DestinationRule qdrant",
        "host",
    ),
    Planted(
        53,
        "writes are repeated",
        lambda o: one(o, "VirtualService", "context-api")["spec"]["http"][1]["retries"].update(retryOn="5xx"),
        "VirtualService context-api",
        "retr",
    ),
    Planted(
        53,
        "tries take longer than the request may",
        lambda o: one(o, "VirtualService", "context-api")["spec"]["http"][0]["retries"].update(perTryTimeout="20s"),
        "VirtualService context-api",
        "perTryTimeout",
    ),
    Planted(
        54,
        "documentation for everybody",
        lambda o: one(o, "VirtualService", "context-api")["spec"]["http"].append(
            {
                "match": [{"uri": {"prefix": "/docs"}}],
                "route": [{"destination": {"host": "context-api", "port": {"number": 8000}, "subset": "stable"}}],
            }
        ),
        "VirtualService context-api",
        "/docs",
    ),
    Planted(
        54,
        "any origin with credentials",
        lambda o: one(o, "VirtualService", "context-api")["spec"]["http"][0].update(
            corsPolicy={"allowOrigins": [{"regex": ".*"}], "allowCredentials": True}
        ),
        "VirtualService context-api",
        "cors",
    ),
    Planted(
        55,
        "ciphers for RSA alone",
        lambda o: one(o, "Gateway", "context-api")["spec"]["servers"][0]["tls"].update(cipherSuites=["ECDHE-RSA-AES256-GCM-SHA384"]),
        "Gateway context-api",
        "cipher",
    ),
    Planted(
        56,
        "a port whose protocol is guessed",
        lambda o: [
            port.update(name="bolt") or port.pop("appProtocol")
            for port in one(o, "Service", "neo4j")["spec"]["ports"]
            if port["port"] == 7687
        ],
        "Service neo4j",
        "bolt",
    ),
    Planted(
        57,
        "a load balancer's annotation",
        lambda o: (
            one(o, "Service", "context-api")["metadata"]
            .setdefault("annotations", {})
            .update({"service.beta.kubernetes.io/aws-load-balancer-type": "nlb"})
        ),
        "Service context-api",
        "load-balancer",
    ),
)
