"""environment.yaml names what is there: alerts that block, the watchdog, jobs, metrics; and lets nothing pass unseen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.model import Alerts, ArgoCDAddress, Environment, Policy
from bot.policies.environment_files import environment_file_problems
from tests.bot.policies.examples import good, manifests

FILE = "environments/staging/environment.yaml"
READ = "lost_total"
POLICY = Policy(soak=timedelta(hours=2), alerts=Alerts(may_be_absent=(READ,)), watchdog="Watchdog", required_jobs=("context-api",))
GOOD = Environment(
    *("staging", "in-cluster", "context-staging"),
    argocd=ArgoCDAddress("https://argocd.example.com", "context-staging", "context-staging"),
    prometheus=("https://prometheus.example.com",),
    policy=POLICY,
    merge="bot",
    approvers=("@dpdpdpdp0987",),
)


def alert(name: str, expr: str, **labels: str) -> dict[str, Any]:
    return {"alert": name, "expr": expr, "labels": {"environment": "staging", **labels}}


RULES = (
    alert("Watchdog", "vector(1)", promotion_gate="ignore"),
    alert("Lost", 'rate(lost_total{job="context-api"}[5m]) > 0', promotion_gate="block"),
    alert("Slow", "slow_seconds > 1", promotion_gate="warn"),
    alert("Theirs", "their_total > 1", promotion_gate="block") | {"labels": {"environment": "prod", "promotion_gate": "block"}},
)


def told(environment: Environment, *renders: tuple[dict[str, Any], ...]) -> list[tuple[str, str]]:
    """The keys that are named, each with the fix."""
    found = [
        manifests([*good().objects, {"kind": "PrometheusRule", "metadata": {"name": "alerts"}, "spec": {"groups": [{"rules": [*rules]}]}}])
        for rules in renders or (RULES,)
    ]
    problems = list(environment_file_problems(environment, found))
    assert all(each.file == FILE and each.is_error for each in problems)
    return [(each.what.split(" ")[0], each.hint) for each in problems]


def law(**changes: Any) -> Environment:
    return replace(GOOD, policy=replace(POLICY, **changes))


def alerts(**changes: Any) -> Environment:
    return law(alerts=replace(POLICY.alerts, **changes))


@pytest.mark.parametrize(
    ("environment", "key", "hint"),
    [
        (alerts(block=()), "gate.alerts.block", "such as block"),
        (alerts(block=("block", "blok")), "gate.alerts.block", "did you mean block?"),
        (law(watchdog="Watchdogg"), "gate.watchdog", "did you mean Watchdog?"),
        (law(watchdog="Heartbeat"), "gate.watchdog", "here there are: Watchdog"),
        (law(required_jobs=("context-api", "contxt-api")), "gate.requiredJobs", "did you mean context-api?"),
        (alerts(may_be_absent=("lost_totl",)), "gate.alerts.mayBeAbsent", "did you mean lost_total?"),
        (alerts(may_be_absent=("slow_seconds",)), "gate.alerts.mayBeAbsent", "remove it"),  # read by an alert that does not block
        (alerts(may_be_absent=("their_total",)), "gate.alerts.mayBeAbsent", "remove it"),  # read by another environment's alert
        (replace(GOOD, approvers=()), "people.approve", "CODEOWNERS"),
        (law(soak=timedelta()), "gate.soak", "such as 2h"),
    ],
)
def test_what_names_nothing_is_named(environment: Environment, key: str, hint: str) -> None:
    ((named, fix),) = told(environment)
    assert named == key
    assert hint in fix


@pytest.mark.parametrize(
    "environment",
    [
        GOOD,
        alerts(may_be_absent=('lost_total{job="context-api"}',)),
        replace(law(soak=timedelta()), merge="person", approvers=()),
    ],
    ids=["all", "a selector", "people merge"],
)
def test_what_names_something_passes(environment: Environment) -> None:
    assert told(environment) == []


def test_a_watchdog_of_another_environment_is_none() -> None:
    theirs = {**RULES[0], "labels": {"environment": "prod", "promotion_gate": "ignore"}}
    assert [key for key, _ in told(GOOD, (theirs, *RULES[1:]))] == ["gate.watchdog"]


def test_what_only_the_head_of_apps_has_may_be_named_before_it_is_promoted() -> None:
    assert told(GOOD, RULES[:1], RULES) == []
    assert [key for key, _ in told(GOOD, RULES[:1])] == ["gate.alerts.block"]  # and not what follows


def test_what_does_not_render_is_told_by_itself_and_hides_no_fault_of_the_file_alone() -> None:
    assert [*environment_file_problems(law(watchdog="Nobody"), [])] == []
    assert [each.what.split(" ")[0] for each in environment_file_problems(replace(GOOD, approvers=()), [])] == ["people.approve"]
