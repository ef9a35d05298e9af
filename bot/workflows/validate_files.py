"""What is wrong with the repository's files alone, before anything is rendered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.contents import FORBIDDEN_FILES, Problem, about
from bot.environment_keys import is_dns_label
from bot.model import APPS, ENVIRONMENTS
from bot.observations import Unseen
from bot.policies.sources import unreadable_files
from bot.workflows.checks import release_contents
from bot.workflows.inspection import manifest_files
from bot.workflows.stack import app_heads

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.model import Environment
    from bot.ports import Objects
    from bot.workflows.stack import Stack


def repository_problems(objects: Objects, stack: Stack) -> Iterator[Problem]:
    """What concerns every environment: unreadable environments and holds, names of apps, files of `apps/` that are no YAML."""
    for name, error in stack.unreadable.items():
        file = f"{ENVIRONMENTS}/{name}/environment.yaml"
        unseen = f"; until it can be read, nothing of {name} is checked, nor what depends on the order of all environments"
        yield about(file, f"{error.message}{unseen if objects.entry(stack.commit, file) else ''}", error.hint)
    if stack.disorder and not stack.unreadable:  # in which one may have its place
        yield about(ENVIRONMENTS, stack.disorder.message, stack.disorder.hint)
    yield from _names(objects, stack)
    for entry in objects.walk(stack.commit):
        is_inside = entry.path.startswith((f"{APPS}/", f"{ENVIRONMENTS}/")) and entry.path.count("/") > 1
        if FORBIDDEN_FILES.search(entry.path) and not is_inside:  # those inside are refused as contents of releases and environments
            hint = "remove it: the bot renders what Git stores, Argo CD what a checkout makes of it"
            yield Problem(entry.path, "changes what a checkout holds", hint)
    if isinstance(stack.holds, Unseen):
        yield Problem("holds", stack.holds.detail, "mend or remove the file: an unreadable hold stops every promotion")
    yield from unreadable_files(objects.read(stack.commit, manifest_files(objects, stack.commit, APPS)))


def contents_problems(objects: Objects, stack: Stack, environments: Iterable[Environment]) -> Iterator[Problem]:
    """What releases hold that they may not, each tree once."""
    checked: set[tuple[str, str]] = set()
    for environment in environments:
        for release in stack.releases[environment.name].values():
            if release.tree and (release.app, release.tree) not in checked:
                checked.add((release.app, release.tree))
                where = environment.release_path(release.app)
                for problem in release_contents(objects, release.app, release.tree):
                    yield Problem(f"{where}/{problem.file}", problem.what, problem.hint, problem.is_error)


def _names(objects: Objects, stack: Stack) -> Iterator[Problem]:
    """Folders in `apps/` that cannot be apps, and apps that run nowhere."""
    used = {app for overlays in stack.overlays.values() for app in overlays}
    for name in app_heads(objects, stack.commit):
        if not is_dns_label(name):
            yield Problem(f"{APPS}/{name}", "is no name for an app", "use lower-case letters, digits and inner dashes")
        elif name not in used:
            what = "runs nowhere: no environment has an overlay for it"
            yield Problem(f"{APPS}/{name}", what, f"add environments/<env>/{name}", is_error=False)


def record_problems(stack: Stack, environment: Environment) -> Iterator[Problem]:
    """Releases that differ from their records, and apps that lack a release or an overlay."""
    releases, overlays = stack.releases[environment.name], stack.overlays[environment.name]
    for release in releases.values():
        if release.drift:
            path = environment.release_path(release.app)
            hint = "nobody edits releases: restore the folder from main, or promote" if environment.promotes_from else "correct the file"
            yield about(path, release.drift, hint)
        if environment.promotes_from and release.tree and release.app not in overlays:
            hint = "an app leaves an environment by a pull request that removes overlay and release together"
            yield Problem(environment.release_path(release.app), "has no overlay here", hint)
    for app in overlays:
        if app not in releases:
            hint = f"run `bot init {environment.name}`" if environment.promotes_from else f"add {APPS}/{app} or remove the overlay"
            yield Problem(f"{environment.folder}/{app}", "has no release here", hint)
