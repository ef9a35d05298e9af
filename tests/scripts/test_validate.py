"""validate.sh runs every check and fails when one failed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.manifests.renders import ROOT
from tests.scripts.cluster import SCRIPTS, make_healthy

if TYPE_CHECKING:
    import subprocess

    from tests.scripts.cluster import Cluster


def _hours_ago(hours: int) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


def backups(**others: str) -> str:
    """Neo4j's is as it should be; label, suspension and last success of others."""
    jobs = {"neo4j": f"backup,,{_hours_ago(1)}"} | others
    return "".join(f"{name}-backup,{columns}\n" for name, columns in jobs.items())


@pytest.fixture
def healthy(cluster: Cluster) -> Cluster:
    make_healthy(cluster, backup=_hours_ago(29))
    return cluster


def _validate(cluster: Cluster, *more: str) -> subprocess.CompletedProcess[str]:
    return cluster.run("validate", "prod", "--context", "prod-eu", *(more or ("--cluster-only",)))


def test_a_healthy_environment_passes(healthy: Cluster) -> None:
    done = _validate(healthy)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].endswith(" 0 failed")


def test_it_changes_nothing(healthy: Cluster) -> None:
    _validate(healthy)
    assert healthy.changes() == []


SICK = {
    "a node": ("get nodes", "node-1 True\nnode-2 Unknown\n", "node node-2 is not ready"),
    "no node": ("get nodes", "", "there are none"),
    "a node without the CNI plugin": ("get daemonset/istio-cni-node", "2 1", "istio-cni-node is ready on 1 of 2 nodes"),
    "no CNI plugin": ("get daemonset/istio-cni-node", "0 0", "istio-cni-node is ready on 0 of 0 nodes"),
    "a Deployment": ("get deployments", "Deployment/context-api 4 4 5 3\n", "Deployment/context-api has 3 of 5 ready"),
    "a Deployment with no Pod ready": ("get deployments", "Deployment/context-api 4 4 5 \n", "Deployment/context-api has 0 of 5 ready"),
    "an unseen change": ("get deployments", "Deployment/context-api 5 4 5 5\n", "its controller has not seen it"),
    "a claim": ("get persistentvolumeclaims", "neo4j-data-neo4j-2 Pending\n", "claim neo4j-data-neo4j-2 is Pending"),
    "the certificate": ("get certificates.cert-manager.io", "False", "context-prod-tls is not ready"),
    "an old backup": ("get cronjobs", backups(qdrant=f"backup,false,{_hours_ago(31)}"), "qdrant-backup succeeded last: "),
    "no backup yet": ("get cronjobs", backups(qdrant="backup,,"), "qdrant-backup succeeded last: never"),
    "a suspended backup": ("get cronjobs", backups(qdrant=f"backup,true,{_hours_ago(1)}"), "qdrant-backup is suspended"),
    "a job without its label": ("get cronjobs", backups(qdrant=f",,{_hours_ago(1)}"), "neither a backup nor a restore"),
    "one of two backups": ("get cronjobs", backups(), "qdrant-backup is not there"),
    "a restore in place of the backup": ("get cronjobs", backups(qdrant="restore,true,"), "qdrant-backup is not there"),
    "no backup job": ("get cronjobs", "", "there are none"),
}


@pytest.mark.parametrize("case", SICK)
def test_it_fails_and_names(case: str, healthy: Cluster) -> None:
    pattern, said, message = SICK[case]
    healthy.answer(pattern, said)
    done = _validate(healthy)
    assert done.returncode == 1
    assert message in done.stdout
    assert done.stdout.splitlines()[-1].endswith(" 1 failed")


def test_what_cannot_be_found_out_has_failed_and_the_rest_is_still_checked(healthy: Cluster) -> None:
    healthy.answer("get nodes", status=1)
    done = _validate(healthy)
    assert done.returncode == 1
    assert "FAILED  nodes are ready" in done.stdout
    assert done.stdout.count("ok      ") > 3


def test_backups_are_as_young_as_the_alerts_on_them_want_it() -> None:
    hours = re.findall(r"(?m)^backup_hours=(\d+)", (SCRIPTS / "validate.sh").read_text("utf-8"))
    rules = (ROOT / "apps/monitoring/features/backup/prometheus-rules.yaml").read_text("utf-8")
    assert hours * 2 == re.findall(r"> time\(\) - (\d+) \* 3600\)", rules)


def test_an_environment_without_backups_needs_none(healthy: Cluster) -> None:
    healthy.answer("get cronjobs", "")
    done = healthy.run("validate", "dev", "--context", "prod-eu", "--cluster-only")
    assert done.returncode == 0, done.stdout
    assert "backups" not in done.stdout


def test_bot_has_a_say_unless_told_otherwise(healthy: Cluster) -> None:
    done = _validate(healthy, "--cluster-only")
    assert "bot" not in done.stdout
    done = healthy.run("validate", "prod", "--context", "prod-eu")  # the copied tree has no origin that bot could ask
    assert done.returncode == 1
    assert "FAILED  bot verify" in done.stdout
