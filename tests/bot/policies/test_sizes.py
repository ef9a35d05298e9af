"""What an environment asks for, in exact whole numbers."""

from __future__ import annotations

from math import ceil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.policies.quantities import quantity
from bot.policies.sizes import Size, WorkloadSize, environment_size
from tests.bot.policies.network_examples import HERE, add, changed, cut, manifests, oddities, put, stack, thing

GI, MI = 1024**3, 1024**2
API, QDRANT, BACKUP = "Deployment context-api", "StatefulSet qdrant", "CronJob qdrant-backup"
DISK = {"resources": {"requests": {"storage": "50Gi"}}}
CONTAINER = "spec/template/spec/containers/0/resources"
INIT = "spec/template/spec/initContainers"


def size_of(name: str, *changes: Any) -> WorkloadSize:
    size = environment_size(manifests(changed(*changes)))
    return next(each for each in (*size.workloads, *size.claims, *size.jobs) if each.name == name)


def test_a_stack_adds_up() -> None:
    size = environment_size(manifests(stack()))
    assert size.workloads == (
        WorkloadSize("Deployment", "context-api", 2, Size(550, GI + 128 * MI), 4),
        WorkloadSize("StatefulSet", "neo4j", 3, Size(550, GI + 128 * MI, 100 * GI), 3),
        WorkloadSize("StatefulSet", "qdrant", 3, Size(550, GI + 128 * MI, 100 * GI), 3),
    )
    assert size.total == Size(8 * 550, 8 * (GI + 128 * MI), 600 * GI)
    assert size.at_most == Size(10 * 550, 10 * (GI + 128 * MI), 600 * GI)


def test_jobs_are_named_and_not_in_the_total() -> None:
    size = environment_size(manifests(stack()))
    assert [(each.kind, each.name, each.replicas) for each in size.jobs] == [
        ("CronJob", "neo4j-backup", 1),
        ("CronJob", "qdrant-backup", 1),
    ]
    without = environment_size(manifests(changed(cut(BACKUP), cut("CronJob neo4j-backup"))))
    assert without.total == size.total


def test_claims_of_no_workload_are_in_the_total() -> None:
    size = environment_size(manifests(changed(add(thing("PersistentVolumeClaim", "backups", DISK)))))
    assert size.claims == (WorkloadSize("PersistentVolumeClaim", "backups", 1, Size(storage=50 * GI), 1),)
    assert size.total.storage == 650 * GI


def test_a_volume_of_a_pod_counts_for_each_pod() -> None:
    volume = {"name": "scratch", "ephemeral": {"volumeClaimTemplate": {"spec": DISK}}}
    assert size_of("context-api", put(API, "spec/template/spec/volumes", [volume])).total.storage == 100 * GI


def test_replicas_are_those_of_the_autoscaler_at_least() -> None:
    assert size_of("context-api", put("HorizontalPodAutoscaler context-api", "spec/minReplicas", 5)).replicas == 5


def test_at_most_counts_the_autoscaler_s_pods_and_not_those_of_an_update() -> None:
    size = size_of("context-api", put("HorizontalPodAutoscaler context-api", "spec/maxReplicas", 20))
    assert (size.most_replicas, size.at_most) == (20, size.each * 20)
    assert size_of("context-api", put("HorizontalPodAutoscaler context-api", "spec/maxReplicas", 1)).most_replicas == 2
    assert size_of("context-api", cut("HorizontalPodAutoscaler context-api"), put(API, "spec/replicas", 7)).replicas == 7


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ({}, Size(600, GI + 128 * MI)),  # what Istio gives when nothing is said
        ({"sidecar.istio.io/proxyCPU": "10m", "sidecar.istio.io/proxyMemory": "40Mi"}, Size(510, GI + 40 * MI)),
        ({"sidecar.istio.io/proxyCPU": "10m"}, Size(510, GI)),  # one said: Istio fills in no other
        ({"sidecar.istio.io/proxyCPULimit": "200m"}, Size(700, GI)),  # the API server takes the limit for the request
    ],
)
def test_the_sidecar_counts_by_its_annotations(annotations: dict[str, str], expected: Size) -> None:
    assert size_of("context-api", put(API, "spec/template/metadata/annotations", annotations)).each == expected


def test_pods_without_a_sidecar_have_none_counted() -> None:
    assert size_of("context-api", put(f"Namespace {HERE}", "metadata/labels", {})).each == Size(500, GI)


def test_native_sidecars_count_beside_the_containers() -> None:
    helper = {"name": "helper", "restartPolicy": "Always", "resources": {"requests": {"cpu": "25m", "memory": "1Mi"}}}
    assert size_of("context-api", put(API, INIT, [helper])).each == Size(575, GI + 129 * MI)


def test_an_init_container_counts_where_it_needs_more_than_the_rest() -> None:
    large = {"name": "large", "resources": {"requests": {"cpu": "2", "memory": "1Mi"}}}
    assert size_of("context-api", put(API, INIT, [large])).each == Size(2050, GI + 128 * MI)


def test_a_limit_stands_for_a_request_that_is_not_there() -> None:
    assert size_of("context-api", put(API, CONTAINER, {"limits": {"cpu": "1.5", "memory": "2G"}})).each == Size(1550, 2 * 10**9 + 128 * MI)


@pytest.mark.parametrize(
    ("written", "millicores"),
    [
        ("1", 1000),
        (1, 1000),
        (0.5, 500),
        ("100m", 100),
        ("0.1", 100),
        ("1.5", 1500),
        ("1e3m", 0),
        ("1e-1", 100),
        ("1u", 1),
        ("much", 0),
        (True, 0),
    ],
)
def test_cpu_is_in_whole_millicores(written: Any, millicores: int) -> None:
    changes = put(API, CONTAINER, {"requests": {"cpu": written}}), put(f"Namespace {HERE}", "metadata/labels", {})
    assert size_of("context-api", *changes).each.cpu == millicores


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("1Ki", 1024),
        ("1.5Gi", 1536 * MI),
        ("1k", 1000),
        ("1T", 10**12),
        ("1E", 10**18),
        ("1Ei", 1024**6),
        ("1e3", 1000),
        ("128974848", 128974848),
    ],
)
def test_memory_is_in_whole_bytes(written: str, number: int) -> None:
    changes = put(API, CONTAINER, {"requests": {"memory": written}}), put(f"Namespace {HERE}", "metadata/labels", {})
    assert size_of("context-api", *changes).each.memory == number


UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


@given(st.integers(0, 10**6), st.sampled_from(sorted(UNITS)))
def test_amounts_are_exact(number: int, unit: str) -> None:
    assert quantity(f"{number}{unit}") == number * UNITS[unit]


@given(st.integers(0, 10**9))
def test_thousandths_are_exact(number: int) -> None:
    assert quantity(f"{number}m") == quantity(f"{number // 1000}.{number % 1000:03}")


@given(st.text(max_size=6))
def test_other_texts_are_no_amount_or_a_number(written: str) -> None:
    amount = quantity(written)
    assert amount is None or ceil(amount) >= amount


def test_sizes_add_and_multiply() -> None:
    assert (Size(1, 2, 3) + Size(10, 20, 30)) * 2 == Size(22, 44, 66)


@pytest.mark.parametrize("title", [API, QDRANT, BACKUP])
def test_odd_shapes_are_read_as_empty(title: str) -> None:
    for objects in oddities(title):
        environment_size(manifests(objects))
