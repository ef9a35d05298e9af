"""Single readings for the gate, of Argo CD and of Git; what cannot be seen becomes Unseen."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, TypeVar

from bot.gate.definitions import required_rule
from bot.model import BotError, UnobservableError
from bot.observations import Unseen
from bot.runs import runs_of
from bot.workflows.rendering import alert_rules

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.model import Environment
    from bot.observations import ApplicationSeen, RequiredRule, SyncWindow
    from bot.ports import Objects, Rendered, World
    from bot.runs import Run

Seen = TypeVar("Seen")


def unseen(error: BotError) -> Unseen:
    """The observation that something could not be observed."""
    return Unseen(error.code if isinstance(error, UnobservableError) else "error", error.message)


def attempt(read: Callable[[], Seen]) -> Seen | Unseen:
    """What a reading gives, or that it could not be had, even by a fault of ours: whoever waits for a verdict must get one."""
    try:
        return read()
    except BotError as error:
        return unseen(error)
    except Exception as error:  # noqa: BLE001 - a traceback instead of an observation would leave an older, green status standing
        return Unseen("error", _fault(error))


def _fault(error: Exception) -> str:
    """A fault of ours by its kind and place; not its text, which may hold whatever was being read, such as a token."""
    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    place = frame.f_code.co_filename.rpartition("/")[2]
    return f"the bot failed at this: {type(error).__name__} at {place}:{line}; please report it"


def see_application(world: World, environment: Environment) -> ApplicationSeen | Unseen | None:
    """The environment's Application as Argo CD tells it."""
    return attempt(lambda: world.argocd(environment).application())


def see_sync_window(world: World, environment: Environment) -> SyncWindow | Unseen | None:
    """What keeps the environment's Application from syncing by itself now."""
    return attempt(lambda: world.argocd(environment).sync_window())


def tree_of(objects: Objects, commit: str | None, path: str) -> str | None:
    """The hash of what lies at a path of a commit; None when either is missing."""
    if commit is None:
        return None
    try:
        entry = objects.entry(commit, path)
    except BotError:
        return None  # Argo CD names a commit that is not in our clone of main
    return entry.sha if entry else None


def runs_at(objects: Objects, commit: str, path: str) -> tuple[Run, ...]:
    """The runs of whatever lay at a path, newest first."""
    changed = objects.history(commit, path)
    return runs_of((each.sha, each.time, objects.tree(each.sha, path)) for each in changed)


def required_rules(rendered: Rendered) -> tuple[RequiredRule, ...]:
    """The alert rules that manifests contain; UnobservableError when one cannot be read."""
    return tuple(required_rule(rule) for rule in alert_rules(rendered.objects))


def synced_at(objects: Objects, app: ApplicationSeen | Unseen | None, *, path: str, tree: str) -> datetime | None:
    """The end of the sync that brought a tree: the oldest of the newest unbroken stretch that has it."""
    if app is None or isinstance(app, Unseen):
        return None
    found = None
    for deployed in reversed(app.history):
        if tree_of(objects, deployed.revision, path) == tree:
            found = deployed.at
        elif found is not None:
            break
    return found
