"""NetworkPolicies and Services: the stack connects as the list says, and each rule names what breaks it."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.policies.connections import CONNECTIONS, EVERY_POD, End, needed
from bot.policies.monitors import MONITOR_POLICIES
from bot.policies.network import NETWORK_POLICIES
from bot.policies.network_rules import Attempt, network_of
from bot.policies.services import SERVICE_POLICIES
from tests.bot.policies.network_examples import (
    HERE,
    METADATA_NAME,
    NAME,
    PRIVATE,
    add,
    are_all_shown,
    block,
    broken,
    by,
    changed,
    cut,
    manifests,
    monitor,
    namespace,
    network_policy,
    oddities,
    pod,
    pods,
    put,
    service,
    stack,
    thing,
    to,
)

if TYPE_CHECKING:
    from tests.bot.policies.network_examples import Change, Objects, Policy

ALL = (*NETWORK_POLICIES, *SERVICE_POLICIES, *MONITOR_POLICIES)
QDRANT, NEO4J, API, PLATFORM = (f"NetworkPolicy {name}" for name in ("qdrant", "neo4j", "context-api", "allow-platform"))
EMPTY: dict[str, Any] = {}
RUNS = put("StatefulSet qdrant", "spec/template/spec/containers/0/image", "docker.io/qdrant/qdrant:v1.19.0")

BAD: dict[str, tuple[tuple[Change, ...], list[str]]] = {
    "peers may not leave": ((cut(NEO4J, "spec/egress"),), [f"{NEO4J} spec.egress"] * 4),
    "peers may not enter": ((cut(QDRANT, "spec/ingress/2"),), [f"{QDRANT} spec.ingress"]),
    "a port is forgotten": ((cut(NEO4J, "spec/ingress/2/ports/3"),), [f"{NEO4J} spec.ingress"]),
    "Prometheus is forgotten": ((cut(NEO4J, "spec/ingress/1"),), [f"{NEO4J} spec.ingress"]),
    "the backup's port is forgotten": ((cut(NEO4J, "spec/ingress/3/ports/0"),), [f"{NEO4J} spec.ingress"]),
    "DNS over UDP alone": ((cut(PLATFORM, "spec/egress/0/ports/1"),), [
        f"NetworkPolicy {name} spec.egress" for name in ("context-api", "qdrant", "neo4j", "qdrant-backup", "neo4j-backup")
    ]),
    "no istiod": ((cut(PLATFORM, "spec/egress/1"),), [
        f"NetworkPolicy {name} spec.egress" for name in ("context-api", "qdrant", "neo4j", "qdrant-backup", "neo4j-backup")
    ]),
    "no sidecar metrics": ((cut(PLATFORM, "spec/ingress"),), [
        f"NetworkPolicy {name} spec.ingress" for name in ("context-api", "qdrant", "neo4j", "qdrant-backup", "neo4j-backup")
    ]),
    "a namespace by another label": (
        (put(QDRANT, "spec/ingress/1/from/0/namespaceSelector", {"matchLabels": {"name": "monitoring"}}),),
        [f"{QDRANT} spec.ingress", f"{QDRANT} spec.ingress[1].from[0].namespaceSelector"],
    ),
    "the internet as a namespace": (
        (put(API, "spec/egress/2/to/0", {"namespaceSelector": EMPTY}),),
        [f"{API} spec.egress", f"{API} spec.egress[2]", f"{API} spec.egress[2].to[0].namespaceSelector"],
    ),
    "the internet with private ranges": ((cut(API, "spec/egress/2/to/0/ipBlock/except"),), [f"{API} spec.egress[2]"]),
    "every port of a peer": ((cut(QDRANT, "spec/ingress/0/ports"), cut(API, "spec/egress/0/ports")), [f"{QDRANT} spec.ingress[0]"]),
    "a whole namespace of strangers": (
        (put(QDRANT, "spec/ingress/4", by(namespace("another-namespace"), 6333)),),
        [f"{QDRANT} spec.ingress[4]"],
    ),
    "a further namespace": (
        (put(QDRANT, "spec/ingress/4", by(namespace("default"), 6333)),),
        [f"{QDRANT} spec.ingress[4]"],
    ),
    "other Pods of a namespace of the list": (
        (put(QDRANT, "spec/ingress/1/from/1", namespace("monitoring") | pods("grafana")),),
        [f"{QDRANT} spec.ingress[1]"],
    ),
    "a namespace of several": (
        (
            put(
                QDRANT,
                "spec/ingress/1/from/1",
                {"namespaceSelector": {"matchExpressions": [{"key": METADATA_NAME, "operator": "In", "values": ["monitoring", "ci"]}]}}
                | pods("prometheus"),
            ),
        ),
        [f"{QDRANT} spec.ingress[1]"],
    ),
    "addresses that come in": ((put(NEO4J, "spec/ingress/4", by(block("198.51.100.0/24"), 7474)),), [f"{NEO4J} spec.ingress[4]"]),
    "addresses on every port": (
        (add(network_policy("out", [], [{"to": [block("198.51.100.0/24")]}], selector={"matchLabels": {NAME: "context-api"}})),),
        ["NetworkPolicy out spec.egress[0]"],
    ),
    "addresses of the cluster": (
        (put(API, "spec/egress/3", to(block("10.96.0.0/12", "10.96.0.0/13"), 443)),),
        [f"{API} spec.egress[3]"],
    ),
    "the internet with one private range": (
        (put(API, "spec/egress/2/to/0/ipBlock/except", PRIVATE[:-1]),),
        [f"{API} spec.egress[2]"],
    ),
    "a port of the internet that is no sample": ((put(API, "spec/egress/2/ports/1", {"port": 5432}),), [f"{API} spec.egress[2]"]),
    "every source": ((put(API, "spec/ingress/2", {"ports": [{"port": 8000}]}),), [f"{API} spec.ingress[2]"]),
    "everything may leave": ((put(API, "spec/egress/3", EMPTY),), [f"{API} spec.egress[3]"]),
    "a range of ports": (
        (put(QDRANT, "spec/ingress/1/ports/0", {"port": 6333, "endPort": 6334}),),
        [f"{QDRANT} spec.ingress[1]"],
    ),
    "no default deny": ((cut("NetworkPolicy default-deny"),), ["NetworkPolicy default-deny spec.policyTypes"] * 2),
    "default deny one way": (
        (put("NetworkPolicy default-deny", "spec/policyTypes", ["Ingress"]),),
        ["NetworkPolicy default-deny spec.policyTypes"],
    ),
    "a name without protocol": (
        (put("Service neo4j", "spec/ports/0/name", "bolt"),),
        ["Service neo4j spec.ports[bolt].appProtocol"],
    ),
    "two protocols": (
        (put("Service neo4j", "spec/ports/0/appProtocol", "http"),),
        ["StatefulSet neo4j spec.template.spec.containers.ports[7687]"],
    ),
    "a peer port on no Service": (
        (cut("Service qdrant-headless", "spec/ports/2"),),
        ["StatefulSet qdrant spec.template.spec.containers.ports[6335]"],
    ),
    "an annotation for a load balancer": (
        (put("Service qdrant", "metadata/annotations", {"service.beta.kubernetes.io/aws-load-balancer-type": "nlb"}),),
        ["Service qdrant metadata.annotations[service.beta.kubernetes.io/aws-load-balancer-type]"],
    ),
    "two Services scraped": (
        (put("Service qdrant-headless", "metadata/labels/scraped", "true"),),
        ["ServiceMonitor qdrant spec.selector"],
    ),
    "no Service scraped": ((cut("Service qdrant", "metadata/labels/scraped"),), ["ServiceMonitor qdrant spec.selector"]),
    "a port that is not there": (
        (put("ServiceMonitor neo4j", "spec/endpoints/0/port", "metrics"),),
        ["ServiceMonitor neo4j spec.endpoints[0].port"],
    ),
    "a path that is not served": (
        (RUNS, put("ServiceMonitor qdrant", "spec/endpoints/0/path", "/metric")),
        ["ServiceMonitor qdrant spec.endpoints[0].path"],
    ),
    "a scrape that is longer than the time to the next": (
        tuple(put(f"ServiceMonitor {app}", "spec/endpoints/0/scrapeTimeout", long) for app, long in (("qdrant", "45s"), ("neo4j", "30s"))),
        ["ServiceMonitor qdrant spec.endpoints[0].scrapeTimeout"],
    ),
    "a scrape of Pods that is longer than its own interval": (
        (add(thing("PodMonitor", "sidecars", {"podMetricsEndpoints": [{"interval": "1m", "scrapeTimeout": "61s"}]})),),
        ["PodMonitor sidecars spec.podMetricsEndpoints[0].scrapeTimeout"],
    ),
    "a job by another name": (
        (put("ServiceMonitor qdrant", "spec/jobLabel", "scraped"),),
        ["ServiceMonitor qdrant spec.jobLabel"],
    ),
    "all namespaces scraped": (
        (put("ServiceMonitor qdrant", "spec/namespaceSelector", {"any": True}),),
        ["ServiceMonitor qdrant spec.namespaceSelector"],
    ),
    "a scrape in plain text": (
        (cut("ServiceMonitor qdrant", "spec/endpoints/0/scheme"),),
        ["ServiceMonitor qdrant spec.endpoints[0].scheme"],
    ),
    "a scrape without certificate": (
        (cut("ServiceMonitor qdrant", "spec/endpoints/0/tlsConfig/certFile"),),
        ["ServiceMonitor qdrant spec.endpoints[0].tlsConfig.certFile"],
    ),
    "a scrape that checks names": (
        (cut("ServiceMonitor qdrant", "spec/endpoints/0/tlsConfig/insecureSkipVerify"),),
        ["ServiceMonitor qdrant spec.endpoints[0].tlsConfig.insecureSkipVerify"],
    ),
    "a label that nothing selects by": (
        (put("ServiceMonitor qdrant", "metadata/labels", {"prometheus": "kube-prometheus"}),),
        ["ServiceMonitor qdrant metadata.labels.prometheus"],
    ),
}  # fmt: skip


def test_the_stack_passes() -> None:
    assert broken(ALL, stack()) == []


@pytest.mark.parametrize(("changes", "expected"), BAD.values(), ids=BAD)
def test_one_change_names_one_field(changes: tuple[Change, ...], expected: list[str]) -> None:
    assert broken(ALL, changed(*changes)) == expected


def test_a_path_of_metrics_may_be_left_out_and_a_port_be_of_another_program() -> None:
    assert broken(MONITOR_POLICIES, changed(RUNS, cut("ServiceMonitor qdrant", "spec/endpoints/0/path"))) == []
    others = {"port": "http-envoy-prom", "path": "/stats/prometheus", "scheme": "https"}
    (endpoint,) = monitor("qdrant", "http-rest")["spec"]["endpoints"]
    opened = put("Service qdrant", "spec/ports/1", {"name": "http-envoy-prom", "port": 15020})
    found = broken(MONITOR_POLICIES, changed(RUNS, opened, put("ServiceMonitor qdrant", "spec/endpoints/0", endpoint | others)))
    assert found == []


def test_every_rule_has_a_failing_example() -> None:
    assert are_all_shown(ALL, (changes for changes, _ in BAD.values()))


def test_a_violation_says_which_connection_and_why() -> None:
    (found,) = [each for policy in NETWORK_POLICIES for each in policy(manifests(changed(cut(QDRANT, "spec/ingress/2"))))]
    assert found.what == "does not admit qdrant -> qdrant 6335/TCP, else the members form no cluster"
    assert found.hint == "add a rule under spec.ingress `from` qdrant, port 6335, protocol TCP"


def test_a_rule_is_never_asked_of_a_policy_that_selects_every_pod() -> None:
    found = [each for policy in NETWORK_POLICIES for each in policy(manifests(changed(cut("NetworkPolicy qdrant-backup"))))]
    assert {(each.kind, each.name, each.field) for each in found} == {("NetworkPolicy", "qdrant-backup", "spec.egress")}
    assert "no policy that is for these Pods alone admits qdrant-backup -> qdrant 6333/TCP" in found[0].what
    assert found[0].hint.startswith("take the feature `backup` of foundation, where it is missing, or add a NetworkPolicy")


def test_no_feature_is_named_where_none_has_the_policy() -> None:
    found = [each for policy in NETWORK_POLICIES for each in policy(manifests(changed(cut("NetworkPolicy context-api"))))]
    hints = {each.hint for each in found if each.name == "context-api"}
    assert hints
    assert all(hint.startswith("add a NetworkPolicy whose podSelector selects context-api, and a rule under") for hint in hints)


def test_a_name_that_is_fixed_is_said_to_be() -> None:
    moved = put(API, "spec/ingress/0/from/0/namespaceSelector", namespace("gateways")["namespaceSelector"])
    found = [each for policy in NETWORK_POLICIES for each in policy(manifests(changed(moved)))]
    refused, stranger = found
    assert "does not admit the gateway -> context-api" in refused.what
    assert "namespace istio-ingress and account istio-ingressgateway are fixed in bot/policies/connections.py" in refused.hint
    assert "a Pod of the namespace gateways -> context-api 8000/TCP" in stranger.what
    assert "a new app or Job, and an add-on that moves, need an entry" in stranger.hint


STRANGERS = {
    "a namespace": (
        put(QDRANT, "spec/ingress/4", by(namespace("default"), 6333)),
        "a Pod of the namespace default -> qdrant 6333/TCP",
    ),
    "an address": (
        put(NEO4J, "spec/ingress/4", by(block("198.51.100.0/24"), 7474)),
        "the internet (198.51.100.0) -> neo4j 7474/TCP",
    ),
    "a range": (
        put(API, "spec/egress/3", to(block("10.96.0.0/12", "10.96.0.0/13"), 443)),
        "context-api -> the address 10.104.0.0 443/TCP",
    ),
}


@pytest.mark.parametrize(("change", "words"), STRANGERS.values(), ids=STRANGERS)
def test_who_is_let_through_is_named(change: Change, words: str) -> None:
    (found,) = [each.what for policy in NETWORK_POLICIES for each in policy(manifests(changed(change)))]
    assert f"admits what nothing needs: {words};" in found


LISTED = {
    "addresses of the internet": put(API, "spec/egress/3", to(block("198.51.100.0/24", "198.51.100.0/25"), 443)),
    "nobody is left": put(API, "spec/egress/3", to(block("198.51.100.0/24", "198.51.100.0/24"))),
    "no address": put(API, "spec/egress/3", to(block("not a range"))),
    "one more way to name the list's own": put(
        QDRANT,
        "spec/ingress/1/from/0/namespaceSelector",
        {"matchExpressions": [{"key": METADATA_NAME, "operator": "In", "values": ["monitoring"]}]},
    ),
}


@pytest.mark.parametrize("change", LISTED.values(), ids=LISTED)
def test_what_the_list_names_may_be_named_otherwise(change: Change) -> None:
    assert broken(ALL, changed(change)) == []


TRACING = add(thing("Telemetry", "default", {"tracing": [{"providers": [{"name": "otel-tracing"}]}]}))
RESTORE = put(
    "CronJob neo4j-backup", "spec/jobTemplate/spec/template/spec/containers/0/ports", [{"name": "tcp-seed", "containerPort": 8080}]
)
SMOKE = add(thing("Job", "context-api-smoke", {"template": pod("context-api-smoke", {})}))
FEATURES = {
    "tracing": (TRACING, 5, "4317/TCP"),
    "restore": (RESTORE, 2, "neo4j -> neo4j-backup 8080/TCP"),
    "smoke": (SMOKE, 2, "context-api-smoke -> context-api 8000/TCP"),
}


def test_the_whole_list_is_needed_where_all_of_the_stack_is() -> None:
    found = {f"{each}" for each, _, _ in needed(manifests(changed(TRACING, RESTORE, SMOKE)))}
    assert {f"{each}" for each in CONNECTIONS if EVERY_POD not in (each.source, each.target)} <= found


@pytest.mark.parametrize(("change", "ends", "words"), FEATURES.values(), ids=FEATURES)
def test_what_comes_with_a_feature_must_be_admitted(change: Change, ends: int, words: str) -> None:
    found = [each.what for policy in NETWORK_POLICIES for each in policy(manifests(changed(change)))]
    assert len(found) == ends
    assert all(words in what for what in found)


def test_what_is_not_there_needs_nothing() -> None:
    small = changed(cut("CronJob neo4j-backup"), cut("StatefulSet neo4j", "spec/template/spec/containers/0/ports/5"))
    found = [each for each, _, _ in needed(manifests(small))]
    assert not [each for each in found if "neo4j-backup" in (each.source, each.target) or each.port == 2004]


def test_pods_without_a_sidecar_need_no_istiod() -> None:
    labels = {NAME: "qdrant-backup", "sidecar.istio.io/inject": "false"}
    plain = changed(put("CronJob qdrant-backup", "spec/jobTemplate/spec/template/metadata/labels", labels))
    assert not [each for each, source, _ in needed(manifests(plain)) if each.port == 15012 and source.name == "qdrant-backup"]


def here(name: str, **labels: str) -> End:
    (found,) = [pods for pods in manifests(stack()).pods if pods.name == name]
    return End(name, HERE, {NAME: name} | labels, ports=(("http-rest", 6333, "TCP"), ("dns", 53, "UDP")), pods=found)


def admits(policy: Objects, attempt: Attempt) -> bool:
    network = network_of(manifests(policy))
    return network.admits(attempt, "egress") and network.admits(attempt, "ingress")


A, B = here("context-api"), here("qdrant", tier="data")
OUTER = End("outer", "monitoring", {NAME: "prometheus"})
SITE = End("site", None, address="203.0.113.10")


@pytest.mark.parametrize(
    ("spec", "attempt", "expected"),
    [
        ({}, Attempt(A, B, 6333), False),
        ({"ingress": [{}]}, Attempt(A, B, 6333), True),
        ({"ingress": [by(pods("qdrant"), 8000)]}, Attempt(A, SITE, 443), True),  # policyTypes by default: ingress alone
        ({"egress": [{}]}, Attempt(A, B, 6333), False),  # and egress where there are rules
        ({"policyTypes": ["Egress"], "egress": [{}]}, Attempt(A, B, 6333), True),
        ({"policyTypes": ["Egress"]}, Attempt(A, B, 6333), False),
        ({"policyTypes": ["Egress"], "ingress": [{}]}, Attempt(OUTER, B, 6333), True),  # its ingress rules are not read
        ({"ingress": [by(pods("context-api"), 6333)]}, Attempt(A, B, 6333), True),
        ({"ingress": [by(pods("context-api"), 6334)]}, Attempt(A, B, 6333), False),
        ({"ingress": [by(pods("context-api"), "http-rest")]}, Attempt(A, B, 6333), True),
        ({"ingress": [by(pods("context-api"), "dns")]}, Attempt(A, B, 53), False),
        ({"ingress": [by(pods("context-api"), {"port": "dns", "protocol": "UDP"})]}, Attempt(A, B, 53, "UDP"), True),
        ({"ingress": [by(pods("context-api"), {"protocol": "UDP"})]}, Attempt(A, B, 53, "UDP"), True),
        ({"ingress": [by(pods("context-api"), {"protocol": "UDP"})]}, Attempt(A, B, 53), False),
        ({"ingress": [by(pods("context-api"), {"port": 6000, "endPort": 7000})]}, Attempt(A, B, 6333), True),
        ({"ingress": [by(pods("context-api"), {"port": 6000, "endPort": 6332})]}, Attempt(A, B, 6333), False),
        ({"ingress": [by(pods("prometheus"), 6333)]}, Attempt(OUTER, B, 6333), False),  # Pods of the own namespace
        ({"ingress": [by(namespace("monitoring"), 6333)]}, Attempt(OUTER, B, 6333), True),
        ({"ingress": [by(namespace("monitoring") | pods("prometheus"), 6333)]}, Attempt(OUTER, B, 6333), True),
        ({"ingress": [by(namespace("monitoring") | pods("other"), 6333)]}, Attempt(OUTER, B, 6333), False),
        ({"ingress": [by({"namespaceSelector": {}}, 6333)]}, Attempt(OUTER, B, 6333), True),
        ({"ingress": [by({"podSelector": {}}, 6333)]}, Attempt(OUTER, B, 6333), False),
        ({"policyTypes": ["Egress"], "egress": [to({"namespaceSelector": {}}, 443)]}, Attempt(A, SITE, 443), False),
        ({"policyTypes": ["Egress"], "egress": [to({"ipBlock": {"cidr": "0.0.0.0/0"}}, 443)]}, Attempt(A, SITE, 443), True),
        (
            {"policyTypes": ["Egress"], "egress": [to({"ipBlock": {"cidr": "0.0.0.0/0", "except": ["203.0.113.0/24"]}}, 443)]},
            Attempt(A, SITE, 443),
            False,
        ),
        ({"policyTypes": ["Egress"], "egress": [to({"ipBlock": {"cidr": "not a range"}}, 443)]}, Attempt(A, SITE, 443), False),
        ({"ingress": [by({}, 6333)]}, Attempt(A, B, 6333), False),
    ],
)
def test_a_policy_admits_what_kubernetes_says(spec: dict[str, Any], attempt: Attempt, expected: bool) -> None:
    policy = network_policy("example", [], [])
    policy["spec"] = {"podSelector": {}, **spec}
    assert admits([policy], attempt) is expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ({"key": "tier", "operator": "In", "values": ["data"]}, True),
        ({"key": "tier", "operator": "In", "values": ["web"]}, False),
        ({"key": "tier", "operator": "NotIn", "values": ["data"]}, False),
        ({"key": "absent", "operator": "NotIn", "values": ["data"]}, True),
        ({"key": "tier", "operator": "Exists"}, True),
        ({"key": "absent", "operator": "Exists"}, False),
        ({"key": "absent", "operator": "DoesNotExist"}, True),
        ({"key": "tier", "operator": "DoesNotExist"}, False),
    ],
)
def test_expressions_select_as_kubernetes_says(expression: dict[str, Any], expected: bool) -> None:
    policy = network_policy("example", [], [], selector={"matchExpressions": [expression]})
    policy["spec"]["policyTypes"] = ["Ingress"]
    assert admits([policy], Attempt(A, B, 6333)) is not expected


def test_a_policy_of_another_namespace_is_not_asked() -> None:
    policy = network_policy("default-deny", [], [], selector={})
    policy["metadata"]["namespace"] = "monitoring"
    assert admits([policy], Attempt(A, B, 6333))


def test_the_own_namespace_may_be_selected_by_its_name() -> None:
    policy = network_policy("example", [by({"namespaceSelector": {"matchLabels": {METADATA_NAME: HERE}}}, 6333)], [], selector={})
    policy["spec"]["policyTypes"] = ["Ingress"]
    assert admits([policy], Attempt(A, B, 6333))
    assert not admits([policy], Attempt(OUTER, B, 6333))


ENDS = (A, B, OUTER, SITE, here("neo4j"))
PORTS = st.sampled_from(
    [{"port": 6333}, {"port": "http-rest"}, {"port": 53, "protocol": "UDP"}, {"port": 1, "endPort": 9999}, {"protocol": "TCP"}]
)
PEER = st.sampled_from(
    [
        pods("qdrant"),
        pods("context-api"),
        namespace("monitoring"),
        {"namespaceSelector": {}},
        {"podSelector": {}},
        {"ipBlock": {"cidr": "0.0.0.0/0"}},
    ]
)


def rules(peers: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={peers: st.lists(PEER, max_size=2), "ports": st.lists(PORTS, max_size=2)})


POLICY = st.builds(
    lambda selector, types, ingress, egress: {"podSelector": selector, "policyTypes": types, "ingress": ingress, "egress": egress},
    st.sampled_from([{}, {"matchLabels": {NAME: "qdrant"}}]),
    st.sampled_from([["Ingress"], ["Egress"], ["Ingress", "Egress"]]),
    st.lists(rules("from"), max_size=2),
    st.lists(rules("to"), max_size=2),
)
ATTEMPTS = [
    Attempt(source, target, port, protocol) for source in ENDS for target in ENDS for port, protocol in ((6333, "TCP"), (53, "UDP"))
]


@given(st.lists(POLICY, min_size=1, max_size=3), st.sampled_from(["ingress", "egress"]), st.data())
def test_one_more_rule_never_takes_a_connection_away(specs: list[dict[str, Any]], direction: str, data: st.DataObject) -> None:
    before = [network_policy(f"policy-{index}", [], []) | {"spec": spec} for index, spec in enumerate(specs)]
    after = deepcopy(before)
    after[0]["spec"][direction].append(data.draw(rules("from" if direction == "ingress" else "to")))
    assert all(admits(after, attempt) for attempt in ATTEMPTS if admits(before, attempt))


@given(st.lists(POLICY, min_size=1, max_size=3))
def test_beside_a_default_deny_policies_only_add(specs: list[dict[str, Any]]) -> None:
    denied = [network_policy("default-deny", [], [], selector={})]
    named = [network_policy(f"policy-{index}", [], []) | {"spec": spec} for index, spec in enumerate(specs)]
    assert all(admits([*denied, *named], attempt) for attempt in ATTEMPTS if admits(denied, attempt))


@pytest.mark.parametrize(
    ("policies", "title"),
    [
        (NETWORK_POLICIES, "NetworkPolicy neo4j"),
        (NETWORK_POLICIES, "NetworkPolicy allow-platform"),
        (ALL, f"Namespace {HERE}"),
        (ALL, "CronJob neo4j-backup"),
        ((*SERVICE_POLICIES, *MONITOR_POLICIES), "Service qdrant"),
        (MONITOR_POLICIES, "ServiceMonitor qdrant"),
    ],
)
def test_odd_shapes_are_read_as_empty(policies: tuple[Policy, ...], title: str) -> None:
    for objects in oddities(title):
        broken(policies, objects)


def test_a_service_of_a_job_does_not_make_its_ports_known() -> None:
    extra = service("extra", "nobody", {"tcp-p2p": 6335})
    found = broken(SERVICE_POLICIES, changed(cut("Service qdrant-headless", "spec/ports/2"), add(extra)))
    assert found == ["StatefulSet qdrant spec.template.spec.containers.ports[6335]"]
