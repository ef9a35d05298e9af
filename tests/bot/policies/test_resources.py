"""Resources: what is asked for, and what is allowed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.policies.quantities import quantity
from bot.policies.resources import RESOURCE_POLICIES, asks_for_resources, is_limited, limits_cover_requests, scratch_space_is_limited
from tests.bot.policies.examples import GONE, Failing, check_failing, check_module, check_odd

FAILING = (
    Failing(
        asks_for_resources,
        "Deployment context-api spec.template.spec.containers[api].resources.requests.memory",
        GONE,
        "request for memory",
    ),
    Failing(
        asks_for_resources,
        "StatefulSet neo4j spec.template.spec.initContainers[configuration].resources.requests.cpu",
        GONE,
        "request for cpu",
    ),
    Failing(
        is_limited,
        "CronJob qdrant-backup spec.jobTemplate.spec.template.spec.containers[backup].resources.limits.ephemeral-storage",
        GONE,
        "limit for ephemeral-storage",
    ),
    Failing(
        limits_cover_requests,
        "Deployment context-api spec.template.spec.containers[api].resources.limits.memory",
        "512Mi",
        "raise the limit",
    ),
    Failing(limits_cover_requests, "Deployment context-api spec.template.spec.containers[api].resources.limits.cpu", "one", "amounts"),
    Failing(scratch_space_is_limited, "Deployment context-api spec.template.spec.volumes[tmp].emptyDir.sizeLimit", GONE, "sizeLimit"),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.policy.__name__}: {case.at}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(RESOURCE_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(RESOURCE_POLICIES)


@pytest.mark.parametrize(
    ("written", "amount"),
    [("500m", "0.5"), ("2", "2"), (2, "2"), (0.5, "0.5"), ("1Gi", "1073741824"), ("1.5k", "1500"), ("1e3", "1000"), (".5", "0.5")],
)
def test_amounts_are_read_as_kubernetes_writes_them(written: object, amount: str) -> None:
    assert quantity(written) == Decimal(amount)


@pytest.mark.parametrize("written", ["", "one", "1 Gi", "1GiB", None, True, [], "1e300"])
def test_anything_else_is_no_amount(written: object) -> None:
    assert quantity(written) is None
