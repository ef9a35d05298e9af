"""Labels: what everything belongs to."""

from __future__ import annotations

import pytest

from bot.policies.labels import (
    LABEL_POLICIES,
    labels_hold_no_version,
    objects_say_their_environment,
    objects_say_what_they_are_part_of,
    pods_have_names,
    pods_say_their_environment,
)
from tests.bot.policies.examples import GONE, Failing, check_failing, check_module, check_odd

FAILING = (
    Failing(objects_say_their_environment, "Service qdrant metadata.labels.environment", "prod", "labels:"),
    Failing(pods_say_their_environment, "Deployment context-api spec.template.metadata.labels.environment", GONE, "includeTemplates"),
    Failing(objects_say_what_they_are_part_of, "Service qdrant metadata.labels.app.kubernetes.io/part-of", GONE, "Component"),
    Failing(
        pods_have_names,
        "CronJob qdrant-backup spec.jobTemplate.spec.template.metadata.labels.app.kubernetes.io/name",
        GONE,
        "qdrant-backup",
    ),
    Failing(labels_hold_no_version, "Service qdrant metadata.labels.app.kubernetes.io/version", "1.19.0", "remove it"),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.policy.__name__}: {case.at}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(LABEL_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(LABEL_POLICIES)
