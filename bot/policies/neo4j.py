"""Neo4j's settings: names that the pinned version knows, a licence only where one is needed, time to start."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from bot.policies.contracts import NEO4J
from bot.policies.fields import mapping, mappings, number
from bot.policies.neo4j_settings import SETTINGS_5, SETTINGS_CALENDAR
from bot.policies.programs import programs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Violation
    from bot.policies.programs import Program

FIRST_CALENDAR_YEAR = 2025
LICENCE = "NEO4J_ACCEPT_LICENSE_AGREEMENT"
LICENCE_VALUES = frozenset({"yes", "eval"})
LEAST_START = 600  # seconds: a cluster forms, a store recovers or is copied
LEAST_GRACE = 300  # seconds: the last checkpoint
DEFAULT_THRESHOLD, DEFAULT_PERIOD = 3, 10
OF_VERSION_4 = {  # settings of 4.x by how they begin, and how they begin now
    "causal_clustering.": "dbms.cluster. or server.cluster.",
    "dbms.backup.": "server.backup.",
    "dbms.connector.": "server.bolt., server.http. or server.https.",
    "dbms.default_advertised_address": "server.default_advertised_address",
    "dbms.default_listen_address": "server.default_listen_address",
    "dbms.directories.": "server.directories.",
    "dbms.jvm.": "server.jvm.",
    "dbms.logs.": "server.logs. or db.logs.",
    "dbms.memory.heap.": "server.memory.heap.",
    "dbms.memory.pagecache.": "server.memory.pagecache.",
    "dbms.mode": "nothing: each server takes both modes",
    "dbms.tx_log.": "db.tx_log.",
    "fabric.": "nothing: composite databases",
    "metrics.": "server.metrics.",
}
OPENED_BY = {  # ports that listen on localhost alone until a setting opens them
    6362: "NEO4J_server_backup_listen__address",
    2004: "NEO4J_server_metrics_prometheus_endpoint",
}
ENTERPRISE = re.compile(r"NEO4J_(dbms_cluster_|initial_dbms_default__primaries|server_(backup|cluster|metrics|routing)_).*")


def neo4j_settings_exist(manifests: Manifests) -> Iterator[Violation]:
    """Each NEO4J variable is a setting of the pinned version; it stops at any other name."""
    for program in programs(manifests, NEO4J):
        known = SETTINGS_CALENDAR if is_calendar_version(program) else SETTINGS_5
        for name in sorted(program.variables.values):
            setting = setting_of(name)
            if name.startswith("NEO4J_") and name not in NEO4J.known and not name.endswith("_FILE") and _general(setting) not in known:
                old = next((new for start, new in OF_VERSION_4.items() if setting.startswith(start)), "")
                near = get_close_matches(setting, known, n=1, cutoff=0.8)
                what = f"is {setting}, {'a name of 4.x' if old else f'no setting of {program.image.version}'}: the server refuses to start"
                yield program.wrong(name, what, hint=f"now {old}" if old else f"did you mean {near[0]}?" if near else "remove it")


def neo4j_licence_is_a_decision(manifests: Manifests) -> Iterator[Violation]:
    """Enterprise names the licence that was accepted; community, which needs none, accepts none."""
    for program in programs(manifests, NEO4J):
        written = program.value(LICENCE)
        if is_enterprise(program) and written not in LICENCE_VALUES:
            what = f"is {written or 'not set'}: the enterprise edition does not start"
            yield program.wrong(LICENCE, what, hint="set it, in the environment's own settings.env, to yes (a licence is held) or eval")
        elif not is_enterprise(program) and LICENCE in program.variables.values:
            what = "is set for the community edition: it accepts an agreement that nobody needs, and goes unnoticed to enterprise"
            yield program.wrong(LICENCE, what, hint="remove it here")


def neo4j_community_does_what_it_can(manifests: Manifests) -> Iterator[Violation]:
    """Clusters, backups and metrics are asked of the enterprise edition alone."""
    for program in programs(manifests, NEO4J):
        if program.image.tag and not is_enterprise(program):
            for name in sorted(name for name in program.variables.values if ENTERPRISE.fullmatch(name)):
                what = f"is {setting_of(name)}, which only the enterprise edition knows: community refuses to start"
                yield program.wrong(name, what, hint="set it in the feature that brings the enterprise image")
            if program.members > 1:
                what = "is above 1 for the community edition: each Pod is a database of its own"
                yield program.pods.wrong("spec.replicas", what, hint="run one, or use the feature `replicated`")


def neo4j_ports_are_open(manifests: Manifests) -> Iterator[Violation]:
    """Ports that listen on localhost by default are opened where the container names them."""
    for program in programs(manifests, NEO4J):
        for port in mappings(program.container, "ports"):
            name = OPENED_BY.get(number(port, "containerPort", default=0), "")
            if name and not program.value(name).startswith("0.0.0.0:"):
                what = f"does not open port {port['containerPort']}, which listens on localhost by default: nobody can connect"
                yield program.wrong(name, what, hint=f"set it to 0.0.0.0:{port['containerPort']}")


def neo4j_has_time_to_start(manifests: Manifests) -> Iterator[Violation]:
    """The startup probe waits until a cluster can have formed or a store recovered."""
    for program in programs(manifests, NEO4J):
        probe = mapping(program.container, "startupProbe")
        time = number(probe, "failureThreshold", default=DEFAULT_THRESHOLD) * number(probe, "periodSeconds", default=DEFAULT_PERIOD)
        if time < LEAST_START:
            what = f"gives {time} s: members are killed while a cluster forms, or a store recovers"
            hint = f"let failureThreshold x periodSeconds be {LEAST_START} or more, such as 1000 x 5"
            yield program.pods.wrong(f"{program.where}.startupProbe", what, hint=hint)


def neo4j_has_time_to_stop(manifests: Manifests) -> Iterator[Violation]:
    """The grace period lets the last checkpoint end."""
    for program in programs(manifests, NEO4J):
        grace = number(program.pods.spec, "terminationGracePeriodSeconds", default=30)
        if grace < LEAST_GRACE:
            what = f"is {grace} s: killed in its last checkpoint, the next start recovers for long"
            yield program.pods.wrong(f"{program.pods.path}.terminationGracePeriodSeconds", what, hint=f"set it to {LEAST_GRACE} or more")


NEO4J_POLICIES = (
    neo4j_settings_exist,
    neo4j_licence_is_a_decision,
    neo4j_community_does_what_it_can,
    neo4j_ports_are_open,
    neo4j_has_time_to_start,
    neo4j_has_time_to_stop,
)


def setting_of(name: str) -> str:
    """The setting that the image makes of a variable: a dot for _, and _ for two."""
    return name.removeprefix("NEO4J_").replace("_", ".").replace("..", "_")


def is_calendar_version(program: Program) -> bool:
    """Whether a Neo4j counts by years, since 2025.01."""
    year = program.image.version.partition(".")[0]
    return year.isdecimal() and int(year) >= FIRST_CALENDAR_YEAR


def is_enterprise(program: Program) -> bool:
    """Whether the image is of the enterprise edition."""
    return "enterprise" in program.image.tag


def _general(setting: str) -> str:
    """A setting as the manual writes it, whatever the provider is called."""
    return re.sub(r"(\.oidc)\.[^.]+\.", r"\1.-provider-.", setting)
