"""Autoscalers, disruption budgets and spread: each rule names what breaks it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.policies.disruption import DISRUPTION_POLICIES
from bot.policies.replicas import least_replicas, most_replicas, share
from bot.policies.scaling import SCALING_POLICIES
from tests.bot.policies.network_examples import add, are_all_shown, broken, changed, cut, manifests, oddities, put, stack, thing

if TYPE_CHECKING:
    from tests.bot.policies.network_examples import Change

ALL = (*SCALING_POLICIES, *DISRUPTION_POLICIES)
HPA, VPA, API, QDRANT = (
    "HorizontalPodAutoscaler context-api",
    "VerticalPodAutoscaler context-api",
    "Deployment context-api",
    "StatefulSet qdrant",
)
API_BUDGET, QDRANT_BUDGET = "PodDisruptionBudget context-api", "PodDisruptionBudget qdrant"
SPREAD = "spec.template.spec.topologySpreadConstraints"
IN_YAML = "spec/template/spec/topologySpreadConstraints"
TO_API = {"kind": "Deployment", "name": "context-api"}
TO_QDRANT = {"kind": "StatefulSet", "name": "qdrant"}

BAD: dict[str, tuple[tuple[Change, ...], list[str]]] = {
    "no target": ((put(HPA, "spec/scaleTargetRef/name", "api"),), [f"{HPA} spec.scaleTargetRef"]),
    "no target of sizes": ((put(VPA, "spec/targetRef/name", "api"),), [f"{VPA} spec.targetRef"]),
    "two for one": (
        (add(thing("HorizontalPodAutoscaler", "memory", {"scaleTargetRef": TO_API, "maxReplicas": 3})),),
        ["HorizontalPodAutoscaler memory spec.scaleTargetRef"],
    ),
    "replicas in Git": ((put(API, "spec/replicas", 2),), [f"{API} spec.replicas"]),
    "more at least than at most": ((put(HPA, "spec/minReplicas", 5),), [f"{HPA} spec.maxReplicas"]),
    "none at least": (
        (put(HPA, "spec/minReplicas", 0),),
        [f"{HPA} spec.minReplicas"],
    ),
    "members scaled": (
        (
            add(thing("HorizontalPodAutoscaler", "qdrant", {"scaleTargetRef": TO_QDRANT, "minReplicas": 3, "maxReplicas": 5})),
            cut(QDRANT, "spec/replicas"),
        ),
        ["HorizontalPodAutoscaler qdrant spec.scaleTargetRef.kind"],
    ),
    "a metric that nobody serves": (
        (put(HPA, "spec/metrics/1/pods/metric/name", "requests_per_second"),),
        [f"{HPA} spec.metrics[1].pods.metric.name"],
    ),
    "the sidecar counted": (
        (put(HPA, "spec/metrics/0", {"type": "Resource", "resource": {"name": "cpu"}}),),
        [f"{HPA} spec.metrics[0].type"],
    ),
    "a container that is not there": (
        (put(HPA, "spec/metrics/0/containerResource/container", "app"),),
        [f"{HPA} spec.metrics[0].containerResource.container"],
    ),
    "a use that the limit forbids": (
        (put(HPA, "spec/metrics/0/containerResource/target", {"type": "Utilization", "averageUtilization": 250}),),
        [f"{HPA} spec.metrics[0].containerResource.target.averageUtilization"],
    ),
    "down at the first quiet moment": (
        (put(HPA, "spec/behavior", {"scaleDown": {"stabilizationWindowSeconds": 0}}),),
        [f"{HPA} spec.behavior.scaleDown.stabilizationWindowSeconds"],
    ),
    "never up": ((put(HPA, "spec/behavior", {"scaleUp": {"selectPolicy": "Disabled"}}),), [f"{HPA} spec.behavior.scaleUp.selectPolicy"]),
    "two autoscalers on cpu": ((put(VPA, "spec/updatePolicy/updateMode", "Recreate"),), [f"{VPA} spec.updatePolicy.updateMode"]),
    "the default mode on cpu": ((cut(VPA, "spec/updatePolicy"),), [f"{VPA} spec.updatePolicy.updateMode"]),
    "Auto beside nothing": (
        (put(VPA, "spec/updatePolicy/updateMode", "Auto"), cut(HPA, "spec/metrics/0")),
        [f"{VPA} spec.updatePolicy.updateMode"],
    ),
    "members given another size": (
        (put("VerticalPodAutoscaler qdrant", "spec/updatePolicy/updateMode", "Recreate"),),
        ["VerticalPodAutoscaler qdrant spec.updatePolicy.updateMode"],
    ),
    "sizes of a container that is not there": (
        (put(VPA, "spec/resourcePolicy", {"containerPolicies": [{"containerName": "api"}, {"containerName": "*", "mode": "Off"}]}),),
        [f"{VPA} spec.resourcePolicy.containerPolicies[0].containerName"],
    ),
    "no budget": ((cut(QDRANT_BUDGET),), [f"{QDRANT} spec.template.metadata.labels"]),
    "two budgets": (
        (add(thing("PodDisruptionBudget", "all", {"maxUnavailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow", "selector": {
            "matchLabels": {"app.kubernetes.io/name": "qdrant"},
        }})),),
        ["PodDisruptionBudget all spec.selector"],
    ),
    "none may go": ((put(QDRANT_BUDGET, "spec/maxUnavailable", 0),), [f"{QDRANT_BUDGET} spec.maxUnavailable"]),
    "all are kept": (
        (cut(QDRANT_BUDGET, "spec/maxUnavailable"), put(QDRANT_BUDGET, "spec/minAvailable", "100%")),
        [f"{QDRANT_BUDGET} spec.minAvailable"],
    ),
    "both are said": ((put(QDRANT_BUDGET, "spec/minAvailable", 2),), [f"{QDRANT_BUDGET} spec.maxUnavailable"]),
    "the majority may go": ((put(QDRANT_BUDGET, "spec/maxUnavailable", 2),), [f"{QDRANT_BUDGET} spec.maxUnavailable"]),
    "all of the API may go": ((put(API_BUDGET, "spec/maxUnavailable", "100%"),), [f"{API_BUDGET} spec.maxUnavailable"]),
    "too few are kept": (
        (cut(QDRANT_BUDGET, "spec/maxUnavailable"), put(QDRANT_BUDGET, "spec/minAvailable", 1)),
        [f"{QDRANT_BUDGET} spec.minAvailable"],
    ),
    "broken Pods are kept": (
        (cut(QDRANT_BUDGET, "spec/unhealthyPodEvictionPolicy"),),
        [f"{QDRANT_BUDGET} spec.unhealthyPodEvictionPolicy"],
    ),
    "all on one node": ((cut(QDRANT, IN_YAML),), [f"{QDRANT} {SPREAD}"]),
    "nodes that are not theirs": (
        (cut(QDRANT, f"{IN_YAML}/0/nodeTaintsPolicy"),),
        [f"{QDRANT} {SPREAD}[kubernetes.io/hostname].nodeTaintsPolicy"],
    ),
    "a label said twice": (
        (put(QDRANT, f"{IN_YAML}/0/matchLabelKeys", ["app.kubernetes.io/name"]),),
        [f"{QDRANT} {SPREAD}[kubernetes.io/hostname].matchLabelKeys"],
    ),
}  # fmt: skip


def test_the_stack_passes() -> None:
    assert broken(ALL, stack()) == []


@pytest.mark.parametrize(("changes", "expected"), BAD.values(), ids=BAD)
def test_one_change_names_one_field(changes: tuple[Change, ...], expected: list[str]) -> None:
    assert broken(ALL, changed(*changes)) == expected


def test_every_rule_has_a_failing_example() -> None:
    assert are_all_shown(ALL, (changes for changes, _ in BAD.values()))


@pytest.mark.parametrize(
    "changes",
    [
        (put(QDRANT, "spec/replicas", 1),),  # of one Pod, the one may go
        (put("VerticalPodAutoscaler qdrant", "spec/updatePolicy/updateMode", "Initial"),),  # evicts nobody
        (put(VPA, "spec/updatePolicy/updateMode", "Initial"), put(VPA, "spec/resourcePolicy", {"containerPolicies": [
            {"containerName": "*", "controlledResources": ["memory"]},
        ]})),
        (put(VPA, "spec/resourcePolicy", {"containerPolicies": [
            {"containerName": "context-api"}, {"containerName": "istio-proxy", "mode": "Off"},
        ]}),),
        (cut(API_BUDGET, "spec/maxUnavailable"), put(API_BUDGET, "spec/minAvailable", "50%")),
        (put(API_BUDGET, "spec/maxUnavailable", "25%"),),
        (cut(QDRANT, IN_YAML), put(QDRANT, "spec/template/spec/affinity", {"podAntiAffinity": {"required": "x"}})),
    ],
    ids=["one replica", "sizes for new members", "memory alone", "each container", "half is kept", "a quarter may go", "anti-affinity"],
)  # fmt: skip
def test_what_is_as_good_passes(changes: tuple[Change, ...]) -> None:
    assert broken(ALL, changed(*changes)) == []


def replicas(*changes: Change) -> dict[str, tuple[int, int]]:
    seen = manifests(changed(*changes))
    return {pods.name: (least_replicas(seen, pods), most_replicas(seen, pods)) for pods in seen.pods}


def test_replicas_count_the_autoscaler_and_the_surge() -> None:
    assert replicas() == {"context-api": (2, 5), "qdrant": (3, 3), "neo4j": (3, 3), "qdrant-backup": (1, 1), "neo4j-backup": (1, 1)}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ((cut(HPA), put(API, "spec/replicas", 8)), (8, 10)),
        ((cut(HPA),), (1, 2)),
        ((put(API, "spec/strategy", {"rollingUpdate": {"maxSurge": 3}}),), (2, 7)),
        ((put(API, "spec/strategy", {"rollingUpdate": {"maxSurge": 0}}),), (2, 4)),
        ((put(API, "spec/strategy", {"type": "Recreate"}),), (2, 4)),
        ((cut(HPA, "spec/minReplicas"),), (1, 5)),
    ],
)
def test_replicas_of_the_api(changes: tuple[Change, ...], expected: tuple[int, int]) -> None:
    assert replicas(*changes)["context-api"] == expected


def test_a_job_has_as_many_pods_as_run_at_a_time() -> None:
    assert replicas(put("CronJob qdrant-backup", "spec/jobTemplate/spec/parallelism", 3))["qdrant-backup"] == (3, 3)


@pytest.mark.parametrize(
    ("amount", "whole", "expected"),
    [
        (1, 3, 1),
        ("25%", 3, 1),
        ("25%", 8, 2),
        ("0%", 3, 0),
        ("100%", 3, 3),
        ("one", 3, None),
        (True, 3, None),
        (None, 3, None),
        ("²%", 3, None),
    ],
)
def test_percentages_round_up(amount: Any, whole: int, expected: int | None) -> None:
    assert share(amount, whole) == expected


@pytest.mark.parametrize("title", [HPA, VPA, QDRANT_BUDGET, QDRANT])
def test_odd_shapes_are_read_as_empty(title: str) -> None:
    for objects in oddities(title):
        broken(ALL, objects)
