"""What the forge stand-in remembers: pull requests with all that hangs on them, and commit statuses."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ALIVE = "open"


@dataclass
class Comment:
    """A comment of a pull request."""

    id: int
    author: str
    body: str
    created: datetime
    updated: datetime


@dataclass
class Review:
    """A review; dismissing it changes its state."""

    id: int
    author: str
    state: str
    body: str
    commit: str
    submitted: datetime


@dataclass(frozen=True)
class Status:
    """A commit status; a later one of the same context counts instead."""

    id: int
    author: str
    context: str
    state: str
    description: str | None
    target_url: str | None
    created: datetime


@dataclass
class Pull:
    """A pull request; `head` and `base_commit` stay what they were when it was last open."""

    number: int
    author: str
    title: str
    body: str | None
    branch: str
    base: str
    head: str
    base_commit: str
    created: datetime
    updated: datetime
    owner: str  # of the repository that the head lies in
    state: str = ALIVE
    closed: datetime | None = None
    merged_by: str | None = None
    merge_commit: str | None = None
    labels: list[str] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    reviewers: list[str] = field(default_factory=list)
    teams: list[str] = field(default_factory=list)  # org/team


@dataclass(frozen=True)
class App:
    """A GitHub App that is installed on the repository; its installation has its number."""

    id: int
    slug: str
    public_key: str  # PEM

    @property
    def login(self) -> str:
        """Who its installation acts as."""
        return f"{self.slug}[bot]"


@dataclass(frozen=True)
class Protection:
    """How main is protected, by a ruleset or by branch protection, beside the required statuses."""

    by_ruleset: bool = True
    app: int | None = None  # that required statuses must come from
    owners_review: bool = True
    last_push_approval: bool = True


@dataclass(frozen=True)
class Hook:
    """A webhook; `code` is what its last delivery was answered with."""

    id: int
    url: str
    code: int | None = None
    active: bool = True


@dataclass
class Forge:
    """One repository on the forge; who may use it, and its rules."""

    git_dir: Path
    owner: str
    name: str
    users: dict[str, str]  # token -> login
    teams: dict[str, set[str]] = field(default_factory=dict)  # "org/team" -> logins
    required: frozenset[str] = frozenset()  # contexts that must be success before a merge
    protection: Protection | None = None  # what else it tells of main; None: nothing but what is required
    auto_merge: bool = False
    hooks: tuple[Hook, ...] = ()
    admins: frozenset[str] = frozenset()  # logins that see hooks and branch protection
    scopes: dict[str, str] = field(default_factory=dict)  # login -> scopes of a classic token; the others are fine-grained
    forks: dict[str, Path] = field(default_factory=dict)  # owner -> bare repository
    apps: tuple[App, ...] = ()
    limited_until: datetime | None = None  # every request is refused until then
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    pulls: dict[int, Pull] = field(default_factory=dict)
    statuses: dict[str, list[Status]] = field(default_factory=dict)  # by commit, oldest first
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def full_name(self) -> str:
        """Its name as people write it."""
        return f"{self.owner}/{self.name}"

    def collaborators(self) -> set[str]:
        """Everybody that it knows."""
        return set(self.users.values()).union(*self.teams.values())

    def newest_statuses(self, sha: str) -> dict[str, Status]:
        """The newest status of each context on a commit."""
        return {status.context: status for status in self.statuses.get(sha, ())}

    def repository_of(self, pull: Pull) -> Path | None:
        """Where the head of a pull request lies; None when that fork is gone."""
        return self.git_dir if pull.owner == self.owner else self.forks.get(pull.owner)
