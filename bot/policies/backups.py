"""Backups ask every member, keep the last good one, have room, and lie where no other environment's do."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.policies.contracts import NEO4J, QDRANT
from bot.policies.fields import mapping, mappings, text
from bot.policies.manifests import name_of
from bot.policies.programs import programs
from bot.policies.sizes import claim_size, own_claims
from bot.policies.variables import variables_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.policies.contracts import Contract
    from bot.policies.manifests import Manifests, Pods, Violation
    from bot.policies.programs import Program

GI = 1024**3
KEEP, STORE = "BACKUP_KEEP", "BACKUP_STORE"
SNAPSHOTS = "/qdrant/snapshots"


@dataclass(frozen=True)
class Source:
    """What a Job backs up: which program's data, and how often it lies on the Job's own volume at once."""

    contract: Contract
    data: str  # where the program mounts it
    of_each_member: bool
    copies: int
    why: str


SOURCES = {  # by the variable that lists the members
    "QDRANT_NODES": Source(
        QDRANT, "/qdrant/storage", of_each_member=True, copies=1, why="the snapshots of all members are uploaded together"
    ),
    "BACKUP_FROM": Source(NEO4J, "/data", of_each_member=False, copies=2, why="a backup is unpacked beside itself to be checked"),
}


@dataclass(frozen=True)
class Backup:
    """A CronJob that takes or restores backups, by the variables of its first container that has them."""

    pods: Pods
    where: str
    values: dict[str, str]

    def wrong(self, name: str, what: str, *, hint: str) -> Violation:
        """A violation by a variable."""
        return self.pods.wrong(f"{self.where}.env[{name}]", what, hint=hint)


def backups_ask_every_member(manifests: Manifests) -> Iterator[Violation]:
    """The list of members names each member of the database, and nobody else."""
    for backup, name, source in _sources(manifests):
        wanted = [member for program in programs(manifests, source.contract) for member in _members(program)]
        named = [each.strip().rpartition(":")[0] for each in backup.values[name].split(",")]
        if sorted(named) != sorted(wanted):
            absent, foreign = sorted(set(wanted) - set(named)), sorted(set(named) - set(wanted))
            less = f"leaves out {', '.join(absent)}: what only they hold is in no backup" if absent else ""
            more = f"names {', '.join(foreign)}, which is no member" if foreign else ""
            what = "; ".join(filter(None, (less, more))) or "names a member twice"
            yield backup.wrong(name, what, hint=f"name {', '.join(wanted) or 'the members'}, each with its port")


def the_last_backup_is_kept(manifests: Manifests) -> Iterator[Violation]:
    """However old it is, one backup stays."""
    for backup in _backups(manifests, KEEP):
        written = backup.values[KEEP]
        if not written.isdecimal() or int(written) < 1:
            what = f"is {written or 'empty'}: when backups fail for a month, retention removes the last good one"
            yield backup.wrong(KEEP, what, hint="write 1 or more")


def backups_say_their_environment(manifests: Manifests) -> Iterator[Violation]:
    """The place of backups names the environment that they are of, and no other."""
    own = manifests.environment
    for backup in _backups(manifests, STORE):
        place = backup.values[STORE]
        others = [name for name in manifests.others if _names(place.replace(own, "") if name in own else place, name)]
        if not _names(place, own) or others:
            reason = f"is of {', '.join(others)}" if others else f"does not name {own}"
            what = f"{place} {reason}: the retention of one environment would remove the backups of another"
            yield backup.wrong(STORE, what, hint=f"name a bucket or folder of {own} alone, as store:bucket-{own}/folder")


def scratch_holds_the_backup(manifests: Manifests) -> Iterator[Violation]:
    """The volume of a backup or restore has room for all that lies on it at once, with full databases."""
    for backup, _, source in _sources(manifests):
        needed = sum(
            _claimed(program, source.data) * source.copies * (program.members if source.of_each_member else 1)
            for program in programs(manifests, source.contract)
        )
        found = sum(claim_size(claim) for claim in own_claims(backup.pods))
        if found < needed:
            what = f"have {found / GI:g}Gi for up to {needed / GI:g}Gi: {source.why}"
            yield backup.pods.wrong(f"{backup.pods.path}.volumes", what, hint=f"give it an ephemeral volume of {needed / GI:g}Gi")


def members_hold_their_snapshots(manifests: Manifests) -> Iterator[Violation]:
    """A snapshot of the largest collection fits on its member: it may be all that the member has."""
    for program in programs(manifests, QDRANT) if list(_backups(manifests, "QDRANT_NODES")) else ():
        room, needed = _claimed(program, SNAPSHOTS), _claimed(program, SOURCES["QDRANT_NODES"].data)
        if room < needed:
            what = f"claim {room / GI:g}Gi for snapshots beside {needed / GI:g}Gi of data: a large collection gets none, so no backup"
            yield program.pods.wrong("spec.volumeClaimTemplates", what, hint=f"make it {needed / GI:g}Gi")


BACKUP_POLICIES = (
    backups_ask_every_member,
    the_last_backup_is_kept,
    backups_say_their_environment,
    scratch_holds_the_backup,
    members_hold_their_snapshots,
)


def shared_places(environments: Iterable[Manifests]) -> Iterator[tuple[str, Violation]]:
    """Backups of different databases or environments in one place, each with its environment: retention removes what is not its own."""
    users = defaultdict[str, dict[tuple[str, str], Backup]](dict)
    for manifests in environments:
        for backup, name, _ in _sources(manifests):
            place = backup.values.get(STORE, "").rstrip("/")
            users[place].setdefault((manifests.environment, name), backup)
    for place, here in users.items():
        around = {key for other, there in users.items() if f"{place}/".startswith(f"{other}/") for key in there}
        for key, backup in here.items() if place else ():
            for environment, name in sorted(around - {key}):
                what = f"{place} is where {environment} keeps the backups of its {name}: the retention of one removes those of the other"
                yield key[0], backup.wrong(STORE, what, hint="give each environment and database a bucket or folder of its own")


def _backups(manifests: Manifests, name: str) -> Iterator[Backup]:
    """The CronJobs with a container that has a variable."""
    for pods in manifests.pods:
        if pods.kind == "CronJob":
            for where, container in pods.containers():
                values = {key: value for key, value in variables_of(manifests, container).values.items() if value is not None}
                if name in values:
                    yield Backup(pods, where, values)
                    break


def _sources(manifests: Manifests) -> Iterator[tuple[Backup, str, Source]]:
    for name, source in SOURCES.items():
        yield from ((backup, name, source) for backup in _backups(manifests, name))


def _members(program: Program) -> Iterator[str]:
    service = text(program.pods.owner, "spec", "serviceName")
    yield from (f"{program.pods.name}-{number}.{service}" for number in range(program.members))


def _claimed(program: Program, path: str) -> int:
    """The bytes that a member claims for what it mounts at a path."""
    volumes = {text(mount, "name") for mount in mappings(program.container, "volumeMounts") if text(mount, "mountPath") == path}
    claims = mappings(program.pods.owner, "spec", "volumeClaimTemplates")
    return sum(claim_size(mapping(claim, "spec")) for claim in claims if name_of(claim) in volumes)


def _names(place: str, environment: str) -> bool:
    return bool(re.search(rf"(?<![A-Za-z0-9]){re.escape(environment)}(?![A-Za-z0-9])", place))
