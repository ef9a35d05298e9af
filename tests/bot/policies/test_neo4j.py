"""Neo4j: settings of its version, its licence, its pace."""

from __future__ import annotations

import pytest

from bot.policies.neo4j import (
    NEO4J_POLICIES,
    neo4j_community_does_what_it_can,
    neo4j_has_time_to_start,
    neo4j_has_time_to_stop,
    neo4j_licence_is_a_decision,
    neo4j_ports_are_open,
    neo4j_settings_exist,
)
from tests.bot.policies.examples import GONE, Failing, changed, check_failing, check_module, check_odd

IMAGE = "StatefulSet neo4j spec.template.spec.containers[neo4j].image"

FAILING = (
    Failing(
        neo4j_settings_exist,
        "ConfigMap neo4j-settings-5btd9cdm2g data.NEO4J_dbms_mode",
        "CORE",
        "takes both modes",
        owner="StatefulSet neo4j",
        field="spec.template.spec.containers[neo4j].env[NEO4J_dbms_mode]",
    ),
    Failing(
        neo4j_settings_exist,
        "ConfigMap neo4j-settings-5btd9cdm2g data.NEO4J_causal__clustering_minimum__core__cluster__size__at__formation",
        "3",
        "dbms.cluster.",
        owner="StatefulSet neo4j",
        field="spec.template.spec.containers[neo4j].env[NEO4J_causal__clustering_minimum__core__cluster__size__at__formation]",
    ),
    Failing(
        neo4j_settings_exist,
        "ConfigMap neo4j-settings-5btd9cdm2g data.NEO4J_dbms_connector_bolt_listen__address",
        "0.0.0.0:7687",
        "server.bolt.",
        owner="StatefulSet neo4j",
        field="spec.template.spec.containers[neo4j].env[NEO4J_dbms_connector_bolt_listen__address]",
    ),
    Failing(
        neo4j_settings_exist,
        "ConfigMap neo4j-settings-5btd9cdm2g data.NEO4J_metrics_prometheus_enabled",
        "true",
        "server.metrics.",
        owner="StatefulSet neo4j",
        field="spec.template.spec.containers[neo4j].env[NEO4J_metrics_prometheus_enabled]",
    ),
    Failing(
        neo4j_settings_exist,
        "ConfigMap neo4j-settings-5btd9cdm2g data.NEO4J_server_memory_heap_max_size",
        "3g",
        "did you mean server.memory.heap.max_size?",
        owner="StatefulSet neo4j",
        field="spec.template.spec.containers[neo4j].env[NEO4J_server_memory_heap_max_size]",
    ),
    Failing(
        neo4j_settings_exist,
        "ConfigMap neo4j-settings-5btd9cdm2g data.NEO4J_dbms_cluster_endpoints",
        "neo4j-0:6000",
        "did you mean",
        owner="StatefulSet neo4j",
        field="spec.template.spec.containers[neo4j].env[NEO4J_dbms_cluster_endpoints]",
    ),
    Failing(
        neo4j_licence_is_a_decision,
        "ConfigMap neo4j-settings-5btd9cdm2g data.NEO4J_ACCEPT_LICENSE_AGREEMENT",
        GONE,
        "eval",
        owner="StatefulSet neo4j",
        field="spec.template.spec.containers[neo4j].env[NEO4J_ACCEPT_LICENSE_AGREEMENT]",
    ),
    Failing(
        neo4j_licence_is_a_decision,
        "StatefulSet neo4j spec.template.spec.containers[neo4j].image",
        "docker.io/library/neo4j:5.26.29-community",
        "remove it here",
        owner="StatefulSet neo4j",
        field="spec.template.spec.containers[neo4j].env[NEO4J_ACCEPT_LICENSE_AGREEMENT]",
    ),
    Failing(
        neo4j_ports_are_open,
        "ConfigMap neo4j-settings-5btd9cdm2g data.NEO4J_server_metrics_prometheus_endpoint",
        "localhost:2004",
        "0.0.0.0:2004",
        owner="StatefulSet neo4j",
        field="spec.template.spec.containers[neo4j].env[NEO4J_server_metrics_prometheus_endpoint]",
    ),
    Failing(
        neo4j_ports_are_open,
        "StatefulSet neo4j spec.template.spec.containers[neo4j].ports[]",
        {"name": "tcp-backup", "containerPort": 6362},
        "0.0.0.0:6362",
        owner="StatefulSet neo4j",
        field="spec.template.spec.containers[neo4j].env[NEO4J_server_backup_listen__address]",
    ),
    Failing(
        neo4j_has_time_to_start,
        "StatefulSet neo4j spec.template.spec.containers[neo4j].startupProbe.failureThreshold",
        GONE,
        "1000 x 5",
        field="spec.template.spec.containers[neo4j].startupProbe",
    ),
    Failing(neo4j_has_time_to_stop, "StatefulSet neo4j spec.template.spec.terminationGracePeriodSeconds", 60, "300 or more"),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.policy.__name__}: {case.at}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    community = "docker.io/library/neo4j:5.26.29-community"
    check_module(NEO4J_POLICIES, (*FAILING, Failing(neo4j_community_does_what_it_can, IMAGE, community, "replicated")))


def test_odd_shapes_are_passed_over() -> None:
    check_odd(NEO4J_POLICIES)


def test_the_community_edition_is_asked_for_nothing_that_it_cannot_do() -> None:
    found = list(neo4j_community_does_what_it_can(changed(IMAGE, "docker.io/library/neo4j:5.26.29-community")))
    assert found[-1].field == "spec.replicas"
    assert [each.field.partition("env[NEO4J_server_")[2] for each in found if "server" in each.field] == [
        "cluster_advertised__address]",
        "cluster_raft_advertised__address]",
        "metrics_prometheus_enabled]",
        "metrics_prometheus_endpoint]",
        "routing_advertised__address]",
    ]
    assert all("replicated" in each.hint or "enterprise" in each.hint for each in found)


def test_names_are_those_of_the_version_that_runs() -> None:
    found = {each.field for each in neo4j_settings_exist(changed(IMAGE, "docker.io/library/neo4j:2026.08.0-enterprise"))}
    assert {field.partition("NEO4J_dbms_cluster_discovery_")[2] for field in found} == {"v2_endpoints]", "version]"}
