"""Backup Jobs are what they say they are, and their programs find every variable that they read, with a value that they can use."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from bot.policies.backup_jobs import PART, backups
from bot.policies.backup_programs import KINDS, LONGEST, STEPS, TEXT, UPLOAD, Variable
from bot.policies.contracts import LIBRARIES, NEO4J
from bot.policies.fields import integer, number
from bot.policies.label_selectors import NAME
from bot.policies.manifests import said_in
from bot.policies.variables import REFERENCE, variables_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.backup_jobs import Backup, Running
    from bot.policies.backup_programs import Kind
    from bot.policies.manifests import Manifests, Violation

REMOTE = "RCLONE_CONFIG_STORE_"
TIMEOUT = "_TIMEOUT_SECONDS"
RCLONES_OWN = frozenset({"RCLONE_CONFIG", "RCLONE_CONFIG_DIR", "RCLONE_CONFIG_PASS"})
S3_KEYS = (f"{REMOTE}ACCESS_KEY_ID", f"{REMOTE}SECRET_ACCESS_KEY")


def backup_jobs_are_what_they_say(manifests: Manifests) -> Iterator[Violation]:
    """What a Job's containers run, in which order, and what its labels say, are one of the backups and restores that there are."""
    for backup in backups(manifests):
        kind, pods = backup.kind, backup.pods
        unknown = [each for each in backup.running if each.step is None]
        for each in unknown:
            what = "runs no program of backups that is known here: nobody can say whether there are backups"
            yield pods.wrong(f"{each.where}.command", what, hint=f"run one of {', '.join(map(str, STEPS))}, or add it to {HERE}")
        if kind is None and not unknown:
            what = f"run {', '.join(str(each.step) for each in backup.running)}: a step is missing, or they are not in their order"
            yield pods.wrong(f"{pods.path}.containers", what, hint=f"run, one after the other, {'; or '.join(map(str, KINDS))}")
        elif kind is not None:
            yield from _labels(backup, kind)
            if not backup.running[0].where.startswith(f"{pods.path}.initContainers"):
                what = f"run {kind.steps[0]} beside {kind.steps[-1]}, which needs what it leaves"
                yield pods.wrong(f"{pods.path}.containers", what, hint=f"make {kind.steps[0]} an init container")


HERE = "bot/policies/backup_programs.py"


def _labels(backup: Backup, kind: Kind) -> Iterator[Violation]:
    pods = backup.pods
    for label, wanted in ((PART, kind.part), (NAME, kind.name)):
        said = pods.labels.get(label)
        if said != wanted:
            what = f"is {said or 'not set'}, and its programs are a {kind.part}: {', '.join(map(str, kind.steps))}"
            where = f"{pods.path.removesuffix('.spec')}.metadata.labels.{label}"
            yield pods.wrong(where, what, hint=f"write {wanted}, by which policies of the network and alerts know it; or run what it says")


def backup_programs_have_their_variables(manifests: Manifests) -> Iterator[Violation]:
    """Each variable that a program reads is set, to a value of its form."""
    for backup in backups(manifests):
        for each in backup.running:
            for variable in _wanted(each):
                if variable.name not in each.values:
                    near = get_close_matches(variable.name, each.values.keys() - _known(backup, each), n=1, cutoff=0.7)
                    hint = f"{near[0]} is set, which nobody reads: rename it" if near else _where_to_write(backup)
                    yield each.wrong(variable.name, f"is not set: {variable.otherwise}", hint=hint)
                elif not variable.form.fits(each.values[variable.name]):
                    what = f"is {each.value(variable.name) or 'empty'}: {variable.otherwise}"
                    yield each.wrong(variable.name, what, hint=variable.form.hint)


def _where_to_write(backup: Backup) -> str:
    return f"write it into backup.env of the feature `backup`, or take it from its Secret, as the other containers of {backup.pods.name} do"


def _wanted(running: Running) -> Iterator[Variable]:
    """What a program and its tools read; of an object store like S3, what rclone needs to log in."""
    if running.step is None:
        return
    yield from (*running.step.reads, *running.step.of_its_tools)
    if running.step.file == UPLOAD.file and running.value(f"{REMOTE}TYPE") == "s3":
        keys = S3_KEYS if running.value(f"{REMOTE}ENV_AUTH") != "true" else ()
        place = "ENDPOINT" if running.value(f"{REMOTE}ENDPOINT") else "REGION"
        for name in (f"{REMOTE}PROVIDER", *keys, f"{REMOTE}{place}"):
            yield Variable(name, TEXT, "the object store refuses, or is not found")


def backup_settings_are_read(manifests: Manifests) -> Iterator[Violation]:
    """Each variable of a backup Job is one that some program of its database reads: a JSON patch on a key that is not there adds one."""
    for backup in backups(manifests):
        told = set[str]()
        for each in backup.running if backup.kind else ():
            for name in sorted(each.values.keys() - _known(backup, each) - told):
                told.add(name)
                near = get_close_matches(name, _known(backup, each), n=1, cutoff=0.7)
                what = "is a variable that no program of backups reads: what it is meant to change stays as it is"
                yield each.wrong(name, what, hint=f"did you mean {near[0]}?" if near else f"remove it, or add it to {HERE}")


def _known(backup: Backup, running: Running) -> frozenset[str]:
    """The variables that are read by the programs of a Job's database, by rclone for the remote store, and by libraries."""
    name = backup.kind.name if backup.kind else ""
    steps = [step for kind in KINDS if kind.name == name for step in kind.steps]
    read = {variable.name for step in steps for variable in (*step.reads, *step.of_its_tools)}
    read |= {each for step in steps for each in step.may_be_empty} | set(LIBRARIES) | (NEO4J.known if name == "neo4j-backup" else set())
    said = " ".join((*said_in(running.container), *filter(None, running.values.values())))
    return frozenset((*read, *REFERENCE.findall(said), *filter(_is_rclones, running.values)))


def _is_rclones(name: str) -> bool:
    """Whether rclone reads a variable: an option of its own, or one of the remote store."""
    return name.startswith("RCLONE_") and (not name.startswith("RCLONE_CONFIG_") or name.startswith(REMOTE) or name in RCLONES_OWN)


def backup_secrets_come_from_secrets(manifests: Manifests) -> Iterator[Violation]:
    """Keys and passwords of backups are taken from Secrets."""
    for backup in backups(manifests):
        for each in backup.running:
            open_ones = {"QDRANT_API_KEY", "NEO4J_PASSWORD", *S3_KEYS} & each.values.keys()
            for name in sorted(open_ones - variables_of(manifests, each.container).secret):
                what = "is a secret, and is not taken from a Secret: everyone who reads Git or the Pod has it"
                yield each.wrong(name, what, hint="take it with valueFrom.secretKeyRef")


def no_run_is_taken_for_a_killed_one(manifests: Manifests) -> Iterator[Violation]:
    """A backup removes what runs before it left, and no run may last longer than it waits for that."""
    for backup in backups(manifests):
        pods = backup.pods
        if backup.kind is None or backup.kind.part != "backup":
            continue
        job = ("spec", "jobTemplate", "spec") if pods.kind == "CronJob" else ("spec",)
        longest = number(pods.owner, *job, "activeDeadlineSeconds", default=0)
        for each in backup.with_variable(LONGEST):
            written = each.value(LONGEST.name)
            if LONGEST.form.fits(written) and int(written) < longest:
                what = (
                    f"is {written}, and a run may take {longest} s (activeDeadlineSeconds): the snapshots of one that goes on are removed"
                )
                yield each.wrong(LONGEST.name, what, hint=f"write {longest}")


def runs_have_the_time_that_they_are_told_of(manifests: Manifests) -> Iterator[Violation]:
    """A run is not killed while its program still waits for an answer."""
    for backup in backups(manifests):
        pods = backup.pods
        job = ("spec", "jobTemplate", "spec") if pods.kind == "CronJob" else ("spec",)
        longest = integer(pods.owner, *job, "activeDeadlineSeconds")
        waits = {name: value for each in backup.running for name, value in each.values.items() if name.endswith(TIMEOUT) and value}
        for name, value in waits.items():
            if longest is not None and value.isdecimal() and longest <= int(value):
                what = f"is {longest}, and {name} is {value}: the run is killed while it still waits for an answer"
                yield pods.wrong(".".join((*job, "activeDeadlineSeconds")), what, hint=f"write more than {value}, or lower {name}")


BACKUP_SETTING_POLICIES = (
    backup_jobs_are_what_they_say,
    backup_programs_have_their_variables,
    backup_settings_are_read,
    backup_secrets_come_from_secrets,
    no_run_is_taken_for_a_killed_one,
    runs_have_the_time_that_they_are_told_of,
)
