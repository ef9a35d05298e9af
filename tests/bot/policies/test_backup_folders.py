"""Where backups lie while a Job runs: on its own disk, the same for all of its programs."""

from __future__ import annotations

from typing import Any

import pytest

from bot.policies.backup_folders import BACKUP_FOLDER_POLICIES, backups_lie_on_a_disk
from tests.bot.policies.examples import Failing, changed, check_failing, check_module, check_odd, good

BACKUP = "CronJob qdrant-backup"
POD = "spec.jobTemplate.spec.template.spec"
ASKS, STORES = f"{POD}.initContainers[snapshots]", f"{POD}.containers[backup]"


def folder(value: str) -> Failing:
    """Of the second container; that of the ConfigMap is for both."""
    return failing(f"{STORES}.env[]", {"name": "BACKUP_FOLDER", "value": value}, STORES)


def failing(at: str, value: Any, container: str) -> Failing:
    return Failing(backups_lie_on_a_disk, f"{BACKUP} {at}", value, "ephemeral volume", f"{container}.env[BACKUP_FOLDER]")


FAILING = (
    folder("/files/backup"),
    folder("/backup"),
    folder("/backup/other"),
    folder("/data/files"),
    folder("/script/files"),
    failing(f"{ASKS}.volumeMounts[/backup].readOnly", True, ASKS),
    failing(f"{STORES}.volumeMounts[/backup].subPath", "other", STORES),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.at.rpartition('.')[2]} {case.value}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


def test_the_disk_of_the_node_is_none() -> None:
    """It is named for each program that would find the folder there."""
    found = changed(f"{BACKUP} {POD}.volumes[backup]", {"name": "backup", "emptyDir": {"sizeLimit": "30Gi"}})
    assert [each.field for each in backups_lie_on_a_disk(found)] == [f"{each}.env[BACKUP_FOLDER]" for each in (ASKS, STORES)]


def test_a_reader_may_have_it_read_only() -> None:
    assert list(backups_lie_on_a_disk(changed(f"{BACKUP} {STORES}.volumeMounts[/backup].readOnly", True))) == []


@pytest.mark.parametrize(
    ("command", "temporary", "named"),
    [
        ("/backup/files", "/backup/temporary", []),
        ("/backup", "/backup/temporary", [f"{POD}.initContainers[seed].command"]),
        ("/backup/file", "/backup/temporary", [f"{POD}.initContainers[seed].command"]),
        ("/backup/files", "/tmp/temporary", [f"{ASKS}.env[BACKUP_TEMPORARY]"]),
    ],
)
def test_folders_of_neo4j_are_there_too(command: str, temporary: str, named: list[str]) -> None:
    """A seed is served from where the backup was downloaded to; what is checked is unpacked on the disk."""
    manifests = good()
    pod = manifests.of("CronJob")[0]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    backup = pod["initContainers"][0]
    backup |= {"command": ["sh", "/script/backup.sh"], "env": [{"name": "BACKUP_TEMPORARY", "value": temporary}]}
    seed = {"name": "seed", "command": ["rclone", "serve", "http", "--read-only", command], "volumeMounts": backup["volumeMounts"]}
    pod["initContainers"].append(seed)
    assert [each.field for each in backups_lie_on_a_disk(manifests)] == named


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(BACKUP_FOLDER_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(BACKUP_FOLDER_POLICIES)
