"""StatefulSets: members that find each other."""

from __future__ import annotations

import pytest

from bot.policies.stateful_sets import (
    STATEFUL_SET_POLICIES,
    has_a_headless_service,
    keeps_its_data,
    members_are_found_before_they_are_ready,
    members_start_together,
    says_how_it_is_updated,
)
from tests.bot.policies.examples import GONE, Failing, check_failing, check_module, check_odd

FAILING = (
    Failing(has_a_headless_service, "StatefulSet qdrant spec.serviceName", "qdrant-peers", "headless Service"),
    Failing(has_a_headless_service, "StatefulSet qdrant spec.serviceName", "qdrant", "clusterIP: None"),
    Failing(has_a_headless_service, "StatefulSet qdrant spec.serviceName", "neo4j-headless", "selector"),
    Failing(
        members_are_found_before_they_are_ready,
        "Service neo4j-headless spec.publishNotReadyAddresses",
        GONE,
        "publishNotReadyAddresses: true",
    ),
    Failing(members_start_together, "StatefulSet neo4j spec.podManagementPolicy", GONE, "Parallel"),
    Failing(says_how_it_is_updated, "StatefulSet neo4j spec.updateStrategy", GONE, "RollingUpdate", field="spec.updateStrategy.type"),
    Failing(keeps_its_data, "StatefulSet qdrant spec.persistentVolumeClaimRetentionPolicy.whenScaled", "Delete", "Retain"),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.policy.__name__}: {case.at}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(STATEFUL_SET_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(STATEFUL_SET_POLICIES)
