"""Backup Jobs: recognised whatever is misspelt, with every variable, each of its form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.policies.backup_jobs import backups
from bot.policies.backup_settings import (
    BACKUP_SETTING_POLICIES,
    backup_jobs_are_what_they_say,
    backup_programs_have_their_variables,
    backup_secrets_come_from_secrets,
    backup_settings_are_read,
    no_run_is_taken_for_a_killed_one,
    runs_have_the_time_that_they_are_told_of,
)
from tests.bot.policies.examples import GONE, Failing, changed, check_failing, check_module, check_odd, good

if TYPE_CHECKING:
    from tests.bot.policies.examples import Policy

BACKUP = "CronJob qdrant-backup"
TEMPLATE = "spec.jobTemplate.spec.template"
TAKES, STORES = f"{TEMPLATE}.spec.initContainers[snapshots]", f"{TEMPLATE}.spec.containers[backup]"
LABELS = f"{TEMPLATE}.metadata.labels"
NAME, PART = "app.kubernetes.io/name", "app.kubernetes.io/component"
SETTINGS = "ConfigMap qdrant-backup-settings-5h2k9f4dbt data"


def labelled(label: str, value: Any) -> Failing:
    return Failing(backup_jobs_are_what_they_say, f"{BACKUP} {LABELS}.{label}", value, "policies of the network")


def set_to(name: str, value: Any, hint: str, container: str = TAKES, policy: Policy = backup_programs_have_their_variables) -> Failing:
    """A setting of the ConfigMap, GONE or changed, and the container whose program misses it."""
    return Failing(policy, f"{SETTINGS}.{name}", value, hint, f"{container}.env[{name}]", BACKUP)


def env(name: str, value: Any, hint: str, container: str = STORES, policy: Policy = backup_programs_have_their_variables) -> Failing:
    """A variable of a container, GONE or changed."""
    return Failing(policy, f"{BACKUP} {container}.env[{name}]", value if value is GONE else {"name": name, "value": value}, hint)


FAILING = (
    Failing(backup_jobs_are_what_they_say, f"{BACKUP} {TAKES}.command", ["python", "/script/snapshot.py", "backup"], "snapshots.py backup"),
    Failing(backup_jobs_are_what_they_say, f"{BACKUP} {STORES}.command", ["sh", "/script/store.sh", "uplaod"], "store.sh upload"),
    Failing(
        *(backup_jobs_are_what_they_say, f"{BACKUP} {STORES}.command", ["sh", "/script/store.sh", "download"], "a restore of qdrant"),
        field=f"{TEMPLATE}.spec.containers",
    ),
    Failing(
        *(backup_jobs_are_what_they_say, f"{BACKUP} {TEMPLATE}.spec.initContainers", [], "snapshots.py backup, store.sh upload"),
        field=f"{TEMPLATE}.spec.containers",
    ),
    labelled(PART, GONE),
    labelled(PART, "bakcup"),
    labelled(PART, "restore"),
    labelled(NAME, "neo4j-backup"),
    labelled(NAME, "qdrant-backups"),
    set_to("BACKUP_KEEP_DAYS", GONE, "backup.env", STORES),
    set_to("BACKUP_KEEP_DAYS", "a", "1 or more", STORES),
    set_to("BACKUP_KEEP_DAYS", "0", "1 or more", STORES),
    set_to("BACKUP_KEEP_DAYS", "", "1 or more", STORES),
    set_to("BACKUP_LONGEST_SECONDS", GONE, "backup.env"),
    set_to("BACKUP_LONGEST_SECONDS", "-1", "1 or more"),
    set_to("QDRANT_TIMEOUT_SECONDS", "never", "1 or more"),
    set_to("RCLONE_CONFIG_STORE_TYPE", GONE, "backup.env", STORES),
    set_to("RCLONE_CONFIG_STORE_PROVIDER", GONE, "backup.env", STORES),
    set_to("RCLONE_CONFIG_STORE_REGION", GONE, "backup.env", STORES),
    env("BACKUP_KEEP", GONE, "backup.env"),
    env("BACKUP_KEEP", "0", "1 or more"),
    env("BACKUP_KEEP", "many", "1 or more"),
    env("BACKUP_KEEP", "08", "1 or more"),
    env("BACKUP_STORE", GONE, "backup.env"),
    env("BACKUP_STORE", "backups-staging/qdrant", "of the remote store"),
    env("BACKUP_STORE", "s3:backups-staging/qdrant", "of the remote store"),
    env("QDRANT_NODES", GONE, "backup.env", TAKES),
    env("QDRANT_API_KEY", GONE, "its Secret", TAKES),
    env("QDRANT_API_KEY", "key", "secretKeyRef", TAKES, backup_secrets_come_from_secrets),
    set_to("BACKUP_LONGEST_SECONDS", "7199", "write 7200", policy=no_run_is_taken_for_a_killed_one),
    Failing(
        *(no_run_is_taken_for_a_killed_one, f"{BACKUP} spec.jobTemplate.spec.activeDeadlineSeconds", 7201, "write 7201"),
        field=f"{TAKES}.env[BACKUP_LONGEST_SECONDS]",
    ),
    Failing(runs_have_the_time_that_they_are_told_of, f"{BACKUP} spec.jobTemplate.spec.activeDeadlineSeconds", 600, "more than 600"),
    set_to("BACKUP_STOER", "store:elsewhere", "did you mean BACKUP_STORE?", policy=backup_settings_are_read),
    set_to("RCLONE_CONFIG_STROE_REGION", "eu-central-1", "RCLONE_CONFIG_STORE_REGION", policy=backup_settings_are_read),
)


@pytest.mark.parametrize(
    "case", FAILING, ids=lambda case: f"{case.policy.__name__}: {case.at} {'gone' if case.value is GONE else case.value}"
)
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


@pytest.mark.parametrize(
    ("name", "containers"), [("BACKUP_FOLDER", 2), ("BACKUP_KEEP_DAYS", 1), ("BACKUP_LONGEST_SECONDS", 1), ("QDRANT_TIMEOUT_SECONDS", 1)]
)
def test_a_renamed_variable_is_missing_and_the_hint_says_where_it_is(name: str, containers: int) -> None:
    manifests = good()
    data = next(item["data"] for item in manifests.of("ConfigMap") if name in item["data"])
    data[f"{name}X"] = data.pop(name)
    missing = list(backup_programs_have_their_variables(manifests))
    assert [each.hint for each in missing] == [f"{name}X is set, which nobody reads: rename it"] * containers
    assert [each.hint for each in backup_settings_are_read(manifests)] == [f"did you mean {name}?"]


def test_every_container_is_looked_at() -> None:
    """A second one that removes old backups, after the first that has its variables."""
    manifests = good()
    (item,) = manifests.of("CronJob")
    spec = item["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    pruning = spec["containers"][0] | {"name": "prune", "env": [{"name": "BACKUP_KEEP", "value": "0"}]}
    spec["containers"].append(pruning)
    found = {each.field for each in backup_programs_have_their_variables(manifests)}
    assert found == {f"{TEMPLATE}.spec.containers[prune].env[{name}]" for name in ("BACKUP_KEEP", "BACKUP_STORE")}
    assert [each.field for each in backup_jobs_are_what_they_say(manifests)] == [f"{TEMPLATE}.spec.containers"]


def test_a_restore_may_take_longer_than_a_backup() -> None:
    """It removes nothing that another run left."""
    manifests = changed(f"{BACKUP} spec.jobTemplate.spec.activeDeadlineSeconds", 7201)
    spec = manifests.of("CronJob")[0]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    spec["initContainers"][0]["command"] = ["sh", "/script/store.sh", "download"]
    spec["containers"][0]["command"] = ["python", "/script/snapshots.py", "restore"]
    assert list(no_run_is_taken_for_a_killed_one(manifests)) == []


def test_programs_that_run_beside_each_other_are_in_no_order() -> None:
    manifests = good()
    (item,) = manifests.of("CronJob")
    spec = item["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    spec["containers"] = [*spec.pop("initContainers"), *spec["containers"]]
    (found,) = backup_jobs_are_what_they_say(manifests)
    assert found.hint == "make snapshots.py backup an init container"


def test_a_job_without_programs_and_labels_of_backups_is_none() -> None:
    manifests = good()
    (item,) = manifests.of("CronJob")
    template = item["spec"]["jobTemplate"]["spec"]["template"]
    template["metadata"]["labels"] = {NAME: "report"}
    template["spec"]["initContainers"] = []
    template["spec"]["containers"][0]["command"] = ["python", "/script/report.py", "upload"]
    assert list(backups(manifests)) == []


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(BACKUP_SETTING_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(BACKUP_SETTING_POLICIES)
