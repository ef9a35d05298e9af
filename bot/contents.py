"""What a release and an environment may contain (design, §1): each thing refused here was tried and is dangerous; pure."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.kustomizations import Kustomization, read_kustomization
from bot.model import BotError
from bot.ports import LINK, SUBMODULE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bot.model import Release
    from bot.ports import Entry

PROXY_IMAGE = "sidecar.istio.io/proxyImage"  # an annotation that brings a container of its own
FORBIDDEN_FILES = re.compile(r"(?:^|/)(\.gitattributes|\.gitmodules|\.argocd-source[^/]*\.yaml)$")
APPS_LINK = "../../apps"


@dataclass(frozen=True)
class Problem:
    """Something that must not be: where, what is wrong, what to do."""

    file: str
    what: str
    hint: str
    is_error: bool = True


def about(file: str, message: str, hint: str) -> Problem:
    """A message that may begin with its file, or with one below it and a line, as a problem of that file, which is named once."""
    named = re.fullmatch(rf"({re.escape(file)}\S*?):?\s+(.+)", message, re.DOTALL)
    return Problem(named[1], named[2], hint) if named else Problem(file, message, hint)


def release_problems(app: str, files: Iterable[Entry], texts: Mapping[str, str]) -> tuple[Problem, ...]:
    """What a release may not contain; files and texts of its kustomizations by their path in it."""
    listed = tuple(files)
    inside = [*_odd_files(listed)]
    for path, text in texts.items():
        inside += _kustomization_problems(path, text, places(listed), where=f"the release of {app}")
    return tuple(inside)


def environment_problems(
    files: Iterable[Entry], texts: Mapping[str, str], *, follows_main: bool, link: str | None = None
) -> tuple[Problem, ...]:
    """What an environment's own folder may not contain; paths are relative to it, those of releases included."""
    listed = tuple(files)
    own = [entry for entry in listed if entry.path != "release" and not entry.path.startswith("release/")]
    found = [*_odd_files(own), *_release_folder(listed, follows_main=follows_main, link=link)]
    for path, text in texts.items():
        if not path.startswith("release/"):
            found += _kustomization_problems(path, text, places(listed), where="the environment's folder")
            found += _image_changes(path, text)
    return tuple(found)


def places(files: Iterable[Entry]) -> frozenset[str]:
    """Every file and folder that a kustomization may name."""
    paths = {entry.path for entry in files}
    folders = {"/".join(path.split("/")[:depth]) for path in paths for depth in range(1, path.count("/") + 1)}
    return frozenset(paths | folders)


def _odd_files(files: Iterable[Entry]) -> Iterator[Problem]:
    for entry in files:
        if entry.mode == LINK:
            yield Problem(entry.path, "is a symbolic link", "put the file itself there")
        elif entry.mode == SUBMODULE:
            yield Problem(entry.path, "is a submodule", "put the files themselves there")
        elif FORBIDDEN_FILES.search(entry.path):
            yield Problem(entry.path, "changes what Git or Argo CD make of this folder", "remove it")


def _release_folder(files: Iterable[Entry], *, follows_main: bool, link: str | None) -> Iterator[Problem]:
    """`release` is a link in the environment that follows main, and a real folder of apps and records elsewhere."""
    if follows_main:
        if link != APPS_LINK:
            yield Problem("release", f"must be a link to {APPS_LINK}", f"run `ln -s {APPS_LINK} release` in the environment's folder")
        return
    for entry in files:
        if entry.path == "release":
            yield Problem("release", "must be a folder, not a link or a file", "remove it and run `bot init`")
        elif entry.path.startswith("release/") and entry.path.count("/") == 1 and not entry.path.endswith(".yaml"):
            yield Problem(entry.path, "is neither a release nor a record", "remove it: bot alone writes below release/")


def _kustomization_problems(path: str, text: str, known: frozenset[str], *, where: str) -> Iterator[Problem]:
    try:
        kustomization = read_kustomization(text, file=path)
    except BotError as error:
        yield Problem(path, error.message.removeprefix(f"{path} "), error.hint)
        return
    for key in kustomization.plugin_keys:
        yield Problem(path, f"uses {key}, which runs or fetches what Git does not show", "write the manifests out")
    for value in kustomization.paths:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), value))
        if value.startswith("/") or target.startswith(".."):
            yield Problem(path, f"{value} leads out of {where}", "copy what it needs into the folder")
        elif target not in known and target != ".":
            yield Problem(path, f"{value} is not in {where}", "name a file or folder there; nothing is loaded from elsewhere")


def _image_changes(path: str, text: str) -> Iterator[Problem]:
    try:
        changes = read_kustomization(text, file=path).has_images
    except BotError:
        return  # reported above
    if changes:
        yield Problem(path, "sets images, which only a release may", "change apps/<app>/images with `bot bump`, then promote")


def rendered_images(item: Any) -> Iterator[str]:  # noqa: ANN401 - arbitrary YAML
    """Every image of a container, init container, ephemeral container or volume, wherever it is."""
    if isinstance(item, dict):
        for key, value in item.items():
            if key == "volumes" and isinstance(value, list):
                yield from filter(None, map(_mounted_image, value))
            if key in {"containers", "initContainers", "ephemeralContainers"} and isinstance(value, list):
                yield from (str(each["image"]) for each in value if isinstance(each, dict) and "image" in each)
            if key == PROXY_IMAGE:
                yield str(value)
            yield from rendered_images(value)
    elif isinstance(item, list):
        for each in item:
            yield from rendered_images(each)


def _mounted_image(volume: Any) -> str | None:  # noqa: ANN401 - arbitrary YAML
    image = volume.get("image") if isinstance(volume, dict) else None
    return str(image["reference"]) if isinstance(image, dict) and "reference" in image else None


def image_problems(objects: Iterable[dict[str, Any]], releases: Iterable[Release]) -> tuple[Problem, ...]:
    """Rendered images that no release declares: an overlay or a manifest brought them past the images file."""
    declared = {image.reference for release in releases for image in release.images}
    return tuple(
        Problem(f"{item['kind']} {item['metadata']['name']}", f"runs {image}, which no release declares", "declare it in apps/<app>/images")
        for item in objects
        for image in dict.fromkeys(rendered_images(item))
        if image not in declared
    )


def unused_images(renders: Iterable[tuple[Iterable[dict[str, Any]], Iterable[Release]]]) -> tuple[Problem, ...]:
    """Entries of images files that match nothing in any environment (kustomize says nothing of them: tried)."""
    used: dict[tuple[str, str], bool] = {}
    for objects, releases in renders:
        running = {image for item in objects for image in rendered_images(item)}
        for release in releases:
            for image in release.images:
                key = (release.app, image.name)
                used[key] = used.get(key, False) or image.reference in running
    return tuple(_unused(app, name) for (app, name), is_used in used.items() if not is_used)


def _unused(app: str, name: str) -> Problem:
    file = f"apps/{app}/images/kustomization.yaml"
    return Problem(file, f"the entry {name} matches no image in any environment", "correct its name or remove it")


def patch_problems(path: str, kustomization: Kustomization, objects: Iterable[dict[str, Any]]) -> tuple[Problem, ...]:
    """Patches and replacements whose target matches nothing (kustomize passes over them in silence: tried)."""
    items = tuple(objects)
    return tuple(
        Problem(path, f"the target {target.words} matches nothing", "correct it: kustomize passes over it in silence")
        for target in kustomization.targets
        if not any(target.matches(item) for item in items)
    )
