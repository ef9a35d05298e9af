"""Variables: declared once, before they are referred to."""

from __future__ import annotations

import pytest

from bot.policies.variables import VARIABLE_POLICIES, commands_know_their_variables, declared_before_use, declared_once
from tests.bot.policies.examples import Failing, changed, check_failing, check_module, check_odd

LATE = [
    {"name": "QDRANT_URI", "value": "http://$(POD_NAME).qdrant-headless:6335"},
    {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
]
FAILING = (
    Failing(
        declared_before_use,
        "StatefulSet qdrant spec.template.spec.containers[qdrant].env[POD_NAME].name",
        "NAME",
        "declare POD_NAME",
        field="spec.template.spec.containers[qdrant].env[QDRANT_URI].value",
    ),
    Failing(
        declared_before_use,
        "StatefulSet qdrant spec.template.spec.containers[qdrant].env",
        LATE,
        "move POD_NAME above QDRANT_URI",
        field="spec.template.spec.containers[qdrant].env[QDRANT_URI].value",
    ),
    Failing(
        commands_know_their_variables,
        "CronJob qdrant-backup spec.jobTemplate.spec.template.spec.containers[backup].env",
        [],
        "declare MEMBERS",
        field="spec.jobTemplate.spec.template.spec.containers[backup].command",
    ),
    Failing(
        declared_once,
        "Deployment context-api spec.template.spec.containers[api].env[]",
        {"name": "HOME", "value": "/"},
        "keep one",
        field="spec.template.spec.containers[api].env[HOME]",
    ),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.policy.__name__}: {case.at}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(VARIABLE_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(VARIABLE_POLICIES)


def test_the_shells_own_dollar_is_none_of_ours() -> None:
    command = ["sh", "-c", "echo $(date) $$(HOME) $HOME"]
    found = changed("CronJob qdrant-backup spec.jobTemplate.spec.template.spec.containers[backup].command", command)
    assert not list(commands_know_their_variables(found))


def test_settings_of_envfrom_can_be_referred_to() -> None:
    added = {"name": "QDRANT_URL", "value": "http://$(QDRANT_HOST):$(QDRANT_PORT)"}
    assert not list(declared_before_use(changed("Deployment context-api spec.template.spec.containers[api].env[]", added)))
