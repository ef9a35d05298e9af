"""The head of `apps/` as an environment will run it: where it does not render, whether `apps/` or the overlay is to blame."""

from __future__ import annotations

import json
import posixpath
from typing import TYPE_CHECKING

from bot.contents import Problem
from bot.model import APPS, BotError, RenderError
from bot.policies.fields import words
from bot.ports import FOLDER, Entry
from bot.simple_yaml import load_simple, readable
from bot.workflows.rendering import render_folder
from bot.workflows.stack import app_heads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model import Environment
    from bot.ports import Objects, Rendered, Renderer
    from bot.workflows.stack import Stack

KUSTOMIZATION = "kustomization.yaml"
UNCHECKED = "so that nothing else was checked of the two together"


def with_head(objects: Objects, stack: Stack, environment: Environment) -> str:
    """A commit in which an environment runs the head of `apps/`."""
    if environment.promotes_from is None:
        return stack.commit
    heads = app_heads(objects, stack.commit)
    releases = objects.entries(stack.commit, f"{environment.folder}/release")
    moved = [app for app in stack.overlays[environment.name] if app in heads and (app not in releases or releases[app].sha != heads[app])]
    changes = {environment.release_path(app): Entry(environment.release_path(app), FOLDER, heads[app]) for app in moved}
    return objects.make_commit(stack.commit, changes, "as if the head of apps/ had been promoted") if changes else stack.commit


def head_problems(
    objects: Objects,
    renderer: Renderer,
    stack: Stack,
    environment: Environment,
    *,
    at: str,
    now: Rendered | BotError,
    head: Rendered | BotError,
) -> Iterator[Problem]:
    """Why an environment will not render with the head of `apps/`: an error in `apps/` itself, or an overlay to be changed with it.

    `at` is the commit of `with_head`, `head` what renders there.
    """
    if environment.promotes_from is None or not isinstance(head, BotError):
        return
    broken = tuple(_broken_apps(objects, renderer, stack, environment, at=at))
    yield from broken
    if not broken and not isinstance(now, BotError):
        what = f"will not fit the head of {APPS}/, {UNCHECKED}: {head.message}"
        hint = (
            "widen the overlay on main, so that it fits both releases, then promote; "
            "where the promotion is open already, push the overlay's change to its branch"
        )
        yield Problem(environment.folder, what, hint, is_error=False)


def _broken_apps(objects: Objects, renderer: Renderer, stack: Stack, environment: Environment, *, at: str) -> Iterator[Problem]:
    """Apps whose head does not build from the parts that the environment takes, without what its overlay changes."""
    for app in stack.overlays[environment.name]:
        folder, release = f"{environment.folder}/{app}", environment.release_path(app)
        parts = _parts(objects, at, folder)
        if not any(parts.values()):
            continue
        bare = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", **parts}
        commit = objects.make_commit(at, {f"{folder}/{KUSTOMIZATION}": json.dumps(bare)}, "without what the overlay changes")
        try:
            render_folder(objects, renderer, commit=commit, folder=folder, sources=[folder, release])
        except RenderError as error:
            reason = error.message.replace(f"{release}/", f"{APPS}/{app}/")
            what = f"does not build with what {environment.name} takes of it, {UNCHECKED}: {reason}"
            yield Problem(f"{APPS}/{app}", what, f"{error.hint}; no overlay is to blame, and {environment.name} could not take it")


def _parts(objects: Objects, commit: str, folder: str) -> dict[str, list[str]]:
    """What an overlay puts together, as far as it is there, without what it changes; one that cannot be read names nothing."""
    path = f"{folder}/{KUSTOMIZATION}"
    try:
        with readable(path):
            loaded = load_simple(objects.read(commit, [path]).get(path, ""))
    except BotError:
        return {}  # reported with the environment's contents
    found = {key: words(loaded, key) for key in ("resources", "components")}
    return {key: [each for each in paths if objects.entry(commit, posixpath.normpath(f"{folder}/{each}"))] for key, paths in found.items()}
