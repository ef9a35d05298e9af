"""The nouns of the project: images, records, releases, environments, holds, and the one error type.

Long, because it is one vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import IntEnum
from typing import Literal

MAIN = "main"
APPS = "apps"
ENVIRONMENTS = "environments"


class BotError(Exception):
    """What went wrong (`message` names the thing) and what to do about it (`hint`); never holds a secret."""

    def __init__(self, message: str, hint: str, *, usage: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.usage = usage  # the command line itself is wrong: exit code 2 instead of 1


class MovedRefError(BotError):
    """A ref was no longer where it was read: re-read, recompute, push again."""


class UnobservableError(BotError):
    """A fact could not be found out; `code` is the stable reason code of the gate's evidence."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.code = code


class RenderError(BotError):
    """Kustomize refused a folder; the message holds its reason."""


class MergeRefusedError(BotError):
    """The forge did not merge: the head moved, it conflicts, or a rule of the branch is not met."""


class Verdict(IntEnum):
    """The gate's answer; of several the greatest wins."""

    PASS = 0
    HOLD = 1
    UNKNOWN = 2
    FAIL = 3


@dataclass(frozen=True)
class Image:
    """One entry of an images file: `name` as manifests write it, and what runs in its place."""

    name: str
    tag: str
    digest: str | None = None  # sha256:<64 hex>
    new_name: str | None = None

    @property
    def repository(self) -> str:
        """The repository that is pulled."""
        return self.new_name or self.name

    @property
    def reference(self) -> str:
        """What a rendered manifest says: `repository:tag` or `repository:tag@sha256:…`."""
        return f"{self.repository}:{self.tag}" + (f"@{self.digest}" if self.digest else "")


@dataclass(frozen=True)
class Origin:
    """Where a release came from: an environment (or `init`, `rollback`, `hotfix`) at a commit."""

    place: str
    commit: str

    def __str__(self) -> str:
        return f"{self.place}@{self.commit}"


@dataclass(frozen=True)
class Record:
    """`environments/<env>/release/<app>.yaml`: what was put there, from where; `number` makes merges conflict."""

    tree: str
    version: str
    origin: Origin
    number: int


@dataclass(frozen=True)
class Release:
    """What an environment runs of one app: a Git tree, with the images that it declares."""

    app: str
    tree: str
    version: str
    images: tuple[Image, ...] = ()
    record: Record | None = None  # None in dev, which follows main
    drift: str | None = None  # why tree and record disagree; None when they agree


@dataclass(frozen=True)
class Alerts:
    """Which alerts block: the label decides; a rule without it is judged by severity."""

    label: str = "promotion_gate"
    block: tuple[str, ...] = ("block",)
    severity: tuple[str, ...] = ("critical",)
    may_be_absent: tuple[str, ...] = ()  # metrics whose series may legitimately not exist
    silences: Literal["ignore", "honour"] = "ignore"  # honour: what every Alertmanager silences by its name does not block

    def blocks(self, labels: dict[str, str]) -> bool:
        """Whether a rule or alert with these labels stops a promotion."""
        if self.label in labels:
            return labels[self.label] in self.block
        return labels.get("severity") in self.severity


@dataclass(frozen=True)
class FreezeWindow:
    """A time that comes again and again, in which an environment takes no promotion."""

    cron: str  # when it begins, five fields, by the clock of its time zone
    duration: timedelta  # elapsed time: an hour is an hour also when clocks change
    time_zone: str  # of the IANA database
    reason: str = ""


@dataclass(frozen=True)
class Policy:
    """The gate's law for one environment, read from the base."""

    soak: timedelta = timedelta(hours=2)
    samples: int = 3
    interval: timedelta = timedelta(seconds=20)
    alerts: Alerts = field(default_factory=Alerts)
    watchdog: str = "ContextFoundationWatchdog"
    required_jobs: tuple[str, ...] = ()
    watch: timedelta = timedelta(minutes=30)
    require_digests: bool = False
    freeze: tuple[FreezeWindow, ...] = ()
    auto_rollback: bool = False  # `bot verify` takes back what failed and is to blame


@dataclass(frozen=True)
class ArgoCDAddress:
    """How Argo CD calls an environment's Application, and where it answers."""

    url: str
    project: str
    application: str


@dataclass(frozen=True)
class Environment:
    """`environments/<env>/environment.yaml`."""

    name: str
    cluster: str
    namespace: str
    argocd: ArgoCDAddress
    prometheus: tuple[str, ...]
    policy: Policy
    promotes_from: str | None = None  # None: follows main (dev)
    live: bool = True
    merge: Literal["bot", "person"] = "person"
    approvers: tuple[str, ...] = ()  # CODEOWNERS spelling: @user or @org/team
    alertmanager: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """Its folder in the repository."""
        return f"{ENVIRONMENTS}/{self.name}"

    def release_path(self, app: str) -> str:
        """Where the tree that it runs of an app lies; dev's is the head of development."""
        return f"{self.folder}/release/{app}" if self.promotes_from else f"{APPS}/{app}"

    def record_path(self, app: str) -> str:
        """Where the record of that release lies."""
        return f"{self.folder}/release/{app}.yaml"


@dataclass(frozen=True)
class Hold:
    """`environments/<env>/holds/<id>.yaml`: a quarantined release (valid in every environment)."""

    id: str
    environment: str
    app: str
    tree: str
    digests: tuple[str, ...]
    who: str
    when: str
    why: str


@dataclass(frozen=True)
class Freeze:
    """`environments/<env>/holds/<id>.yaml`: an environment that takes no promotion, of these apps or (none named) of any."""

    id: str
    environment: str
    apps: tuple[str, ...]
    until: str | None  # a time in UTC; None: until somebody lifts it
    who: str
    when: str
    why: str
