"""References: whatever is named is there."""

from __future__ import annotations

import pytest

from bot.policies.references import (
    REFERENCE_POLICIES,
    accounts_exist,
    config_maps_exist,
    scrapes_find_their_secrets,
    secrets_are_not_in_git,
    secrets_exist,
    stores_exist,
)
from tests.bot.policies.examples import GONE, Failing, changed, check_failing, check_module, check_odd

FAILING = (
    Failing(
        config_maps_exist,
        "Deployment context-api spec.template.spec.containers[api].envFrom[0].configMapRef.name",
        "api-config",
        "configMapGenerator",
        field="spec.template.spec.containers[api].envFrom[0].configMapRef",
    ),
    Failing(
        config_maps_exist,
        "Deployment context-api spec.template.spec.containers[api].envFrom[0].configMapRef.name",
        "context-api-setings-tdt8d5th5b",
        "did you mean context-api-settings",
        field="spec.template.spec.containers[api].envFrom[0].configMapRef",
    ),
    Failing(
        config_maps_exist,
        "StatefulSet qdrant spec.template.spec.containers[qdrant].env[QDRANT_BOOTSTRAP]",
        {"name": "LOG_LEVEL", "valueFrom": {"configMapKeyRef": {"name": "qdrant-settings-6d572t28mm", "key": "LOG_LEVEL"}}},
        "write the key",
        field="spec.template.spec.containers[qdrant].env[LOG_LEVEL].valueFrom.configMapKeyRef",
    ),
    Failing(
        config_maps_exist,
        "CronJob qdrant-backup spec.jobTemplate.spec.template.spec.volumes[script].configMap.items[0].key",
        "restore.py",
        "write the key",
        field="spec.jobTemplate.spec.template.spec.volumes[script].configMap",
    ),
    Failing(
        secrets_exist,
        "Deployment context-api spec.template.spec.containers[api].env[JWT_SECRET_KEY].valueFrom.secretKeyRef.name",
        "context-secrets",
        "feature `secrets`",
        field="spec.template.spec.containers[api].env[JWT_SECRET_KEY].valueFrom.secretKeyRef",
    ),
    Failing(
        secrets_exist,
        "Deployment context-api spec.template.spec.containers[api].env[JWT_SECRET_KEY].valueFrom.secretKeyRef.key",
        "jwt-secret",
        "did you mean jwt-secret-key?",
        field="spec.template.spec.containers[api].env[JWT_SECRET_KEY].valueFrom.secretKeyRef",
    ),
    Failing(
        secrets_exist,
        "ExternalSecret neo4j spec.target.template.data.password",
        GONE,
        "write the key",
        owner="Deployment context-api",
        field="spec.template.spec.containers[api].env[NEO4J_PASSWORD].valueFrom.secretKeyRef",
    ),
    Failing(
        scrapes_find_their_secrets,
        "ServiceMonitor qdrant spec.endpoints[0].authorization.credentials.key",
        "read-only",
        "ExternalSecret",
        field="spec.endpoints[0].authorization.credentials",
    ),
    Failing(accounts_exist, "Deployment context-api spec.template.spec.serviceAccountName", GONE, "such as context-api"),
    Failing(accounts_exist, "Deployment context-api spec.template.spec.serviceAccountName", "api", "add the ServiceAccount"),
    Failing(stores_exist, "ExternalSecret neo4j spec.secretStoreRef.name", "vault", "foundation"),
    Failing(
        stores_exist, "SecretStore context-foundation spec.provider.aws.auth.jwt.serviceAccountRef.name", "reader", "add the ServiceAccount"
    ),
    Failing(secrets_are_not_in_git, "Secret passwords data", {"password": "c2VjcmV0"}, "ExternalSecret"),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.policy.__name__}: {case.at}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(REFERENCE_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(REFERENCE_POLICIES)


def test_a_secret_that_nothing_makes_is_a_warning_since_a_person_may_make_it() -> None:
    named = "Deployment context-api spec.template.spec.containers[api].env[JWT_SECRET_KEY].valueFrom.secretKeyRef.name"
    (violation,) = secrets_exist(changed(named, "made-by-hand"))
    assert not violation.is_error


def test_a_store_may_decide_which_keys_there_are() -> None:
    whole = {"secretStoreRef": {"name": "context-foundation"}, "dataFrom": [{"extract": {"key": "context-api"}}]}
    assert not list(secrets_exist(changed("ExternalSecret context-api spec", whole)))


def test_an_optional_reference_may_lead_nowhere() -> None:
    named = "Deployment context-api spec.template.spec.containers[api].envFrom[0].configMapRef"
    assert not list(config_maps_exist(changed(named, {"name": "more-settings", "optional": True})))
