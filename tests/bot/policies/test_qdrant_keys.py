"""Qdrant's keys: the one that may write, for who writes."""

from __future__ import annotations

import pytest

from bot.policies.qdrant_keys import QDRANT_KEY_POLICIES, writers_have_the_key_that_writes
from tests.bot.policies.examples import GONE, Failing, changed, check_failing, check_module, check_odd

BACKUP = "CronJob qdrant-backup spec.jobTemplate.spec.template.spec.initContainers[snapshots].env[QDRANT_API_KEY]"
API = "Deployment context-api spec.template.spec.containers[api].env[QDRANT_API_KEY]"
QDRANT = "StatefulSet qdrant spec.template.spec.containers[qdrant].env"
FIELD = BACKUP.split(" ", 2)[2]
READ_ONLY = {"secretKeyRef": {"name": "qdrant-api-keys", "key": "read-only-api-key"}}
FAILING = (
    Failing(writers_have_the_key_that_writes, f"{BACKUP}.valueFrom", READ_ONLY, "the key api-key of the Secret", field=FIELD),
    Failing(writers_have_the_key_that_writes, f"{BACKUP}.valueFrom.secretKeyRef.name", "neo4j-auth", "the Secret qdrant-api-keys", FIELD),
    Failing(writers_have_the_key_that_writes, f"{API}.valueFrom", READ_ONLY, "the key api-key of the Secret", API.split(" ", 2)[2]),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.at} {'gone' if case.value is GONE else case.value}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


def test_the_message_says_whether_the_key_reads() -> None:
    reading = {"name": "QDRANT__SERVICE__READ_ONLY_API_KEY", "valueFrom": READ_ONLY}
    manifests = changed(f"{QDRANT}[]", reading)
    assert list(writers_have_the_key_that_writes(manifests)) == []
    pod = manifests.of("CronJob")[0]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    next(each for each in pod["initContainers"][0]["env"] if each["name"] == "QDRANT_API_KEY")["valueFrom"] = READ_ONLY
    (found,) = writers_have_the_key_that_writes(manifests)
    assert "is the key read-only-api-key of the Secret qdrant-api-keys, which may only read" in found.what


def test_the_other_key_that_writes_is_as_good() -> None:
    other = {"name": "QDRANT__SERVICE__ALT_API_KEY", "valueFrom": {"secretKeyRef": {"name": "qdrant-api-keys", "key": "other"}}}
    manifests = changed(f"{QDRANT}[]", other)
    pod = manifests.of("CronJob")[0]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    next(each for each in pod["initContainers"][0]["env"] if each["name"] == "QDRANT_API_KEY")["valueFrom"] = other["valueFrom"]
    assert list(writers_have_the_key_that_writes(manifests)) == []


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(QDRANT_KEY_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(QDRANT_KEY_POLICIES)
