"""The programs that back up and restore, and which variables each reads; pure data, which tests hold to the programs themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bot.policies.contracts import NEO4J, QDRANT

if TYPE_CHECKING:
    from bot.policies.contracts import Contract


@dataclass(frozen=True)
class Form:
    """What the value of a variable looks like."""

    pattern: re.Pattern[str]
    hint: str

    def fits(self, value: str | None) -> bool:
        """Whether a value has this form; one that is known only in the cluster does."""
        return value is None or bool(self.pattern.fullmatch(value))


TEXT = Form(re.compile(r"[^\s].*"), "set it")
COUNT = Form(re.compile(r"[1-9][0-9]{0,8}"), "write 1 or more, as a whole number")
MEMORY = Form(re.compile(r"[1-9][0-9]*[kmgKMG]"), "write a size such as 256m")
FOLDER = Form(re.compile(r"(/[^/\s]+){2,}"), "name a folder below a mounted volume, such as /backup/files")
STORE = Form(re.compile(r"store:[^/\s][^\s]*"), "name a bucket or folder of the remote store, as store:bucket/folder")
ADDRESS = Form(re.compile(r"[a-z0-9+]+://[^/\s:]+:[0-9]+"), "write protocol, host and port, such as http://host:8080")


@dataclass(frozen=True)
class Variable:
    """A variable that a program reads, and what happens where it is missing or of another form."""

    name: str
    form: Form
    otherwise: str


FOLDER_OF_BACKUPS = Variable("BACKUP_FOLDER", FOLDER, "one program does not find what the one before it left")
PLACE = Variable("BACKUP_STORE", STORE, "there is no place for backups")
KEEP = Variable("BACKUP_KEEP", COUNT, "when backups fail for a month, retention removes the last good one")
KEEP_DAYS = Variable("BACKUP_KEEP_DAYS", COUNT, "retention removes what should stay, or nothing ever")
NODES = Variable("QDRANT_NODES", TEXT, "no member is asked")
FROM = Variable("BACKUP_FROM", TEXT, "no member is asked")
LONGEST = Variable("BACKUP_LONGEST_SECONDS", COUNT, "what killed runs leave fills the members' volumes")
_SNAPSHOTS = (
    NODES,
    Variable("QDRANT_API_KEY", TEXT, "every member refuses"),
    Variable("QDRANT_TIMEOUT_SECONDS", COUNT, "a member that hangs is waited for until the Job is killed"),
    FOLDER_OF_BACKUPS,
    LONGEST,
)
_REMOTE = Variable("RCLONE_CONFIG_STORE_TYPE", TEXT, "rclone does not know the remote store")


@dataclass(frozen=True)
class Step:
    """One program of a Job: its file, its first argument, and the variables without which it fails or does harm."""

    file: str
    argument: str
    reads: tuple[Variable, ...]
    of_its_tools: tuple[Variable, ...] = ()  # what the programs that it calls read
    may_be_empty: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.file} {self.argument}".strip()


TAKE_SNAPSHOTS = Step("snapshots.py", "backup", _SNAPSHOTS)
PUT_SNAPSHOTS = Step("snapshots.py", "restore", _SNAPSHOTS)
UPLOAD = Step("store.sh", "upload", (FOLDER_OF_BACKUPS, PLACE, KEEP, KEEP_DAYS), (_REMOTE,))
DOWNLOAD = Step("store.sh", "download", (FOLDER_OF_BACKUPS, PLACE), (_REMOTE,), frozenset({"BACKUP_NAME"}))
TAKE_STORES = Step(
    "backup.sh",
    "",
    (
        FROM,
        FOLDER_OF_BACKUPS,
        Variable("BACKUP_TEMPORARY", FOLDER, "a backup has no room to be checked in"),
        Variable("BACKUP_PAGECACHE", MEMORY, "neo4j-admin refuses, or is killed for its memory"),
        Variable("BACKUP_CHECK_MEMORY", MEMORY, "neo4j-admin refuses, or is killed for its memory"),
    ),
    (Variable("HEAP_SIZE", MEMORY, "neo4j-admin takes a share of the node's memory, and is killed for it"),),
)
SEED = Step("rclone", "serve", ())
PUT_STORES = Step(
    "restore.sh",
    "",
    (
        FOLDER_OF_BACKUPS,
        Variable("RESTORE_ADDRESS", ADDRESS, "no member is told to restore"),
        Variable("RESTORE_SEED", ADDRESS, "no member finds its new store"),
        Variable("RESTORE_TIMEOUT_SECONDS", COUNT, "a member that hangs is waited for until the Job is killed"),
        Variable("NEO4J_USERNAME", TEXT, "the members refuse the login"),
    ),
    (Variable("NEO4J_PASSWORD", TEXT, "the members refuse the login"),),
)


@dataclass(frozen=True)
class Kind:
    """A Job of a database: its part, and its programs in their order."""

    database: Contract
    part: Literal["backup", "restore"]
    steps: tuple[Step, ...]

    @property
    def name(self) -> str:
        """What its Pods are called, whichever part they have."""
        return f"{self.database.image.rpartition('/')[2]}-backup"

    def __str__(self) -> str:
        return f"{', '.join(map(str, self.steps))} (a {self.part} of {self.name.removesuffix('-backup')})"


KINDS = (
    Kind(QDRANT, "backup", (TAKE_SNAPSHOTS, UPLOAD)),
    Kind(QDRANT, "restore", (DOWNLOAD, PUT_SNAPSHOTS)),
    Kind(NEO4J, "backup", (TAKE_STORES, UPLOAD)),
    Kind(NEO4J, "restore", (DOWNLOAD, SEED, PUT_STORES)),
)
STEPS = tuple(dict.fromkeys(step for kind in KINDS for step in kind.steps))
