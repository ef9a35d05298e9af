"""Seeing whole environments for the gate: every server is asked at the same time, and Git is read meanwhile."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from bot.observations import EnvironmentSeen, RunSeen, Unseen
from bot.promotion import verified_status
from bot.runs import newest_run
from bot.workflows.observe import attempt, required_rules, runs_at, synced_at, tree_of
from bot.workflows.rendering import render_at, workload_images
from bot.workflows.sampling import Look, complete, soak_window, take
from bot.workflows.statuses import own_status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future
    from datetime import datetime

    from bot.model import Environment, Policy, Release
    from bot.observations import AlertmanagerSeen, ApplicationSeen, PrometheusSeen, SyncWindow
    from bot.ports import Rendered, World
    from bot.runs import Run
    from bot.workflows.sampling import Taken, Window

Seen = TypeVar("Seen")
MOST_AT_ONCE = 32  # servers; one above it waits until another has answered


@dataclass(frozen=True)
class Question:
    """What to observe: an environment, the releases it is judged with, and at which commits."""

    environment: Environment
    role: str
    main: str
    releases: tuple[Release, ...]
    application: Callable[[], ApplicationSeen | Unseen | None]  # to be asked with all the rest, or known already
    policy: Policy  # the target's: how many samples, how far apart, how long a soak
    window: Window | None = None  # what fired in it; of a source it is the soak's
    sync_window: Callable[[], SyncWindow | Unseen | None] | None = field(kw_only=True)  # None where nothing is to be merged


@dataclass(frozen=True)
class _Asked:
    """A question whose servers are being asked."""

    question: Question
    runs: tuple[RunSeen, ...]
    application: Future[ApplicationSeen | Unseen | None]
    sync_window: Future[SyncWindow | Unseen | None] | None
    looks: tuple[tuple[Look, Future[Taken | Unseen]], ...]


def see_environments(world: World, questions: Iterable[Question]) -> list[EnvironmentSeen]:
    """Observes several environments at the same time."""
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        # A source's last: which past it is asked about, Git says
        asked = [_ask(world, pool, question) for question in sorted(questions, key=lambda question: question.role == "source")]
        rendered = [_rendered(world, each) for each in asked]
        taken = [[(look, future.result()) for look, future in each.looks] for each in asked]
        # After all samples, so that a silence that ended while they were taken is none
        notifiers = [[pool.submit(attempt, one.look) for one in world.alertmanager(each.question.environment)] for each in asked]
        replicas = [[pool.submit(_completed, *each) for each in of_one] for of_one in taken]
        parts = zip(asked, rendered, replicas, notifiers, strict=True)
        seen = [_assemble(world, each, drawn, prometheus=_all(watched), alertmanagers=_all(told)) for each, drawn, watched, told in parts]
    return sorted(seen, key=lambda one: one.role != "source")


def _ask(world: World, pool: ThreadPoolExecutor, question: Question) -> _Asked:
    application = pool.submit(question.application)
    sync_window = pool.submit(question.sync_window) if question.sync_window else None
    window, runs = question.window, tuple[RunSeen, ...]()
    if question.role == "source":
        runs = _runs(world, question, application.result())
        window = soak_window(world, question.policy, runs)
    looks = [Look(each, question.environment, question.policy, window) for each in world.prometheus(question.environment)]
    return _Asked(question, runs, application, sync_window, tuple((look, pool.submit(_taken, world, look)) for look in looks))


def _taken(world: World, look: Look) -> Taken | Unseen:
    return attempt(lambda: take(world, look))


def _completed(look: Look, taken: Taken | Unseen) -> PrometheusSeen | Unseen:
    return taken if isinstance(taken, Unseen) else attempt(lambda: complete(look, taken))


def _rendered(world: World, asked: _Asked) -> Rendered | Unseen:
    question = asked.question
    commit = question.main
    if question.role == "source":
        app = asked.application.result()
        if app is not None and not isinstance(app, Unseen) and app.revision:
            commit = app.revision
    return attempt(lambda: render_at(world.origin, world.renderer, commit=commit, environment=question.environment))


def _all(futures: Iterable[Future[Seen]]) -> tuple[Seen, ...]:
    return tuple(future.result() for future in futures)


def _assemble(
    world: World,
    asked: _Asked,
    rendered: Rendered | Unseen,
    *,
    prometheus: tuple[PrometheusSeen | Unseen, ...],
    alertmanagers: tuple[AlertmanagerSeen | Unseen, ...],
) -> EnvironmentSeen:
    question, app = asked.question, asked.application.result()
    environment = question.environment
    revision = None if app is None or isinstance(app, Unseen) else app.revision
    paths = {release.app: environment.release_path(release.app) for release in question.releases}
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
        runs=asked.runs,
        rendered_images=frozenset() if isinstance(rendered, Unseen) else workload_images(rendered.objects),
        sync_window=asked.sync_window.result() if asked.sync_window else None,
    )


def _runs(world: World, question: Question, app: ApplicationSeen | Unseen | None) -> tuple[RunSeen, ...]:
    found = []
    for release in question.releases:
        path = question.environment.release_path(release.app)
        run = newest_run(runs_at(world.origin, question.main, path), release.tree)
        if run:
            found.append(_run_seen(world, question, release, run, synced=synced_at(world.origin, app, path=path, tree=release.tree)))
    return tuple(found)


def _run_seen(world: World, question: Question, release: Release, run: Run, *, synced: datetime | None) -> RunSeen:
    status = own_status(world, run.commit, verified_status(question.environment.name)) if run.until else None
    return RunSeen(
        app=release.app,
        tree=release.tree,
        commit=run.commit,
        since=run.since,
        until=run.until,
        synced_at=synced,
        verified=status is not None and status.state == "success",
    )
