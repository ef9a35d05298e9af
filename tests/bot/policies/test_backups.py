"""Backups: of every member, kept, with room, and each environment's in a place of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bot.policies.backups import (
    BACKUP_POLICIES,
    backups_ask_every_member,
    backups_say_their_environment,
    members_hold_their_snapshots,
    scratch_holds_the_backup,
    shared_places,
)
from bot.policies.manifests import Manifests
from tests.bot.policies.examples import Failing, changed, check_failing, check_module, check_odd, good

if TYPE_CHECKING:
    from typing import Any

BACKUP = "CronJob qdrant-backup"
POD = "spec.jobTemplate.spec.template.spec"
ASKS, STORES = f"{POD}.initContainers[snapshots]", f"{POD}.containers[backup]"
SCRATCH = f"{BACKUP} {POD}.volumes[backup].ephemeral.volumeClaimTemplate.spec.resources.requests.storage"
NEO4J = ",".join(f"neo4j-{number}.neo4j-headless:6362" for number in range(3))


def said(name: str, value: str) -> tuple[str, dict[str, str]]:
    return f"{BACKUP} {ASKS if name == 'QDRANT_NODES' else STORES}.env[{name}]", {"name": name, "value": value}


def nodes(*numbers: int) -> str:
    return ",".join(f"qdrant-{number}.qdrant-headless:6333" for number in numbers)


FAILING = (
    Failing(backups_ask_every_member, *said("QDRANT_NODES", nodes(0, 1)), "qdrant-2.qdrant-headless"),
    Failing(backups_ask_every_member, *said("QDRANT_NODES", nodes(0, 1, 2, 3)), "qdrant-2.qdrant-headless"),
    Failing(backups_ask_every_member, *said("QDRANT_NODES", nodes(0, 1, 2, 2)), "qdrant-2.qdrant-headless"),
    Failing(backups_ask_every_member, *said("QDRANT_NODES", "qdrant:6333"), "qdrant-2.qdrant-headless"),
    Failing(
        backups_ask_every_member, *said("QDRANT_NODES", nodes(0, 1, 2).replace("1.qdrant-headless:6333", "1.qdrant-headless:6334")), ":6333"
    ),
    Failing(backups_ask_every_member, *said("QDRANT_NODES", nodes(0, 1, 2).replace(",", ", ")), "without a blank"),
    Failing(
        *(backups_ask_every_member, "StatefulSet qdrant spec.replicas", 5, "qdrant-4.qdrant-headless"),
        field=f"{ASKS}.env[QDRANT_NODES]",
        owner=BACKUP,
    ),
    Failing(backups_say_their_environment, *said("BACKUP_STORE", "store:backups/qdrant"), "staging"),
    Failing(backups_say_their_environment, *said("BACKUP_STORE", "store:backups-prod/qdrant"), "staging"),
    Failing(backups_say_their_environment, *said("BACKUP_STORE", "store:backups-staging-and-prod/qdrant"), "staging"),
    Failing(backups_say_their_environment, *said("BACKUP_STORE", "store:backupstaging/qdrant"), "staging"),
    Failing(scratch_holds_the_backup, SCRATCH, "29Gi", "30Gi", f"{POD}.volumes"),
    Failing(
        scratch_holds_the_backup,
        "StatefulSet qdrant spec.volumeClaimTemplates[qdrant-storage].spec.resources.requests.storage",
        "11Gi",
        "33Gi",
        f"{POD}.volumes",
        owner=BACKUP,
    ),
    Failing(
        members_hold_their_snapshots,
        "StatefulSet qdrant spec.volumeClaimTemplates[qdrant-snapshots].spec.resources.requests.storage",
        "9Gi",
        "10Gi",
        "spec.volumeClaimTemplates",
    ),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.policy.__name__}: {case.at} {case.value}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(BACKUP_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(BACKUP_POLICIES)


def test_a_backup_on_the_disk_of_the_node_has_no_room() -> None:
    manifests = changed(f"{BACKUP} {POD}.volumes[backup]", {"name": "backup", "emptyDir": {"sizeLimit": "30Gi"}})
    assert [each.field for each in scratch_holds_the_backup(manifests)] == [f"{POD}.volumes"]


def of_neo4j(manifests: Manifests) -> None:
    """The Job asks Neo4j instead."""
    (item,) = manifests.of("CronJob")
    container = item["spec"]["jobTemplate"]["spec"]["template"]["spec"]["initContainers"][0]
    container |= {"command": ["sh", "/script/backup.sh"], "env": [{"name": "BACKUP_FROM", "value": NEO4J}]}


@pytest.mark.parametrize(("data", "is_enough"), [("15Gi", True), ("16Gi", False)])
def test_a_backup_of_neo4j_needs_twice_the_data_of_one_member(data: str, *, is_enough: bool) -> None:
    """Its volume has 30Gi."""
    manifests = changed("StatefulSet neo4j spec.volumeClaimTemplates[neo4j-data].spec.resources.requests.storage", data)
    of_neo4j(manifests)
    assert list(backups_ask_every_member(manifests)) == []
    assert (list(scratch_holds_the_backup(manifests)) == []) is is_enough


def test_the_port_is_that_of_backups() -> None:
    manifests = good()
    of_neo4j(manifests)
    (item,) = manifests.of("CronJob")
    env = item["spec"]["jobTemplate"]["spec"]["template"]["spec"]["initContainers"][0]["env"]
    env[0]["value"] = NEO4J.replace("6362", "7687")
    assert [each.hint for each in backups_ask_every_member(manifests)] == [f"write {NEO4J}, without a blank"]


def stored(environment: str, place: str) -> Manifests:
    return Manifests(environment, f"context-{environment}", changed(*said("BACKUP_STORE", place)).objects)


@pytest.mark.parametrize(
    ("places", "named"),
    [
        (("store:a-staging/qdrant", "store:a-prod/qdrant"), []),
        (("store:a/qdrant", "store:a/qdrant-prod"), []),
        (("store:a/qdrant", "store:a/qdrant"), ["staging", "prod"]),
        (("store:a/qdrant/", "store:a/qdrant"), ["staging", "prod"]),
        (("store:a", "store:a/qdrant"), ["prod"]),
    ],
    ids=["apart", "alike", "same", "same-but-for-a-slash", "inside"],
)
def test_two_environments_share_no_place(places: tuple[str, str], named: list[str]) -> None:
    found = list(shared_places([stored("staging", places[0]), stored("prod", places[1])]))
    assert [environment for environment, _ in found] == named
    assert all((each.name, each.field) == ("qdrant-backup", f"{STORES}.env[BACKUP_STORE]") for _, each in found)


def test_two_databases_share_no_place() -> None:
    other = good()
    of_neo4j(other)
    (item,) = other.of("CronJob")
    item["metadata"]["name"] = "neo4j-backup"
    found = list(shared_places([Manifests("staging", "context-staging", (*good().objects, item))]))
    assert [each.name for _, each in found] == ["qdrant-backup", "neo4j-backup"]


def test_a_backup_and_its_restore_share_their_place() -> None:
    objects: list[dict[str, Any]] = json.loads(json.dumps(good().objects))
    other = json.loads(json.dumps(next(each for each in objects if each["kind"] == "CronJob")))
    other["metadata"]["name"] = "qdrant-restore"
    assert list(shared_places([Manifests("staging", "context-staging", (*objects, other))])) == []
