"""Probes and hooks: starting, serving and stopping."""

from __future__ import annotations

import pytest

from bot.policies.probes import (
    PROBE_POLICIES,
    answers_get_time,
    commands_are_in_the_image,
    end_is_long_enough,
    life_begins_after_startup,
    life_depends_on_nothing_else,
    probes_ask_open_ports,
    readiness_asks_more_than_life,
    servers_are_watched,
    stops_after_its_last_request,
    traffic_waits_for_readiness,
)
from tests.bot.policies.examples import GONE, Failing, changed, check_failing, check_module, check_odd

FAILING = (
    Failing(
        life_depends_on_nothing_else,
        "Deployment context-api spec.template.spec.containers[api].livenessProbe.httpGet.path",
        "/health",
        "/health/live",
    ),
    Failing(
        life_depends_on_nothing_else,
        "Deployment context-api spec.template.spec.containers[api].livenessProbe.httpGet.path",
        "/health/ready",
        "/health/live",
    ),
    Failing(
        life_depends_on_nothing_else,
        "Deployment context-api spec.template.spec.containers[api].startupProbe.httpGet.path",
        "/health",
        "/health/live",
    ),
    Failing(
        life_depends_on_nothing_else, "StatefulSet qdrant spec.template.spec.containers[qdrant].livenessProbe.httpGet.path", "/", "/livez"
    ),
    Failing(
        readiness_asks_more_than_life,
        "Deployment context-api spec.template.spec.containers[api].readinessProbe.httpGet.path",
        "/health/live",
        "/health/ready",
    ),
    Failing(
        readiness_asks_more_than_life,
        "StatefulSet qdrant spec.template.spec.containers[qdrant].readinessProbe.httpGet.path",
        "/livez",
        "/readyz",
    ),
    Failing(life_begins_after_startup, "Deployment context-api spec.template.spec.containers[api].startupProbe", GONE, "startupProbe"),
    Failing(servers_are_watched, "Deployment context-api spec.template.spec.containers[api].livenessProbe", GONE, "livenessProbe"),
    Failing(
        traffic_waits_for_readiness, "Deployment context-api spec.template.spec.containers[api].readinessProbe", GONE, "readinessProbe"
    ),
    Failing(
        answers_get_time,
        "Deployment context-api spec.template.spec.containers[api].livenessProbe.timeoutSeconds",
        GONE,
        "timeoutSeconds: 3",
    ),
    Failing(
        answers_get_time, "StatefulSet qdrant spec.template.spec.containers[qdrant].readinessProbe.timeoutSeconds", 1, "timeoutSeconds: 3"
    ),
    Failing(
        probes_ask_open_ports,
        "Deployment context-api spec.template.spec.containers[api].livenessProbe.httpGet.port",
        "http",
        "name one of http-api",
    ),
    Failing(
        commands_are_in_the_image,
        "StatefulSet qdrant spec.template.spec.containers[qdrant].livenessProbe",
        {"exec": {"command": ["sh", "-c", "curl -f localhost:6333"]}},
        "httpGet",
        field="spec.template.spec.containers[qdrant].livenessProbe.exec.command",
    ),
    Failing(
        commands_are_in_the_image,
        "StatefulSet qdrant spec.template.spec.containers[qdrant].lifecycle.preStop",
        {"exec": {"command": ["wget", "localhost"]}},
        "httpGet",
        field="spec.template.spec.containers[qdrant].lifecycle.preStop.exec.command",
    ),
    Failing(stops_after_its_last_request, "StatefulSet neo4j spec.template.spec.containers[neo4j].lifecycle.preStop", GONE, "preStop"),
    Failing(end_is_long_enough, "Deployment context-api spec.template.spec.terminationGracePeriodSeconds", 35, "40 or more"),
    Failing(end_is_long_enough, "StatefulSet qdrant spec.template.spec.terminationGracePeriodSeconds", GONE, "65 or more"),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.policy.__name__}: {case.at}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(PROBE_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(PROBE_POLICIES)


@pytest.mark.parametrize(
    ("path", "blamed"), [("/health/live", "readiness"), ("/health/ready", "liveness"), ("/status", "liveness"), ("/started", "readiness")]
)
def test_a_path_that_both_ask_for_is_the_fault_of_one_probe(path: str, blamed: str) -> None:
    """By what the path answers for; one that startup asks for, too, is of the process alone."""
    manifests = changed("Deployment context-api spec.template.spec.containers[api].readinessProbe.httpGet.path", path)
    container = manifests.of("Deployment")[0]["spec"]["template"]["spec"]["containers"][0]
    container["livenessProbe"]["httpGet"]["path"] = path
    if path == "/started":
        container["startupProbe"]["httpGet"]["path"] = path
    found = [*life_depends_on_nothing_else(manifests), *readiness_asks_more_than_life(manifests)]
    assert [each.field.split(".")[-3] for each in found] == [f"{blamed}Probe"]


def test_a_pause_written_as_a_command_counts() -> None:
    hook = {"exec": {"command": ["sh", "-c", "sleep 20"]}}
    found = changed("StatefulSet neo4j spec.template.spec.containers[neo4j].lifecycle.preStop", hook)
    assert not list(stops_after_its_last_request(found))


def test_databases_may_be_asked_the_same_for_life_and_readiness_where_no_path_is_asked() -> None:
    found = changed("StatefulSet qdrant spec.template.spec.containers[qdrant].livenessProbe", {"tcpSocket": {"port": "http-rest"}})
    assert not list(life_depends_on_nothing_else(found))
