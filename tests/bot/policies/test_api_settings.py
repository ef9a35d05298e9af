"""context-api: closed where the bot merges, and told Qdrant's REST port."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.policies.api_settings import API_SETTING_POLICIES, the_api_asks_qdrants_rest_port, the_api_is_closed, values_are_what_the_api_reads
from tests.bot.policies.examples import GONE, Failing, changed, check_failing, check_module, check_odd

SETTINGS = "ConfigMap context-api-settings-tdt8d5th5b data"
ENV = "spec.template.spec.containers[api].env"


def opened(name: str, value: object, hint: str) -> Failing:
    return Failing(the_api_is_closed, f"{SETTINGS}.{name}", value, hint, f"{ENV}[{name}]", "Deployment context-api")


def led(at: str, value: object, hint: str) -> Failing:
    return Failing(the_api_asks_qdrants_rest_port, at, value, hint, f"{ENV}[QDRANT_PORT]", "Deployment context-api")


def odd(name: str, value: str, hint: str) -> Failing:
    return Failing(values_are_what_the_api_reads, f"{SETTINGS}.{name}", value, hint, f"{ENV}[{name}]", "Deployment context-api")


FAILING = (
    odd("ENABLE_GRAPH_SEARCH", "flase", "true or false"),
    odd("ENABLE_VECTOR_SEARCH", "", "true or false"),
    odd("ENABLE_METRICS", "false", "ENABLE_METRICS=true"),
    odd("LOG_LEVEL", "VERBOSE", "one of DEBUG, INFO"),
    odd("JWT_EXPIRATION_MINUTES", "60m", "a whole number"),
    odd("RATE_LIMIT_PER_MINUTE", "0", "a whole number"),
    odd("CORS_ORIGINS", "https://app.example.com", "a JSON list"),
    opened("REQUIRE_AUTH", "false", "REQUIRE_AUTH=true"),
    opened("REQUIRE_AUTH", GONE, "REQUIRE_AUTH=true"),
    opened("REQUIRE_AUTH", "treu", "REQUIRE_AUTH=true"),
    opened("JWT_ALGORITHM", "None", "HS256"),
    opened("DEBUG", "True", "DEBUG=false"),
    opened("DEBUG", "1", "DEBUG=false"),
    opened("CORS_ORIGINS", '["*"]', "CORS_ORIGINS=[]"),
    opened("CORS_ORIGINS", '["https://*.example.com"]', "CORS_ORIGINS=[]"),
    led("Service qdrant spec.ports[http-rest].targetPort", "tcp-p2p", "leads to 6333"),
    led("ConfigMap qdrant-settings-6d572t28mm data.QDRANT__SERVICE__HTTP_PORT", "6335", "leads to 6335"),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.at} {'gone' if case.value is GONE else case.value}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


@pytest.mark.parametrize(
    "case",
    [case for case in FAILING if case.policy is the_api_is_closed],
    ids=lambda case: f"{case.at} {'gone' if case.value is GONE else case.value}",
)
def test_where_people_merge_they_may_leave_it_open(case: Failing) -> None:
    assert list(the_api_is_closed(replace(changed(case.at, case.value), merged_by_bot=False))) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("REQUIRE_AUTH", "True"), ("JWT_ALGORITHM", "RS256"), ("DEBUG", "false"), ("CORS_ORIGINS", '["https://app.example.com"]')],
)
def test_a_closed_api_passes(name: str, value: str) -> None:
    assert list(the_api_is_closed(changed(f"{SETTINGS}.{name}", value))) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENABLE_METRICS", "Yes"),
        ("ENABLE_CORS", "0"),
        ("RATE_LIMIT_PER_MINUTE", "60"),
        ("LOG_LEVEL", "ERROR"),
        ("CORS_ORIGINS", "[]"),
        ("JWT_EXPIRATION_MINUTES", "$(MINUTES)"),
        ("REQUIRE_AUTH", "treu"),  # named for itself
    ],
)
def test_values_that_the_api_reads_pass(name: str, value: str) -> None:
    assert list(values_are_what_the_api_reads(changed(f"{SETTINGS}.{name}", value))) == []


def test_where_people_merge_a_switch_that_is_none_is_named_still() -> None:
    (found,) = values_are_what_the_api_reads(replace(changed(f"{SETTINGS}.REQUIRE_AUTH", "treu"), merged_by_bot=False))
    assert "is treu, and the API reads true or false" in found.what


def test_the_port_that_leads_to_rest_is_told() -> None:
    manifests = changed("Service qdrant spec.ports[]", {"name": "tcp-p2p", "port": 6335, "targetPort": "tcp-p2p"})
    assert list(the_api_asks_qdrants_rest_port(manifests)) == []
    next(each for each in manifests.of("ConfigMap") if "QDRANT_PORT" in each["data"])["data"]["QDRANT_PORT"] = "6335"
    (found,) = the_api_asks_qdrants_rest_port(manifests)
    assert "is 6335, the port tcp-p2p of Service qdrant" in found.what
    assert "write 6333" in found.hint


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(API_SETTING_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(API_SETTING_POLICIES)
