"""Reading a promotion back from its pull request, so that what is judged is what would land."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.model import BotError
from bot.promotion import DROP_TRAILER, FIXES_TRAILER, Change, Plan, allowed_paths, next_record, strangers, trailers
from bot.workflows.effects import problem
from bot.workflows.observe import runs_at, see_application
from bot.workflows.planning import Planned, prepare, propose
from bot.workflows.reach import changed_releases
from bot.workflows.stack import read_stack

if TYPE_CHECKING:
    from bot.model import Environment, Release
    from bot.observations import Finding
    from bot.ports import PullRequest, World
    from bot.workflows.stack import Stack


def planned_of(world: World, pull: PullRequest) -> Planned:
    """The promotion that a pull request holds, from its own trees and records; law and present state are main's."""
    stack = read_stack(world.origin, world.origin.fetch_main())
    if world.origin.fetch_branch(pull.branch) != pull.head:
        raise BotError(f"pull request {pull.number} moved while it was read", "run this again")
    head = read_stack(world.origin, pull.head)
    base = world.origin.merge_base(stack.commit, pull.head) or stack.commit
    targets = changed_releases(read_stack(world.origin, base), head)
    if len(targets) != 1:
        many = "changes no release" if not targets else f"changes {', '.join(targets)}"
        raise BotError(
            f"pull request {pull.number} {many}", "the gate judges promotions into one environment; a person merges bumps and lifted holds"
        )
    name, apps = next(iter(targets.items()))
    return _rebuilt(world, stack, pull, head=head, target=stack.environment(name), apps=apps)


def _rebuilt(world: World, stack: Stack, pull: PullRequest, *, head: Stack, target: Environment, apps: tuple[str, ...]) -> Planned:
    source = stack.environment(target.promotes_from or target.name)
    changes, problems = [], []
    for app in apps:
        release = head.releases[target.name].get(app)
        fault = _not_promoted(world, stack, source, target, release)
        if fault or release is None or release.record is None:
            problems.append(problem(target, "not-promoted", fault or f"{app} was removed"))
        else:
            changes.append(Change(app, stack.releases[target.name].get(app), release, release.record))
    fixes = {name for commit in world.origin.log(stack.commit, head.commit) for name in trailers(commit.body, FIXES_TRAILER)}
    plan = Plan(source.name, target.name, tuple(changes), asked=apps, fixes=tuple(sorted(fixes)))
    application = see_application(world, source)
    planned = prepare(world, stack, plan, application=application, proposal=propose(stack, plan), commit=head.commit, branch=pull.branch)
    problems += _foreign(world, stack, head.commit, target=target, apps=apps)
    problems += _dropped(world, stack, head.commit, plan, target=target)
    if world.origin.merged_tree(stack.commit, head.commit) is None:
        problems.append(problem(target, "conflict", "it does not merge with main; run `bot promote` again"))
    return replace(planned, problems=(*planned.problems, *problems))


def _not_promoted(world: World, stack: Stack, source: Environment, target: Environment, release: Release | None) -> str | None:
    """Why a release in a pull request is not one that the source ran, or None."""
    if release is None:
        return None
    if release.drift or release.record is None:
        return release.drift or f"{release.app} has no record"
    origin, before = release.record.origin, stack.releases[target.name].get(release.app)
    if origin.place != source.name:
        return f"{release.app} comes from {origin}, not from {source.name}"
    runs = runs_at(world.origin, stack.commit, source.release_path(release.app))
    if not any((run.tree, run.commit) == (release.tree, origin.commit) for run in runs):  # a commit of its own branch is none of main's
        return f"{release.app} {release.tree[:12]} is not what began to run at {origin}: not promoted"
    if release.record != next_record(release, before, origin):
        return f"the record of {release.app} does not follow main's: run `bot promote` again"
    return None


def _foreign(world: World, stack: Stack, head: str, *, target: Environment, apps: tuple[str, ...]) -> list[Finding]:
    base = world.origin.merge_base(stack.commit, head) or stack.commit
    allowed = allowed_paths(target, apps)
    paths = strangers(world.origin.changed_paths(base, head), allowed)
    return [problem(target, "foreign-change", f"the pull request also changes {path}") for path in paths[:10]]


def _dropped(world: World, stack: Stack, head: str, plan: Plan, *, target: Environment) -> list[Finding]:
    """A hotfix goes only where a commit of the branch says why."""
    told = any(trailers(commit.body, DROP_TRAILER) for commit in world.origin.log(stack.commit, head))
    if not plan.dropped or told:
        return []
    return [problem(target, "hotfix-dropped", f"it takes away the hotfix of {', '.join(plan.dropped)}: `bot promote --drop-hotfix REASON`")]
