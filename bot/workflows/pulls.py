"""Reading a promotion back from its pull request, so that what is judged is what would land."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.promotion import DROP_TRAILER, FIXES_TRAILER, Change, Plan, allowed_paths, next_record, strangers, trailers
from bot.workflows.effects import content_problems, problem, quarantined
from bot.workflows.observe import runs_at, see_application
from bot.workflows.planning import Planned, prepare, propose

if TYPE_CHECKING:
    from bot.model import Environment, Release
    from bot.observations import Finding
    from bot.ports import PullRequest, World
    from bot.workflows.stack import Stack


def planned_of(world: World, pull: PullRequest, stack: Stack, after: Stack, *, target: Environment, apps: tuple[str, ...]) -> Planned:
    """The promotion of these apps that a pull request holds; law and present state are main's, releases those that would land."""
    source = stack.environment(target.promotes_from or target.name)
    changes, problems = [], []
    for app in apps:
        release = after.releases[target.name].get(app)
        fault = _not_promoted(world, stack, source, target, release)
        if fault or release is None or release.record is None:
            problems += _refused(world, stack, target, release, why=fault or f"{app} was removed")
        else:
            changes.append(Change(app, stack.releases[target.name].get(app), release, release.record))
    said = "\n".join(commit.body for commit in world.origin.log(stack.commit, pull.head))
    plan = Plan(source.name, target.name, tuple(changes), asked=apps, fixes=tuple(sorted(trailers(said, FIXES_TRAILER))))
    application = see_application(world, source)
    planned = prepare(world, stack, plan, application=application, proposal=propose(stack, plan), commit=pull.head, branch=pull.branch)
    problems += _foreign(world, stack, pull.head, target=target, apps=apps)
    if plan.dropped and not trailers(said, DROP_TRAILER):  # a hotfix goes only where a commit of the branch says why
        what = f"it takes away the hotfix of {', '.join(plan.dropped)}: `bot promote --drop-hotfix REASON`"
        problems.append(problem(target, "hotfix-dropped", what))
    return replace(planned, problems=(*planned.problems, *problems))


def _refused(world: World, stack: Stack, target: Environment, release: Release | None, *, why: str) -> list[Finding]:
    """What is not promoted, and all that is wrong with it beside that: no haste may overlook it."""
    if release is None:
        return [problem(target, "not-promoted", why)]
    drift = [problem(target, "release-not-recorded", release.drift)] if release.drift else []
    return [
        problem(target, "not-promoted", why),
        *drift,
        *quarantined(stack, target, release),
        *content_problems(world, [release]),
    ]


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
