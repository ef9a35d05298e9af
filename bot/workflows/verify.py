"""Verify: judge what runs after a promotion, and record the result on the commit that brought it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot import messages
from bot.gate import judge
from bot.model import Verdict
from bot.observations import Observations
from bot.promotion import verified_status
from bot.runs import newest_run
from bot.workflows.effects import problem
from bot.workflows.judging import STATES
from bot.workflows.observe import Question, runs_at, see_application, see_environments, synced_at
from bot.workflows.sampling import Window
from bot.workflows.stack import read_stack
from bot.workflows.statuses import own_status
from bot.workflows.watching import watch_findings

if TYPE_CHECKING:
    from datetime import datetime

    from bot.model import Environment
    from bot.observations import ApplicationSeen, Judgement, Unseen
    from bot.ports import Status, World
    from bot.workflows.stack import Stack

POLL = timedelta(seconds=5)
LEAD = timedelta(minutes=5)


@dataclass(frozen=True)
class Verification:
    """What `verify` found, and on which commits it recorded it."""

    environment: str
    judgement: Judgement
    state: str  # success, pending, failure, error
    commits: tuple[str, ...]
    watched_until: datetime | None


def verify(world: World, name: str, *, watch: bool = False, dry_run: bool = False) -> Verification:
    """Judges an environment's present releases; with watch until the policy's time after the sync is over."""
    while True:
        found = _verify(world, name, dry_run=dry_run)
        if not watch or found.state == "failure" or found.watched_until is None or world.now() >= found.watched_until:
            return found
        world.progress.say(f"{name}: {found.judgement.verdict.name}, watching until {found.watched_until:%H:%M:%S}")
        world.sleep(min(POLL, max(found.watched_until - world.now(), timedelta(seconds=1))))


def _verify(world: World, name: str, *, dry_run: bool) -> Verification:
    stack = read_stack(world.origin, world.origin.fetch_main())
    environment = stack.environment(name)
    application = see_application(world, environment)
    releases = tuple(stack.releases[name].values())
    newest = _newest(world, stack, environment, application=application)
    known = own_status(world, newest.commit, verified_status(name)) if newest else None
    watch = None if newest is None or _is_decided(known) else _window(newest, environment, now=world.now())
    question = Question(environment, "target", stack.commit, releases, application, environment.policy, watch, sync_window=None)
    (seen,) = see_environments(world, [question])
    drifted = tuple(problem(environment, "release-not-recorded", release.drift) for release in releases if release.drift)
    judgement = judge(
        Observations(None, seen, stack.holds, problems=(*drifted, *watch_findings(seen, watch, since=newest.began if newest else None))),
        now=world.now(),
    )
    until = newest.began + environment.policy.watch if newest else None
    state = _state(judgement, over=until is not None and world.now() >= until)
    if newest and not dry_run and not _is_decided(known):
        description = messages.status_description(judgement)
        world.forge.set_status(newest.commit, verified_status(name), state=state, description=description)
    return Verification(name, judgement, state, (newest.commit,) if newest else (), until)


@dataclass(frozen=True)
class _Newest:
    """The latest change of what an environment runs: the commit that brought it, and since when it is live."""

    commit: str
    began: datetime


def _newest(world: World, stack: Stack, environment: Environment, *, application: ApplicationSeen | Unseen | None) -> _Newest | None:
    found = []
    for release in stack.releases[environment.name].values():
        path = environment.release_path(release.app)
        run = newest_run(runs_at(world.origin, stack.commit, path), release.tree)
        if run:
            synced = synced_at(world.origin, application, path=path, tree=release.tree)
            found.append(_Newest(run.commit, max(synced or run.since, run.since)))
    return max(found, key=lambda each: each.began, default=None)


def _window(newest: _Newest, environment: Environment, *, now: datetime) -> Window:
    """The watch so far, and a while before it, so that what fired already is known."""
    watch = environment.policy.watch
    return Window(newest.began - min(watch, LEAD), min(newest.began + watch, now), newest.began)


def _is_decided(known: Status | None) -> bool:
    """A success and a failure of a release stay: what comes later is a new incident, or too late."""
    return known is not None and known.state in {"success", "failure"}


def _state(judgement: Judgement, *, over: bool) -> str:
    """Success only when the watch is over; what could not be seen is pending until it can, and never success."""
    if judgement.verdict is Verdict.PASS:
        return "success" if over else "pending"
    return STATES[judgement.verdict]
