"""Reading the repository at a commit: environments, releases with their records, holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.environment_keys import is_dns_label
from bot.environments import order, parse_environment
from bot.holds import parse_hold
from bot.images_file import parse_images
from bot.model import APPS, ENVIRONMENTS, BotError, Freeze, Hold, Release
from bot.observations import Unseen
from bot.ports import FOLDER
from bot.releases import parse_record, version_of
from bot.workflows.vanished import vanished

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.model import Environment
    from bot.ports import Entry, Objects

IMAGES = "images/kustomization.yaml"
NO_HOLDS = {".gitkeep", "README.md"}  # whatever else lies among holds may be meant for one, and stops promotions until it is readable


@dataclass(frozen=True)
class Stack:
    """What the repository says at one commit; an environment that is unreadable or gone is kept as its error."""

    commit: str
    environments: Mapping[str, Environment]
    unreadable: Mapping[str, BotError]
    releases: Mapping[str, Mapping[str, Release]]  # environment -> app
    overlays: Mapping[str, tuple[str, ...]]  # environment -> apps with an overlay
    holds: tuple[Hold, ...] | Unseen
    readable_holds: tuple[Hold, ...] = ()  # those that can be read, where another cannot
    freezes: tuple[Freeze, ...] = ()
    disorder: BotError | None = None  # why the environments are no chain of promotion

    def environment(self, name: str) -> Environment:
        """A readable environment; BotError when it is unknown or its file is broken."""
        if name in self.unreadable:
            raise self.unreadable[name]
        if name not in self.environments:
            known = ", ".join(self.environments) or "none"
            raise BotError(f"no environment {name!r}", f"the environments are: {known}", usage=True)
        return self.environments[name]

    def release(self, environment: str, app: str) -> Release:
        """What an environment runs of an app; BotError when it runs none."""
        self.environment(environment)
        found = self.releases[environment].get(app)
        if found is None:
            known = ", ".join(sorted(self.releases[environment])) or "none"
            raise BotError(f"{environment} runs no app {app!r}", f"its apps are: {known}", usage=True)
        return found

    def known_holds(self) -> tuple[Hold, ...]:
        """The holds; an unreadable one is an error."""
        if isinstance(self.holds, Unseen):
            raise BotError(self.holds.detail, "mend or remove the file in a pull request")
        return self.holds


def app_heads(objects: Objects, commit: str) -> dict[str, str]:
    """The trees of the folders in `apps/`, by name."""
    return {name: entry.sha for name, entry in objects.entries(commit, APPS).items() if entry.mode == FOLDER}


def read_stack(objects: Objects, commit: str) -> Stack:
    """Reads everything small in one batch; what is broken is kept with its error, so that it stops nothing else."""
    folders = {name: objects.entries(commit, f"{ENVIRONMENTS}/{name}") for name in _folders(objects, commit)}
    releases = {name: _release_entries(objects, commit, name) for name in folders}
    holds = [path for name in folders for path in _hold_paths(objects, commit, name)]
    texts = objects.read(commit, [*_small_files(folders, releases), *holds])
    environments, unreadable, disorder = _environments(folders, texts)
    readable, broken = _holds(holds, texts)
    quarantines = tuple(hold for hold in readable if isinstance(hold, Hold))
    return Stack(
        commit,
        environments,
        unreadable | vanished(objects, commit, {*environments, *unreadable}),
        {name: _releases(name, entries, texts) for name, entries in releases.items()},
        {name: _overlays(objects, commit, name) for name in folders},
        broken or quarantines,
        quarantines,
        tuple(hold for hold in readable if isinstance(hold, Freeze)),
        disorder,
    )


def _folders(objects: Objects, commit: str) -> list[str]:
    names = [name for name, entry in objects.entries(commit, ENVIRONMENTS).items() if entry.mode == FOLDER]
    if not names:
        raise BotError(f"no {ENVIRONMENTS}/ at {commit[:12]}", "is this the repository that bot works on?")
    return names


def _release_entries(objects: Objects, commit: str, name: str) -> dict[str, Entry]:
    """Entries of the release folder by path, none where there is no such folder; those of a link are the apps themselves."""
    base = f"{ENVIRONMENTS}/{name}/release"
    link = objects.entry(commit, base)
    base = APPS if link and link.mode != FOLDER else base
    return {f"{base}/{child}": entry for child, entry in objects.entries(commit, base).items()}


def _hold_paths(objects: Objects, commit: str, name: str) -> list[str]:
    base = f"{ENVIRONMENTS}/{name}/holds"
    return [f"{base}/{child}" for child in objects.entries(commit, base) if child not in NO_HOLDS]


def _overlays(objects: Objects, commit: str, name: str) -> tuple[str, ...]:
    children = objects.entries(commit, f"{ENVIRONMENTS}/{name}")
    folders = [child for child, entry in children.items() if entry.mode == FOLDER]
    return tuple(sorted(child for child in folders if child not in {"release", "holds"}))


def _small_files(folders: Mapping[str, object], releases: Mapping[str, Mapping[str, Entry]]) -> list[str]:
    wanted = [f"{ENVIRONMENTS}/{name}/environment.yaml" for name in folders]
    for entries in releases.values():
        for path, entry in entries.items():
            wanted.append(f"{path}/{IMAGES}" if entry.mode == FOLDER else path)
    return [path for path in wanted if path.endswith(".yaml")]


def _environments(
    folders: Mapping[str, object], texts: Mapping[str, str]
) -> tuple[dict[str, Environment], dict[str, BotError], BotError | None]:
    readable: dict[str, Environment] = {}
    unreadable: dict[str, BotError] = {}
    for name in folders:
        text = texts.get(f"{ENVIRONMENTS}/{name}/environment.yaml")
        if text is None:
            continue  # not an environment
        try:
            readable[name] = parse_environment(name, text)
        except BotError as error:
            unreadable[name] = error
    try:
        return {environment.name: environment for environment in order(tuple(readable.values()))}, unreadable, None
    except BotError as error:
        return readable, unreadable, error


def _releases(name: str, entries: Mapping[str, Entry], texts: Mapping[str, str]) -> dict[str, Release]:
    follows_main = any(path.startswith(f"{APPS}/") for path in entries)
    found: dict[str, Release] = {}
    for path, entry in entries.items():
        if entry.mode == FOLDER:
            app = path.rsplit("/", 1)[-1]
            if not is_dns_label(app):
                continue  # `bot validate` names it
            release = _release(app, entry.sha, images_text=texts.get(f"{path}/{IMAGES}"), path=path)
            found[app] = release if follows_main else _recorded(release, texts.get(f"{path}.yaml"), path=path)
    return found | _missing_trees(name, found, texts)


def _release(app: str, tree: str, *, images_text: str | None, path: str) -> Release:
    try:
        images = () if images_text is None else parse_images(images_text, file=f"{path}/{IMAGES}")
    except BotError as error:
        return Release(app, tree, version_of((), tree), drift=error.message)
    return Release(app, tree, version_of(images, tree), images)


def _recorded(release: Release, text: str | None, *, path: str) -> Release:
    if text is None:
        return replace(release, drift=f"{path} has no record {path}.yaml")
    try:
        record = parse_record(text, file=f"{path}.yaml")
    except BotError as error:
        return replace(release, drift=error.message)
    drift = release.drift
    if record.tree != release.tree:
        drift = f"{path} is tree {release.tree[:12]}, its record says {record.tree[:12]}: edited by hand?"
    elif drift is None and record.version != release.version:
        drift = f"{path} is version {release.version}, its record says {record.version}"
    return replace(release, record=record, drift=drift)


def _missing_trees(name: str, found: Mapping[str, Release], texts: Mapping[str, str]) -> dict[str, Release]:
    """Records whose release folder is gone."""
    base = f"{ENVIRONMENTS}/{name}/release/"
    apps = [path.removeprefix(base).removesuffix(".yaml") for path in texts if path.startswith(base)]
    orphans = [app for app in apps if "/" not in app and app not in found]
    return {app: Release(app, "", "none", drift=f"{base}{app}.yaml records a release that is not there") for app in orphans}


def _holds(paths: list[str], texts: Mapping[str, str]) -> tuple[tuple[Hold | Freeze, ...], Unseen | None]:
    """The holds that can be read, and the first that cannot: it stops promotions, not rollbacks."""
    found: list[Hold | Freeze] = []
    broken: Unseen | None = None
    for path in paths:
        try:
            found.append(parse_hold(texts.get(path, ""), file=path))
        except BotError as error:
            broken = broken or Unseen("hold-unreadable", error.message)
    return tuple(found), broken
