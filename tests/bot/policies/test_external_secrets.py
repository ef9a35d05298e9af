"""ExternalSecrets."""

from __future__ import annotations

import pytest

from bot.policies.external_secrets import (
    EXTERNAL_SECRET_POLICIES,
    secrets_are_made,
    secrets_follow_the_store,
    secrets_outlive_a_mistake_in_the_store,
    templates_use_what_is_fetched,
)
from tests.bot.policies.examples import Failing, changed, check_failing, check_module, check_odd

FAILING = (
    Failing(secrets_follow_the_store, "ExternalSecret qdrant spec.refreshInterval", "0", "1h"),
    Failing(secrets_follow_the_store, "ExternalSecret qdrant spec.refreshPolicy", "CreatedOnce", "remove it"),
    Failing(secrets_outlive_a_mistake_in_the_store, "ExternalSecret qdrant spec.target.deletionPolicy", "Delete", "Retain"),
    Failing(secrets_are_made, "ExternalSecret qdrant spec.target.creationPolicy", "Merge", "Owner"),
    Failing(secrets_are_made, "ExternalSecret qdrant spec.target.creationPolicy", "None", "Owner"),
    Failing(templates_use_what_is_fetched, "ExternalSecret neo4j spec.target.template.data.auth", "neo4j/{{ .passwort }}", "password"),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.policy.__name__}: {case.at}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(EXTERNAL_SECRET_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(EXTERNAL_SECRET_POLICIES)


@pytest.mark.parametrize("written", ['{{ .password | replace ".a" "b" }}', "{{ with .any }}{{ .b }}{{ end }}", "no action, .dot"])
def test_only_fields_of_what_is_fetched_are_read_in_a_template(written: str) -> None:
    assert not [*templates_use_what_is_fetched(changed("ExternalSecret neo4j spec.target.template.data.auth", written))]


def test_what_data_from_brings_is_not_known_here() -> None:
    found = changed("ExternalSecret neo4j spec.target.template.data.auth", "{{ .any }}")
    item = found.named("ExternalSecret", "neo4j")
    assert item
    assert [*templates_use_what_is_fetched(found)]
    item["spec"]["dataFrom"] = [{"extract": {"key": "neo4j"}}]
    assert not [*templates_use_what_is_fetched(found)]
