"""Verify: judge what runs after a promotion, and record the result on the commit that brought it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot import messages
from bot.gate import judge
from bot.model import Verdict
from bot.observations import Finding, Observations
from bot.promotion import FIXES_TRAILER, trailers, verified_status
from bot.runs import newest_run
from bot.workflows.auto_rollback import Failure, respond
from bot.workflows.effects import problem, quarantined
from bot.workflows.judging import STATES
from bot.workflows.observe import runs_at, see_application, synced_at
from bot.workflows.sampling import Window
from bot.workflows.seeing import Question, see_environments
from bot.workflows.stack import read_stack
from bot.workflows.statuses import own_status
from bot.workflows.watching import new_alerts, watch_findings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from bot.model import Environment, Release
    from bot.observations import ApplicationSeen, EnvironmentSeen, Judgement, Unseen
    from bot.ports import World
    from bot.workflows.auto_rollback import Response
    from bot.workflows.stack import Stack

POLL = timedelta(seconds=5)
LEAD = timedelta(minutes=5)
DECIDED = frozenset({"success", "failure"})  # these stay: what comes later is a new incident, or too late


@dataclass(frozen=True)
class Verification:
    """What `verify` found, and on which commits it recorded it."""

    environment: str
    judgement: Judgement
    state: str  # success, pending, failure, error
    commits: tuple[str, ...]
    watched_until: datetime | None
    response: Response | None = None
    recorded: str | None = None  # the state that was decided before, which stays


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
    decided = known.state if known and known.state in DECIDED else None
    watch = None if newest is None or decided else _window(newest, environment, now=world.now())
    question = Question(environment, "target", stack.commit, releases, lambda: application, environment.policy, watch, sync_window=None)
    (seen,) = see_environments(world, [question])
    until = newest.began + environment.policy.watch if newest else None
    held = [finding for release in (newest.releases if newest and watch else releases) for finding in _held(stack, environment, release)]
    fixes = _fixes(world, newest) if newest else ()
    observations = Observations(None, seen, stack.holds, fixes=fixes, cured_by=until, problems=(*_problems(seen, watch, newest), *held))
    judgement = judge(observations, now=world.now())
    state = _state(judgement, over=until is not None and world.now() >= until)
    response = None
    if newest and not dry_run and not decided:
        if state == "failure":  # before it is recorded: a run that is killed here does it again
            failure = Failure(newest.commit, newest.releases, new_alerts(seen, merged=newest.merged))
            response = respond(world, stack, environment, failure)
        description = messages.status_description(judgement)
        world.forge.set_status(newest.commit, verified_status(name), state=state, description=description)
    return Verification(name, judgement, state, (newest.commit,) if newest else (), until, response, decided)


def _fixes(world: World, newest: _Newest) -> tuple[str, ...]:
    """The alerts that the promotion was to end, as its own commit says; the merge is above it."""
    merge = world.origin.commit(newest.commit)
    return trailers("\n".join([merge.body, *(world.origin.commit(parent).body for parent in merge.parents[1:])]), FIXES_TRAILER)


def _held(stack: Stack, environment: Environment, release: Release) -> Iterator[Finding]:
    """A release that runs and is quarantined is not verified; no failure either: the watch for what begins now goes on."""
    for each in quarantined(stack, environment, release):
        yield Finding(10, "runs-quarantined", Verdict.HOLD, each.subject, f"{each.summary}; it runs here all the same", each.facts)


def _problems(seen: EnvironmentSeen, watch: Window | None, newest: _Newest | None) -> tuple[Finding, ...]:
    drifted = (problem(seen.environment, "release-not-recorded", release.drift) for release in seen.releases if release.drift)
    moments = {"merged": newest.merged, "since": newest.began} if newest else {"merged": None, "since": None}
    return (*drifted, *watch_findings(seen, watch, **moments))


@dataclass(frozen=True)
class _Newest:
    """The latest change of what an environment runs: the commit that brought it, when, since when it is live, and what it brought."""

    commit: str
    merged: datetime
    began: datetime
    releases: tuple[Release, ...]


def _newest(world: World, stack: Stack, environment: Environment, *, application: ApplicationSeen | Unseen | None) -> _Newest | None:
    found = []
    for release in stack.releases[environment.name].values():
        path = environment.release_path(release.app)
        run = newest_run(runs_at(world.origin, stack.commit, path), release.tree)
        if run:
            synced = synced_at(world.origin, application, path=path, tree=release.tree)
            found.append(_Newest(run.commit, run.since, max(synced or run.since, run.since), (release,)))
    newest = max(found, key=lambda each: each.began, default=None)
    if newest is None:
        return None
    return replace(newest, releases=tuple(each.releases[0] for each in found if each.commit == newest.commit))


def _window(newest: _Newest, environment: Environment, *, now: datetime) -> Window:
    """The watch so far, and a while before it, so that what fired already is known."""
    watch = environment.policy.watch
    return Window(newest.merged - min(watch, LEAD), min(newest.began + watch, now), newest.began)


def _state(judgement: Judgement, *, over: bool) -> str:
    """Success only when the watch is over; what could not be seen is pending until it can, and never success."""
    if judgement.verdict is Verdict.PASS:
        return "success" if over else "pending"
    return STATES[judgement.verdict]
