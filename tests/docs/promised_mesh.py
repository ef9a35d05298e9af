"""What issue 4 promises of the mesh."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.docs.promise import CLUSTERS, Promise, every, given, has, named, some, together
from tests.docs.stack import at, template_of

if TYPE_CHECKING:
    from tests.docs.promise import Test
    from tests.docs.stack import Item

GATEWAY, PROMETHEUS = "istio-ingress/istio-ingressgateway", "monitoring/prometheus-prometheus"
OWN_PROBES = "sidecar.istio.io/rewriteAppHTTPProbers"


def admits(account: str) -> Test:
    """Whether an AuthorizationPolicy lets an identity in."""

    def test(item: Item) -> bool:
        sources = [at(each, "source.serviceAccounts") or [] for rule in at(item, "spec.rules") or [] for each in rule.get("from", [])]
        return any(account in source for source in sources)

    return test


def _serves_https(item: Item) -> bool:
    return any(at(each, "tls.mode") == "SIMPLE" and at(each, "tls.credentialName") for each in at(item, "spec.servers") or [])


def _retries_writes_less(item: Item) -> bool:
    """Reads are tried again on errors of the gateway; writes only where nothing was done yet."""
    retried = {route.get("name"): set((at(route, "retries.retryOn") or "").split(",")) for route in at(item, "spec.http") or []}
    return "gateway-error" in retried.get("read", set()) and retried.get("write", {"5xx"}) <= {"connect-failure", "refused-stream"}


def _has_timeouts(item: Item) -> bool:
    return all("timeout" in route for route in at(item, "spec.http"))


def _has_subsets(item: Item) -> bool:
    return {"stable", "canary"} <= {each["name"] for each in at(item, "spec.subsets") or []}


def _keeps_rewritten_probes(item: Item) -> bool:
    return at(template_of(item), "metadata.annotations") is None or OWN_PROBES not in at(template_of(item), "metadata.annotations")


MESH = (
    Promise("Gateway with TLS", some("Gateway", _serves_https)),
    Promise(
        "its certificate by cert-manager",
        together(some("Certificate", given("spec.secretName", "spec.issuerRef")), some("ClusterIssuer")),
        CLUSTERS,
    ),
    Promise("VirtualService with retries fit for methods", some("VirtualService", _retries_writes_less)),
    Promise("VirtualService with timeouts", some("VirtualService", _has_timeouts)),
    Promise("canary-ready subsets", some("DestinationRule", _has_subsets)),
    Promise("DestinationRules with connection pools", every(("DestinationRule",), given("spec.trafficPolicy.connectionPool"), least=3)),
    Promise("circuit breaking", every(("DestinationRule",), given("spec.trafficPolicy.connectionPool.tcp.maxConnections"), least=3)),
    Promise("outlier detection", every(("DestinationRule",), given("spec.trafficPolicy.outlierDetection.consecutive5xxErrors"), least=3)),
    Promise("STRICT mTLS", every(("PeerAuthentication",), has("spec.mtls.mode", "STRICT"))),
    Promise("AuthorizationPolicies deny by default", some("AuthorizationPolicy", has("spec", {}))),
    Promise("they let the gateway in", named("AuthorizationPolicy", "context-api", admits(GATEWAY))),
    Promise("they let Prometheus in", some("AuthorizationPolicy", admits(PROMETHEUS), least=3)),
    Promise("probes come in: the sidecar's agent asks for the kubelet", every(("Deployment", "StatefulSet"), _keeps_rewritten_probes)),
    Promise("telemetry", some("Telemetry", given("spec.accessLogging"))),
    Promise("tracing", some("Telemetry", given("spec.tracing"))),
)
