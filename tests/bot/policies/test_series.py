"""Labels that expressions go by: there, naming what is rendered, over ranges that hold samples."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import promql_parser
import pytest

from bot.policies.manifests import Manifests
from bot.policies.metrics import exported
from bot.policies.metrics.inference import labels_of, wrong_groupings
from bot.policies.metrics.labels import SERIES_POLICIES, panels_find_series
from bot.policies.metrics.values import alternatives

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Violation

NAME = "app.kubernetes.io/name"
NS = "namespace='context-prod'"
OWN_ENDPOINT: list[dict[str, Any]] = [
    {"sourceLabels": ["exported_endpoint"], "regex": "(.+)", "targetLabel": "endpoint"},
    {"regex": "exported_endpoint", "action": "labeldrop"},
]


def workload(kind: str, name: str, container: str, image: str) -> dict[str, Any]:
    pod = {"metadata": {"labels": {NAME: name}}, "spec": {"containers": [{"name": container, "image": f"{image}:v1"}]}}
    spec: dict[str, Any] = {"replicas": 3, "template": pod}
    if kind == "StatefulSet":
        spec["volumeClaimTemplates"] = [{"metadata": {"name": "data"}, "spec": {}}]
    return {"kind": kind, "metadata": {"name": name}, "spec": spec}


def service(name: str) -> dict[str, Any]:
    return {"kind": "Service", "metadata": {"name": name, "labels": {NAME: name}}, "spec": {"selector": {NAME: name}}}


def monitor(name: str, **endpoint: Any) -> dict[str, Any]:
    spec = {"selector": {"matchLabels": {NAME: name}}, "jobLabel": NAME, "endpoints": [{"interval": "30s", **endpoint}]}
    return {"kind": "ServiceMonitor", "metadata": {"name": name}, "spec": spec}


API = workload("Deployment", "context-api", "api", "ghcr.io/dpdpdpdp0987/context-api")
QDRANT = workload("StatefulSet", "qdrant", "qdrant", "docker.io/qdrant/qdrant")
BACKUP = {"kind": "CronJob", "metadata": {"name": "qdrant-backup"}, "spec": {}}
GATEWAY = {"kind": "Gateway", "metadata": {"name": "api"}, "spec": {"servers": [{"tls": {"credentialName": "context-prod-tls"}}]}}
SCRAPED = (monitor("context-api", metricRelabelings=OWN_ENDPOINT), monitor("qdrant", metricRelabelings=OWN_ENDPOINT))
STACK = (API, QDRANT, BACKUP, GATEWAY, service("context-api"), service("qdrant"))


def rule(expr: str, name: str = "Slow") -> dict[str, Any]:
    return {"alert": name, "expr": expr}


def prod(*rules: dict[str, Any], scraped: tuple[dict[str, Any], ...] = SCRAPED, stack: tuple[dict[str, Any], ...] = STACK) -> Manifests:
    written = {"kind": "PrometheusRule", "metadata": {"name": "rules"}, "spec": {"groups": [{"name": "g", "rules": list(rules)}]}}
    return Manifests("prod", "context-prod", (*stack, *scraped, written))


def found(manifests: Manifests) -> list[Violation]:
    return [each for policy in SERIES_POLICIES for each in policy(manifests)]


RATIO = {"record": "job:failed:ratio5m", "expr": f'sum by (job) (rate(http_requests_total{{{NS},status="500"}}[5m]))', "labels": {"a": "b"}}
GOOD = (
    f'sum by (namespace, endpoint) (rate(http_requests_total{{{NS},job="context-api",status=~"5..",endpoint!~"/health.*"}}[5m])) > 1',
    f'histogram_quantile(0.9, sum by (le) (rate(rest_responses_duration_seconds_bucket{{{NS},job="qdrant"}}[1m])))',
    f'kube_deployment_spec_replicas{{{NS},deployment="context-api"}} and on (namespace) up{{job=~"qdrant|context-api"}} == 0',
    f'container_memory_rss{{{NS},pod=~"context-api-.+",container="api"}} / on (namespace, pod) group_left (uid) kube_pod_info',
    f'kubelet_volume_stats_used_bytes{{{NS},persistentvolumeclaim=~"data-qdrant-[0-9]+",persistentvolumeclaim!~".+-backup"}} > 1',
    'absent(kube_cronjob_status_last_successful_time{cronjob="qdrant-backup"} > time() - 30 * 3600)',
    "min by (name) (certmanager_certificate_expiration_timestamp_seconds{name='context-prod-tls'}) - time() < 9",
    "max by (pod) (max_over_time(rate(http_requests_total[5m])[1h:1m]))",
    'job:failed:ratio5m{job="context-api",a="b"} > 1',
    'label_replace(up, "stage", "$1", "job", "(.*)") * on (stage) group_right () label_replace(up, "stage", "x", "job", ".*")',
    'ALERTS{alertname="Slow",severity="critical",pod=~"qdrant-.+"}',
    "sum by (job) (cluster_peers_total) + ignoring (job) count(up) or vector(0)",
    "topk(3, up) unless ignoring (instance) app_info",
    'up{job="kubelet",node="a"}',
)
BAD = {
    "a label of other programs": ('http_requests_total{code=~"5.."}', "goes by code, a label that http_requests_total does not have"),
    "a label of the request": ('rate(errors_total{path="/"}[5m])', "goes by path"),
    "an object's label on another's metric": ('kube_deployment_spec_replicas{pod="a"}', "goes by pod"),
    "a grouping": ("sum by (namespce) (up)", "says by (namespce)"),
    "a grouping of a group": ("max by (pod) (sum by (job) (up))", "says by (pod)"),
    "a label left out": ("sum without (pdo) (up)", "says without (pdo)"),
    "a match": ("up and on (deployment) kube_deployment_spec_replicas", "says on (deployment)"),
    "buckets without le": ("histogram_quantile(0.9, sum by (le) (rate(rest_responses_duration_seconds_count[5m])))", "says by (le)"),
    "a label that a recording drops": ('job:failed:ratio5m{status="500"}', "goes by status, a label that job:failed:ratio5m"),
    "a job": ('up{job="context-apy"} == 0', 'asks for job="context-apy" of up'),
    "a job of another program": ('rate(http_requests_total{job="qdrant"}[5m])', 'asks for job="qdrant" of http_requests_total'),
    "one of two jobs": ('up{job=~"qdrant|conext-api"}', 'asks for job="conext-api"'),
    "a container": ('container_memory_rss{container="app"}', 'asks for container="app"'),
    "a Deployment": ('kube_deployment_spec_replicas{deployment="api"}', 'asks for deployment="api"'),
    "a StatefulSet": ('kube_statefulset_replicas{statefulset="context-api"}', 'asks for statefulset="context-api"'),
    "a CronJob": ('kube_cronjob_created{cronjob="neo4j-backup"}', 'asks for cronjob="neo4j-backup"'),
    "Pods": ('kube_pod_info{pod=~"api-.+"}', 'asks for pod="api-.+"'),
    "one member too many": ('kube_pod_info{pod="qdrant-3"}', 'asks for pod="qdrant-3"'),
    "a claim": ('kubelet_volume_stats_used_bytes{persistentvolumeclaim=~"storage-.+"}', 'asks for persistentvolumeclaim="storage-.+"'),
    "a certificate": ("certmanager_certificate_ready_status{name='context-prod-tsl'}", 'asks for name="context-prod-tsl"'),
    "an alert": ('ALERTS{alertname="Fast"}', 'asks for alertname="Fast"'),
    "what nothing scrapes": ("neo4j_dbms_page_cache_hit_ratio < 1", "which nothing here scrapes"),
    "a range of one sample": ("rate(http_requests_total[30s])", "looks at 30s of http_requests_total, of which there is one"),
    "a range shorter than the chart's interval": ("increase(certmanager_certificate_ready_status[1m])", "one sample each 60s"),
}  # fmt: skip


@pytest.mark.parametrize("expr", GOOD)
def test_what_finds_series_passes(expr: str) -> None:
    assert found(prod(rule(expr), RATIO)) == []


@pytest.mark.parametrize(("expr", "what"), BAD.values(), ids=BAD.keys())
def test_what_finds_none_is_named(expr: str, what: str) -> None:
    (violation,) = found(prod(rule(expr), RATIO))
    assert violation.field == "spec.groups[0].rules[0].expr"
    assert what in violation.what
    assert violation.what.startswith("alert Slow: ")
    assert violation.hint
    assert violation.is_error


@pytest.mark.parametrize(
    ("image", "is_known"),
    [("registry.example.com/mirror/qdrant/qdrant", True), ("qdrant/qdrant", True), ("registry.example.com/team/my-qdrant/qdrant", False)],
)
def test_a_program_is_known_by_the_end_of_its_images_name(image: str, *, is_known: bool) -> None:
    mirrored = tuple(workload("StatefulSet", "qdrant", "qdrant", image) if each is QDRANT else each for each in STACK)
    assert (found(prod(rule("sum(cluster_peers_total)"), stack=mirrored)) == []) is is_known


BY_ENDPOINT = f'rate(http_requests_total{{{NS},endpoint!~"/health.*"}}[5m]) > 1'


@pytest.mark.parametrize(
    ("endpoint", "aside"),
    [
        ({}, "the program's own is exported_endpoint"),
        ({"metricRelabelings": OWN_ENDPOINT[1:]}, "the program's own is lost"),
        ({"metricRelabelings": [{**OWN_ENDPOINT[0], "sourceLabels": ["exported_endpont"]}]}, "exported_endpoint"),
    ],
    ids=["put aside", "dropped", "a step that reads another label"],
)
def test_a_label_that_the_scrape_sets_is_not_the_program_s(endpoint: dict[str, Any], aside: str) -> None:
    """The operator's `endpoint` is the name of a port, and no health check has that."""
    (violation,) = found(prod(rule(BY_ENDPOINT), scraped=(monitor("context-api", **endpoint),)))
    assert "goes by endpoint of http_requests_total, which the scrape sets" in violation.what
    assert aside in violation.what


@pytest.mark.parametrize(
    "endpoint",
    [
        {"honorLabels": True},
        {"metricRelabelings": [{"regex": "exported_(endpoint)", "action": "labelmap"}]},
        {"metricRelabelings": [{"sourceLabels": ["exported_endpoint"], "targetLabel": "endpoint"}]},
    ],
    ids=["honoured", "mapped", "copied"],
)
def test_a_label_that_is_put_back_is_the_program_s(endpoint: dict[str, Any]) -> None:
    assert found(prod(rule(BY_ENDPOINT), scraped=(monitor("context-api", **endpoint),))) == []


def test_labels_that_relabelling_takes_away_or_adds_count() -> None:
    dropped = monitor("context-api", metricRelabelings=[{"action": "labelkeep", "regex": "namespace|job|__name__"}])
    assert "goes by method" in found(prod(rule('http_requests_total{method="GET"}'), scraped=(dropped,)))[0].what
    added = monitor("context-api", relabelings=[{"targetLabel": "zone", "replacement": "a"}, {"targetLabel": "__address__"}])
    assert found(prod(rule('http_requests_total{zone="a"}'), scraped=(added,))) == []
    assert "goes by __address__" in found(prod(rule('up{__address__="a"}'), scraped=(added,)))[0].what


@pytest.mark.parametrize(
    "step",
    [
        {"action": "keep", "sourceLabels": ["__name__"], "regex": "istio_.+"},
        {"action": "drop", "sourceLabels": ["__name__"], "regex": "http_.*"},
    ],
    ids=lambda step: step["action"],
)
def test_a_series_that_relabelling_drops_is_not_there(step: dict[str, Any]) -> None:
    manifests = prod(rule("rate(http_requests_total[5m])"), scraped=(monitor("context-api", metricRelabelings=[step]),))
    assert "which nothing here scrapes" in found(manifests)[0].what
    assert found(prod(rule("up == 0"), scraped=(monitor("context-api", metricRelabelings=[step]),))) == []


def test_the_interval_is_that_of_the_monitor() -> None:
    slow = monitor("context-api", interval="2m")
    assert "one sample each 120s" in found(prod(rule("rate(errors_total[3m])"), scraped=(slow,)))[0].what
    assert found(prod(rule("rate(errors_total[4m])"), scraped=(slow,))) == []


def test_sidecars_are_scraped_by_the_monitor_that_asks_their_agent() -> None:
    agents = {"path": "/stats/prometheus", "metricRelabelings": [{"action": "keep", "sourceLabels": ["__name__"], "regex": "istio_.+"}]}
    sidecars = {"kind": "PodMonitor", "metadata": {"name": "sidecars"}, "spec": {"selector": {}, "podMetricsEndpoints": [agents]}}
    good = rule('rate(istio_requests_total{destination_workload="context-api",response_code=~"5.."}[5m])')
    assert found(prod(good, scraped=(sidecars,))) == []
    assert "which nothing here scrapes" in found(prod(good))[0].what
    wrong = rule('rate(istio_requests_total{destination_workload="api"}[5m]) + rate(istio_tcp_sent_bytes_total{response_code="500"}[5m])')
    labels, values = found(prod(wrong, scraped=(sidecars,)))
    assert "goes by response_code" in labels.what
    assert 'asks for destination_workload="api"' in values.what


def test_what_nothing_scrapes_is_said_once_and_not_at_all_where_a_monitor_that_finds_nothing_is_to_blame() -> None:
    rules = [rule("errors_total > 1"), rule("http_requests_total > 1"), rule('up{job="context-api"} == 0'), rule("collection_points < 1")]
    first, job = found(prod(*rules, scraped=SCRAPED[1:]))
    assert (first.field, job.field) == ("spec.groups[0].rules[0].expr", "spec.groups[0].rules[2].expr")
    assert "which nothing here scrapes, as all of context-api" in first.what
    assert 'asks for job="context-api"' in job.what
    assert found(prod(*rules, scraped=(monitor("context-apy"), SCRAPED[1]))) == []


def panels(environment: str, *exprs: str, objects: tuple[dict[str, Any], ...]) -> Manifests:
    shown = [{"title": "Panel", "targets": [{"refId": "A", "expr": expr}]} for expr in exprs]
    labels = {"grafana_dashboard": "1"}
    dashboard = {"kind": "ConfigMap", "metadata": {"name": "d", "labels": labels}, "data": {"a.json": json.dumps({"panels": shown})}}
    return Manifests(environment, f"context-{environment}", (*objects, dashboard))


SHARED = 'kube_cronjob_created{namespace="$namespace",cronjob=~"qdrant-backup"} + sum(rate(http_requests_total[$__rate_interval]))'
WITHOUT_BACKUP = tuple(each for each in (*STACK, *SCRAPED) if each is not BACKUP)


def _panel_faults(*exprs: str) -> Iterator[str]:
    dev, prod_ = (panels(name, *exprs, objects=objects) for name, objects in (("dev", WITHOUT_BACKUP), ("prod", (*STACK, *SCRAPED))))
    yield from sorted({violation.what for _, violation in panels_find_series([dev, prod_])})


def test_a_panel_shows_what_at_least_one_environment_has() -> None:
    """One dashboard serves all, and dev has no backups."""
    assert list(_panel_faults(SHARED)) == []


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("qdrant-backup", "qdrant-backups", 'panel Panel: asks for cronjob="qdrant-backups"'),
        ("sum(", "sum by (code) (", "panel Panel: says by (code)"),
        ("$__rate_interval", "$__interval", "panel Panel: looks at 1s of http_requests_total"),
    ],
)
def test_a_panel_that_is_empty_everywhere_is_named(old: str, new: str, what: str) -> None:
    (fault,) = _panel_faults(SHARED.replace(old, new))
    assert fault.startswith(what)


def test_a_pattern_is_taken_apart_where_it_chooses() -> None:
    assert alternatives("a|b(c|d)|[|]") == ("a", "b(c|d)", "[|]")
    assert alternatives(r"a\|b") == (r"a\|b",)


def _labels(expr: str) -> frozenset[str] | None:
    return labels_of(promql_parser.parse(expr), lambda selector: None if selector.name == "any" else frozenset({"job", "pod", "le"}))


@pytest.mark.parametrize(
    ("expr", "labels"),
    [
        ("up", {"job", "pod", "le"}),
        ("sum(up)", set()),
        ("sum by (job) (any)", {"job"}),
        ("sum without (pod) (up)", {"job", "le"}),
        ("histogram_quantile(0.9, up)", {"job", "pod"}),
        ("2 * sum by (job) (up)", {"job"}),
        ("up * on (job) up", {"job"}),
        ("up * ignoring (pod) up", {"job", "le"}),
        ("up * on (job) group_left (zone) up", {"job", "pod", "le", "zone"}),
        ("sum by (job) (up) or sum by (pod) (up)", {"job", "pod"}),
        ("sum by (job) (up) or any", None),
        ("absent(up{zone='a'})", {"zone"}),
        ("absent(up{zone='a'} == 1)", set()),
        ("vector(1)", set()),
        ("label_join(up, 'who', '-', 'job')", {"job", "pod", "le", "who"}),
        ("rate(up[5m])", {"job", "pod", "le"}),
        ("count_values('version', up)", None),
    ],
)
def test_the_labels_of_a_result(expr: str, labels: set[str] | None) -> None:
    assert _labels(expr) == (None if labels is None else frozenset(labels))


def test_what_may_have_any_label_is_not_judged() -> None:
    assert list(wrong_groupings(promql_parser.parse("sum by (zone) (any) / on (zone) any"), lambda _: None)) == []


def test_each_list_says_who_scrapes_it() -> None:
    for each in exported():
        ways = [each.image, each.path, each.elsewhere]
        assert len([way for way in ways if way]) == (0 if each.component == "prometheus" else 1), each.component
        assert each.labels.keys() == each.series.keys()


@pytest.mark.parametrize("policy", SERIES_POLICIES, ids=lambda policy: policy.__name__)
def test_objects_of_any_shape_are_survived(policy: Any) -> None:
    odd: tuple[dict[str, Any], ...] = (
        {},
        {"kind": "PrometheusRule", "spec": {"groups": [None, {"rules": ["a", {}, {"record": 1, "expr": "sum("}, rule("(")]}]}},
        {"kind": "ServiceMonitor", "spec": {"endpoints": [None, {"interval": 7, "metricRelabelings": [None, {"regex": "("}]}]}},
        {"kind": "PodMonitor", "spec": {"podMetricsEndpoints": [{"interval": "soon", "metricRelabelings": [{"regex": "("}]}]}},
        {"kind": "Gateway", "spec": {"servers": [{"tls": 1}]}},
    )
    list(policy(Manifests("prod", "context-prod", odd)))
