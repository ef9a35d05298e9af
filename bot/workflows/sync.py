"""Sync: have Argo CD look, and wait until main's release is live."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.model import BotError
from bot.workflows.observe import tree_of
from bot.workflows.rendering import render_at, workload_images
from bot.workflows.stack import read_stack

if TYPE_CHECKING:
    from bot.model import Environment
    from bot.observations import ApplicationSeen
    from bot.ports import World
    from bot.workflows.stack import Stack

POLL = timedelta(seconds=1)
FAILED = {"Failed", "Error"}


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
    stack = read_stack(world.origin, world.origin.fetch_main())
    environment = stack.environment(name)
    argocd = world.argocd(environment)
    images = _expected_images(world, stack, environment)
    waiting = _waiting_for(world, stack, _application(argocd.application(), environment), environment, images)
    if dry_run or waiting is None:
        return Synced("planned" if waiting else "already", name, stack.commit, 0.0, waiting)
    argocd.refresh()
    said = None
    while waiting is not None:
        if waiting != said:
            world.progress.say(f"{name}: waiting for {waiting}")
            said = waiting
        if world.now() - started > timeout:
            raise BotError(f"{name} is not at main after {timeout}: {waiting}", f"see {environment.argocd.url}")
        world.sleep(POLL)
        app = _application(argocd.application(), environment)
        _fail_early(stack, app, environment)
        waiting = _waiting_for(world, stack, app, environment, images)
    return Synced("synced", name, stack.commit, (world.now() - started).total_seconds())


def _application(app: ApplicationSeen | None, environment: Environment) -> ApplicationSeen:
    if app is None:
        hint = f"is its ApplicationSet applied, and {environment.folder}/environment.yaml on main?"
        raise BotError(f"Argo CD has no Application {environment.argocd.application}", hint)
    return app


def _expected_images(world: World, stack: Stack, environment: Environment) -> frozenset[str]:
    rendered = render_at(world.origin, world.renderer, commit=stack.commit, environment=environment)
    return workload_images(rendered.objects)


def _fail_early(stack: Stack, app: ApplicationSeen, environment: Environment) -> None:
    operation = app.operation
    if operation and operation.phase in FAILED and operation.revision == stack.commit:
        raise BotError(f"{environment.name}: the sync failed: {operation.message}", _faults(app))


def _faults(app: ApplicationSeen) -> str:
    named = [f"{fault.kind} {fault.name}: {fault.status} {fault.message}".strip() for fault in app.faults[:3]]
    return "; ".join([*app.conditions[:2], *named]) or "look at the Application in Argo CD"


def _waiting_for(world: World, stack: Stack, app: ApplicationSeen, environment: Environment, images: frozenset[str]) -> str | None:
    """What keeps main's release from being live, or None."""
    for release in stack.releases[environment.name].values():
        path = environment.release_path(release.app)
        if tree_of(world.origin, app.revision, path) != release.tree:
            return f"{release.app} {release.version} (Argo CD is at {(app.revision or 'nothing')[:12]})"
    if _overlay(world, app.revision, environment) != _overlay(world, stack.commit, environment):
        return "the environment's own manifests"
    if app.operation and app.operation.finished is None:
        return f"the running operation: {app.operation.message or app.operation.phase}"
    if app.sync != "Synced":
        return f"sync ({app.sync}; {_faults(app)})"
    running = {image for pod in app.pods if not pod.of_job for image in pod.images}
    if images - running:
        return f"Pods with {min(images - running)}"
    return None if app.health == "Healthy" else f"health ({app.health}; {_faults(app)})"


def _overlay(world: World, commit: str | None, environment: Environment) -> str | None:
    return tree_of(world.origin, commit, environment.folder)
