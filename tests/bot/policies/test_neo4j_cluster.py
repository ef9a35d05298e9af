"""Neo4j clusters: as many members as are expected, with names that lead to them."""

from __future__ import annotations

import pytest

from bot.policies.neo4j_cluster import (
    NEO4J_CLUSTER_POLICIES,
    neo4j_addresses_name_no_namespace,
    neo4j_databases_are_on_every_member,
    neo4j_discovery_is_of_this_version,
    neo4j_drivers_are_routed,
    neo4j_knows_every_member,
    neo4j_members_have_addresses,
    neo4j_uses_no_old_port,
    neo4j_waits_for_all_members,
)
from tests.bot.policies.examples import GONE, Failing, check_failing, check_module, check_odd

FAILING = (
    Failing(
        neo4j_databases_are_on_every_member,
        "ConfigMap neo4j-settings-5btd9cdm2g data.NEO4J_initial_dbms_default__primaries__count",
        GONE,
        "set it to 3",
        owner="StatefulSet neo4j",
        field="spec.template.spec.containers[neo4j].env[NEO4J_initial_dbms_default__primaries__count]",
    ),
    Failing(
        neo4j_databases_are_on_every_member,
        "StatefulSet neo4j spec.replicas",
        5,
        "set it to 5",
        owner="StatefulSet neo4j",
        field="spec.template.spec.containers[neo4j].env[NEO4J_initial_dbms_default__primaries__count]",
    ),
    Failing(
        neo4j_waits_for_all_members,
        "StatefulSet neo4j spec.replicas",
        5,
        "set it to 5",
        owner="StatefulSet neo4j",
        field="spec.template.spec.containers[neo4j].env[NEO4J_dbms_cluster_minimum__initial__system__primaries__count]",
    ),
    Failing(
        neo4j_waits_for_all_members,
        "StatefulSet neo4j spec.replicas",
        1,
        "one server forms no cluster",
        owner="StatefulSet neo4j",
        field="spec.template.spec.containers[neo4j].env[NEO4J_dbms_cluster_minimum__initial__system__primaries__count]",
    ),
    Failing(
        neo4j_knows_every_member,
        "StatefulSet neo4j spec.replicas",
        5,
        "list every member",
        owner="StatefulSet neo4j",
        field="spec.template.spec.containers[neo4j].env[NEO4J_dbms_cluster_discovery_v2_endpoints]",
    ),
    Failing(
        neo4j_knows_every_member,
        "StatefulSet neo4j spec.template.spec.containers[neo4j].image",
        "docker.io/library/neo4j:2026.08.0-enterprise",
        "NEO4J_dbms_cluster_discovery_v2_endpoints",
        owner="StatefulSet neo4j",
        field="spec.template.spec.containers[neo4j].env[NEO4J_dbms_cluster_endpoints]",
    ),
    Failing(
        neo4j_discovery_is_of_this_version,
        "ConfigMap neo4j-settings-5btd9cdm2g data.NEO4J_dbms_cluster_discovery_version",
        GONE,
        "V2_ONLY",
        owner="StatefulSet neo4j",
        field="spec.template.spec.containers[neo4j].env[NEO4J_dbms_cluster_discovery_version]",
    ),
    Failing(
        neo4j_uses_no_old_port,
        "ConfigMap neo4j-settings-5btd9cdm2g data.NEO4J_server_discovery_advertised__address",
        "neo4j-0.neo4j-headless:5000",
        "6000",
        owner="StatefulSet neo4j",
        field="spec.template.spec.containers[neo4j].env[NEO4J_server_discovery_advertised__address]",
    ),
    Failing(
        neo4j_members_have_addresses,
        "StatefulSet neo4j spec.template.spec.containers[neo4j].env[NEO4J_server_routing_advertised__address]",
        GONE,
        "$(POD_NAME).neo4j-headless",
        field="spec.template.spec.containers[neo4j].env[NEO4J_server_routing_advertised__address]",
    ),
    Failing(
        neo4j_members_have_addresses,
        "StatefulSet neo4j spec.template.spec.containers[neo4j].env[NEO4J_server_cluster_raft_advertised__address].value",
        "neo4j:7000",
        ":7000",
        field="spec.template.spec.containers[neo4j].env[NEO4J_server_cluster_raft_advertised__address]",
    ),
    Failing(
        neo4j_addresses_name_no_namespace,
        "StatefulSet neo4j spec.template.spec.containers[neo4j].env[NEO4J_server_cluster_advertised__address].value",
        "$(POD_NAME).neo4j-headless.context-foundation.svc.cluster.local:6000",
        "$(POD_NAMESPACE)",
        field="spec.template.spec.containers[neo4j].env[NEO4J_server_cluster_advertised__address]",
    ),
    Failing(
        neo4j_drivers_are_routed,
        "ConfigMap context-api-settings-tdt8d5th5b data.NEO4J_URI",
        "bolt://neo4j:7687",
        "neo4j://",
        owner="Deployment context-api",
        field="spec.template.spec.containers[api].env[NEO4J_URI]",
    ),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.policy.__name__}: {case.at}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(NEO4J_CLUSTER_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(NEO4J_CLUSTER_POLICIES)
