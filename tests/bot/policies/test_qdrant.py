"""Qdrant: a cluster that forms, and an image without root."""

from __future__ import annotations

import pytest

from bot.policies.qdrant import (
    QDRANT_POLICIES,
    qdrant_keeps_its_configuration,
    qdrant_marks_its_start_in_a_volume,
    qdrant_members_form_one_cluster,
    qdrant_members_have_addresses,
    qdrant_points_are_on_several_members,
    qdrant_runs_without_root,
    qdrant_settings_exist,
)
from tests.bot.policies.examples import GONE, Failing, check_failing, check_module, check_odd

FAILING = (
    Failing(
        qdrant_settings_exist,
        "ConfigMap qdrant-settings-6d572t28mm data.QDRANT__LOGLEVEL",
        "INFO",
        "did you mean QDRANT__LOG_LEVEL?",
        owner="StatefulSet qdrant",
        field="spec.template.spec.containers[qdrant].env[QDRANT__LOGLEVEL]",
    ),
    Failing(
        qdrant_settings_exist,
        "ConfigMap qdrant-settings-6d572t28mm data.QDRANT__SERVICE__APIKEY",
        "key",
        "did you mean QDRANT__SERVICE__API_KEY?",
        owner="StatefulSet qdrant",
        field="spec.template.spec.containers[qdrant].env[QDRANT__SERVICE__APIKEY]",
    ),
    Failing(
        qdrant_settings_exist,
        "ConfigMap qdrant-settings-6d572t28mm data.QDRANT_PORT",
        "6333",
        "two underscores",
        owner="StatefulSet qdrant",
        field="spec.template.spec.containers[qdrant].env[QDRANT_PORT]",
    ),
    Failing(
        qdrant_members_form_one_cluster,
        "ConfigMap qdrant-settings-6d572t28mm data.QDRANT__CLUSTER__ENABLED",
        "false",
        "replicated",
        owner="StatefulSet qdrant",
        field="spec.template.spec.containers[qdrant].env[QDRANT__CLUSTER__ENABLED]",
    ),
    Failing(
        qdrant_members_have_addresses, "StatefulSet qdrant spec.template.spec.containers[qdrant].env[QDRANT_BOOTSTRAP]", GONE, "qdrant-0"
    ),
    Failing(qdrant_members_have_addresses, "StatefulSet qdrant spec.template.spec.containers[qdrant].env[QDRANT_URI]", GONE, "$(POD_NAME)"),
    Failing(
        qdrant_members_have_addresses,
        "StatefulSet qdrant spec.template.spec.containers[qdrant].env[QDRANT_URI].value",
        "http://qdrant:6335",
        "$(POD_NAME)",
        field="spec.template.spec.containers[qdrant].env[QDRANT_URI]",
    ),
    Failing(
        qdrant_points_are_on_several_members,
        "ConfigMap qdrant-settings-6d572t28mm data.QDRANT__STORAGE__COLLECTION__REPLICATION_FACTOR",
        GONE,
        "before the first collection",
        owner="StatefulSet qdrant",
        field="spec.template.spec.containers[qdrant].env[QDRANT__STORAGE__COLLECTION__REPLICATION_FACTOR]",
    ),
    Failing(
        qdrant_points_are_on_several_members,
        "ConfigMap qdrant-settings-6d572t28mm data.QDRANT__STORAGE__COLLECTION__REPLICATION_FACTOR",
        "4",
        "set it to 2",
        owner="StatefulSet qdrant",
        field="spec.template.spec.containers[qdrant].env[QDRANT__STORAGE__COLLECTION__REPLICATION_FACTOR]",
    ),
    Failing(
        qdrant_runs_without_root,
        "StatefulSet qdrant spec.template.spec.containers[qdrant].image",
        "docker.io/qdrant/qdrant:v1.19.0",
        "v1.19.0-unprivileged",
    ),
    Failing(
        qdrant_keeps_its_configuration,
        "StatefulSet qdrant spec.template.spec.containers[qdrant].volumeMounts[]",
        {"name": "init", "mountPath": "/qdrant/config"},
        "subPath",
        field="spec.template.spec.containers[qdrant].volumeMounts[/qdrant/config].mountPath",
    ),
    Failing(
        qdrant_marks_its_start_in_a_volume,
        "StatefulSet qdrant spec.template.spec.containers[qdrant].env[QDRANT_INIT_FILE_PATH]",
        GONE,
        "/qdrant/init",
    ),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.policy.__name__}: {case.at}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(QDRANT_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(QDRANT_POLICIES)
