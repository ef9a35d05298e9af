"""The programs of a backup Job hand each other a folder, which lies on a disk of the Job's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.policies.backup_jobs import backups
from bot.policies.backup_programs import DOWNLOAD, FOLDER, FOLDER_OF_BACKUPS, SEED, TAKE_SNAPSHOTS, TAKE_STORES
from bot.policies.fields import at, mappings, text
from bot.policies.manifests import said_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.backup_jobs import Running
    from bot.policies.manifests import Manifests, Violation

FILLING = (TAKE_SNAPSHOTS, TAKE_STORES, DOWNLOAD)
DISKS = frozenset({"ephemeral", "persistentVolumeClaim"})


def backups_lie_on_a_disk(manifests: Manifests) -> Iterator[Violation]:
    """All programs of a Job find the folder of backups on the same volume, a disk of its own that those that fill it may write to."""
    for backup in backups(manifests):
        first: tuple[str, str, str] | None = None
        for each in backup.running:
            for where, folder, is_handed_on in _folders(each):
                reason = _why_no_disk(each, folder)
                if is_handed_on and not reason:
                    first = first or _lies(each, folder)
                    reason = "" if _lies(each, folder) == first else "is not where the program before it has it"
                if reason:
                    what = f"is {folder}, which {reason}: a backup is lost before it is uploaded, or a restore finds none"
                    hint = "mount the Job's ephemeral volume there, in each container that names the folder"
                    yield backup.pods.wrong(f"{each.where}.{where}", what, hint=hint)


BACKUP_FOLDER_POLICIES = (backups_lie_on_a_disk,)


def _folders(running: Running) -> Iterator[tuple[str, str, bool]]:
    """Where a program is told of a folder, its name, and whether it is that which the programs hand each other."""
    if running.step is SEED:
        yield "command", said_in(running.container)[-1], True
    for variable in running.step.reads if running.step else ():
        if variable.form is FOLDER and running.value(variable.name):
            yield f"env[{variable.name}]", running.value(variable.name), variable is FOLDER_OF_BACKUPS


def _mount(running: Running, folder: str) -> dict[str, Any]:
    """The innermost mount that a folder lies below."""
    around = [each for each in mappings(running.container, "volumeMounts") if folder.startswith(f"{text(each, 'mountPath').rstrip('/')}/")]
    return max(around, key=lambda each: len(text(each, "mountPath")), default={})


def _lies(running: Running, folder: str) -> tuple[str, str, str]:
    """Volume, folder of it that is mounted, and the way from there."""
    mount = _mount(running, folder)
    return text(mount, "name"), text(mount, "subPath"), folder.removeprefix(text(mount, "mountPath").rstrip("/"))


def _why_no_disk(running: Running, folder: str) -> str:
    mount = _mount(running, folder)
    if not mount:
        return "lies below no mounted volume"
    volume = next((each for each in mappings(running.pods.spec, "volumes") if text(each, "name") == text(mount, "name")), {})
    if not volume.keys() & DISKS:
        return f"is on {text(mount, 'name')}, no disk of its own but the node's"
    return "is read-only there" if at(mount, "readOnly") is True and running.step in FILLING else ""
