"""Mounts: volumes that are there, and are used."""

from __future__ import annotations

import pytest

from bot.policies.mounts import (
    MOUNT_POLICIES,
    claim_templates_are_whole,
    claims_exist,
    mounts_have_volumes,
    paths_are_mounted_once,
    volumes_are_mounted,
)
from tests.bot.policies.examples import GONE, Failing, check_failing, check_module, check_odd

FAILING = (
    Failing(
        mounts_have_volumes,
        "StatefulSet qdrant spec.template.spec.containers[qdrant].volumeMounts[]",
        {"name": "qdrant-models", "mountPath": "/qdrant/models"},
        "patch by index",
        field="spec.template.spec.containers[qdrant].volumeMounts[/qdrant/models].name",
    ),
    Failing(
        paths_are_mounted_once,
        "StatefulSet neo4j spec.template.spec.containers[neo4j].volumeMounts[]",
        {"name": "conf", "mountPath": "/data/"},
        "keep one",
        field="spec.template.spec.containers[neo4j].volumeMounts[/data]",
    ),
    Failing(
        volumes_are_mounted,
        "Deployment context-api spec.template.spec.volumes[]",
        {"name": "spare", "emptyDir": {}},
        "mount it",
        field="spec.template.spec.volumes[spare]",
    ),
    Failing(
        claims_exist,
        "CronJob qdrant-backup spec.jobTemplate.spec.template.spec.volumes[data].persistentVolumeClaim.claimName",
        "backup",
        "add the claim",
    ),
    Failing(
        claims_exist,
        "CronJob qdrant-backup spec.jobTemplate.spec.template.spec.volumes[data].persistentVolumeClaim.claimName",
        "qdrant-storage-qdrant-3",
        "add the claim",
    ),
    Failing(claim_templates_are_whole, "StatefulSet qdrant spec.volumeClaimTemplates[qdrant-storage].spec.accessModes", GONE, "JSON patch"),
    Failing(
        claim_templates_are_whole, "StatefulSet qdrant spec.volumeClaimTemplates[qdrant-storage].spec.storageClassName", GONE, "JSON patch"
    ),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.policy.__name__}: {case.at}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(MOUNT_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(MOUNT_POLICIES)
