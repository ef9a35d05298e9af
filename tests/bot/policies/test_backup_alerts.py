"""Backups and the alerts on their age, each held to the other."""

from __future__ import annotations

from typing import Any

import pytest

from bot.policies.backup_alerts import (
    BACKUP_ALERT_POLICIES,
    METRIC,
    backups_are_not_suspended,
    backups_run_as_often_as_is_watched,
    watched_backups_exist,
)
from bot.policies.manifests import Manifests
from tests.bot.policies.examples import check_odd, good

EXPR = f"absent({METRIC}{{namespace='context-staging',cronjob=\"qdrant-backup\"}} > time() - 30 * 3600)"
RULE = ("PrometheusRule", "backup", "spec.groups[0].rules[0].expr")


def watched(*exprs: str, **spec: Any) -> Manifests:
    """The good stack with alerts, and with fields of its CronJob changed."""
    found = good()
    found.of("CronJob")[0]["spec"] |= spec
    rules = [{"alert": "QdrantBackupStale", "expr": expr} for expr in exprs]
    rule = {"kind": "PrometheusRule", "metadata": {"name": "backup"}, "spec": {"groups": [{"name": "backup", "rules": rules}]}}
    return Manifests(found.environment, found.namespace, (*found.objects, rule))


def every(manifests: Manifests) -> list[tuple[str, str, str]]:
    return [(each.kind, each.name, each.field) for policy in BACKUP_ALERT_POLICIES for each in policy(manifests)]


@pytest.mark.parametrize("schedule", ["17 2 * * *", "0 */6 * * *", "* * * * *", "0 2,20 * * *", "@daily", "@hourly", "@every 24h"])
def test_a_backup_each_day_fits_an_alert_after_thirty_hours(schedule: str) -> None:
    assert every(watched(EXPR, schedule=schedule)) == []


def test_the_other_way_to_write_an_age_is_read_too() -> None:
    other = f"time() - {METRIC}{{cronjob='qdrant-backup'}} > (30 * 3600)"
    assert every(watched(other)) == []


@pytest.mark.parametrize(
    "schedule",
    ["0 2 1 1 *", "0 2 * * 0", "17 2 * * 1-5", "17 2 1-30 * *", "17 2 * 1-11 *", "0 2 29 2 *", "0 2 */2 * *", "@weekly", "@every 48h"],
)
def test_a_backup_that_runs_too_seldom_for_its_alert_is_named(schedule: str) -> None:
    (found,) = backups_run_as_often_as_is_watched(watched(EXPR, schedule=schedule))
    assert (found.name, found.field) == ("qdrant-backup", "spec.schedule")
    assert "the alert comes after 30 h" in found.what


def test_a_run_that_may_end_after_the_alert_is_named() -> None:
    """24 hours from run to run, and 2 that it may take."""
    assert every(watched(EXPR.replace("30 *", "26 *"))) == []
    (found,) = backups_run_as_often_as_is_watched(watched(EXPR.replace("30 *", "25 *")))
    assert "up to 26 h until a run has ended, and the alert comes after 25 h" in found.what


@pytest.mark.parametrize("schedule", ["17 2 * * *", "0 0 31 2 *"])
def test_a_suspended_backup_is_named(schedule: str) -> None:
    (found,) = backups_are_not_suspended(watched(EXPR, schedule=schedule, suspend=True))
    assert (found.name, found.field) == ("qdrant-backup", "spec.suspend")


def test_a_suspended_restore_is_as_it_should_be() -> None:
    manifests = watched(EXPR, schedule="0 0 31 2 *", suspend=True)
    spec = manifests.of("CronJob")[0]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    spec["initContainers"][0]["command"] = ["sh", "/script/store.sh", "download"]
    spec["containers"][0]["command"] = ["python", "/script/snapshots.py", "restore"]
    assert list(backups_are_not_suspended(manifests)) == []


@pytest.mark.parametrize("exprs", [(), ("vector(1)",), (EXPR.replace("qdrant", "neo4j"),)], ids=["no alert", "another", "of another"])
def test_a_backup_that_no_alert_watches_is_named(exprs: tuple[str, ...]) -> None:
    (found,) = backups_run_as_often_as_is_watched(watched(*exprs))
    assert (found.name, found.field) == ("qdrant-backup", "metadata.name")


@pytest.mark.parametrize(
    ("expr", "hint"),
    [
        (EXPR.replace("qdrant-backup", "qdrant-bakcup"), "qdrant-backup"),
        (EXPR.replace(',cronjob="qdrant-backup"', ""), "qdrant-backup"),
        (f"absent({METRIC}{{cronjob='qdrant-backup'}})", "time() - 30 * 3600"),
        (f"absent({METRIC}{{cronjob='qdrant-backup'}} > time() - rate(a[5m]))", "time() - 30 * 3600"),
    ],
    ids=["misspelt", "of none", "no age", "unreadable age"],
)
def test_an_alert_that_is_about_no_backup_or_no_age_is_named(expr: str, hint: str) -> None:
    (found,) = watched_backups_exist(watched(expr))
    assert (found.kind, found.name, found.field) == RULE
    assert hint in found.hint


def test_an_alert_is_not_enough_where_the_job_is_gone() -> None:
    found = watched(EXPR)
    without = Manifests(found.environment, found.namespace, tuple(each for each in found.objects if each["kind"] != "CronJob"))
    assert every(without) == [RULE]


def test_odd_shapes_are_passed_over() -> None:
    check_odd(BACKUP_ALERT_POLICIES)
