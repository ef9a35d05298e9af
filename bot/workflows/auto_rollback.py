"""After a promotion has failed in its environment: what is to blame goes back by itself, once, or people are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot import urgent_messages
from bot.gate.outcomes import names
from bot.model import BotError
from bot.reversible import irreversible
from bot.rollback import is_rolled_back
from bot.workflows.rollback import roll_back
from bot.workflows.rollback_plan import Request
from bot.workflows.rollback_render import keeps_data

if TYPE_CHECKING:
    from bot.model import Environment, Release
    from bot.observations import Labels
    from bot.ports import World
    from bot.workflows.rollback import Rollback
    from bot.workflows.stack import Stack

APP_LABEL = "component"  # of an alert: whose it is; one without it is nobody's, and only calls people
MARKER = "<!-- bot: after the merge -->"


@dataclass(frozen=True)
class Response:
    """What was done about a failure: `none` (policy leaves it to people), `rolled-back`, or `paged`, with the reason."""

    outcome: str
    why: str
    apps: tuple[str, ...] = ()
    rollback: Rollback | None = None


@dataclass(frozen=True)
class Failure:
    """A promotion that brought these releases, and the blocking alerts that began after its merge."""

    commit: str
    releases: tuple[Release, ...]
    alerts: tuple[Labels, ...]


def respond(world: World, stack: Stack, environment: Environment, failure: Failure) -> Response:
    """Rolls back the apps that new alerts belong to, where policy and the release allow it; else tells people why not."""
    if not environment.policy.auto_rollback:
        return Response("none", "policy leaves rollbacks to people")
    apps, obstacle = blamed(failure), None
    if not apps:
        obstacle = "no new alert belongs to an app of this promotion"
    else:
        obstacle = next(filter(None, (_obstacle(world, stack, environment, release) for release in failure.releases)), None)
    if obstacle:
        return _page(world, failure, obstacle)
    reason = f"automatic: {names({alert.get('alertname', 'an alert') for alert in failure.alerts})} since {failure.commit[:12]}"
    try:
        done = roll_back(world, Request(environment.name, apps, reason, freeze=True))
    except BotError as error:
        return _page(world, failure, f"the rollback was refused: {error.message}")
    reason += f"; left to do: {done.left.message}: {done.left.hint}" if done.left else ""
    _tell(world, failure, urgent_messages.rolled_back(environment.name, apps, reason))
    return Response("rolled-back", reason, apps, done)


def blamed(failure: Failure) -> tuple[str, ...]:
    """The promoted apps that a new alert belongs to."""
    changed = {release.app for release in failure.releases}
    return tuple(sorted({alert.get(APP_LABEL, "") for alert in failure.alerts} & changed))


def _obstacle(world: World, stack: Stack, environment: Environment, release: Release) -> str | None:
    """Why a promotion that holds this release is not taken back without people."""
    if release.record is None or is_rolled_back(release):
        return f"{release.app} came by a rollback, and a rollback is not rolled back"
    if reason := irreversible(world.origin, release.tree):
        return f"{release.app} {release.version} says that it cannot be reversed: {reason}"
    try:
        is_stateful = keeps_data(world.origin, world.renderer, stack.commit, environment, app=release.app)
    except BotError as error:
        return f"whether {release.app} keeps data cannot be seen: {error.message}"
    return f"{release.app} keeps data" if is_stateful else None


def _page(world: World, failure: Failure, why: str) -> Response:
    _tell(world, failure, urgent_messages.paged(why))
    return Response("paged", why)


def _tell(world: World, failure: Failure, text: str) -> None:
    """On the pull request that brought it, where those who merged it look."""
    pull = world.forge.pull_of_commit(failure.commit)
    if pull is not None:
        world.forge.write_comment(pull.number, MARKER, f"{MARKER}\n{text}")
