"""What images read: nothing is missing, nothing unknown, nothing secret in the open."""

from __future__ import annotations

import pytest

from bot.policies.declared import (
    DECLARED_POLICIES,
    addresses_lead_to_services,
    required_variables_are_set,
    secrets_come_from_secrets,
    set_variables_are_known,
)
from tests.bot.policies.examples import GONE, Failing, changed, check_failing, check_module, check_odd

FAILING = (
    Failing(
        required_variables_are_set,
        "ConfigMap context-api-settings-tdt8d5th5b data.QDRANT_COLLECTION",
        GONE,
        "settings.env",
        owner="Deployment context-api",
        field="spec.template.spec.containers[api].env[QDRANT_COLLECTION]",
    ),
    Failing(
        required_variables_are_set,
        "Deployment context-api spec.template.spec.containers[api].env[JWT_SECRET_KEY].name",
        "JWT_SECRET",
        "take JWT_SECRET_KEY from the app's Secret",
        owner="Deployment context-api",
        field="spec.template.spec.containers[api].env[JWT_SECRET_KEY]",
    ),
    Failing(
        required_variables_are_set,
        "Deployment context-api spec.template.spec.containers[api].env[SUPABASE_URL]",
        GONE,
        "SUPABASE_URL",
        owner="Deployment context-api",
        field="spec.template.spec.containers[api].env[SUPABASE_URL]",
    ),
    Failing(
        set_variables_are_known,
        "Deployment context-api spec.template.spec.containers[api].env[JWT_SECRET_KEY].name",
        "JWT_SECRET",
        "the API reads JWT_SECRET_KEY",
        owner="Deployment context-api",
        field="spec.template.spec.containers[api].env[JWT_SECRET]",
    ),
    Failing(
        set_variables_are_known,
        "ConfigMap context-api-settings-tdt8d5th5b data.API_PORT",
        "8000",
        "--port",
        owner="Deployment context-api",
        field="spec.template.spec.containers[api].env[API_PORT]",
    ),
    Failing(
        set_variables_are_known,
        "ConfigMap context-api-settings-tdt8d5th5b data.LOG_LEVELS",
        "INFO",
        "did you mean LOG_LEVEL?",
        owner="Deployment context-api",
        field="spec.template.spec.containers[api].env[LOG_LEVELS]",
    ),
    Failing(
        secrets_come_from_secrets,
        "Deployment context-api spec.template.spec.containers[api].env[NEO4J_PASSWORD]",
        {"name": "NEO4J_PASSWORD", "value": "neo4j"},
        "secretKeyRef",
        owner="Deployment context-api",
        field="spec.template.spec.containers[api].env[NEO4J_PASSWORD]",
    ),
    Failing(
        secrets_come_from_secrets,
        "StatefulSet neo4j spec.template.spec.containers[neo4j].env[NEO4J_AUTH]",
        {"name": "NEO4J_AUTH", "value": "none"},
        "secretKeyRef",
        owner="StatefulSet neo4j",
        field="spec.template.spec.containers[neo4j].env[NEO4J_AUTH]",
    ),
    Failing(
        addresses_lead_to_services,
        "ConfigMap context-api-settings-tdt8d5th5b data.QDRANT_HOST",
        "qdrant.context-prod",
        "name the Service alone",
        owner="Deployment context-api",
        field="spec.template.spec.containers[api].env[QDRANT_HOST]",
    ),
    Failing(
        addresses_lead_to_services,
        "ConfigMap context-api-settings-tdt8d5th5b data.QDRANT_PORT",
        "6335",
        "correct the port",
        owner="Deployment context-api",
        field="spec.template.spec.containers[api].env[QDRANT_HOST]",
    ),
    Failing(
        addresses_lead_to_services,
        "ConfigMap context-api-settings-tdt8d5th5b data.NEO4J_URI",
        "neo4j://graph:7687",
        "name the Service alone",
        owner="Deployment context-api",
        field="spec.template.spec.containers[api].env[NEO4J_URI]",
    ),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.policy.__name__}: {case.at}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(DECLARED_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(DECLARED_POLICIES)


def test_a_variable_that_another_refers_to_need_not_be_known() -> None:
    path = "Deployment context-api spec.template.spec.containers[api].env"
    variables = [{"name": "ZONE", "value": "a"}, {"name": "LOG_LEVEL", "value": "$(ZONE)"}]
    assert not list(set_variables_are_known(changed(path, variables)))
