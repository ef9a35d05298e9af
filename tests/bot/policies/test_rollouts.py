"""Updates of workloads."""

from __future__ import annotations

import pytest

from bot.policies.rollouts import (
    ROLLOUT_POLICIES,
    members_are_updated,
    updates_can_be_undone,
    updates_go_on,
    updates_keep_serving,
    updates_wait_for_a_slow_start,
)
from tests.bot.policies.examples import Failing, changed, check_failing, check_module, check_odd

NONE_AT_A_TIME = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}
FAILING = (
    Failing(
        *(updates_go_on, "Deployment context-api spec.strategy", NONE_AT_A_TIME, "maxSurge: 1"),
        field="spec.strategy.rollingUpdate.maxSurge",
    ),
    Failing(updates_go_on, "Deployment context-api spec.paused", True, "bot freeze"),
    Failing(updates_wait_for_a_slow_start, "Deployment context-api spec.progressDeadlineSeconds", 300, "more than 300"),
    Failing(
        *(updates_wait_for_a_slow_start, "Deployment context-api spec.minReadySeconds", 300, "more than 600"),
        field="spec.progressDeadlineSeconds",
    ),
    Failing(updates_can_be_undone, "Deployment context-api spec.revisionHistoryLimit", 0, "write 3"),
    Failing(members_are_updated, "StatefulSet qdrant spec.updateStrategy.type", "OnDelete", "RollingUpdate"),
    Failing(
        *(members_are_updated, "StatefulSet qdrant spec.updateStrategy.rollingUpdate", {"partition": 2}, "remove it"),
        field="spec.updateStrategy.rollingUpdate.partition",
    ),
)
OF_SEVERAL: tuple[tuple[dict[str, object], str], ...] = (
    ({"type": "Recreate"}, "spec.strategy.type"),
    ({"rollingUpdate": {"maxUnavailable": "100%"}}, "spec.strategy.rollingUpdate.maxUnavailable"),
    ({"rollingUpdate": {"maxUnavailable": 3}}, "spec.strategy.rollingUpdate.maxUnavailable"),
    ({"rollingUpdate": {"maxUnavailable": "50%"}}, ""),
    ({}, ""),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.policy.__name__}: {case.at}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module((*ROLLOUT_POLICIES[:1], *ROLLOUT_POLICIES[2:]), FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd((*ROLLOUT_POLICIES[:1], *ROLLOUT_POLICIES[2:]))


@pytest.mark.parametrize(("strategy", "field"), OF_SEVERAL)
def test_of_several_replicas_some_serve_and_a_single_one_may_go(strategy: dict[str, object], field: str) -> None:
    found = changed("Deployment context-api spec.strategy", strategy)
    assert not [*updates_keep_serving(found)]
    (item,) = found.of("Deployment")
    item["spec"]["replicas"] = 3
    assert [each.field for each in updates_keep_serving(found)] == [field] * bool(field)
