"""Sync waves."""

from __future__ import annotations

import pytest

from bot.policies.waves import (
    WAVE,
    WAVE_POLICIES,
    callers_come_after_databases,
    pods_find_what_they_need,
    scalers_come_after_what_they_scale,
    the_namespace_comes_first,
    waves_are_numbers,
)
from tests.bot.policies.examples import Failing, changed, check_failing, check_module, check_odd

LATE, EARLY, PRE_SYNC = {WAVE: "2"}, {WAVE: "-9"}, {"argocd.argoproj.io/hook": "PreSync"}
HERE = f"metadata.annotations[{WAVE}]"


def said(policy: object, on: str, annotations: dict[str, str], hint: str, owner: str = "") -> Failing:
    return Failing(policy, f"{on} metadata.annotations", annotations, hint, HERE, owner)  # type: ignore[arg-type]  # of Failing


FAILING = (
    said(waves_are_numbers, "Service qdrant", {WAVE: "first"}, '"-4"'),
    said(the_namespace_comes_first, "Service qdrant", EARLY, '"-9" or less', "Namespace context-staging"),
    said(pods_find_what_they_need, "ServiceAccount qdrant", LATE, "StatefulSet qdrant later"),
    said(pods_find_what_they_need, "ConfigMap qdrant-settings-6d572t28mm", LATE, "in wave 0 or before"),
    said(pods_find_what_they_need, "ExternalSecret context-api", LATE, "Deployment context-api later"),
    said(pods_find_what_they_need, "Job qdrant-check", PRE_SYNC, "in PreSync, wave 0 or before", "ServiceAccount secret-reader"),
    said(callers_come_after_databases, "StatefulSet neo4j", LATE, "Deployment context-api later"),
    said(callers_come_after_databases, "Service qdrant", LATE, "in wave 0 or before"),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.policy.__name__}: {case.at}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(WAVE_POLICIES[:-1], FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(WAVE_POLICIES[:-1])


def test_a_store_comes_before_what_it_fills() -> None:
    found = [*pods_find_what_they_need(changed("SecretStore context-foundation metadata.annotations", LATE))]
    assert [each.kind for each in found] == ["SecretStore"] * 3


def test_an_account_comes_before_the_store_that_logs_in_with_it() -> None:
    found = [*pods_find_what_they_need(changed("ServiceAccount secret-reader metadata.annotations", LATE))]
    assert [each.kind for each in found] == ["ServiceAccount"] * 2
    assert "SecretStore context-foundation cannot log in without it" in found[1].what


def test_a_scaler_does_not_come_before_what_it_scales() -> None:
    found = changed("HorizontalPodAutoscaler api spec.scaleTargetRef", {"kind": "Deployment", "name": "context-api"})
    assert not [*scalers_come_after_what_they_scale(found)]
    (item,) = found.of("HorizontalPodAutoscaler")
    item["metadata"]["annotations"] = {WAVE: "-1"}
    (violation,) = scalers_come_after_what_they_scale(found)
    assert (violation.kind, violation.field) == ("Deployment", HERE)
    assert "HorizontalPodAutoscaler api is Degraded" in violation.what


def test_a_hook_after_the_sync_may_need_what_the_sync_brings() -> None:
    hook = {"argocd.argoproj.io/hook": "PostSync", WAVE: "-5"}
    assert not [*pods_find_what_they_need(changed("Job qdrant-check metadata.annotations", hook))]
