"""Manifests, alerts, dashboards and the lists of `bot validate` say of the API's image what its contract says."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

import promql_parser
import pytest

from bot.policies.authorization import needed_requests_are_authorized
from bot.policies.connections import CONNECTIONS
from bot.policies.contracts import CONTEXT_API, LIBRARIES
from bot.policies.manifests import Manifests
from bot.policies.metrics import PARTS, exported
from bot.policies.metrics.expressions import expressions, metric, nodes, selectors
from bot.policies.network import needed_connections_are_admitted
from tests.docs.contract_table import contract
from tests.manifests.planting import drop, policy_rules, says
from tests.manifests.renders import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.manifests.planting import Objects
    from tests.manifests.renders import Item, Render

CONTRACT = contract()
DOCUMENT = (ROOT / "apps" / "context-api" / "CONTRACT.md").read_text("utf-8")
# What a scrape and Prometheus itself add to each series, beside the contract's labels.
OF_THE_SCRAPE = {"__name__", "environment", "instance", "job", "le", "namespace", "pod"}
JOB = "context-api"
BOUND = re.compile(r'\ble="([\d.]+)"')


@pytest.fixture
def pod(render: Render) -> Item:
    spec: Item = render.one("Deployment", "context-api")["spec"]["template"]["spec"]
    return spec


@pytest.fixture
def container(pod: Item) -> Item:
    (found,) = pod["containers"]
    return dict(found)


def test_it_is_started_as_the_contract_says(pod: Item, container: Item) -> None:
    port = CONTRACT["port"]
    assert container["image"].partition(":")[0].endswith(f"/{CONTRACT['image']}")
    assert container["command"] == CONTRACT["command"]
    assert {"--host=0.0.0.0", f"--port={port['number']}", "--workers=1"} <= set(container["args"])
    assert container["ports"] == [{"name": port["name"], "containerPort": port["number"]}]
    assert (pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsGroup"]) == tuple(CONTRACT["user"].values())


def test_it_may_write_where_the_contract_says(pod: Item, container: Item) -> None:
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    empty = {volume["name"] for volume in pod["volumes"] if "emptyDir" in volume}
    assert sorted(each["mountPath"] for each in container["volumeMounts"] if each["name"] in empty) == CONTRACT["writable"]


def test_it_has_the_time_to_end_that_the_contract_says(pod: Item, container: Item) -> None:
    drain, pause = CONTRACT["shutdown_seconds"], container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert f"--timeout-graceful-shutdown={drain}" in container["args"]
    assert pod["terminationGracePeriodSeconds"] >= pause + drain


def test_probes_ask_the_contracts_paths(container: Item) -> None:
    paths = {name: each["path"] for name, each in CONTRACT["paths"].items()}
    asked = {kind: container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}
    assert {kind: each["path"] for kind, each in asked.items()} == {
        "startup": paths["live"],
        "liveness": paths["live"],
        "readiness": paths["ready"],
    }
    assert {each["port"] for each in asked.values()} == {CONTRACT["port"]["name"]}


def test_services_and_prometheus_find_the_contracts_port_and_path(render: Render) -> None:
    port = CONTRACT["port"]
    for name in ("context-api", "context-api-headless"):
        (served,) = render.one("Service", name)["spec"]["ports"]
        assert (served["name"], served["port"], served["targetPort"]) == (port["name"], port["number"], port["name"])
    (endpoint,) = render.one("ServiceMonitor", "context-api")["spec"]["endpoints"]
    assert (endpoint["port"], endpoint["path"]) == (port["name"], CONTRACT["paths"]["metrics"]["path"])


def test_variables_are_those_of_the_contract(render: Render, container: Item) -> None:
    known = {each["name"]: each for each in CONTRACT["variables"]}
    (name,) = (each["configMapRef"]["name"] for each in container["envFrom"])
    open_ones = set(render.one("ConfigMap", name)["data"]) | {each["name"] for each in container["env"] if "value" in each}
    secret = {each["name"] for each in container["env"] if "valueFrom" in each}
    assert (open_ones | secret) - set(LIBRARIES) <= known.keys()
    assert {name for name, each in known.items() if each.get("required")} <= open_ones | secret
    assert not {name for name, each in known.items() if each.get("secret")} & open_ones


def test_bot_validate_knows_the_contracts_variables() -> None:
    named = {key: {each["name"] for each in CONTRACT["variables"] if each.get(key)} for key in ("name", "required", "secret")}
    assert (CONTEXT_API.required | CONTEXT_API.known) - set(LIBRARIES) == named["name"]
    assert CONTEXT_API.required == named["required"]
    assert CONTEXT_API.secret == named["secret"]
    assert CONTEXT_API.switches | CONTEXT_API.counts | CONTEXT_API.lists | CONTEXT_API.words.keys() <= named["name"] - named["secret"]
    assert CONTEXT_API.must_be_on.keys() <= CONTEXT_API.switches
    assert CONTEXT_API.image == CONTRACT["image"]
    assert CONTEXT_API.metrics == CONTRACT["paths"]["metrics"]["path"]


def series(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The names of a metric's series, and what they are."""
    parts = {**PARTS, "summary": {"_count": "counter", "_sum": "counter"}}[found["type"]]  # of this image, without quantiles
    yield from ((found["name"] + part, kind) for part, kind in parts.items())


def test_bot_validate_knows_the_contracts_metrics() -> None:
    (listed,) = (each for each in exported() if each.component == CONTRACT["image"])
    assert dict(listed.series) == {name: kind for each in CONTRACT["metrics"] for name, kind in series(each)}
    written = {name: labels - {"le"} for name, labels in listed.labels.items()}
    assert written == {name: set(each["labels"]) for each in CONTRACT["metrics"] for name, _ in series(each)}


LABELS = {name: {*each["labels"], *OF_THE_SCRAPE} for each in CONTRACT["metrics"] for name, _ in series(each)}


def unknown_labels(query: str) -> set[str]:
    """Labels by which an expression tells series of the API apart, and which these do not have."""
    found = [each for each in selectors(nodes(query)) if metric(each) in LABELS]
    matched = {label.name for each in found for label in each.matchers.matchers if label.name not in LABELS[str(metric(each))]}
    everywhere = set.intersection(*(LABELS[str(metric(each))] for each in found)) if found else set()
    by = [node.modifier for node in nodes(query) if isinstance(node, promql_parser.AggregateExpr) and node.modifier]
    grouped = {label for each in by if each.type == promql_parser.AggModifierType.By for label in each.labels}
    return matched | (grouped - everywhere if everywhere else set())


def is_of_the_api(query: str) -> bool:
    return any(metric(each) in LABELS and f'job="{JOB}"' in query for each in selectors(nodes(query)))


def test_alerts_and_dashboards_use_the_contracts_labels(render: Render) -> None:
    asked = [each for each in expressions(render.manifests) if is_of_the_api(each.query)]
    assert {each.of_rule for each in asked} == {True, False}
    assert {f"{each.about}: {each.query}": unknown_labels(each.query) for each in asked if unknown_labels(each.query)} == {}


@pytest.mark.parametrize(
    ("query", "labels"),
    [
        ('sum by (endpoint) (rate(http_requests_total{job="context-api",status=~"5.."}[5m]))', set()),
        ('rate(http_requests_total{job="context-api",code="500"}[5m])', {"code"}),
        ('sum by (path) (rate(http_requests_total{job="context-api"}[5m]))', {"path"}),
        ('rate(http_request_duration_seconds_bucket{job="context-api",status="200"}[5m])', {"status"}),
    ],
)
def test_a_label_that_no_series_has_is_seen(query: str, labels: set[str]) -> None:
    assert is_of_the_api(query)
    assert unknown_labels(query) == labels


def test_thresholds_lie_on_the_contracts_buckets(render: Render) -> None:
    """Else Prometheus finds no bucket, and the alert is silent for ever."""
    bounds = {bound for each in CONTRACT["metrics"] for bound in each.get("buckets", ())}
    written = {float(bound) for each in expressions(render.manifests) if is_of_the_api(each.query) for bound in BOUND.findall(each.query)}
    assert written <= bounds


def test_the_check_may_connect_and_everybody_it_names(render: Render) -> None:
    rules = render.one("AuthorizationPolicy", "context-api")["spec"]["rules"]
    (to,) = (each["to"] for each in rules if each["from"] == [{"source": {"serviceAccounts": ["context-api-smoke"]}}])
    paths = sorted(each["path"] for each in CONTRACT["paths"].values())
    assert to == [{"operation": {"ports": [str(CONTRACT["port"]["number"])], "methods": ["GET"], "paths": paths}}]
    listed = [each for each in CONNECTIONS if each.source == "context-api-smoke"]
    assert sorted(each.path for each in listed) == paths
    assert {(each.target, each.port) for each in listed} == {("context-api", CONTRACT["port"]["number"])}


def without_the_rule(objects: Objects) -> None:
    policy_rules(objects, "AuthorizationPolicy", "context-api", says("context-api-smoke"))


@pytest.mark.parametrize(
    "change",
    [
        lambda objects: drop(objects, "NetworkPolicy", "context-api-smoke"),
        lambda objects: drop(objects, "NetworkPolicy", "context-api-from-smoke"),
        without_the_rule,
    ],
    ids=["egress", "ingress", "identity"],
)
def test_bot_validate_names_a_check_that_may_not_connect(change: Callable[[Objects], None], render: Render) -> None:
    objects = copy.deepcopy(list(render.objects))
    change(objects)
    manifests = Manifests(render.environment.name, render.environment.namespace, tuple(objects))
    found = [*needed_connections_are_admitted(manifests), *needed_requests_are_authorized(manifests)]
    assert any("context-api-smoke -> context-api 8000/TCP, else every sync fails" in each.what for each in found)


def test_the_check_runs_in_the_image_that_it_checks_and_is_told_its_tag(render: Render, container: Item) -> None:
    """So that a bump changes one scalar, and nothing of the check."""
    job = render.one("Job", "context-api-smoke")
    (checking,) = job["spec"]["template"]["spec"]["containers"]
    assert checking["image"] == checking["args"][-1] == container["image"]
    assert checking["args"][:-1] == [f"http://context-api:{CONTRACT['port']['number']}", "--version"]
    assert job["metadata"]["annotations"]["argocd.argoproj.io/hook"] == "PostSync"
    assert "HookFailed" not in job["metadata"]["annotations"]["argocd.argoproj.io/hook-delete-policy"]


def test_nothing_else_leads_to_the_checks_pods(render: Render) -> None:
    """A Service, budget or spread that took them for the API's would send users to a Pod that does not listen."""
    labels = render.one("Job", "context-api-smoke")["spec"]["template"]["metadata"]["labels"]
    selecting = [
        item["metadata"]["name"]
        for item in render.of("Service", "PodDisruptionBudget", "Deployment", "StatefulSet")
        if (item["spec"]["selector"].get("matchLabels") or item["spec"]["selector"]).items() <= labels.items()
    ]
    assert selecting == []


def test_the_document_says_what_is_so(render: Render, container: Item) -> None:
    (application_set,) = re.findall(r"retry:\n +limit: (\d+)", (ROOT / "argocd/applicationsets/environments.yaml").read_text("utf-8"))
    assert application_set == "10"
    assert "Argo CD syncs again ten times" in DOCUMENT
    assert {container[f"{kind}Probe"]["timeoutSeconds"] for kind in ("startup", "liveness", "readiness")} == {3}
    assert "An answer takes less than 3 s" in DOCUMENT
    assert render.one("Deployment", "context-api")["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert "`maxUnavailable: 0` keeps the old ones" in DOCUMENT
    assert "ContextAPIHighErrorRate" in {rule.get("alert") for rule in render.rules()}
    assert '"operation-failed"' in (ROOT / "bot/gate/argocd_rows.py").read_text("utf-8")
