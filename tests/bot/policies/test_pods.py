"""Pods: what may not be allowed to any of them."""

from __future__ import annotations

import pytest

from bot.policies.pods import (
    POD_POLICIES,
    cannot_gain_privileges,
    drops_capabilities,
    has_a_read_only_root,
    has_a_seccomp_profile,
    hides_service_links,
    is_not_privileged,
    mounts_no_host_path,
    mounts_no_token,
    runs_as_a_user,
    runs_as_non_root,
    stays_off_the_host,
)
from tests.bot.policies.examples import GONE, Failing, check_failing, check_module, check_odd, good

FAILING = (
    Failing(runs_as_non_root, "Deployment context-api spec.template.spec.securityContext.runAsNonRoot", False, "runAsNonRoot: true"),
    Failing(
        runs_as_non_root,
        "CronJob qdrant-backup spec.jobTemplate.spec.template.spec.securityContext.runAsNonRoot",
        GONE,
        "runAsNonRoot: true",
    ),
    Failing(
        runs_as_non_root,
        "Deployment context-api spec.template.spec.containers[api].securityContext.runAsNonRoot",
        False,
        "runAsNonRoot: true",
    ),
    Failing(runs_as_a_user, "Deployment context-api spec.template.spec.securityContext.runAsUser", 0, "such as 1000"),
    Failing(runs_as_a_user, "StatefulSet neo4j spec.template.spec.securityContext.runAsUser", GONE, "user id"),
    Failing(runs_as_a_user, "Deployment context-api spec.template.spec.containers[api].securityContext.runAsUser", 0, "such as 1000"),
    Failing(has_a_seccomp_profile, "Deployment context-api spec.template.spec.securityContext.seccompProfile", GONE, "RuntimeDefault"),
    Failing(
        has_a_seccomp_profile,
        "Deployment context-api spec.template.spec.containers[api].securityContext.seccompProfile",
        {"type": "Unconfined"},
        "RuntimeDefault",
    ),
    Failing(
        cannot_gain_privileges,
        "StatefulSet neo4j spec.template.spec.initContainers[configuration].securityContext.allowPrivilegeEscalation",
        GONE,
        "allowPrivilegeEscalation: false",
    ),
    Failing(
        is_not_privileged, "Deployment context-api spec.template.spec.containers[api].securityContext.privileged", True, "remove privileged"
    ),
    Failing(
        drops_capabilities,
        "Deployment context-api spec.template.spec.containers[api].securityContext.capabilities.drop",
        ["NET_RAW"],
        "drop: [ALL]",
    ),
    Failing(
        drops_capabilities,
        "Deployment context-api spec.template.spec.containers[api].securityContext.capabilities.add",
        ["SYS_ADMIN"],
        "remove it",
    ),
    Failing(
        has_a_read_only_root,
        "CronJob qdrant-backup spec.jobTemplate.spec.template.spec.containers[backup].securityContext.readOnlyRootFilesystem",
        False,
        "emptyDir",
    ),
    Failing(stays_off_the_host, "Deployment context-api spec.template.spec.hostNetwork", True, "remove hostNetwork"),
    Failing(
        stays_off_the_host,
        "Deployment context-api spec.template.spec.containers[api].ports[http-api].hostPort",
        8000,
        "a Service leads to the Pod",
    ),
    Failing(
        mounts_no_host_path,
        "Deployment context-api spec.template.spec.volumes[tmp]",
        {"name": "tmp", "hostPath": {"path": "/"}},
        "emptyDir",
        field="spec.template.spec.volumes[tmp].hostPath",
    ),
    Failing(
        mounts_no_token,
        "Deployment context-api spec.template.spec.automountServiceAccountToken",
        GONE,
        "automountServiceAccountToken: false",
    ),
    Failing(hides_service_links, "StatefulSet qdrant spec.template.spec.enableServiceLinks", GONE, "enableServiceLinks: false"),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.policy.__name__}: {case.at}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(POD_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(POD_POLICIES)


def test_an_account_with_a_role_may_have_its_token() -> None:
    assert "automountServiceAccountToken" not in next(pods.spec for pods in good().pods if pods.kind == "Job")
    assert not list(mounts_no_token(good()))
