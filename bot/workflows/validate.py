"""Validate: records, contents, and renders, of every environment as it is and as if the head of `apps/` had arrived."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from bot.contents import Problem, image_problems, unused_images
from bot.environment_keys import is_dns_label
from bot.model import APPS, ENVIRONMENTS, BotError, RenderError
from bot.objects_diff import diff_objects
from bot.observations import Unseen
from bot.ports import FOLDER, Entry
from bot.workflows.checks import environment_contents, read_folder, release_contents, unmatched_patches
from bot.workflows.rendering import WORKLOADS, containers, render_at
from bot.workflows.stack import read_stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model import Environment
    from bot.objects_diff import ObjectChange
    from bot.ports import Objects, Rendered, Renderer
    from bot.workflows.stack import Stack


def validate(objects: Objects, renderer: Renderer, commit: str) -> tuple[Problem, ...]:
    """Everything that is wrong at a commit; empty when nothing is."""
    stack = read_stack(objects, commit)
    environments = tuple(stack.environments.values())
    with ThreadPoolExecutor() as pool:
        as_is = {env.name: pool.submit(_attempt, objects, renderer, commit, env) for env in environments}
        promoted = {env.name: pool.submit(_attempt, objects, renderer, _with_head(objects, stack, env), env) for env in environments}
        renders = {name: future.result() for name, future in as_is.items()}
        futures = {name: future.result() for name, future in promoted.items()}
    found = [*_files(objects, stack)]
    for environment in environments:
        found += _environment(objects, stack, environment, renders[environment.name])
        if environment.promotes_from and not isinstance(renders[environment.name], BotError):
            found += _fits_head(environment, futures[environment.name])
    done = [(render.objects, stack.releases[name].values()) for name, render in renders.items() if not isinstance(render, BotError)]
    if len(done) == len(environments):
        found += unused_images(done)
    return tuple(dict.fromkeys(found))


def _attempt(objects: Objects, renderer: Renderer, commit: str, environment: Environment) -> Rendered | BotError:
    try:
        return render_at(objects, renderer, commit=commit, environment=environment)
    except RenderError as error:
        return error


def _with_head(objects: Objects, stack: Stack, environment: Environment) -> str:
    """A commit in which an environment runs the head of `apps/`."""
    if environment.promotes_from is None:
        return stack.commit
    heads = {name: entry for name, entry in objects.entries(stack.commit, APPS).items() if entry.mode == FOLDER}
    wanted = [app for app in stack.overlays[environment.name] if app in heads]
    changes = {environment.release_path(app): Entry(environment.release_path(app), FOLDER, heads[app].sha) for app in wanted}
    return objects.make_commit(stack.commit, changes, "as if the head of apps/ had been promoted") if changes else stack.commit


def _files(objects: Objects, stack: Stack) -> Iterator[Problem]:
    """Problems of files alone: unreadable environments and holds, records, contents of each tree once."""
    for name, error in stack.unreadable.items():
        yield _about(f"{ENVIRONMENTS}/{name}/environment.yaml", error)
    if stack.disorder:
        yield Problem(ENVIRONMENTS, stack.disorder.message, stack.disorder.hint)
    yield from _names(objects, stack)
    if isinstance(stack.holds, Unseen):
        yield Problem("holds", stack.holds.detail, "mend or remove the file: an unreadable hold stops every promotion")
    checked: set[tuple[str, str]] = set()
    for environment in stack.environments.values():
        for release in stack.releases[environment.name].values():
            if release.tree and (release.app, release.tree) not in checked:
                checked.add((release.app, release.tree))
                where = environment.release_path(release.app)
                for problem in release_contents(objects, release.app, release.tree):
                    yield Problem(f"{where}/{problem.file}", problem.what, problem.hint, problem.is_error)


def _about(file: str, error: BotError) -> Problem:
    """An error about a file, which is not named twice."""
    return Problem(file, error.message.removeprefix(file).lstrip(": "), error.hint)


def _names(objects: Objects, stack: Stack) -> Iterator[Problem]:
    """Folders in `apps/` that cannot be apps, and apps that run nowhere."""
    used = {app for overlays in stack.overlays.values() for app in overlays}
    for name, entry in objects.entries(stack.commit, APPS).items():
        if entry.mode == FOLDER and not is_dns_label(name):
            yield Problem(f"{APPS}/{name}", "is no name for an app", "use lower-case letters, digits and inner dashes")
        elif entry.mode == FOLDER and name not in used:
            yield Problem(
                f"{APPS}/{name}", "runs nowhere: no environment has an overlay for it", f"add environments/<env>/{name}", is_error=False
            )


def _empty_workloads(rendered: Rendered) -> Iterator[Problem]:
    for item in rendered.objects:
        if item["kind"] in WORKLOADS and not containers(item):
            yield Problem(f"{item['kind']} {item['metadata']['name']}", "has no containers", "write its Pod template")


def _environment(objects: Objects, stack: Stack, environment: Environment, rendered: Rendered | BotError) -> Iterator[Problem]:
    folder = read_folder(objects, stack.commit, environment)
    yield from environment_contents(folder, environment)
    yield from _records(stack, environment)
    if isinstance(rendered, BotError):
        yield Problem(environment.folder, f"does not render: {rendered.message}", rendered.hint)
        return
    if rendered.warnings.strip():
        yield Problem(environment.folder, f"kustomize warns: {' '.join(rendered.warnings.split())}", "mend what it names")
    images = image_problems(rendered.objects, stack.releases[environment.name].values())
    for problem in (*images, *_empty_workloads(rendered)):
        yield Problem(f"{environment.folder}: {problem.file}", problem.what, problem.hint)
    yield from unmatched_patches(folder, environment, rendered)


def _records(stack: Stack, environment: Environment) -> Iterator[Problem]:
    releases, overlays = stack.releases[environment.name], stack.overlays[environment.name]
    for release in releases.values():
        if release.drift:
            path = environment.release_path(release.app)
            hint = "nobody edits releases: restore the folder from main, or promote" if environment.promotes_from else "correct the file"
            yield Problem(path, release.drift.removeprefix(path).lstrip(": "), hint)
        if environment.promotes_from and release.tree and release.app not in overlays:
            hint = "an app leaves an environment by a pull request that removes overlay and release together"
            yield Problem(environment.release_path(release.app), "has no overlay here", hint)
    for app in overlays:
        if app not in releases:
            hint = f"run `bot init {environment.name}`" if environment.promotes_from else f"add {APPS}/{app} or remove the overlay"
            yield Problem(f"{environment.folder}/{app}", "has no release here", hint)


def _fits_head(environment: Environment, rendered: Rendered | BotError) -> Iterator[Problem]:
    if isinstance(rendered, BotError):
        what = f"will not fit the head of {APPS}/: {rendered.message}"
        hint = "push the overlay's change to the promotion's branch when it is promoted"
        yield Problem(environment.folder, what, hint, is_error=False)


def compare_environments(objects: Objects, renderer: Renderer, commit: str, *, before: str, after: str) -> tuple[ObjectChange, ...]:
    """How one environment's render differs from another's; objects are the same by kind and name."""
    stack = read_stack(objects, commit)
    first, second = (render_at(objects, renderer, commit=commit, environment=stack.environment(name)) for name in (before, after))
    return diff_objects(first.objects, second.objects, across=True)
