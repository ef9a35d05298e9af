"""Alert rules: bound to their environment, on metrics that exist, and firing when they should."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from bot.gate.promql import metric_selectors
from bot.sandbox.exporter import ExportedEnvironment
from bot.sandbox.exporter_pages import PAGES
from bot.sandbox.monitoring import rule_groups
from tests.conftest import require_peer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.manifests.renders import Render

EVERYWHERE = {
    "ContextAPITargetDown",
    "ContextAPIHighErrorRate",
    "ContextAPIReplicasUnavailable",
    "ContextAPIRolloutStuck",
    "ContextFoundationCrashLooping",
    "QdrantTargetDown",
    "QdrantQuorumAtRisk",
    "Neo4jQuorumAtRisk",
}
CLUSTERS = {
    "QdrantPeerMissing",
    "QdrantConsensusStopped",
    "QdrantDeadReplicas",
    "Neo4jTargetDown",
    "Neo4jNoLeader",
    "Neo4jSystemNoLeader",
    "ContextAPIHighLatencyP95",
    "QdrantSearchLatencyHigh",
    "Neo4jQueryLatencyHigh",
}
LABELS = {"environment", "app", "component", "severity", "promotion_gate"}
SPLICED = re.compile(r"namespace='([^']*)'")
PROMETHEUS_OWN = {"up"}


def blocking(render: Render) -> set[str]:
    return {rule["alert"] for rule in render.rules() if render.environment.policy.alerts.blocks(rule["labels"])}


def exported_metrics() -> set[str]:
    environment = ExportedEnvironment("context-test", tuple)
    return {line[0] for page in PAGES.values() for line in page(environment)} | PROMETHEUS_OWN


def test_the_blocking_alerts_are_these(renders: Mapping[str, Render]) -> None:
    assert {name: blocking(render) for name, render in renders.items()} == {
        "dev": EVERYWHERE,
        "staging": EVERYWHERE | CLUSTERS,
        "prod": EVERYWHERE | CLUSTERS,
    }


def test_rules_carry_the_labels_that_the_gate_selects_by(render: Render) -> None:
    for rule in render.rules():
        assert rule["labels"].keys() == LABELS, rule["alert"]
        assert rule["labels"]["environment"] == render.environment.name
        assert rule["annotations"].keys() == {"summary", "description"}
        assert re.fullmatch(r"[1-9]\d*m|", rule.get("for", "")), rule["alert"]  # the sandbox shortens what is written so


def test_each_rule_is_bound_to_the_environments_namespace(render: Render) -> None:
    for rule in render.rules():
        wanted = [] if rule["alert"] == render.environment.policy.watchdog else [render.environment.namespace]
        assert SPLICED.findall(rule["expr"]) == wanted, rule["alert"]
    assert "set-by-scope" not in render.rendered.text


def test_the_watchdog_always_fires_and_blocks_nothing(render: Render) -> None:
    (watchdog,) = (rule for rule in render.rules() if rule["alert"] == render.environment.policy.watchdog)
    assert watchdog["expr"] == "vector(1)"
    assert "for" not in watchdog
    assert not render.environment.policy.alerts.blocks(watchdog["labels"])


def test_blocking_rules_rest_on_metrics_that_are_exported_or_may_be_absent(render: Render) -> None:
    known = exported_metrics() | set(render.environment.policy.alerts.may_be_absent)
    for rule in render.rules():
        names = {selector.partition("{")[0] for selector in metric_selectors(rule["expr"])}
        assert names <= known, rule["alert"]


def test_what_may_be_absent_is_used(render: Render) -> None:
    blocks = [rule for rule in render.rules() if render.environment.policy.alerts.blocks(rule["labels"])]
    used = {selector.partition("{")[0] for rule in blocks for selector in metric_selectors(rule["expr"])}
    assert set(render.environment.policy.alerts.may_be_absent) <= used


def test_promtool_accepts_the_rules(render: Render, tmp_path: Path) -> None:
    promtool = require_peer("promtool")
    path = tmp_path / "rules.yml"
    path.write_text(json.dumps({"groups": rule_groups(render.rendered)}), "utf-8")
    done = subprocess.run([promtool, "check", "rules", str(path)], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "duplicate" not in done.stdout + done.stderr


OWN, FOREIGN = 'namespace="context-prod"', 'namespace="context-staging"'
REQUESTS = 'http_requests_total{job="context-api",endpoint="/api/v1/search",'
HEALTH = 'http_requests_total{job="context-api",endpoint="/health/ready",'
CRASH = 'kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff",pod="qdrant-0",container="qdrant",'
Series = dict[str, str]


def case(alert: str, series: Series, *, fires: bool, name: str) -> object:
    return pytest.param(alert, series, fires, id=f"{alert}-{name}")


def ratio(failed: int, other: int, metric: str = REQUESTS, where: str = OWN) -> Series:
    return {f'{metric}status="500",{where}}}': f"0+{failed}x30", f'{metric}status="200",{where}}}': f"0+{other}x30"}


def members(app: str, *, ready: int, wanted: int, where: str = OWN) -> Series:
    labels = f'{{statefulset="{app}",{where}}}'
    return {f"kube_statefulset_status_replicas_ready{labels}": f"{ready}x30", f"kube_statefulset_replicas{labels}": f"{wanted}x30"}


def api(*, available: int, wanted: int) -> Series:
    labels = f'{{deployment="context-api",{OWN}}}'
    return {
        f"kube_deployment_status_replicas_available{labels}": f"{available}x30",
        f"kube_deployment_spec_replicas{labels}": f"{wanted}x30",
    }


def leaders(*values: int) -> Series:
    metric = "neo4j_database_neo4j_cluster_raft_is_leader"
    return {f'{metric}{{job="neo4j",pod="neo4j-{pod}",{OWN}}}': f"{value}x30" for pod, value in enumerate(values)}


def up(job: str, value: int, where: str = OWN) -> Series:
    return {f'up{{job="{job}",{where}}}': f"{value}x30"}


def peers(known: int) -> Series:
    return {f'cluster_peers_total{{job="qdrant",pod="qdrant-0",{OWN}}}': f"{known}x30", **members("qdrant", ready=3, wanted=3)}


CASES = [
    case("ContextFoundationWatchdog", {}, fires=True, name="without-any-series"),
    case("ContextAPIHighErrorRate", ratio(6, 94), fires=True, name="6-percent"),
    case("ContextAPIHighErrorRate", ratio(5, 95), fires=False, name="5-percent"),
    case("ContextAPIHighErrorRate", ratio(2, 2), fires=False, name="hardly-any-traffic"),
    case("ContextAPIHighErrorRate", ratio(50, 50, metric=HEALTH), fires=False, name="probes-alone"),
    case("ContextAPIHighErrorRate", ratio(50, 50, where=FOREIGN), fires=False, name="of-another-environment"),
    case("ContextAPIHighErrorRate", {**ratio(0, 99), **ratio(99, 1, where=FOREIGN)}, fires=False, name="beside-a-broken-environment"),
    case("ContextAPITargetDown", {}, fires=True, name="no-target"),
    case("ContextAPITargetDown", up("context-api", 0), fires=True, name="down"),
    case("ContextAPITargetDown", up("context-api", 1), fires=False, name="up"),
    case("ContextAPITargetDown", up("context-api", 1, where=FOREIGN), fires=True, name="only-another-environment-is-up"),
    case("ContextAPIReplicasUnavailable", api(available=2, wanted=5), fires=True, name="2-of-5"),
    case("ContextAPIReplicasUnavailable", api(available=3, wanted=5), fires=False, name="3-of-5"),
    case("ContextAPIReplicasUnavailable", api(available=0, wanted=1), fires=True, name="0-of-1"),
    case("QdrantQuorumAtRisk", members("qdrant", ready=1, wanted=3), fires=True, name="1-of-3"),
    case("QdrantQuorumAtRisk", members("qdrant", ready=2, wanted=3), fires=False, name="2-of-3"),
    case("QdrantQuorumAtRisk", members("qdrant", ready=1, wanted=3, where=FOREIGN), fires=False, name="of-another-environment"),
    case("Neo4jQuorumAtRisk", members("neo4j", ready=0, wanted=1), fires=True, name="0-of-1"),
    case("Neo4jQuorumAtRisk", members("neo4j", ready=1, wanted=1), fires=False, name="1-of-1"),
    case("Neo4jNoLeader", leaders(0, 0, 0), fires=True, name="three-followers"),
    case("Neo4jNoLeader", leaders(0, 1, 0), fires=False, name="one-leads"),
    case("Neo4jNoLeader", {}, fires=True, name="without-the-metric"),
    case("QdrantPeerMissing", peers(2), fires=True, name="2-of-3"),
    case("QdrantPeerMissing", peers(3), fires=False, name="3-of-3"),
    case("ContextFoundationCrashLooping", {f"{CRASH}{OWN}}}": "1x30"}, fires=True, name="for-long"),
    case("ContextFoundationCrashLooping", {f"{CRASH}{FOREIGN}}}": "1x30"}, fires=False, name="of-another-environment"),
]


@pytest.mark.parametrize(("alert", "series", "fires"), CASES)
def test_an_alert_fires_when_it_should(alert: str, series: Series, fires: bool, renders: Mapping[str, Render], tmp_path: Path) -> None:
    """Promtool prints what fires as a difference to the nothing that it is told to expect."""
    promtool = require_peer("promtool")
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": rule_groups(renders["prod"].rendered)}), "utf-8")
    unit = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [{"eval_time": "20m", "alertname": alert, "exp_alerts": []}],
    }
    (tmp_path / "tests.yml").write_text(json.dumps({"rule_files": ["rules.yml"], "tests": [unit]}), "utf-8")
    done = subprocess.run([promtool, "test", "rules", "tests.yml"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    said = done.stdout + done.stderr
    assert (f"alertname: {alert}" in said) == fires, said
    assert ("SUCCESS" in said) != fires, said
