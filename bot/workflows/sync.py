"""Sync: have Argo CD look, and wait until main's release is live."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.model import BotError, UnobservableError
from bot.observations import SyncWindow
from bot.setup import PROBLEM, UNKNOWN, Check
from bot.workflows.observe import attempt
from bot.workflows.rendering import render_at, workload_images
from bot.workflows.stack import read_stack
from bot.workflows.sync_troubles import missing, set_troubles, troubles, version_trouble, window_fix
from bot.workflows.sync_waiting import Aim, faults, has_failed, needs_a_start, waiting_for

if TYPE_CHECKING:
    from datetime import datetime

    from bot.model import Environment
    from bot.observations import ApplicationSeen
    from bot.ports import ArgoCD, World

POLL = timedelta(seconds=1)
MAY_PASS = {"argocd-unreachable", "argocd-timeout", "argocd-status"}  # a server that restarts


@dataclass(frozen=True)
class Synced:
    """An environment that runs main's release."""

    outcome: str  # synced, already, planned
    environment: str
    revision: str
    seconds: float
    waiting_for: str | None = None


def sync(world: World, name: str, *, timeout: timedelta = timedelta(minutes=10), dry_run: bool = False) -> Synced:
    """Refreshes and waits until trees, images and health are main's; BotError names what is at fault at the deadline."""
    started = world.now()
    aim = _aim(world, name, world.origin.fetch_main())
    argocd = world.argocd(aim.environment)
    app = _application(argocd, aim.environment)
    waiting = waiting_for(world.origin, app, aim)
    if waiting is None:
        return Synced("already", name, aim.commit, 0.0)
    _check(world, argocd, app, aim.environment)
    if dry_run:
        return Synced("planned", name, aim.commit, 0.0, waiting)
    argocd.refresh()
    aim = _wait(world, argocd, aim, first=waiting, started=started, timeout=timeout)
    return Synced("synced", name, aim.commit, (world.now() - started).total_seconds())


def _wait(world: World, argocd: ArgoCD, aim: Aim, *, first: str, started: datetime, timeout: timedelta) -> Aim:
    """Until nothing is waited for; answers what is live then, which is newer when main has moved on."""
    waiting: str | None = first
    hint = f"see {_page(aim.environment)}"
    while waiting is not None:
        world.progress.say(f"{aim.environment.name}: waiting for {waiting}")
        if world.now() - started > timeout:
            raise BotError(f"{aim.environment.name} is not at main after {timeout}: waiting for {waiting}", hint)
        world.sleep(POLL)
        try:
            app = _application(argocd, aim.environment)
        except UnobservableError as error:
            if error.code not in MAY_PASS:
                raise
            waiting = f"Argo CD: {error.message}"
            continue
        aim = _moved(world, aim, app)
        _fail_early(world, aim, app)
        _fail_in_window(argocd, aim.environment, app)
        waiting = waiting_for(world.origin, app, aim)
        hint = "; ".join([*faults(app), f"see {_page(aim.environment)}"])
    return aim


def _aim(world: World, name: str, commit: str) -> Aim:
    """What is to be live: the environment's trees on main, and the images that they render."""
    stack = read_stack(world.origin, commit)
    environment = stack.environment(name)
    rendered = render_at(world.origin, world.renderer, commit=commit, environment=environment)
    releases = tuple(stack.releases[name].values())
    return Aim(environment, commit, releases, workload_images(rendered.objects))


def _moved(world: World, aim: Aim, app: ApplicationSeen) -> Aim:
    """The aim anew when main has moved, and what we wait for never comes: Argo CD has seen another commit, or failed at ours."""
    if app.revision in {aim.commit, *aim.known} and not has_failed(world.origin, app, aim):
        return aim
    main = world.origin.fetch_main()
    known = aim.known | {app.revision}
    return replace(aim if main == aim.commit else _aim(world, aim.environment.name, main), known=known)


def _application(argocd: ArgoCD, environment: Environment) -> ApplicationSeen:
    app = argocd.application()
    if app is not None:
        return app
    gone = missing(environment)
    raise BotError(gone.what, "; ".join([*_set_errors(argocd, environment), gone.fix]))


def _set_errors(argocd: ArgoCD, environment: Environment) -> list[str]:
    """Why it may never have been made, where the token may see that."""
    try:
        return [each.what for each in set_troubles(environment.name, argocd.application_sets())]
    except BotError:
        return []  # it adds to an error that is told anyway


def _check(world: World, argocd: ArgoCD, app: ApplicationSeen, environment: Environment) -> None:
    """Fails at once on what no waiting mends; warns of a server that the tests have not met."""
    for trouble in troubles(app, environment, world.origin.url):
        if trouble.state == PROBLEM:
            raise BotError(trouble.what, trouble.fix)
    untested = see_version(argocd, environment)
    if untested:
        world.progress.say(f"{untested.state}: {untested.what}; {untested.fix}")


def see_version(argocd: ArgoCD, environment: Environment) -> Check | None:
    """An Argo CD that the tests have not met, or one that does not say; it keeps nobody from waiting."""
    try:
        return version_trouble(environment.name, environment.argocd.url, argocd.version())
    except BotError as error:
        return Check(UNKNOWN, environment.name, f"cannot tell the version of Argo CD: {error.message}", error.hint)


def _fail_early(world: World, aim: Aim, app: ApplicationSeen) -> None:
    if has_failed(world.origin, app, aim) and app.operation:
        told = "; ".join(faults(app)) or f"see {_page(aim.environment)}"
        raise BotError(f"{aim.environment.name}: the sync failed: {app.operation.message}", told)


def _fail_in_window(argocd: ArgoCD, environment: Environment, app: ApplicationSeen) -> None:
    """Nothing comes of waiting while a sync window is closed to auto-sync; one that cannot be read is waited for."""
    window = attempt(argocd.sync_window) if needs_a_start(app) else None
    if isinstance(window, SyncWindow):
        raise BotError(f"{environment.name}: {window.words}: nothing will be synced until that is over", window_fix(window))


def _page(environment: Environment) -> str:
    return f"{environment.argocd.url.rstrip('/')}/applications/{environment.argocd.application}"
