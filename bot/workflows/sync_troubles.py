"""What an Application and its Argo CD must be for anything to be synced: what is wrong, and the remedy; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.model import MAIN
from bot.observations import Unseen
from bot.setup import PROBLEM, UNKNOWN, WARNING, Check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model import Environment
    from bot.observations import ApplicationSeen, SyncWindow
    from bot.setup import ApplicationSetSeen

TESTED = ((3, 2), (3, 5))  # lines of Argo CD: tests/e2e runs the oldest, the newest was tried by hand and is what argocd/install pins
INVALID = "InvalidSpecError"


def missing(environment: Environment) -> Check:
    """That Argo CD has no such Application."""
    name = environment.argocd.application
    if not environment.live:
        fix = f"the environment is declared `live: false`: apply its ApplicationSet, then set `live: true` in {environment.folder}"
        return Check(PROBLEM, environment.name, f"Argo CD has no Application {name}", fix)
    fix = f"is its ApplicationSet applied, {environment.folder}/environment.yaml on {MAIN}, and `argocd.application` there right?"
    return Check(PROBLEM, environment.name, f"Argo CD has no Application {name} in project {environment.argocd.project}", fix)


def troubles(app: ApplicationSeen, environment: Environment, repository: str) -> Iterator[Check]:
    """What keeps an Application from ever running what main holds."""
    name, place = environment.argocd.application, environment.name
    if app.sources != 1:
        what = f"the Application {name} has {app.sources} sources, and what it runs is then no single tree"
        yield Check(PROBLEM, place, what, f"give it one `source`, as argocd/applicationsets writes it: {environment.folder} on {MAIN}")
        return
    if (app.path, app.target_revision) != (environment.folder, MAIN):
        what = f"the Application {name} follows {app.path or 'no path'} on {app.target_revision or 'HEAD'}"
        yield Check(PROBLEM, place, what, f"it must follow {environment.folder} on {MAIN}: apply argocd/applicationsets")
    if _place(app.repository) != _place(repository):
        what = f"the Application {name} follows the repository {_shown(app.repository)}, the bot works on {_shown(repository)}"
        yield Check(PROBLEM, place, what, "correct `repoURL` in argocd/applicationsets, or --repo")
    for condition in app.conditions:
        if condition.startswith(INVALID):
            fix = f"correct the Application; a missing project comes with `kubectl apply -k argocd` (project {environment.argocd.project})"
            yield Check(PROBLEM, place, f"Argo CD refuses the Application {name}: {condition}", fix)
    if not app.is_automated:
        what = f"the Application {name} does not sync by itself"
        yield Check(PROBLEM, place, what, "turn auto-sync on again (`syncPolicy.automated`): apply argocd/applicationsets")


def window_trouble(place: str, window: SyncWindow | Unseen | None) -> Check | None:
    """A sync window that keeps it from syncing by itself for a while; None when none does."""
    if window is None:
        return None
    if isinstance(window, Unseen):
        fix = "until they can be read, the gate says UNKNOWN"
        return Check(UNKNOWN, place, f"cannot tell whether a sync window is closed to it: {window.detail}", fix)
    return Check(WARNING, place, f"{window.words}: nothing is synced by itself until that is over", window_fix(window))


def window_fix(window: SyncWindow) -> str:
    """What people can do meanwhile."""
    if window.allows_manual:
        return "wait; what must not wait: `argocd app sync`; `bot rollback` starts its sync itself"
    return "wait, or change the window in argocd/projects: it lacks `manualSync: true`, so that no rollback is synced either"


def version_trouble(place: str, url: str, version: str) -> Check | None:
    """An Argo CD of a line that this was not tried with; None when it was."""
    found = re.match(r"v?(\d+)\.(\d+)", version)
    oldest, newest = (f"{major}.{minor}" for major, minor in TESTED)
    tested = oldest if oldest == newest else f"{oldest} to {newest}"
    if found is None:
        return Check(UNKNOWN, place, f"cannot tell the version of Argo CD at {url}: it says {version[:40]!r}", f"tested is {tested}")
    line = (int(found[1]), int(found[2]))
    if TESTED[0] <= line <= TESTED[1]:
        return None
    word = "older" if line < TESTED[0] else "newer"
    what = f"Argo CD at {url} is {version.partition('+')[0]}, {word} than tested ({tested})"
    return Check(WARNING, place, what, "most works; try `bot sync` and `bot gate` in dev first, or run a tested version")


def set_troubles(place: str, sets: tuple[ApplicationSetSeen, ...]) -> Iterator[Check]:
    """What visible ApplicationSets say is wrong: they then make or change no Application."""
    for found in sets:
        for error in found.errors:
            fix = "correct what it names on main; the Applications that exist keep syncing, but none is made or changed"
            yield Check(PROBLEM, place, f"ApplicationSet {found.name}: {' '.join(error.split())}", fix)


def _place(url: str) -> tuple[str, ...]:
    """Owner and name: the same repository has several addresses."""
    path = urlsplit(url).path if "://" in url else url.rpartition(":")[2]
    return tuple(part.lower() for part in path.removesuffix("/").removesuffix(".git").split("/") if part)[-2:]


def _shown(url: str) -> str:
    """Without what could be a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{parts.path}" if parts.hostname else url
