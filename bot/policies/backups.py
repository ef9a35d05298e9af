"""Backups ask every member, have room, and lie where no other environment's do."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.policies.backup_jobs import Running, backups
from bot.policies.backup_programs import FROM, NODES, PLACE
from bot.policies.contracts import NEO4J, QDRANT
from bot.policies.fields import mapping, mappings, text
from bot.policies.manifests import name_of
from bot.policies.programs import programs
from bot.policies.sizes import claim_size, own_claims

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.policies.backup_programs import Variable
    from bot.policies.contracts import Contract
    from bot.policies.manifests import Manifests, Violation
    from bot.policies.programs import Program

GI = 1024**3
SNAPSHOTS = "/qdrant/snapshots"


@dataclass(frozen=True)
class Source:
    """What a Job backs up: which program's data, by which port, and how often it lies on the Job's own volume at once."""

    members: Variable  # lists them
    contract: Contract
    port: int
    data: str  # where the program mounts it
    of_each_member: bool
    copies: int
    why: str


SOURCES = (
    Source(
        *(NODES, QDRANT, 6333, "/qdrant/storage"), of_each_member=True, copies=1, why="the snapshots of all members are uploaded together"
    ),
    Source(*(FROM, NEO4J, 6362, "/data"), of_each_member=False, copies=2, why="a backup is unpacked beside itself to be checked"),
)


def backups_ask_every_member(manifests: Manifests) -> Iterator[Violation]:
    """The list of members names each member of the database, and nobody else."""
    for running, source in _asking(manifests):
        wanted = [f"{member}:{source.port}" for program in programs(manifests, source.contract) for member in _members(program)]
        named = running.value(source.members.name).split(",")
        if sorted(named) != sorted(wanted):
            absent, foreign = sorted(set(wanted) - set(named)), sorted(set(named) - set(wanted))
            less = f"leaves out {', '.join(absent)}: what only they hold is in no backup" if absent else ""
            more = f"names {', '.join(map(repr, foreign))}, which is no member" if foreign else ""
            what = "; ".join(filter(None, (less, more))) or "names a member twice"
            yield running.wrong(source.members.name, what, hint=f"write {','.join(wanted) or 'the members'}, without a blank")


def backups_say_their_environment(manifests: Manifests) -> Iterator[Violation]:
    """The place of backups names the environment that they are of, and no other."""
    own = manifests.environment
    for running in _reading(manifests, PLACE):
        place = running.value(PLACE.name)
        others = [name for name in manifests.others if _names(place.replace(own, "") if name in own else place, name)]
        if place and (not _names(place, own) or others):
            reason = f"is of {', '.join(others)}" if others else f"does not name {own}"
            what = f"{place} {reason}: the retention of one environment would remove the backups of another"
            yield running.wrong(PLACE.name, what, hint=f"name a bucket or folder of {own} alone, as store:bucket-{own}/folder")


def scratch_holds_the_backup(manifests: Manifests) -> Iterator[Violation]:
    """The volume of a backup or restore has room for all that lies on it at once, with full databases."""
    for backup in backups(manifests):
        for source in (each for each in SOURCES if backup.kind and each.contract is backup.kind.database):
            needed = sum(
                _claimed(program, source.data) * source.copies * (program.members if source.of_each_member else 1)
                for program in programs(manifests, source.contract)
            )
            found = sum(claim_size(claim) for claim in own_claims(backup.pods))
            if found >= needed:
                continue
            what = f"have {found / GI:g}Gi for up to {needed / GI:g}Gi: {source.why}"
            yield backup.pods.wrong(f"{backup.pods.path}.volumes", what, hint=f"give it an ephemeral volume of {needed / GI:g}Gi")


def members_hold_their_snapshots(manifests: Manifests) -> Iterator[Violation]:
    """A snapshot of the largest collection fits on its member: it may be all that the member has."""
    for program in programs(manifests, QDRANT) if list(_reading(manifests, NODES)) else ():
        room, needed = _claimed(program, SNAPSHOTS), _claimed(program, SOURCES[0].data)
        if room < needed:
            what = f"claim {room / GI:g}Gi for snapshots beside {needed / GI:g}Gi of data: a large collection gets none, so no backup"
            yield program.pods.wrong("spec.volumeClaimTemplates", what, hint=f"make it {needed / GI:g}Gi")


BACKUP_POLICIES = (
    backups_ask_every_member,
    backups_say_their_environment,
    scratch_holds_the_backup,
    members_hold_their_snapshots,
)


def shared_places(environments: Iterable[Manifests]) -> Iterator[tuple[str, Violation]]:
    """Backups of different databases or environments in one place, each with its environment: retention removes what is not its own."""
    users = defaultdict[str, dict[tuple[str, str], Running]](dict)
    for manifests in environments:
        for backup in backups(manifests):
            for running in backup.with_variable(PLACE):
                database = backup.kind.name if backup.kind else backup.pods.name
                users[running.value(PLACE.name).rstrip("/")].setdefault((manifests.environment, database), running)
    for place, here in users.items():
        around = {key for other, there in users.items() if f"{place}/".startswith(f"{other}/") for key in there}
        for key, running in here.items() if place else ():
            for environment, name in sorted(around - {key}):
                what = f"{place} is where {environment} keeps what {name} makes: the retention of one removes the backups of the other"
                yield key[0], running.wrong(PLACE.name, what, hint="give each environment and database a bucket or folder of its own")


def _reading(manifests: Manifests, variable: Variable) -> Iterator[Running]:
    """Every container whose program reads a variable."""
    for backup in backups(manifests):
        yield from backup.with_variable(variable)


def _asking(manifests: Manifests) -> Iterator[tuple[Running, Source]]:
    """Every container that asks members, which it has listed."""
    for source in SOURCES:
        yield from ((running, source) for running in _reading(manifests, source.members) if running.value(source.members.name))


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
