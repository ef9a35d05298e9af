"""Data outlives its Pod, and its program may write it."""

from __future__ import annotations

import pytest

from bot.policies.data_folders import DATA_FOLDER_POLICIES, claims_can_be_written, data_lies_on_a_claim
from tests.bot.policies.examples import GONE, Failing, changed, check_failing, check_module, check_odd

QDRANT = "StatefulSet qdrant spec.template.spec.containers[qdrant]"
NEO4J = "StatefulSet neo4j spec.template.spec.containers[neo4j]"
STORAGE = "spec.template.spec.containers[qdrant].volumeMounts[/qdrant/storage]"
DATA = "spec.template.spec.containers[neo4j].volumeMounts[/data]"
QDRANT_SETTINGS, NEO4J_SETTINGS = "ConfigMap qdrant-settings-6d572t28mm data", "ConfigMap neo4j-settings-5btd9cdm2g data"
GROUP = "spec.template.spec.securityContext.fsGroup"
FAILING = (
    Failing(data_lies_on_a_claim, f"{QDRANT}.volumeMounts[/qdrant/storage]", GONE, "qdrant-storage) at /qdrant/storage"),
    Failing(data_lies_on_a_claim, f"{QDRANT}.volumeMounts[/qdrant/storage].name", "init", "qdrant-storage", field=STORAGE),
    Failing(data_lies_on_a_claim, f"{QDRANT}.volumeMounts[/qdrant/storage].mountPath", "/qdrant/storages", "qdrant-storage", field=STORAGE),
    Failing(
        *(data_lies_on_a_claim, f"{QDRANT_SETTINGS}.QDRANT__STORAGE__STORAGE_PATH", "./data", "at /qdrant/data"),
        owner="StatefulSet qdrant",
        field="spec.template.spec.containers[qdrant].volumeMounts[/qdrant/data]",
    ),
    Failing(data_lies_on_a_claim, f"{NEO4J}.volumeMounts[/data].mountPath", "/var/lib/neo4j/data2", "neo4j-data) at /data", field=DATA),
    Failing(data_lies_on_a_claim, "StatefulSet neo4j spec.volumeClaimTemplates", GONE, "there are none", field=DATA),
    Failing(
        *(data_lies_on_a_claim, f"{NEO4J_SETTINGS}.NEO4J_server_directories_data", "/store", "at /store"),
        owner="StatefulSet neo4j",
        field="spec.template.spec.containers[neo4j].volumeMounts[/store]",
    ),
    Failing(claims_can_be_written, f"StatefulSet qdrant {GROUP}", GONE, "OnRootMismatch"),
    Failing(claims_can_be_written, f"StatefulSet neo4j {GROUP}", GONE, "OnRootMismatch"),
    Failing(claims_can_be_written, f"CronJob qdrant-backup spec.jobTemplate.{GROUP}", GONE, "OnRootMismatch"),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.policy.__name__}: {case.at}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (f"{QDRANT}.volumeMounts[/qdrant/storage].mountPath", "/qdrant/storage/"),
        (f"{QDRANT_SETTINGS}.QDRANT__STORAGE__STORAGE_PATH", "./storage"),
        (f"{QDRANT_SETTINGS}.QDRANT__STORAGE__STORAGE_PATH", "/qdrant/snapshots/all"),
        (f"{NEO4J_SETTINGS}.NEO4J_server_directories_data", "data"),
        (f"{NEO4J_SETTINGS}.NEO4J_server_directories_data", "/data/graphs"),
    ],
)
def test_a_folder_below_a_claim_is_on_it(at: str, value: str) -> None:
    assert list(data_lies_on_a_claim(changed(at, value))) == []


def test_what_mounts_no_claim_needs_no_group() -> None:
    assert list(claims_can_be_written(changed("Deployment context-api spec.template.spec.securityContext.fsGroup", GONE))) == []


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(DATA_FOLDER_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(DATA_FOLDER_POLICIES)
