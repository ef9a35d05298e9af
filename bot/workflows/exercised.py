"""What a promotion brings to its target that its source never rendered, so that no soak there says anything of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.observations import Unseen
from bot.workflows.checks import files_read, read_folder
from bot.workflows.observe import tree_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.model import Environment
    from bot.observations import ApplicationSeen
    from bot.ports import Objects
    from bot.promotion import Change, Plan
    from bot.workflows.stack import Stack

RELEASE = "release"


def unexercised(
    objects: Objects, stack: Stack, found: Plan, *, application: ApplicationSeen | Unseen | None, landing: str
) -> tuple[str, ...]:
    """Files that the target's render would read and the source's does not, or reads with another content; of other apps, none."""
    source, target = stack.environment(found.source), stack.environment(found.target)
    others = {*stack.overlays[target.name], *stack.releases[target.name]} - {change.app for change in found.changes}
    revision = None if application is None or isinstance(application, Unseen) else application.revision
    main = revision or stack.commit
    commits = {change.app: _commit(objects, source, change, main) for change in found.changes}
    reads = {commit: _reads(objects, commit, source) for commit in {main, *filter(None, commits.values())}}
    wanted = {path: sha for path, sha in _reads(objects, landing, target).items() if app_of(path) not in others}
    return only_read_by(
        wanted, {app: reads.get(commit or "", {}) for app, commit in commits.items()}, elsewhere=reads[main], at=target.folder
    )


def only_read_by(
    wanted: Mapping[str, str], exercised: Mapping[str, Mapping[str, str]], *, elsewhere: Mapping[str, str], at: str
) -> tuple[str, ...]:
    """Of files by path and hash, those that are not the same among the ones of their app; `elsewhere` has those of no promoted app."""
    return tuple(f"{at}/{path}" for path, sha in sorted(wanted.items()) if exercised.get(app_of(path), elsewhere).get(path) != sha)


def app_of(path: str) -> str:
    """Whose a file of an environment may be, by its folder: `neo4j` of neo4j/size.yaml and of release/neo4j/base/service.yaml."""
    parts = path.split("/")
    return parts[1 if parts[0] == RELEASE else 0]


def _commit(objects: Objects, source: Environment, change: Change, main: str) -> str | None:
    """Where the source is seen with the release: what is synced there, or where the release's run began."""
    path = source.release_path(change.app)
    return next((commit for commit in (main, change.record.origin.commit) if tree_of(objects, commit, path) == change.after.tree), None)


def _reads(objects: Objects, commit: str, environment: Environment) -> dict[str, str]:
    return files_read(read_folder(objects, commit, environment))
