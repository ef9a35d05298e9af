"""Files: what commands name is mounted, and what is mounted is there."""

from __future__ import annotations

from typing import Any

import pytest

from bot.policies.files import FILE_POLICIES, commands_find_their_files, mounts_find_their_keys, programs_of_jobs_are_mounted
from tests.bot.policies.examples import Failing, changed, check_failing, check_module, check_odd

BACKUP = "CronJob qdrant-backup"
POD = "spec.jobTemplate.spec.template.spec"
STORES = f"{POD}.containers[backup]"
SCRIPT = {"name": "script", "mountPath": "/script"}
FAILING = (
    Failing(commands_find_their_files, f"{BACKUP} {STORES}.command", ["sh", "/script/stroe.sh", "upload"], "did you mean store.sh?"),
    Failing(commands_find_their_files, f"{BACKUP} {STORES}.command", ["sh", "/script/bin/store.sh"], "store.sh"),
    Failing(
        *(
            commands_find_their_files,
            f"{BACKUP} {STORES}.args",
            ["--config=/script/rclone.conf"],
            "add it to the files there: snapshots.py, store.sh",
        )
    ),
    Failing(
        *(commands_find_their_files, f"{BACKUP} {POD}.volumes[script].configMap.items", [{"key": "store.sh", "path": "upload.sh"}]),
        hint="",
        field=f"{STORES}.command",
    ),
    Failing(commands_find_their_files, f"{BACKUP} {STORES}.lifecycle.preStop.exec.command", ["/script/stop.sh"], "did you mean store.sh?"),
    Failing(programs_of_jobs_are_mounted, f"{BACKUP} {STORES}.command", ["sh", "/programs/store.sh", "upload"], "mount the ConfigMap"),
    Failing(
        programs_of_jobs_are_mounted, "Job qdrant-check spec.template.spec.containers[check].command", ["python3", "/check.py"], "mount"
    ),
    Failing(
        *(mounts_find_their_keys, f"{BACKUP} {STORES}.volumeMounts[/script]", SCRIPT | {"mountPath": "/x/store.sh", "subPath": "stroe.sh"}),
        hint="did you mean store.sh?",
        field=f"{STORES}.volumeMounts[/x/store.sh].subPath",
    ),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.policy.__name__}: {case.value}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    if case.at.endswith(".items"):  # the other container misses its file as well
        assert {each.field for each in case.found()} == {f"{POD}.initContainers[snapshots].command", case.field}
    else:
        check_failing(case)


PROJECTED = {"sources": [{"configMap": {"name": "qdrant-backup-script-2b7ck9f4dd"}}, {"serviceAccountToken": {"path": "token"}}]}
UNKNOWN = {"sources": [*PROJECTED["sources"], {"secret": {"name": "elsewhere"}}]}


@pytest.mark.parametrize(
    ("volume", "file", "is_there"),
    [
        ({"projected": PROJECTED}, "/script/token", True),
        ({"projected": PROJECTED}, "/script/store.sh", True),
        ({"projected": PROJECTED}, "/script/tokens", False),
        ({"projected": UNKNOWN}, "/script/tokens", True),
        ({"secret": {"secretName": "qdrant-api-keys"}}, "/script/api-key", True),
        ({"secret": {"secretName": "qdrant-api-keys"}}, "/script/apikey", False),
        ({"secret": {"secretName": "elsewhere"}}, "/script/apikey", True),
        ({"emptyDir": {}}, "/script/anything", True),
    ],
)
def test_what_a_volume_brings_is_known_by_its_kind(volume: dict[str, Any], file: str, *, is_there: bool) -> None:
    manifests = changed(f"{BACKUP} {POD}.volumes[script]", {"name": "script", **volume})
    pod = manifests.of("CronJob")[0]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    pod["initContainers"], pod["containers"][0]["command"] = [], ["cat", file]
    assert (list(commands_find_their_files(manifests)) == []) is is_there


@pytest.mark.parametrize(
    "command", [["sh", "/script/"], ["ls", "/script"], ["sh", "-c", "echo > /script/x"], ["cat", "/backup/files", "/etc/hosts"]]
)
def test_what_is_no_file_of_a_config_map_passes(command: list[str]) -> None:
    found = changed(f"{BACKUP} {STORES}.command", command)
    assert [violation for policy in FILE_POLICIES for violation in policy(found)] == []


def test_a_part_of_a_config_map_is_found_where_it_is_mounted() -> None:
    found = changed(f"{BACKUP} {STORES}.volumeMounts[/script]", SCRIPT | {"mountPath": "/bin/upload", "subPath": "store.sh"})
    found.of("CronJob")[0]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["command"] = ["sh", "/bin/upload"]
    assert [violation for policy in FILE_POLICIES for violation in policy(found)] == []


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(FILE_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(FILE_POLICIES)
