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
from bot.workflows.stack import read_stack

if TYPE_CHECKING:
    from datetime import datetime

    from bot.model import Environment
    from bot.observations import Judgement
    from bot.ports import World
    from bot.workflows.stack import Stack

POLL = timedelta(seconds=5)


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
    question = Question(environment, "target", stack.commit, releases, application, environment.policy)
    (seen,) = see_environments(world, [question])
    drifted = tuple(problem(environment, "release-not-recorded", release.drift) for release in releases if release.drift)
    judgement = judge(Observations(None, seen, stack.holds, drifted), now=world.now())
    runs = {r.app: newest_run(runs_at(world.origin, stack.commit, environment.release_path(r.app)), r.tree) for r in releases}
    until = _watched_until(world, stack, environment, application=application)
    state = _state(judgement, over=until is not None and world.now() >= until)
    commits = tuple(dict.fromkeys(run.commit for run in runs.values() if run))
    if not dry_run:
        for commit in commits:
            _record(world, commit, environment, state=state, judgement=judgement)
    return Verification(name, judgement, state, commits, until)


def _watched_until(world: World, stack: Stack, environment: Environment, *, application: object) -> datetime | None:
    """The end of the watch: the policy's time after the newest sync that brought a release (or its commit)."""
    moments = []
    for release in stack.releases[environment.name].values():
        path = environment.release_path(release.app)
        run = newest_run(runs_at(world.origin, stack.commit, path), release.tree)
        synced = synced_at(world.origin, application, path=path, tree=release.tree)  # type: ignore[arg-type]
        moments += [moment for moment in (synced, run.since if run else None) if moment]
    return max(moments) + environment.policy.watch if moments else None


def _state(judgement: Judgement, *, over: bool) -> str:
    """Success only when the watch is over; what could not be seen is pending until it can, and never success."""
    if judgement.verdict is Verdict.PASS:
        return "success" if over else "pending"
    return STATES[judgement.verdict]


def _record(world: World, commit: str, environment: Environment, *, state: str, judgement: Judgement) -> None:
    """Writes the result; a success stays: what fails later is another release's fault or a new incident."""
    context = verified_status(environment.name)
    before = world.forge.statuses(commit).get(context)
    if before and before.state == "success":
        return
    world.forge.set_status(commit, context, state=state, description=messages.status_description(judgement))
