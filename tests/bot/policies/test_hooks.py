"""What Argo CD is told by annotations."""

from __future__ import annotations

import pytest

from bot.policies.hooks import (
    HOOK_POLICIES,
    annotations_are_argo_cds,
    data_goes_after_a_yes_alone,
    hooks_are_deleted_as_meant,
    hooks_run_in_a_phase,
    sync_options_are_argo_cds,
)
from tests.bot.policies.examples import Failing, changed, check_failing, check_module, check_odd

JOB = "Job qdrant-check metadata.annotations"
OPTIONS = "argocd.argoproj.io/sync-options"
HOOK, DELETED = "argocd.argoproj.io/hook", "argocd.argoproj.io/hook-delete-policy"


def said(annotations: dict[str, str], field: str, policy: object, hint: str) -> Failing:
    return Failing(policy, JOB, annotations, hint, f"metadata.annotations[{field}]")  # type: ignore[arg-type]  # of Failing


FAILING = (
    said({HOOK: "PostSnyc"}, HOOK, hooks_run_in_a_phase, "did you mean PostSync?"),
    said({HOOK: "PreSync,postsync"}, HOOK, hooks_run_in_a_phase, "did you mean PostSync?"),
    said({HOOK: ""}, HOOK, hooks_run_in_a_phase, "one of PostDelete, PostSync"),
    said({HOOK: "Sync", DELETED: "BeforeHookCreated"}, DELETED, hooks_are_deleted_as_meant, "did you mean BeforeHookCreation?"),
    said({HOOK: "Sync", DELETED: "HookSucceeded;HookFailed"}, DELETED, hooks_are_deleted_as_meant, "HookFailed"),
    said({DELETED: "HookSucceeded"}, DELETED, hooks_are_deleted_as_meant, "add argocd.argoproj.io/hook"),
    said({"argocd.argoproj.io/hooks": "PostSync"}, "argocd.argoproj.io/hooks", annotations_are_argo_cds, f"did you mean {HOOK}?"),
    said({OPTIONS: "Prune=confirmed"}, OPTIONS, sync_options_are_argo_cds, "did you mean Prune=confirm?"),
    said({OPTIONS: "Replace=true,SkipDryRunOnMissing=true"}, OPTIONS, sync_options_are_argo_cds, "SkipDryRunOnMissingResource=true"),
    Failing(
        *(data_goes_after_a_yes_alone, "StatefulSet qdrant metadata.annotations", {OPTIONS: "Prune=confirm"}, "Delete=confirm"),
        field=f"metadata.annotations[{OPTIONS}]",
    ),
    Failing(
        *(
            data_goes_after_a_yes_alone,
            "Namespace context-staging metadata.annotations",
            {OPTIONS: "Prune=true,Delete=false"},
            "Prune=confirm",
        ),
        field=f"metadata.annotations[{OPTIONS}]",
    ),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.policy.__name__}: {case.value}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


@pytest.mark.parametrize("types", ["PostSync", "PreSync, Sync", "Skip", "PreDelete,PostDelete", "SyncFail"])
def test_every_phase_of_argo_cd_passes(types: str) -> None:
    found = changed(JOB, {HOOK: types, DELETED: "BeforeHookCreation, HookSucceeded,HookFailed", "example.com/hook": "mine"})
    assert [violation for policy in HOOK_POLICIES for violation in policy(found)] == []


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(HOOK_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(HOOK_POLICIES)
