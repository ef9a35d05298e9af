"""Selectors: the Pods of one workload, in every environment alike."""

from __future__ import annotations

import copy

import pytest

from bot.policies.manifests import Manifests
from bot.policies.selectors import (
    SELECTOR_POLICIES,
    TRACK,
    budgets_select_one_workload,
    pods_spread_among_themselves,
    selectors_know_no_environment,
    services_lead_to_ports,
    services_select_one_workload,
    spread_counts_one_revision,
    workloads_select_themselves,
)
from tests.bot.policies.examples import GONE, Failing, changed, check_failing, check_module, check_odd, good

FAILING = (
    Failing(
        workloads_select_themselves,
        "Deployment context-api spec.selector.matchLabels",
        {"app.kubernetes.io/name": "api"},
        "app.kubernetes.io/name",
    ),
    Failing(
        workloads_select_themselves,
        "Deployment context-api spec.selector.matchLabels",
        {"app.kubernetes.io/part-of": "context-foundation"},
        "of their own",
    ),
    Failing(services_select_one_workload, "Service qdrant spec.selector", {"app.kubernetes.io/name": "vectors"}, "app.kubernetes.io/name"),
    Failing(
        services_select_one_workload,
        "Service qdrant spec.selector",
        {"app.kubernetes.io/part-of": "context-foundation"},
        "app.kubernetes.io/name",
    ),
    Failing(services_select_one_workload, "Service qdrant spec.selector", GONE, "app.kubernetes.io/name"),
    Failing(budgets_select_one_workload, "PodDisruptionBudget qdrant spec.selector.matchLabels", {"app": "mlcf"}, "app.kubernetes.io/name"),
    Failing(
        pods_spread_among_themselves,
        "Deployment context-api spec.template.spec.topologySpreadConstraints[kubernetes.io/hostname].labelSelector.matchLabels",
        {"app": "mlcf"},
        "app.kubernetes.io/name",
        field="spec.template.spec.topologySpreadConstraints[kubernetes.io/hostname].labelSelector",
    ),
    Failing(
        pods_spread_among_themselves,
        "StatefulSet qdrant spec.template.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector",
        {},
        "app.kubernetes.io/name",
        field="spec.template.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution",
    ),
    Failing(
        spread_counts_one_revision,
        "Deployment context-api spec.template.spec.topologySpreadConstraints[kubernetes.io/hostname].matchLabelKeys",
        GONE,
        "pod-template-hash",
    ),
    Failing(
        selectors_know_no_environment,
        "StatefulSet neo4j spec.selector.matchLabels",
        {"app.kubernetes.io/name": "neo4j", "environment": "staging"},
        "includeSelectors",
        field="spec.selector.matchLabels.environment",
    ),
    Failing(
        selectors_know_no_environment,
        "Service neo4j spec.selector",
        {"app.kubernetes.io/name": "neo4j", "environment": "staging"},
        "includeSelectors",
        field="spec.selector.environment",
    ),
    Failing(services_lead_to_ports, "Service context-api spec.ports[http-api].targetPort", "http", "name one of http-api"),
    Failing(services_lead_to_ports, "Service context-api spec.ports[http-api].targetPort", 8080, "name one of http-api"),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.policy.__name__}: {case.at}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(SELECTOR_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(SELECTOR_POLICIES)


def test_jobs_of_a_database_are_not_behind_its_service() -> None:
    labels = {"app.kubernetes.io/name": "qdrant", "environment": "staging"}
    found = services_select_one_workload(changed("CronJob qdrant-backup spec.jobTemplate.spec.template.metadata.labels", labels))
    assert {each.name for each in found} == {"qdrant", "qdrant-headless"}


def test_a_sidecar_may_open_the_port() -> None:
    sidecar = {"name": "seed", "restartPolicy": "Always", "ports": [{"name": "http-api", "containerPort": 8080}]}
    path = "spec.template.spec"
    stack = changed(f"Deployment context-api {path}.initContainers", [sidecar])
    next(pods for pods in stack.pods if pods.name == "context-api").spec["containers"][0]["ports"] = []
    assert not list(services_lead_to_ports(stack))


def test_a_canary_is_the_same_app_on_another_track() -> None:
    """Services, budgets and spread count both; two workloads on one track are refused."""

    def stack(track: str) -> Manifests:
        found = good()
        (stable,) = (item for item in found.objects if item["kind"] == "Deployment")
        stable["spec"]["template"]["metadata"]["labels"][TRACK] = "stable"
        canary = copy.deepcopy(stable)
        canary["metadata"]["name"] = "context-api-canary"
        canary["spec"]["template"]["metadata"]["labels"][TRACK] = track
        return Manifests(found.environment, found.namespace, (*found.objects, canary))

    rules = (services_select_one_workload, budgets_select_one_workload, pods_spread_among_themselves)
    assert not [violation for rule in rules for violation in rule(stack("canary"))]
    assert {violation.kind for rule in rules for violation in rule(stack("stable"))} >= {"Service", "Deployment"}
