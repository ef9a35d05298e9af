"""Checking what lies in releases and environments at a commit; the same for `bot validate` and the gate."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.contents import Problem, environment_problems, patch_problems, release_problems
from bot.kustomizations import NAMES, is_kustomization, read_kustomization
from bot.model import APPS, BotError
from bot.ports import LINK, Entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.model import Environment
    from bot.ports import Objects, Rendered

LINK_NAME = "release"


@dataclass(frozen=True)
class Folder:
    """An environment's files by their path in it, with those that `release` brings, and the texts of kustomizations."""

    files: tuple[Entry, ...]
    texts: Mapping[str, str]
    link: str | None  # where `release` points to, if it is a link


def read_folder(objects: Objects, commit: str, environment: Environment) -> Folder:
    """An environment's folder at a commit."""
    base = objects.entry(commit, environment.folder)
    files = objects.walk(base.sha) if base else ()
    paths = {f"{environment.folder}/{entry.path}": entry.path for entry in files}
    link = next((entry for entry in files if entry.path == LINK_NAME and entry.mode == LINK), None)
    if link is not None:
        apps = objects.entry(commit, APPS)
        below = objects.walk(apps.sha) if apps else ()
        files += tuple(replace(entry, path=f"{LINK_NAME}/{entry.path}") for entry in below)
        paths |= {f"{APPS}/{entry.path}": f"{LINK_NAME}/{entry.path}" for entry in below}
    wanted = [path for path in paths if is_kustomization(path) or (link is not None and paths[path] == LINK_NAME)]
    texts = {paths[path]: text for path, text in objects.read(commit, wanted).items()}
    points_to = texts.pop(LINK_NAME, None)
    return Folder(files, texts, points_to)


def release_contents(objects: Objects, app: str, tree: str) -> tuple[Problem, ...]:
    """What may not be in a release's tree."""
    files = objects.walk(tree)
    texts = objects.read(tree, [entry.path for entry in files if is_kustomization(entry.path)])
    return release_problems(app, files, texts)


def environment_contents(folder: Folder, environment: Environment) -> tuple[Problem, ...]:
    """What may not be in an environment's own folder."""
    found = environment_problems(folder.files, folder.texts, follows_main=environment.promotes_from is None, link=folder.link)
    return tuple(replace(problem, file=f"{environment.folder}/{problem.file}") for problem in found)


def unmatched_patches(folder: Folder, environment: Environment, rendered: Rendered) -> tuple[Problem, ...]:
    """Patches that match nothing, in every kustomization that an environment's render reads."""
    return tuple(
        replace(problem, file=f"{environment.folder}/{problem.file}")
        for path in sorted(_reached(folder.texts, ""))
        for problem in _patch_problems(folder.texts[path], rendered, path=path)
    )


def files_read(folder: Folder) -> dict[str, str]:
    """The files that an environment's render reads, by their path in its folder, with their hashes."""
    hashes = {entry.path: entry.sha for entry in folder.files}
    found: dict[str, str] = {}
    for path in _reached(folder.texts, ""):
        base = posixpath.dirname(path)
        named = (posixpath.normpath(posixpath.join(base, each)) for each in _paths(folder.texts[path], path))
        found |= {each: hashes[each] for each in (path, *named) if each in hashes}
    return found


def _paths(text: str, path: str) -> tuple[str, ...]:
    try:
        return read_kustomization(text, file=path).paths
    except BotError:
        return ()  # reported with the contents


def _patch_problems(text: str, rendered: Rendered, *, path: str) -> tuple[Problem, ...]:
    try:
        return patch_problems(path, read_kustomization(text, file=path), rendered.objects)
    except BotError:
        return ()  # reported with the contents


def _reached(texts: Mapping[str, str], folder: str, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """The kustomizations that building a folder reads."""
    path = next((found for name in NAMES if (found := posixpath.join(folder, name)) in texts), None)
    if path is None or path in seen:
        return
    yield path
    try:
        folders = read_kustomization(texts[path], file=path).folders
    except BotError:
        return
    for child in folders:
        yield from _reached(texts, posixpath.normpath(posixpath.join(folder, child)), seen | {path})
