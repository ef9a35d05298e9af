"""Access: a restricted namespace, and narrow roles."""

from __future__ import annotations

import pytest

from bot.policies.access import (
    ACCESS_POLICIES,
    bindings_stay_at_home,
    roles_are_narrow,
    roles_read_no_secrets,
    the_namespace_is_restricted,
    the_namespace_is_there,
)
from tests.bot.policies.examples import GONE, Failing, changed, check_failing, check_module, check_odd

FAILING = (
    Failing(
        the_namespace_is_restricted,
        "Namespace context-staging metadata.labels.pod-security.kubernetes.io/enforce",
        "baseline",
        "restricted",
    ),
    Failing(the_namespace_is_restricted, "Namespace context-staging metadata.labels.pod-security.kubernetes.io/warn", GONE, "restricted"),
    Failing(
        the_namespace_is_restricted,
        "Namespace context-staging metadata.labels.pod-security.kubernetes.io/enforce-version",
        GONE,
        "such as v1.35",
    ),
    Failing(the_namespace_is_there, "Namespace context-staging kind", "ConfigMap", "foundation", field="metadata.name"),
    Failing(roles_read_no_secrets, "Role pod-lister rules[0].resources", ["pods", "secrets"], "mount the one Secret"),
    Failing(roles_are_narrow, "Role pod-lister rules[0].verbs", ["*"], "word by word"),
    Failing(roles_are_narrow, "Role pod-lister rules[0].resources", ["pods/exec"], "word by word"),
    Failing(bindings_stay_at_home, "RoleBinding pod-lister roleRef.name", "cluster-admin", "bind a Role"),
    Failing(bindings_stay_at_home, "RoleBinding pod-lister roleRef.name", "lister", "bind a Role"),
    Failing(bindings_stay_at_home, "RoleBinding pod-lister subjects[0].name", "default", "ServiceAccount"),
    Failing(
        bindings_stay_at_home,
        "RoleBinding pod-lister subjects[0]",
        {"kind": "Group", "name": "system:authenticated"},
        "a group of people",
        field="subjects[0].name",
    ),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.policy.__name__}: {case.at}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(ACCESS_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(ACCESS_POLICIES)


def test_people_may_have_roles() -> None:
    group = {"kind": "Group", "name": "context-foundation-operators", "apiGroup": "rbac.authorization.k8s.io"}
    assert not list(bindings_stay_at_home(changed("RoleBinding pod-lister subjects[0]", group)))
