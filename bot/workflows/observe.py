"""Observing environments for the gate: Argo CD, Prometheus, Git; what cannot be seen becomes Unseen."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from bot.gate.definitions import required_rule
from bot.model import BotError, UnobservableError
from bot.observations import EnvironmentSeen, RunSeen, Unseen
from bot.promotion import verified_status
from bot.runs import newest_run, runs_of
from bot.workflows.rendering import alert_rules, render_at, workload_images
from bot.workflows.sampling import Window, look, soak_window
from bot.workflows.statuses import own_status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from bot.model import Environment, Policy, Release
    from bot.observations import AlertmanagerSeen, ApplicationSeen, PrometheusSeen, RequiredRule, SyncWindow
    from bot.ports import Objects, Prometheus, Rendered, World
    from bot.runs import Run

Seen = TypeVar("Seen")


@dataclass(frozen=True)
class Question:
    """What to observe: an environment, the releases it is judged with, and at which commits."""

    environment: Environment
    role: str
    main: str
    releases: tuple[Release, ...]
    application: ApplicationSeen | Unseen | None
    policy: Policy  # the target's: how many samples, how far apart, how long a soak
    window: Window | None = None  # what fired in it; of a source it is the soak's
    sync_window: SyncWindow | Unseen | None = field(kw_only=True)  # None, too, where nothing is to be merged


def unseen(error: BotError) -> Unseen:
    """The observation that something could not be observed."""
    return Unseen(error.code if isinstance(error, UnobservableError) else "error", error.message)


def attempt(read: Callable[[], Seen]) -> Seen | Unseen:
    """What a reading gives, or that it could not be had."""
    try:
        return read()
    except BotError as error:
        return unseen(error)


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


def see_environments(world: World, questions: Iterable[Question]) -> list[EnvironmentSeen]:
    """Observes several environments at the same time."""
    asked = list(questions)
    rendered = [_rendered(world, question) for question in asked]
    runs = [_runs(world, question) if question.role == "source" else None for question in asked]
    with ThreadPoolExecutor(max_workers=8) as pool:
        waiting = [
            [
                pool.submit(_replica, world, question, prometheus, _window(world, question, past))
                for prometheus in world.prometheus(question.environment)
            ]
            for question, past in zip(asked, runs, strict=True)
        ]
        replicas = [tuple(future.result() for future in futures) for futures in waiting]
        # Last, so that a silence that ended while samples were taken is none
        notifiers = [[pool.submit(attempt, each.look) for each in world.alertmanager(question.environment)] for question in asked]
        alertmanagers = [tuple(future.result() for future in futures) for futures in notifiers]
    parts = zip(asked, rendered, runs, replicas, alertmanagers, strict=True)
    return [_assemble(world, question, drawn, past, prometheus=seen, alertmanagers=told) for question, drawn, past, seen, told in parts]


def _window(world: World, question: Question, runs: tuple[RunSeen, ...] | None) -> Window | None:
    return question.window if runs is None else soak_window(world, question.policy, runs)


def _replica(world: World, question: Question, prometheus: Prometheus, window: Window | None) -> PrometheusSeen | Unseen:
    return attempt(lambda: look(world, prometheus, environment=question.environment, policy=question.policy, window=window))


def _rendered(world: World, question: Question) -> Rendered | Unseen:
    app = question.application
    commit = question.main
    if question.role == "source" and app is not None and not isinstance(app, Unseen) and app.revision:
        commit = app.revision
    return attempt(lambda: render_at(world.origin, world.renderer, commit=commit, environment=question.environment))


def _assemble(
    world: World,
    question: Question,
    rendered: Rendered | Unseen,
    runs: tuple[RunSeen, ...] | None,
    *,
    prometheus: tuple[PrometheusSeen | Unseen, ...],
    alertmanagers: tuple[AlertmanagerSeen | Unseen, ...],
) -> EnvironmentSeen:
    environment, app = question.environment, question.application
    revision = None if app is None or isinstance(app, Unseen) else app.revision
    apps = [release.app for release in question.releases]
    paths = {name: environment.release_path(name) for name in apps}
    return EnvironmentSeen(
        environment=environment,
        role=question.role,
        commit=question.main,
        releases=question.releases,
        folder_exists=world.origin.entry(question.main, f"{environment.folder}/environment.yaml") is not None,
        application=app,
        synced_trees={name: tree_of(world.origin, revision, path) for name, path in paths.items()},
        main_trees={name: tree_of(world.origin, question.main, path) for name, path in paths.items()},
        required_rules=rendered if isinstance(rendered, Unseen) else attempt(lambda: required_rules(rendered)),
        prometheus=prometheus,
        alertmanagers=alertmanagers,
        runs=runs or (),
        rendered_images=frozenset() if isinstance(rendered, Unseen) else workload_images(rendered.objects),
        sync_window=question.sync_window,
    )


def required_rules(rendered: Rendered) -> tuple[RequiredRule, ...]:
    """The alert rules that manifests contain; UnobservableError when one cannot be read."""
    return tuple(required_rule(rule) for rule in alert_rules(rendered.objects))


def _runs(world: World, question: Question) -> tuple[RunSeen, ...]:
    found = []
    for release in question.releases:
        path = question.environment.release_path(release.app)
        run = newest_run(runs_at(world.origin, question.main, path), release.tree)
        if run:
            found.append(_run_seen(world, question, release, run))
    return tuple(found)


def _run_seen(world: World, question: Question, release: Release, run: Run) -> RunSeen:
    path = question.environment.release_path(release.app)
    context = verified_status(question.environment.name)
    status = own_status(world, run.commit, context) if run.until else None
    return RunSeen(
        app=release.app,
        tree=release.tree,
        commit=run.commit,
        since=run.since,
        until=run.until,
        synced_at=synced_at(world.origin, question.application, path=path, tree=release.tree),
        verified=status is not None and status.state == "success",
    )


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
