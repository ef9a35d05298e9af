"""Kinds and versions that clusters serve."""

from __future__ import annotations

import pytest

from bot.policies.kinds import KIND_POLICIES, kinds_are_served, versions_are_current
from tests.bot.policies.examples import Failing, check_failing, check_module, check_odd

FAILING = (
    Failing(kinds_are_served, "PodSecurityPolicy restricted apiVersion", "policy/v1beta1", "pod-security.kubernetes.io", field="kind"),
    Failing(versions_are_current, "CronJob qdrant-backup apiVersion", "batch/v1beta1", "write batch/v1"),
    Failing(versions_are_current, "ExternalSecret neo4j apiVersion", "external-secrets.io/v1beta1", "external-secrets.io/v1"),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.policy.__name__}: {case.at}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(KIND_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(KIND_POLICIES)
