"""What a source has to offer: the releases at the commit that Argo CD has synced, or an earlier one by its tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.model import BotError
from bot.observations import Unseen
from bot.rollback import check_tree
from bot.runs import newest_run
from bot.workflows.observe import runs_at
from bot.workflows.stack import read_stack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.model import Environment, Release
    from bot.observations import ApplicationSeen
    from bot.ports import World
    from bot.runs import Run
    from bot.workflows.stack import Stack


def offered_by(
    world: World, stack: Stack, source: Environment, *, application: ApplicationSeen | Unseen | None
) -> tuple[Mapping[str, Release], dict[str, Run]]:
    """The source's releases at the commit that Argo CD has synced; at main's where that cannot be seen (then UNKNOWN)."""
    offered = stack.releases[source.name]
    if application is not None and not isinstance(application, Unseen) and application.revision:
        if not world.origin.is_ancestor(application.revision, stack.commit):
            hint = "sync it to main (`bot sync`), then run this again"
            raise BotError(f"{source.name} is synced at {application.revision[:12]}, which is not on main", hint)
        offered = read_stack(world.origin, application.revision).releases.get(source.name, {})
    runs = {app: _run(world, stack, source, release=release) for app, release in offered.items()}
    return offered, runs


def _run(world: World, stack: Stack, source: Environment, *, release: Release) -> Run:
    run = newest_run(runs_at(world.origin, stack.commit, source.release_path(release.app)), release.tree)
    if run is None:
        raise BotError(f"{release.app} {release.tree[:12]} never ran in {source.name}", "see `bot history`")
    return run


def named_release(world: World, stack: Stack, source: Environment, *, app: str, wanted: str) -> tuple[dict[str, Release], dict[str, Run]]:
    """A release that the source ran at some time, by its tree."""
    check_tree("--release", wanted)
    runs = [run for run in runs_at(world.origin, stack.commit, source.release_path(app)) if run.tree]
    found = {run.tree: run for run in reversed(runs) if run.tree and run.tree.startswith(wanted)}
    if len(found) != 1:
        problem = "ran no release" if not found else "ran several releases"
        raise BotError(f"{source.name} {problem} {wanted} of {app}", f"see `bot history {source.name} {app}`", usage=True)
    run = next(iter(found.values()))
    release = read_stack(world.origin, run.commit).release(source.name, app)
    return {app: release}, {app: run}
