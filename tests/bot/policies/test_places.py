"""Places: an environment reaches for nothing outside itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.policies.places import (
    PLACE_POLICIES,
    cluster_objects_are_elsewhere,
    objects_are_in_the_namespace,
    strings_name_no_other_environment,
)
from tests.bot.policies.examples import GONE, Failing, changed, check_failing, check_module, check_odd

FAILING = (
    Failing(objects_are_in_the_namespace, "Service qdrant metadata.namespace", "context-prod", "namespace:"),
    Failing(objects_are_in_the_namespace, "Service qdrant metadata.namespace", GONE, "namespace:"),
    Failing(objects_are_in_the_namespace, "Namespace context-staging metadata.name", "mlcf", "namespace:", owner="Namespace mlcf"),
    Failing(cluster_objects_are_elsewhere, "StorageClass standard kind", "StorageClass", "clusters/"),
    Failing(
        strings_name_no_other_environment,
        "ConfigMap neo4j-settings-5btd9cdm2g data.NEO4J_server_default__advertised__address",
        "neo4j.context-prod.svc.cluster.local",
        "short names",
    ),
    Failing(
        strings_name_no_other_environment,
        "ConfigMap context-api-settings-tdt8d5th5b data.CORS_ORIGINS",
        "[https://api.dev.context.example.com]",
        "own folder",
    ),
    Failing(
        strings_name_no_other_environment,
        "SecretStore context-foundation spec.provider.aws.prefix",
        "context-foundation/prod/",
        "own folder",
    ),
    Failing(
        strings_name_no_other_environment,
        "ServiceAccount secret-reader metadata.annotations",
        {"eks.amazonaws.com/role-arn": "arn:aws:iam::444455556666:role/context-foundation-prod-secret-reader"},
        "own folder",
        field="metadata.annotations.eks.amazonaws.com/role-arn",
    ),
    Failing(
        strings_name_no_other_environment,
        "ConfigMap context-api-settings-tdt8d5th5b data.SUPABASE_URL",
        "https://context-dev1-prod.supabase.example.com/v1",
        "own folder",
    ),
    Failing(
        strings_name_no_other_environment,
        "AuthorizationPolicy api spec",
        {"principals": ["cluster.local/ns/context-prod/sa/x"]},
        "short names",
        field="spec.principals[0]",
    ),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.policy.__name__}: {case.at}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(PLACE_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(PLACE_POLICIES)


PROD = {"prod": "context-prod"}
ADDRESSES = (
    "arn:aws:iam::444455556666:role/context-foundation-production-reader",
    "arn:aws:sns:prod-1:444455556666:context-staging",
    "https://docs.example.com/device/production.html#prod",
    "https://staging.example.com and prod-like",
)


@pytest.mark.parametrize(
    "text", [*ADDRESSES, "/dev/shm", "production", "context-production", "a device", "dev-tools", "my-context-prod.txt"]
)
def test_other_words_are_no_environments(text: str) -> None:
    assert not list(strings_name_no_other_environment(changed("ConfigMap context-api-settings-tdt8d5th5b data.LOG_LEVEL", text)))


def test_a_name_within_the_own_name_is_no_other_environment() -> None:
    role = "arn:aws:iam::444455556666:role/context-foundation-prod-eu-reader"
    manifests = changed("ServiceAccount secret-reader metadata.annotations", {"eks.amazonaws.com/role-arn": role})
    assert not list(strings_name_no_other_environment(replace(manifests, environment="prod-eu", namespace="context-prod-eu", others=PROD)))
    assert list(strings_name_no_other_environment(replace(manifests, environment="prod-us", namespace="context-prod-us", others=PROD)))
