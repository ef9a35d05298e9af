"""Status: environments and apps, with what Argo CD, Prometheus and the forge say of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.gate.freeze_rows import target_is_not_frozen
from bot.model import ENVIRONMENTS, BotError, Verdict
from bot.observations import Unseen
from bot.promotion import HOTFIX
from bot.rollback import held
from bot.workflows.judged import unjudged
from bot.workflows.observe import attempt, tree_of, unseen
from bot.workflows.rendering import render_at, workload_images
from bot.workflows.stack import read_stack
from bot.workflows.sync import see_version
from bot.workflows.sync_troubles import missing, set_troubles, troubles, window_trouble

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.model import Environment, Hold, Release
    from bot.observations import ApplicationSeen
    from bot.ports import PullRequest, World
    from bot.workflows.stack import Stack


@dataclass(frozen=True)
class Row:
    """One app in one environment."""

    app: str
    version: str
    tree: str
    live: str  # yes, no, or unknown: whether Argo CD is synced at this tree
    note: str = ""


@dataclass(frozen=True)
class EnvironmentStatus:
    """One environment; what could not be seen says so."""

    environment: str
    sync: str
    health: str
    alerts: tuple[str, ...]
    rows: tuple[Row, ...]
    promotions: tuple[str, ...]
    problem: str = ""
    frozen: tuple[str, ...] = ()


def status(world: World) -> tuple[EnvironmentStatus, ...]:
    """Every environment, in the order of promotion; one that cannot be read is shown with its error."""
    stack = read_stack(world.origin, world.origin.fetch_main())
    pulls = attempt(world.forge.open_pulls)
    holds = () if isinstance(stack.holds, Unseen) else stack.holds
    found = [_status(world, stack, env, pulls=pulls, holds=holds) for env in stack.environments.values()]
    unreadable = stack.unreadable.items()
    broken = [EnvironmentStatus(name, "?", "?", (), (), (), f"{error.message} ({error.hint})") for name, error in unreadable]
    if stack.disorder:
        broken.append(EnvironmentStatus(ENVIRONMENTS, "?", "?", (), (), (), stack.disorder.message))
    return (*found, *broken)


def _status(
    world: World,
    stack: Stack,
    environment: Environment,
    *,
    pulls: tuple[PullRequest, ...] | Unseen,
    holds: Sequence[Hold],
) -> EnvironmentStatus:
    world.progress.say(f"asking about {environment.name}")
    app, problems = _application(world, environment)
    problems += [stack.holds.detail] if isinstance(stack.holds, Unseen) else []
    fault = attempt(lambda: unjudged(world, stack, environment))
    problems += [fault.detail if isinstance(fault, Unseen) else fault] if fault else []
    releases = [stack.releases[environment.name][name] for name in sorted(stack.releases[environment.name])]
    return EnvironmentStatus(
        environment.name,
        sync=_word(app, "sync"),
        health=_word(app, "health"),
        alerts=_alerts(world, environment),
        rows=tuple(_row(world, environment, release, app=app, holds=holds, main=stack.commit) for release in releases),
        promotions=_promotions(environment, pulls),
        problem="; ".join(problems),
        frozen=_frozen(stack, environment, world.now()),
    )


def _frozen(stack: Stack, environment: Environment, now: datetime) -> tuple[str, ...]:
    """What keeps promotions into it waiting now, or will when they come."""
    apps = tuple({app for freeze in stack.freezes for app in freeze.apps})
    found = target_is_not_frozen(environment, stack.freezes, apps, now=now)
    return tuple(f"{outcome.summary} ({outcome.about})" for outcome in found if outcome.verdict is not Verdict.PASS)


def _application(world: World, environment: Environment) -> tuple[ApplicationSeen | Unseen | None, list[str]]:
    """What Argo CD says of an environment, and what keeps it from ever running main's release, each with its remedy."""
    try:
        argocd = world.argocd(environment)
        app = argocd.application()
    except BotError as error:
        return unseen(error), [f"{error.message} ({error.hint})"]
    found = [missing(environment)] if app is None else [*troubles(app, environment, world.origin.url)]
    sets = attempt(argocd.application_sets)
    found += [] if isinstance(sets, Unseen) else set_troubles(environment.name, sets)
    untested = see_version(argocd, environment)
    found += [untested] if untested else []
    window = None if app is None else window_trouble(environment.name, attempt(argocd.sync_window))
    found += [window] if window else []
    return app, [f"{each.what} ({each.fix})" for each in found]


def _word(app: ApplicationSeen | Unseen | None, name: str) -> str:
    if app is None:
        return "missing"
    return "unknown" if isinstance(app, Unseen) else str(getattr(app, name))


def _alerts(world: World, environment: Environment) -> tuple[str, ...]:
    found: set[str] = set()
    for prometheus in world.prometheus(environment):
        try:
            sample = prometheus.sample()
        except BotError as error:
            found.add(f"unknown: {error.message}")
            continue
        blocking = [rule for rule in sample.rules if environment.policy.alerts.blocks(rule.labels)]
        found |= {f"{rule.name} {alert.state}" for rule in blocking for alert in rule.alerts}
    return tuple(sorted(found))


def _row(
    world: World,
    environment: Environment,
    release: Release,
    *,
    app: ApplicationSeen | Unseen | None,
    holds: Sequence[Hold],
    main: str,
) -> Row:
    live = "unknown"
    if app is not None and not isinstance(app, Unseen):
        synced = tree_of(world.origin, app.revision, environment.release_path(release.app))
        live = "yes" if synced == release.tree else "no"
    hold = held(release, holds)
    note = release.drift or (f"quarantined by {hold.environment} {hold.id}: {hold.why}" if hold else "")
    return Row(release.app, _version(world, environment, release, main=main), release.tree, live, note)


def _version(world: World, environment: Environment, release: Release, *, main: str) -> str:
    """The release's version; where it holds several tags of its first image, the one that this environment's overlay takes."""
    variants = [image for image in release.images if image.repository == release.images[0].repository]
    if not variants[1:]:
        return release.version  # most apps: no need to render
    try:
        rendered = render_at(world.origin, world.renderer, commit=main, environment=environment, folder=release.app)
    except BotError:
        return " or ".join(image.tag for image in variants)
    running = workload_images(rendered.objects)
    return next((image.tag for image in variants if image.reference in running), release.version)


def _promotions(environment: Environment, pulls: tuple[PullRequest, ...] | Unseen) -> tuple[str, ...]:
    if isinstance(pulls, Unseen):
        return (f"unknown: {pulls.detail}",)
    mine = [[kind, environment.name] for kind in ("promote", "rollback", HOTFIX)]
    return tuple(f"#{pull.number} {pull.title}" for pull in pulls if pull.branch.split(".")[:2] in mine)
