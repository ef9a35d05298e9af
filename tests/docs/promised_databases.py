"""What issue 4 promises of Qdrant and Neo4j."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.docs.promise import (
    BEYOND_DEV,
    DEV,
    Promise,
    claims,
    container,
    from_secret,
    given,
    has,
    named,
    probed,
    says,
    serves,
    together,
    variables,
)
from tests.docs.stack import at, containers_of, name_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.docs.promise import Find
    from tests.docs.stack import Item

LONGEST_FORMATION = 3600  # seconds; a restart begins the formation of a cluster anew
GONE = re.compile(r"NEO4J_(dbms_mode|causal|dbms_connector|dbms_memory|metrics)")  # settings of version 4
OF_CLUSTERS = ("NEO4J_dbms_cluster_minimum__initial__system__primaries__count", "NEO4J_initial_dbms_default__primaries__count")


def members(app: str) -> tuple[Promise, ...]:
    """What both databases are promised to have."""
    return (
        Promise("headless Service with the members' names, before they are ready, too", _headless(app)),
        Promise("members start in parallel", named("StatefulSet", app, has("spec.podManagementPolicy", "Parallel"))),
        Promise("liveness, readiness and startup probes", named("StatefulSet", app, probed)),
        Promise("PodDisruptionBudget", named("PodDisruptionBudget", app, has("spec.maxUnavailable", 1))),
        Promise(
            "VerticalPodAutoscaler, which only recommends", named("VerticalPodAutoscaler", app, has("spec.updatePolicy.updateMode", "Off"))
        ),
        Promise("ServiceAccount without a token", named("ServiceAccount", app, has("automountServiceAccountToken", value=False))),
        Promise("backup on a schedule", named("CronJob", f"{app}-backup", given("spec.schedule"), _runs_by_itself), BEYOND_DEV),
        Promise("retention of backups", named("ConfigMap", f"{app}-backup-settings", says("BACKUP_KEEP", "BACKUP_KEEP_DAYS")), BEYOND_DEV),
        Promise("restore job, started by a person", named("CronJob", f"{app}-restore", has("spec.suspend", value=True)), BEYOND_DEV),
    )


def _headless(app: str) -> Find:
    return named("Service", f"{app}-headless", has("spec.clusterIP", "None"), has("spec.publishNotReadyAddresses", value=True))


def _runs_by_itself(item: Item) -> bool:
    return not at(item, "spec.suspend")


def _waits_for_formation(item: Item) -> bool:
    probe = at(item, "spec.template.spec.containers.0.startupProbe") or {}
    return bool(probe.get("periodSeconds", 10) * probe.get("failureThreshold", 3) >= LONGEST_FORMATION)


def _is_edition(edition: str) -> Find:
    return named("StatefulSet", "neo4j", lambda item: all(f"-{edition}" in each["image"] for each in containers_of(item)))


def _backs_up(items: Iterable[Item]) -> list[Item]:
    """Where the command is written: in the CronJob itself, or in the programs that it mounts."""
    written = {("CronJob", "neo4j-backup"), ("ConfigMap", "neo4j-backup-programs")}
    found = [item for item in items if (item["kind"], name_of(item)) in written]
    return [item for item in found if re.search(r"neo4j-admin\W+database\W+backup", str(item))]


def _of_this_version(item: Item) -> bool:
    return set(OF_CLUSTERS) <= item["data"].keys() and not any(GONE.match(key) for key in item["data"])


QDRANT = (
    Promise("cluster of 3", named("StatefulSet", "qdrant", has("spec.replicas", 3)), BEYOND_DEV),
    Promise("bootstrap of the cluster", named("StatefulSet", "qdrant", container(variables("QDRANT_URI", "QDRANT_BOOTSTRAP"))), BEYOND_DEV),
    Promise("p2p port 6335", named("Service", "qdrant-headless", serves(6335, "tcp-p2p"))),
    Promise("storage and snapshot volumes", named("StatefulSet", "qdrant", claims("qdrant-storage", "qdrant-snapshots"))),
    Promise("API keys", named("StatefulSet", "qdrant", container(from_secret("qdrant-api-keys", "api-key", "read-only-api-key")))),
    *members("qdrant"),
)
NEO4J = (
    Promise("cluster of 3", together(named("StatefulSet", "neo4j", has("spec.replicas", 3)), _is_edition("enterprise")), BEYOND_DEV),
    Promise("settings by the names of the pinned version", named("ConfigMap", "neo4j-settings", _of_this_version), BEYOND_DEV),
    Promise(
        "a single community instance in dev",
        together(named("StatefulSet", "neo4j", has("spec.replicas", 1)), _is_edition("community")),
        DEV,
    ),
    Promise("a startup probe that waits for cluster formation", named("StatefulSet", "neo4j", _waits_for_formation)),
    Promise("data volume", named("StatefulSet", "neo4j", claims("neo4j-data"))),
    Promise("metrics", named("Service", "neo4j", serves(2004, "http-metrics")), BEYOND_DEV),
    Promise("`neo4j-admin database backup`", _backs_up, BEYOND_DEV),
    *members("neo4j"),
)
