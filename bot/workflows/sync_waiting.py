"""What is still waited for until a release is live, and which resources are at fault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.workflows.observe import tree_of

if TYPE_CHECKING:
    from bot.model import Environment, Release
    from bot.observations import ApplicationSeen
    from bot.ports import Objects

FAILED = {"Failed", "Error"}
MOST_FAULTS, MOST_CONDITIONS = 5, 2
STOPPED = "blocked by sync window"  # of an automatic sync that the window caught; Argo CD calls it running


@dataclass(frozen=True)
class Aim:
    """What is to be live: an environment's releases and manifests at a commit of main."""

    environment: Environment
    commit: str
    releases: tuple[Release, ...]
    images: frozenset[str]
    known: frozenset[str | None] = frozenset()  # commits of Argo CD for which main was read again


def waiting_for(objects: Objects, app: ApplicationSeen, aim: Aim) -> str | None:
    """What keeps the release from being live, or None: trees first, since an old release may be Synced and Healthy."""
    return _tree_lacking(objects, app.revision, aim) or _operation(app) or _sync(app) or _images(app, aim) or _health(app)


def has_failed(objects: Objects, app: ApplicationSeen, aim: Aim) -> bool:
    """Whether a sync of these trees has ended badly, at the commit that Argo CD sees: it does not try that again by itself."""
    operation = app.operation
    if operation is None or operation.phase not in FAILED or operation.revision != app.revision:
        return False
    return _tree_lacking(objects, operation.revision, aim) is None


def needs_a_start(app: ApplicationSeen) -> bool:
    """Whether it stays OutOfSync unless a sync begins: none runs that goes on, and the comparison is newer than the last one."""
    operation = app.operation
    if operation is None:
        return app.sync == "OutOfSync"
    if operation.finished is None or not operation.is_over:
        return STOPPED in operation.message.lower()
    return app.sync == "OutOfSync" and app.reconciled is not None and app.reconciled > operation.finished


def faults(app: ApplicationSeen) -> list[str]:
    """What Argo CD says is wrong: conditions, what the last sync could not apply, then resources, those with a message first."""
    of_sync = app.operation.faults if app.operation and app.operation.phase != "Succeeded" else ()
    resources = sorted(app.faults, key=lambda fault: not fault.message)
    named = [f"{fault.kind} {fault.name}: {fault.status} {fault.message}".strip() for fault in (*of_sync, *resources)]
    return [*app.conditions[:MOST_CONDITIONS], *dict.fromkeys(named[:MOST_FAULTS])]


def _tree_lacking(objects: Objects, commit: str | None, aim: Aim) -> str | None:
    """Which tree of the aim a commit does not hold: commits differ whenever anybody changes anything, trees do not."""
    at = f"Argo CD is at {(commit or 'nothing')[:12]}"
    for release in aim.releases:
        if tree_of(objects, commit, aim.environment.release_path(release.app)) != release.tree:
            return f"{release.app} {release.version} ({at})"
    folder = aim.environment.folder
    if tree_of(objects, commit, folder) != tree_of(objects, aim.commit, folder):
        return f"the environment's own manifests ({at})"
    return None


def _operation(app: ApplicationSeen) -> str | None:
    if app.operation is None or app.operation.is_over:
        return None
    return _with_faults(f"the running operation: {app.operation.message or app.operation.phase}", app)


def _sync(app: ApplicationSeen) -> str | None:
    return None if app.sync == "Synced" else _with_faults(f"sync ({app.sync})", app)


def _images(app: ApplicationSeen, aim: Aim) -> str | None:
    running = {image for pod in app.pods if not pod.of_job for image in pod.images}
    lacking = aim.images - running
    return _with_faults(f"Pods with {min(lacking)}", app) if lacking else None


def _health(app: ApplicationSeen) -> str | None:
    if app.health != "Healthy":
        return _with_faults(f"health ({app.health})", app)
    ended = app.operation.finished if app.operation else None
    if app.reconciled is None or (ended and app.reconciled < ended):
        return "health that is newer than the last sync"
    return None


def _with_faults(text: str, app: ApplicationSeen) -> str:
    return "; ".join([text, *faults(app)])
