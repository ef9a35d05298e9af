"""Alert rules: bound to their environment, selected by the gate, and firing when they should."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.gate.promql import metric_selectors
from bot.observations import PodSeen
from bot.policies.metrics import known_series
from bot.sandbox.exporter import ExportedEnvironment
from bot.sandbox.exporter_pages import PAGES
from bot.sandbox.monitoring import rule_groups
from tests.conftest import require_peer
from tests.manifests.alerts.cases import ALWAYS, CASES, WITHOUT_DATA
from tests.manifests.alerts.situations import NEIGHBOUR, OWN, Situation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.manifests.renders import Item, Render

EVERYWHERE = {
    "ContextAPITargetDown",
    "ContextAPIHighErrorRate",
    "ContextAPIReplicasUnavailable",
    "ContextAPIRolloutStuck",
    "ContextFoundationCrashLooping",
    "ContextFoundationMesh5xx",
    "ContextFoundationOOMKilled",
    "QdrantErrorRate",
    "QdrantTargetDown",
    "QdrantQuorumAtRisk",
    "Neo4jQuorumAtRisk",
}
CLUSTERS = {
    "QdrantPeerMissing",
    "QdrantConsensusStopped",
    "QdrantDeadReplicas",
    "QdrantBackupStale",
    "Neo4jBackupStale",
    "Neo4jTargetDown",
    "Neo4jNoLeader",
    "Neo4jSystemNoLeader",
    "ContextAPIErrorBudgetFastBurn",
    "ContextAPIHighLatencyP95",
    "QdrantSearchLatencyHigh",
    "Neo4jQueryLatencyHigh",
}
RUNBOOK = Path(__file__).parents[2] / "docs" / "RUNBOOK.md"
SPLICED = re.compile(r"'([^']*)'")
FIRED = re.compile(r"name: (\S+),\n\s+alertname:")
PROMETHEUS_OWN = {"up"}
POD = PodSeen("context-api-1", ("ghcr.io/team/context-api:v1",), "Healthy", of_job=False)


def alerts(render: Render) -> list[Item]:
    return [rule for rule in render.rules() if "alert" in rule]


def blocking(render: Render) -> set[str]:
    return {rule["alert"] for rule in alerts(render) if render.environment.policy.alerts.blocks(rule["labels"])}


def measured(rules: list[Item]) -> set[str]:
    return {selector.partition("{")[0] for rule in rules for selector in metric_selectors(rule["expr"])}


def exported_by_the_sandbox() -> set[str]:
    environment = ExportedEnvironment("context-test", lambda: [POD])
    return {line[0] for page in PAGES.values() for line in page(environment)} | PROMETHEUS_OWN


def test_the_blocking_alerts_are_these(renders: Mapping[str, Render]) -> None:
    assert {name: blocking(render) for name, render in renders.items()} == {
        "dev": EVERYWHERE,
        "staging": EVERYWHERE | CLUSTERS,
        "prod": EVERYWHERE | CLUSTERS,
    }


def test_waits_are_written_so_that_the_sandbox_can_shorten_them(render: Render) -> None:
    for rule in alerts(render):
        assert re.fullmatch(r"[1-9]\d*[mh]|", rule.get("for", "")), rule["alert"]
        assert not re.search(r"\[\d+(?![mh]\])[a-z]", rule["expr"]), rule["alert"]


def test_each_rule_names_its_environment_once(render: Render) -> None:
    certificate = f"{render.environment.namespace}-tls"
    for rule in render.rules():
        name = rule.get("alert") or rule["record"]
        bound = [certificate] if name == "CertificateExpiresSoon" else [render.environment.namespace]
        assert SPLICED.findall(rule["expr"]) == ([] if name in ALWAYS else bound), name
        assert rule["labels"]["environment"] == render.environment.name, name
    assert "set-by-scope" not in render.rendered.text


def test_the_watchdog_always_fires_and_blocks_nothing(render: Render) -> None:
    (watchdog,) = (rule for rule in alerts(render) if rule["alert"] == render.environment.policy.watchdog)
    assert watchdog["expr"] == "vector(1)"
    assert "for" not in watchdog
    assert not render.environment.policy.alerts.blocks(watchdog["labels"])


def test_blocking_rules_rest_on_metrics_that_the_sandbox_has_or_that_may_be_absent(render: Render) -> None:
    recorded = {rule["record"] for rule in render.rules() if "record" in rule}
    known = exported_by_the_sandbox() | recorded | set(render.environment.policy.alerts.may_be_absent)
    for rule in alerts(render):
        if render.environment.policy.alerts.blocks(rule["labels"]):
            assert measured([rule]) <= known, rule["alert"]


def test_what_the_sandbox_exports_is_what_the_real_ones_export() -> None:
    assert exported_by_the_sandbox() <= known_series().keys()


def test_what_may_be_absent_is_used(render: Render) -> None:
    blocks = [rule for rule in alerts(render) if render.environment.policy.alerts.blocks(rule["labels"])]
    assert set(render.environment.policy.alerts.may_be_absent) <= measured(blocks)


def test_each_alert_has_its_section_in_the_runbook(renders: Mapping[str, Render]) -> None:
    headings = re.findall(r"^### (\w+)$", RUNBOOK.read_text("utf-8"), re.MULTILINE)
    assert sorted(headings) == sorted({rule["alert"] for render in renders.values() for rule in alerts(render)})


def test_volumes_that_jobs_fill_on_purpose_are_left_out_and_no_others(render: Render) -> None:
    (rule,) = (rule for rule in alerts(render) if rule["alert"] == "VolumeFillsWithin24h")
    (left_out,) = re.findall(r'persistentvolumeclaim!~"([^"]+)"', rule["expr"])
    for item in render.of("CronJob"):
        for volume in item["spec"]["jobTemplate"]["spec"]["template"]["spec"]["volumes"]:
            assert bool(re.fullmatch(left_out, f"{item['metadata']['name']}-29384775-x7k2p-{volume['name']}")) is ("ephemeral" in volume)
    for item in render.of("StatefulSet"):
        for claim in item["spec"]["volumeClaimTemplates"]:
            assert not re.fullmatch(left_out, f"{claim['metadata']['name']}-{item['metadata']['name']}-0")


def test_promtool_accepts_the_rules(render: Render, tmp_path: Path) -> None:
    promtool = require_peer("promtool")
    path = tmp_path / "rules.yml"
    path.write_text(json.dumps({"groups": rule_groups(render.rendered)}), "utf-8")
    done = subprocess.run([promtool, "check", "rules", str(path)], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "duplicate" not in done.stdout + done.stderr


def test_each_alert_has_a_trouble_and_a_calm(renders: Mapping[str, Render]) -> None:
    """Prod has every alert that any environment has."""
    named = {rule["alert"] for rule in alerts(renders["prod"])}
    assert {rule["alert"] for render in renders.values() for rule in alerts(render)} == named
    assert {case.alert for case in CASES if case.fires} == named
    assert {case.alert for case in CASES if not case.fires} == named - ALWAYS


def first(alert: str, *, fires: bool) -> Situation:
    return next(case for case in CASES if (case.alert, case.fires) == (alert, fires))


def without_data(alert: str) -> Situation:
    return Situation(alert, "without-data", {}, fires=alert in WITHOUT_DATA, at=first(alert, fires=True).at)


def beside_trouble(alert: str) -> Situation:
    """All is well here, and the neighbour that the same Prometheus watches is in trouble."""
    own, other = first(alert, fires=False), first(alert, fires=True)
    neighbour = {series.replace(OWN, NEIGHBOUR): values for series, values in other.series.items()}
    return Situation(alert, "beside-trouble", {**own.series, **neighbour}, fires=False, at=other.at)


NAMES = sorted({case.alert for case in CASES})
EVERY_CASE = (*CASES, *map(without_data, NAMES), *(beside_trouble(name) for name in NAMES if name not in ALWAYS))


def rules_of(render: Render, alert: str) -> list[Item]:
    """An alert's own rule, after the recording rules that it rests on: evaluating all rules in each case takes minutes."""
    (rule,) = (rule for rule in alerts(render) if rule["alert"] == alert)
    return [other for other in render.rules() if other.get("record") in measured([rule])] + [rule]


def unit_tests(alert: str) -> list[Item]:
    """Promtool's form of an alert's cases, each told to expect nothing."""
    return [
        {
            "name": case.id,
            "interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in case.series.items()],
            "alert_rule_test": [{"eval_time": case.at, "alertname": alert, "exp_alerts": []}],
        }
        for case in EVERY_CASE
        if case.alert == alert
    ]


@pytest.fixture(scope="module")
def fired(renders: Mapping[str, Render], tmp_path_factory: pytest.TempPathFactory) -> frozenset[str]:
    """The cases whose alert fires: promtool prints what fires as a difference to the nothing that it is told to expect."""
    promtool, folder = require_peer("promtool"), tmp_path_factory.mktemp("promtool")
    for alert in NAMES:
        groups = [{"name": alert, "rules": rules_of(renders["prod"], alert)}]
        (folder / f"{alert}.rules.yml").write_text(json.dumps({"groups": groups}), "utf-8")
        content = {"rule_files": [f"{alert}.rules.yml"], "tests": unit_tests(alert)}
        (folder / f"{alert}.yml").write_text(json.dumps(content), "utf-8")
    command = [promtool, "test", "rules", *(f"{alert}.yml" for alert in NAMES)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=100)
    said = done.stdout + done.stderr
    found = FIRED.findall(said)
    assert len(found) == said.count("alertname: "), said
    return frozenset(found)


@pytest.mark.parametrize("case", EVERY_CASE, ids=lambda case: case.id)
def test_an_alert_fires_when_it_should_and_only_then(case: Situation, fired: frozenset[str]) -> None:
    assert (case.id in fired) == case.fires


def test_case_names_are_unique() -> None:
    assert len({case.id for case in EVERY_CASE}) == len(EVERY_CASE)
