"""The mesh: who is admitted by identity, mutual TLS, gateway, routes and circuit breakers; each rule names what breaks it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from bot.policies.authorization import AUTHORIZATION_POLICIES
from bot.policies.authorization_rules import Request, decide, fits
from bot.policies.destinations import DESTINATION_POLICIES
from bot.policies.fields import seconds
from bot.policies.gateway import GATEWAY_POLICIES, shared_hosts
from bot.policies.mtls import MTLS_POLICIES
from bot.policies.routes import only_reads
from bot.policies.traffic import TRAFFIC_POLICIES
from tests.bot.policies.network_examples import (
    HERE,
    NAME,
    add,
    allow,
    are_all_shown,
    broken,
    changed,
    cut,
    manifests,
    oddities,
    put,
    stack,
    thing,
)

if TYPE_CHECKING:
    from tests.bot.policies.network_examples import Change, Policy

ALL = (*AUTHORIZATION_POLICIES, *MTLS_POLICIES, *GATEWAY_POLICIES, *TRAFFIC_POLICIES, *DESTINATION_POLICIES)
QDRANT, NEO4J, API = (f"AuthorizationPolicy {name}" for name in ("qdrant", "neo4j", "context-api"))
GATE, ROUTES, RULE, RAFT = "Gateway context", "VirtualService context-api", "DestinationRule context-api", "DestinationRule qdrant-headless"
POD = "StatefulSet qdrant spec.template.metadata"
BACKUP, EXCLUDED = "CronJob qdrant-backup", "traffic.sidecar.istio.io/excludeInboundPorts"
ACCOUNTS = "from/0/source/serviceAccounts"
TWO_WAYS = [
    {"destination": {"host": "context-api", "subset": "stable"}, "weight": 90},
    {"destination": {"host": "context-api"}, "weight": 10},
]


def test_an_account_that_is_fixed_is_said_to_be() -> None:
    moved = put(API, f"spec/rules/0/{ACCOUNTS}", ["gateways/istio-ingressgateway"])
    refused, stranger = [each for policy in AUTHORIZATION_POLICIES for each in policy(manifests(changed(moved)))]
    assert refused.hint.startswith("admit serviceAccounts istio-ingress/istio-ingressgateway at port 8000; namespace istio-ingress and")
    assert "fixed in bot/policies/connections.py" in refused.hint
    assert "an add-on that moves" in stranger.hint


def test_a_host_belongs_to_one_environment() -> None:
    own = "api.staging.context.example.com"
    staging = changed(*(put(GATE, f"spec/servers/{index}/hosts/0", f"./{own}") for index in (0, 1)))
    prod, other, same = (
        manifests(stack()),
        replace(manifests(staging), environment="staging"),
        replace(manifests(stack()), environment="qa"),
    )
    assert [*shared_hosts([prod, other])] == []
    (mine, theirs) = shared_hosts([prod, other, same])
    assert [(name, each.name, each.field) for name, each in (mine, theirs)] == [
        ("prod", "context", "spec.servers[0].hosts[0]"),
        ("qa", "context", "spec.servers[0].hosts[0]"),
    ]
    assert mine[1].what.startswith("api.context.example.com is served by prod, and by qa, too: ")


def deny(operation: dict[str, Any]) -> Change:
    spec = {"selector": {"matchLabels": {NAME: "context-api"}}, "action": "DENY", "rules": [{"to": [{"operation": operation}]}]}
    return add(thing("AuthorizationPolicy", "deny", spec))


BAD: dict[str, tuple[tuple[Change, ...], list[str]]] = {
    "peers are not admitted": ((cut(QDRANT, "spec/rules/2"),), [f"{QDRANT} spec.rules"]),
    "a port is forgotten": ((cut(NEO4J, "spec/rules/2/to/0/operation/ports/3"),), [f"{NEO4J} spec.rules"]),
    "backups are not admitted": ((cut(NEO4J, "spec/rules/3"),), [f"{NEO4J} spec.rules"] * 2),
    "Prometheus may not read metrics": (
        (put(API, "spec/rules/1/to/0/operation/paths", ["/api/*"]),),
        [f"{API} spec.rules"],
    ),
    "an identity of another environment": (
        (put(QDRANT, "spec/rules/0/from/0/source", {"principals": ["cluster.local/ns/context-dev/sa/context-api"]}),),
        [f"{QDRANT} spec.rules"] * 2 + [f"{QDRANT} spec.rules[0]"],
    ),
    "an account of another namespace": (
        (put(QDRANT, f"spec/rules/0/{ACCOUNTS}", ["context-api", "default/default"]),),
        [f"{QDRANT} spec.rules[0]"],
    ),
    "an account that nothing here runs as": (
        (put(QDRANT, f"spec/rules/0/{ACCOUNTS}", ["context-api", "old-job"]),),
        [f"{QDRANT} spec.rules[0]"],
    ),
    "a namespace by its beginning": (
        (put(API, "spec/rules/0/from/0/source", {"principals": ["cluster.local/ns/ci*", "*/ns/istio-ingress/sa/istio-ingressgateway"]}),),
        [f"{API} spec.rules[0]"],
    ),
    "a namespace of strangers": ((put(API, "spec/rules/0/from/1", {"source": {"namespaces": ["default"]}}),), [f"{API} spec.rules[0]"]),
    "a port that nothing declares": (
        (put(QDRANT, "spec/rules/0/to/0/operation/ports", ["6333", "6334", "7474"]),),
        [f"{QDRANT} spec.rules[0]"],
    ),
    "a condition on a stranger": (
        (
            cut(API, "spec/rules/0/from"),
            put(API, "spec/rules/0/when", [{"key": "source.namespace", "values": ["istio-ingress", "ci"]}]),
        ),
        [f"{API} spec.rules[0]"],
    ),
    "no policy of its own": ((cut(NEO4J),), ["AuthorizationPolicy deny-all spec.rules"] * 9),
    "a whole namespace": (
        (put(API, "spec/rules/1/from/0/source", {"namespaces": ["monitoring"]}),),
        [f"{API} spec.rules[1]"],
    ),
    "the own namespace": ((put(QDRANT, "spec/rules/0/from/0/source", {"namespaces": [HERE]}),), [f"{QDRANT} spec.rules[0]"]),
    "every port": ((cut(QDRANT, "spec/rules/0/to"),), [f"{QDRANT} spec.rules[0]"]),
    "everybody": ((cut(QDRANT, "spec/rules/1/from"),), [f"{QDRANT} spec.rules[1]"]),
    "one account too many": ((put(QDRANT, f"spec/rules/2/{ACCOUNTS}", ["qdrant", "neo4j"]),), [f"{QDRANT} spec.rules[2]"]),
    "all but one": ((put(QDRANT, "spec/rules/2/from/0/source", {"notServiceAccounts": ["neo4j"]}),), [f"{QDRANT} spec.rules[2]"]),
    "a denial that goes before": (
        (deny({"ports": ["8000"]}),),
        ["AuthorizationPolicy deny spec.rules[0]"] * 2,
    ),
    "no default": ((cut("AuthorizationPolicy deny-all"),), ["AuthorizationPolicy deny-all spec"]),
    "paths on a TCP port": (
        (put(NEO4J, "spec/rules/3/to/0/operation/paths", ["/backup"]),),
        [f"{NEO4J} spec.rules"] * 2 + [f"{NEO4J} spec.rules[3].to[0].operation"],
    ),
    "a header that is there": (
        (put(API, "spec/rules/0/when", [{"key": "request.headers[authorization]", "notValues": [""]}]),),
        [f"{API} spec.rules[0].when[0]"],
    ),
    "not STRICT": (
        (put("PeerAuthentication default", "spec/mtls/mode", "PERMISSIVE"),),
        ["PeerAuthentication default spec.mtls.mode"] * 2,
    ),
    "a port in plain text": (
        (put("PeerAuthentication default", "spec/portLevelMtls", {"6333": {"mode": "DISABLE"}}),),
        ["PeerAuthentication default spec.portLevelMtls[6333].mode"],
    ),
    "two labels": (
        (put(f"Namespace {HERE}", "metadata/labels", {"istio-injection": "enabled", "istio.io/rev": "stable"}),),
        [f"Namespace {HERE} metadata.labels[istio.io/rev]"],
    ),
    "a Pod that contradicts itself": (
        (
            put("StatefulSet qdrant", "spec/template/metadata/labels", {NAME: "qdrant", "sidecar.istio.io/inject": "true"}),
            put("StatefulSet qdrant", "spec/template/metadata/annotations", {"sidecar.istio.io/inject": "false"}),
        ),
        [f"{POD}.annotations[sidecar.istio.io/inject]"],
    ),
    "half of a sidecar's resources": (
        (put("StatefulSet qdrant", "spec/template/metadata/annotations", {"sidecar.istio.io/proxyCPU": "50m"}),),
        [f"{POD}.annotations[sidecar.istio.io/{name}]" for name in ("proxyMemory", "proxyCPULimit", "proxyMemoryLimit")],
    ),
    "a caller without a sidecar": (
        (put(BACKUP, "spec/jobTemplate/spec/template/metadata/labels", {NAME: "qdrant-backup", "sidecar.istio.io/inject": "false"}),),
        [f"{BACKUP} spec.jobTemplate.spec.template.metadata.labels[sidecar.istio.io/inject]"],
    ),
    "a port that a member leaves out": (
        (put("StatefulSet qdrant", "spec/template/metadata/annotations", {EXCLUDED: "6335, 9999"}),),
        [f"{POD}.annotations[{EXCLUDED}]"],
    ),
    "the sidecar's user": (
        (put("StatefulSet qdrant", "spec/template/spec/securityContext", {"runAsUser": 1337}),),
        ["StatefulSet qdrant spec.template.spec.securityContext.runAsUser"],
    ),
    "plain HTTP": ((cut(GATE, "spec/servers/1/tls"),), [f"{GATE} spec.servers[1].tls.httpsRedirect"]),
    "no certificate": ((cut(GATE, "spec/servers/0/tls/credentialName"),), [f"{GATE} spec.servers[0].tls.credentialName"]),
    "a certificate in a file": (
        (put(GATE, "spec/servers/0/tls/privateKey", "/etc/key.pem"),),
        [f"{GATE} spec.servers[0].tls.privateKey"],
    ),
    "no version": ((cut(GATE, "spec/servers/0/tls/minProtocolVersion"),), [f"{GATE} spec.servers[0].tls.minProtocolVersion"]),
    "an old version": (
        (put(GATE, "spec/servers/0/tls/minProtocolVersion", "TLSV1_0"),),
        [f"{GATE} spec.servers[0].tls.minProtocolVersion"],
    ),
    "RSA alone": (
        (put(GATE, "spec/servers/0/tls/cipherSuites", ["ECDHE-RSA-AES256-GCM-SHA384"]),),
        [f"{GATE} spec.servers[0].tls.cipherSuites"],
    ),
    "every host": (
        (put(GATE, "spec/servers/0/hosts/0", "*.example.com"),),
        [f"{GATE} spec.servers[0].hosts[0]"],
    ),
    "no gateway Pods": ((cut(GATE, "spec/selector"),), [f"{GATE} spec.selector"]),
    "another host than the gateway": ((put(ROUTES, "spec/hosts/0", "api.example.org"),), [f"{ROUTES} spec.hosts[0]"]),
    "no gateway": ((put(ROUTES, "spec/gateways/0", "public"),), [f"{ROUTES} spec.gateways[0]"]),
    "a host in full": (
        (put(ROUTES, "spec/http/0/route/0/destination/host", "context-api.context-prod.svc.cluster.local"),),
        [f"{ROUTES} spec.http[0].route[0].destination.host"],
    ),
    "a host that is not there": (
        (put(ROUTES, "spec/http/0/route/0/destination/host", "api"),),
        [f"{ROUTES} spec.http[0].route[0].destination.host"],
    ),
    "a mirror that is not there": ((put(ROUTES, "spec/http/0/mirror", {"host": "api"}),), [f"{ROUTES} spec.http[0].mirror.host"]),
    "a port that is not there": (
        (put(ROUTES, "spec/http/0/route/0/destination/port/number", 3000),),
        [f"{ROUTES} spec.http[0].route[0].destination.port.number"],
    ),
    "a subset that is not there": (
        (put(ROUTES, "spec/http/0/route/0/destination/subset", "blue"),),
        [f"{ROUTES} spec.http[0].route[0].destination.subset"],
    ),
    "a subset without Pods": (
        (put(ROUTES, "spec/http/0/route/0/destination/subset", "canary"),),
        [f"{ROUTES} spec.http[0].route[0].destination.subset"],
    ),
    "weights of 101": (
        (put(ROUTES, "spec/http/0/route", TWO_WAYS), put(ROUTES, "spec/http/0/route/1/weight", 11)),
        [f"{ROUTES} spec.http[0].route"],
    ),
    "writes repeated": (
        (put(ROUTES, "spec/http/1/retries/retryOn", "5xx,connect-failure"),),
        [f"{ROUTES} spec.http[1].retries.retryOn"],
    ),
    "writes repeated on a status": (
        (put(ROUTES, "spec/http/1/retries/retryOn", "503"),),
        [f"{ROUTES} spec.http[1].retries.retryOn"],
    ),
    "attempts beyond the timeout": (
        (put(ROUTES, "spec/http/0/retries/attempts", 3),),
        [f"{ROUTES} spec.http[0].retries.perTryTimeout"],
    ),
    "every path": ((cut(ROUTES, "spec/http/1/match"),), [f"{ROUTES} spec.http[1].match"]),
    "the documentation": ((put(ROUTES, "spec/http/1/match/0/uri", {"exact": "/docs"}),), [f"{ROUTES} spec.http[1].match"]),
    "any origin": (
        (put(ROUTES, "spec/http/1/corsPolicy/allowOrigins/0", {"regex": "https://.*"}),),
        [f"{ROUTES} spec.http[1].corsPolicy.allowOrigins[0]"],
    ),
    "a rule for a host in full": (
        (put(RULE, "spec/host", "context-api.context-prod.svc.cluster.local"),),
        [f"{RULE} spec.host"],
    ),
    "a rule for no host": ((put(RULE, "spec/host", "api"),), [f"{RULE} spec.host"]),
    "a field that nobody reads": (
        (put(RULE, "spec/trafficPolicy/outlierDetection/consecutiveErrors", 5),),
        [f"{RULE} spec.trafficPolicy.outlierDetection.consecutiveErrors"],
    ),
    "the old balancing": (
        (put(RULE, "spec/subsets/0/trafficPolicy", {"loadBalancer": {"simple": "LEAST_CONN"}}),),
        [f"{RULE} spec.subsets[stable].trafficPolicy.loadBalancer.simple"],
    ),
    "two requests a connection": (
        (put(RULE, "spec/trafficPolicy/connectionPool/http", {"maxRequestsPerConnection": 2}),),
        [f"{RULE} spec.trafficPolicy.connectionPool.http.maxRequestsPerConnection"],
    ),
    "two kinds of stickiness": (
        (
            put(RULE, "spec/trafficPolicy/loadBalancer", {"consistentHash": {"httpHeaderName": "x-user"}}),
            put("Service context-api", "spec/sessionAffinity", "ClientIP"),
        ),
        [f"{RULE} spec.trafficPolicy.loadBalancer.consistentHash"],
    ),
    "TLS turned off": ((put(RULE, "spec/trafficPolicy/tls", {"mode": "DISABLE"}),), [f"{RULE} spec.trafficPolicy.tls.mode"]),
    "nothing can be ejected": (
        (cut(RULE, "spec/trafficPolicy/outlierDetection/maxEjectionPercent"),),
        [f"{RULE} spec.trafficPolicy.outlierDetection.maxEjectionPercent"],
    ),
    "members ejected": (
        (put(RAFT, "spec/trafficPolicy/outlierDetection", {"maxEjectionPercent": 50}),),
        [f"{RAFT} spec.trafficPolicy.outlierDetection"],
    ),
    "members limited": (
        (put(RAFT, "spec/trafficPolicy/connectionPool/tcp/maxConnections", 10),),
        [f"{RAFT} spec.trafficPolicy.connectionPool.tcp.maxConnections"],
    ),
}  # fmt: skip


def test_the_stack_passes() -> None:
    assert broken(ALL, stack()) == []


@pytest.mark.parametrize(("changes", "expected"), BAD.values(), ids=BAD)
def test_one_change_names_one_field(changes: tuple[Change, ...], expected: list[str]) -> None:
    assert broken(ALL, changed(*changes)) == expected


def test_every_rule_has_a_failing_example() -> None:
    assert are_all_shown(ALL, (changes for changes, _ in BAD.values()))


def test_a_violation_says_which_connection_and_why() -> None:
    (found,) = [each for policy in AUTHORIZATION_POLICIES for each in policy(manifests(changed(cut(QDRANT, "spec/rules/2"))))]
    assert found.what == "does not admit qdrant -> qdrant 6335/TCP, else the members form no cluster"
    assert found.hint == "admit serviceAccounts qdrant at port 6335"


@pytest.mark.parametrize(
    "change",
    [
        put(QDRANT, "spec/rules/0/from/0/source", {"principals": [f"cluster.local/ns/{HERE}/sa/context-api"]}),
        put(QDRANT, "spec/rules/0/from/0/source", {"serviceAccounts": [f"{HERE}/context-api"]}),
        put(API, "spec/rules/1/to/0/operation/paths", ["/metrics"]),
        deny({"ports": ["8000"], "paths": ["/metrics/*"]}),
        put(ROUTES, "spec/http/0/route", TWO_WAYS),
        put(ROUTES, "spec/gateways/0", "istio-ingress/shared"),
        put(ROUTES, "spec/http/0/match/0", {"uri": {"regex": "/api/v[0-9]+/.*"}, "method": {"exact": "GET"}}),
        put("PeerAuthentication default", "spec/portLevelMtls", {2004: {"mode": "PERMISSIVE"}}),
        put(ROUTES, "spec/http/1/corsPolicy", {"allowOrigins": [{"regex": ".*"}], "allowCredentials": False}),
        put("VirtualService context-api", "spec/http/0/route/0/weight", 100),
    ],
    ids=range(10),
)
def test_what_is_as_good_passes(change: Change) -> None:
    assert broken(ALL, changed(change)) == []


def test_a_path_that_the_gateway_answers_itself_is_not_routed() -> None:
    answer: dict[str, Any] = {
        "match": [{"uri": {"prefix": path}} for path in ("/metrics", "/docs", "/redoc", "/openapi.json")],
        "directResponse": {"status": 404},
    }
    open_route = {"route": [{"destination": {"host": "context-api"}}]}
    assert broken(TRAFFIC_POLICIES, changed(put(ROUTES, "spec/http", [answer, open_route]))) == []
    for_get = {**answer, "match": [{**match, "method": {"exact": "GET"}} for match in answer["match"]]}
    assert broken(TRAFFIC_POLICIES, changed(put(ROUTES, "spec/http", [for_get, open_route]))) == [f"{ROUTES} spec.http[1].match"]


def test_outside_of_a_mesh_nothing_is_asked() -> None:
    plain = [item for item in changed(cut(f"Namespace {HERE}", "metadata/labels")) if not item["kind"].startswith(("Auth", "Peer"))]
    assert broken((*AUTHORIZATION_POLICIES, *MTLS_POLICIES), plain) == []


GET = Request(HERE, "context-api", 8000, is_http=True, path="/api/v1/search")
ANY = Request(HERE, "context-api", 8000, is_http=True)
BOLT = Request(HERE, "context-api", 7687, is_http=False)


@pytest.mark.parametrize(
    ("specs", "request_", "expected"),
    [
        ([], GET, True),
        ([{}], GET, False),
        ([{"rules": [{}]}], GET, True),
        ([{"action": "DENY", "rules": [{}]}, {"rules": [{}]}], GET, False),
        ([{"action": "AUDIT", "rules": [{}]}], GET, True),
        ([{"action": "DENY", "rules": [{"from": [{"source": {"notServiceAccounts": ["context-api"]}}]}]}], GET, True),
        (
            [{"rules": [{"from": [{"source": {"serviceAccounts": ["context-api"]}}], "to": [{"operation": {"ports": ["7687"]}}]}]}],
            GET,
            False,
        ),
        ([{"rules": [{"from": [{"source": {"namespaces": ["context-*"]}}]}]}], GET, True),
        ([{"rules": [{"from": [{"source": {"namespaces": ["context-*"], "principals": ["*/sa/qdrant"]}}]}]}], GET, False),
        ([{"rules": [{"to": [{"operation": {"paths": ["/metrics"]}}, {"operation": {"paths": ["/api/*"]}}]}]}], GET, True),
        ([{"rules": [{"to": [{"operation": {"notPaths": ["/api/*"]}}]}]}], GET, False),
        ([{"rules": [{"to": [{"operation": {"paths": ["/metrics"]}}]}]}], ANY, True),
        ([{"action": "DENY", "rules": [{"to": [{"operation": {"paths": ["/metrics"]}}]}]}], ANY, True),
        ([{"rules": [{"to": [{"operation": {"methods": ["GET"]}}]}]}], GET, True),
        ([{"rules": [{"to": [{"operation": {"methods": ["GET"]}}]}]}], BOLT, False),
        ([{"action": "DENY", "rules": [{"to": [{"operation": {"methods": ["GET"]}}]}]}], BOLT, False),
        ([{"rules": [{"when": [{"key": "source.namespace", "values": ["monitoring"]}]}]}], GET, False),
        ([{"rules": [{"when": [{"key": "destination.port", "notValues": ["7687"]}]}]}], GET, True),
        ([{"rules": [{"when": [{"key": "request.auth.claims[iss]", "values": ["x"]}]}]}], GET, True),
        ([{"rules": [{"when": [{"key": "request.auth.claims[iss]", "values": ["x"]}]}]}], BOLT, False),
        ([{"selector": {"matchLabels": {NAME: "other"}}, "rules": [{}]}, {}], GET, False),
        ([{"targetRefs": [{"kind": "Gateway", "name": "waypoint"}]}], GET, True),
        ([{"rules": [{"to": [{"operation": {"paths": ["/api/{*}/search"]}}]}]}], GET, True),
    ],
)
def test_policies_decide_as_istio_says(specs: list[dict[str, Any]], request_: Request, expected: bool) -> None:
    policies = tuple(thing("AuthorizationPolicy", f"policy-{index}", spec) for index, spec in enumerate(specs))
    assert decide(policies, {NAME: "context-api"}, request_).is_admitted is expected


def test_the_narrowest_policy_is_named_when_none_admits() -> None:
    policies = (thing("AuthorizationPolicy", "deny-all", {}), allow("context-api", ("qdrant", (8000,))))
    decision = decide(policies, {NAME: "context-api"}, GET)
    assert decision.policy is policies[1]


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [("a", "a", True), ("a", "ab", False), ("a*", "ab", True), ("*b", "ab", True), ("*", "a", True), ("*", "", False), ("", "", True)],
)
def test_patterns_fit_as_istio_says(pattern: str, value: str, expected: bool) -> None:
    assert fits(pattern, value) is expected


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ([{"method": {"exact": "GET"}}], True),
        ([{"method": {"regex": "^(GET|HEAD)$"}}], True),
        ([{"method": {"regex": "GET|POST"}}], False),
        ([{"method": {"exact": "GET"}}, {"uri": {"prefix": "/"}}], False),
        ([{"method": {"prefix": "G"}}], False),
        ([], False),
    ],
)
def test_a_route_only_reads_when_each_match_says_so(match: list[dict[str, Any]], expected: bool) -> None:
    assert only_reads({"match": match}) is expected


@pytest.mark.parametrize(
    ("written", "expected"), [("1m30s", 90), ("500ms", Fraction(1, 2)), ("2.5s", Fraction(5, 2)), ("2", None), ("", None)]
)
def test_durations_are_read_exactly(written: str, expected: Fraction | None) -> None:
    assert seconds({"timeout": written}, "timeout") == expected


@pytest.mark.parametrize(
    ("policies", "title"),
    [
        (AUTHORIZATION_POLICIES, QDRANT),
        (MTLS_POLICIES, "PeerAuthentication default"),
        (GATEWAY_POLICIES, GATE),
        (TRAFFIC_POLICIES, GATE),
        ((*TRAFFIC_POLICIES, *DESTINATION_POLICIES), ROUTES),
        ((*TRAFFIC_POLICIES, *DESTINATION_POLICIES), RULE),
        ((*MTLS_POLICIES, *DESTINATION_POLICIES), "Deployment context-api"),
    ],
)
def test_odd_shapes_are_read_as_empty(policies: tuple[Policy, ...], title: str) -> None:
    for objects in oddities(title):
        broken(policies, objects)
