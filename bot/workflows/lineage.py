"""History and trace: what an environment ran, and where each release came from; offline."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.model import APPS, BotError
from bot.promotion import HOTFIX
from bot.workflows.observe import runs_at
from bot.workflows.stack import read_stack

if TYPE_CHECKING:
    from datetime import datetime

    from bot.model import Record
    from bot.ports import Commit, Objects
    from bot.workflows.stack import Stack

PULL = re.compile(r"(?:Merge pull request |\()#(\d+)")
DEPTH = 20


@dataclass(frozen=True)
class Past:
    """One run of a release in an environment."""

    app: str
    version: str
    tree: str | None
    since: datetime
    until: datetime | None
    commit: str
    subject: str
    origin: str
    pull: int | None


@dataclass(frozen=True)
class Step:
    """One stop on a release's way, latest first."""

    environment: str
    commit: str
    time: datetime
    subject: str
    origin: str
    pull: int | None


@dataclass(frozen=True)
class Trace:
    """Where a release came from, down to the commits on `apps/`."""

    app: str
    version: str
    tree: str
    steps: tuple[Step, ...]
    commits: tuple[Commit, ...]


def apps_of(stack: Stack, environment: str, app: str | None) -> list[str]:
    """The named app, or all that an environment runs."""
    if app is not None:
        return [stack.release(environment, app).app]
    stack.environment(environment)
    return sorted(stack.releases[environment])


def history(objects: Objects, commit: str, environment: str, *, app: str | None = None) -> tuple[Past, ...]:
    """What an environment ran, newest first."""
    stack = read_stack(objects, commit)
    found = [past for name in apps_of(stack, environment, app) for past in _history(objects, stack, environment, app=name)]
    return tuple(sorted(found, key=lambda past: past.since, reverse=True))


def _history(objects: Objects, stack: Stack, environment: str, *, app: str) -> list[Past]:
    found = []
    for run in runs_at(objects, stack.commit, stack.environment(environment).release_path(app)):
        began = objects.commit(run.commit)
        try:
            release = read_stack(objects, run.commit).releases.get(environment, {}).get(app)
        except BotError:
            release = None  # the repository was not readable then
        record = release.record if release else None
        version = release.version if release else "removed" if run.tree is None else "unreadable"
        origin = str(record.origin) if record else ""
        found.append(Past(app, version, run.tree, run.since, run.until, run.commit, title_of(began), origin, pull_of(began)))
    return found


def pull_of(commit: Commit) -> int | None:
    """The pull request that a merge commit's subject names."""
    found = PULL.findall(commit.subject)
    return int(found[-1]) if found else None


def title_of(commit: Commit) -> str:
    """What a commit is about: of a forge's merge the pull request's title, which stands in its body."""
    is_merge = commit.subject.startswith("Merge pull request ") and commit.body
    return commit.body.splitlines()[0] if is_merge else commit.subject


def trace(objects: Objects, commit: str, environment: str, *, app: str | None = None) -> tuple[Trace, ...]:
    """Where each present release came from."""
    stack = read_stack(objects, commit)
    return tuple(_trace(objects, stack, environment, app=name) for name in apps_of(stack, environment, app))


def _trace(objects: Objects, stack: Stack, environment: str, *, app: str) -> Trace:
    release = stack.release(environment, app)
    place, at = stack.environment(environment), stack.commit
    steps: list[Step] = []
    while len(steps) < DEPTH:
        runs = runs_at(objects, at, place.release_path(app))
        if not runs:
            break
        began = objects.commit(runs[0].commit)
        record = _record_at(objects, runs[0].commit, place.name, app=app)
        origin = str(record.origin) if record else "main"
        steps.append(Step(place.name, began.sha, began.time, title_of(began), origin, pull_of(began)))
        if record is None:
            break
        followed = _follow(stack, record, place.name)
        if followed is None:
            break
        place, at = stack.environments[followed], record.origin.commit
    return Trace(app, release.version, release.tree, tuple(steps), _commits(objects, at, app))


def _record_at(objects: Objects, commit: str, environment: str, *, app: str) -> Record | None:
    return read_stack(objects, commit).release(environment, app).record


def _follow(stack: Stack, record: Record, environment: str) -> str | None:
    """The environment that a record points to; a rollback and a hotfix point to its own past; `init@0…` to nothing."""
    if not record.origin.commit.strip("0") or record.origin.place == "init":
        return None
    if record.origin.place in {"rollback", HOTFIX}:
        return environment
    return record.origin.place if record.origin.place in stack.environments else None


def _commits(objects: Objects, commit: str, app: str) -> tuple[Commit, ...]:
    return tuple(replace(each, subject=title_of(each)) for each in objects.history(commit, f"{APPS}/{app}", limit=10))
