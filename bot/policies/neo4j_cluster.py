"""Neo4j's cluster: as many members as are expected, each reachable by a name that is right in every environment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.policies.contracts import CONTEXT_API, NEO4J
from bot.policies.fields import text
from bot.policies.neo4j import is_calendar_version
from bot.policies.programs import programs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Violation
    from bot.policies.programs import Program

ADVERTISED = {  # the image sets the short host name, which other Pods cannot resolve
    "NEO4J_server_cluster_advertised__address": "6000",
    "NEO4J_server_cluster_raft_advertised__address": "7000",
    "NEO4J_server_routing_advertised__address": "7688",
}
ENDPOINTS = ("NEO4J_dbms_cluster_discovery_v2_endpoints", "NEO4J_dbms_cluster_endpoints")  # of 5.26, and since 2025.01
RESOLVER = "NEO4J_dbms_cluster_discovery_resolver__type"
VERSION = "NEO4J_dbms_cluster_discovery_version"
FORMATION = "NEO4J_dbms_cluster_minimum__initial__system__primaries__count"
PRIMARIES = "NEO4J_initial_dbms_default__primaries__count"
OLD_PORT = re.compile(r":5000\b")
ADDRESSES = re.compile(r"NEO4J_.*(_address|__address|_endpoints)")


def neo4j_databases_are_on_every_member(manifests: Manifests) -> Iterator[Violation]:
    """New databases have as many primaries as there are members."""
    for program in _clusters(manifests):
        if program.value(PRIMARIES) != str(program.members):
            what = f"is {program.value(PRIMARIES) or 'not set (1)'} for {program.members} members: others do not have the data"
            yield program.wrong(PRIMARIES, what, hint=f"set it to {program.members}")


def neo4j_waits_for_all_members(manifests: Manifests) -> Iterator[Violation]:
    """A cluster forms with exactly the members that run."""
    for program in programs(manifests, NEO4J):
        written, members = program.value(FORMATION), program.members
        if (members > 1 or written) and written != str(members):
            what = f"is {written or 'not set (3)'} for {members} members: it never starts, or some stay outside"
            yield program.wrong(FORMATION, what, hint=f"set it to {members}" if members > 1 else "remove it: one server forms no cluster")


def neo4j_knows_every_member(manifests: Manifests) -> Iterator[Violation]:
    """The list of members has each of them, by its name in the headless Service, under the name that the version reads."""
    for program in _clusters(manifests):
        name, other = ENDPOINTS[::-1] if is_calendar_version(program) else ENDPOINTS
        missing = [
            f"{program.pods.name}-{each}" for each in range(program.members) if f"{program.pods.name}-{each}." not in program.value(name)
        ]
        if program.value(RESOLVER) in {"", "LIST"} and missing:
            what = f"does not list {', '.join(missing)}: they are never found"
            hint = f"this version reads it in place of {other}" if program.value(other) else "list every member of the StatefulSet"
            yield program.wrong(name, what, hint=hint)


def neo4j_discovery_is_of_this_version(manifests: Manifests) -> Iterator[Violation]:
    """Version 5 is told to use the second discovery alone: the first needs port 5000, which nobody opens."""
    for program in _clusters(manifests):
        if not is_calendar_version(program) and program.value(VERSION) != "V2_ONLY":
            what = f"is {program.value(VERSION) or 'not set'}: the first discovery service is used, too, and needs port 5000"
            yield program.wrong(VERSION, what, hint="set it to V2_ONLY")


def neo4j_uses_no_old_port(manifests: Manifests) -> Iterator[Violation]:
    """No address has port 5000, that of the first discovery service."""
    for program in programs(manifests, NEO4J):
        for name, value in sorted(program.variables.values.items()):
            if OLD_PORT.search(value or ""):
                what = "has port 5000, that of the first discovery service, which is gone since 2025.01"
                yield program.wrong(name, what, hint="use port 6000")


def neo4j_members_have_addresses(manifests: Manifests) -> Iterator[Violation]:
    """Every member advertises a name that other Pods can resolve, with the right port."""
    for program in _clusters(manifests):
        service = text(program.pods.owner, "spec", "serviceName")
        shown = [f"$({name})" for name, path in program.variables.fields.items() if path == "metadata.name"]
        for name, port in ADVERTISED.items():
            value = program.value(name)
            if not value.endswith(f":{port}") or f".{service}" not in value or not any(each in value for each in shown):
                what = f"is {value or 'not set'}: members advertise a name that others cannot resolve"
                hint = f"set it to $(POD_NAME).{service}.$(POD_NAMESPACE).svc.cluster.local:{port}"
                yield program.wrong(name, what, hint=hint)


def neo4j_addresses_name_no_namespace(manifests: Manifests) -> Iterator[Violation]:
    """A namespace in an address is the Pod's own, shown by Kubernetes, never written."""
    for program in programs(manifests, NEO4J):
        shown = {f"$({name})" for name, path in program.variables.fields.items() if path == "metadata.namespace"}
        for name, value in sorted(program.variables.values.items()):
            written = {each for each in re.findall(r"\.([^.,:]+)\.svc\b", value or "") if ADDRESSES.fullmatch(name)}
            if written - shown:
                what = f"has the namespace {', '.join(sorted(written - shown))} written in it, which is wrong in every other environment"
                yield program.wrong(name, what, hint="write $(POD_NAMESPACE), declared above from metadata.namespace")


def neo4j_drivers_are_routed(manifests: Manifests) -> Iterator[Violation]:
    """The API is routed to the leader where there are several members."""
    from_members = any(program.members > 1 for program in programs(manifests, NEO4J))
    for program in programs(manifests, CONTEXT_API) if from_members else ():
        if program.value("NEO4J_URI").startswith("bolt"):
            what = "begins with bolt: it stays with one member, and writes fail when that is not the leader"
            yield program.wrong("NEO4J_URI", what, hint="begin it with neo4j://")


NEO4J_CLUSTER_POLICIES = (
    neo4j_databases_are_on_every_member,
    neo4j_waits_for_all_members,
    neo4j_knows_every_member,
    neo4j_discovery_is_of_this_version,
    neo4j_uses_no_old_port,
    neo4j_members_have_addresses,
    neo4j_addresses_name_no_namespace,
    neo4j_drivers_are_routed,
)


def _clusters(manifests: Manifests) -> Iterator[Program]:
    return (program for program in programs(manifests, NEO4J) if program.members > 1)
