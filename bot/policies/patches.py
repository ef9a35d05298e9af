"""Which file of an environment's own folder says a field of a rendered object: by its patches, and only where that is certain."""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from bot.kustomizations import Target, is_kustomization
from bot.model import BotError
from bot.policies.fields import at, mapping, mappings, text
from bot.policies.manifests import name_of
from bot.simple_yaml import load_simple, readable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.policies.manifests import Object

    Path = tuple[str | int, ...]

DOCUMENT = re.compile(r"^---(?:[ \t].*)?$", re.MULTILINE)
BRACKET = re.compile(r"\[([^\]]*)\]")
LABELS = ("name", "topologyKey", "mountPath")  # by which messages call items of lists, as kustomize does where it merges them
PATTERN = frozenset({"kind", "name", "group", "version"})  # of a target; what else it says, such as a selector, is not compared here
IDENTITY = (("apiVersion",), ("kind",), ("metadata", "name"))  # by which a merge finds what it changes
NOTHING = object()


def patch_of(texts: Mapping[str, str], folder: str, item: Object, field: str) -> str | None:
    """The file whose patch is the last that says this field as it is rendered, whatever a base says there; else None."""
    path = resolved(item, field)
    said = [file for file, target, patch in _patches(texts, folder) if path and _is_meant(item, target, patch) and _says(patch, item, path)]
    return said[-1] if said else None


def resolved(item: object, field: str) -> Path | None:
    """The keys and places of a field such as spec.containers[api].image; None where it is not there, or may be one of several."""
    if not field:
        return ()
    for step, value, rest in _steps(item, field):
        below = resolved(value, rest)
        if below is not None:
            return (step, *below)
    return None


def _steps(item: object, field: str) -> Iterator[tuple[str | int, object, str]]:
    bracket = BRACKET.match(field)
    if isinstance(item, dict):
        for key, value in item.items():  # keys may hold dots: app.kubernetes.io/name
            said = f"[{key}]" if bracket else str(key)
            if field == said or field.startswith((f"{said}.", f"{said}[")):
                yield key, value, field[len(said) :].removeprefix(".")
    elif isinstance(item, list) and bracket:
        place = _place(item, bracket[1])
        if place is not None:
            yield place, item[place], field[bracket.end() :].removeprefix(".")


def _place(items: list[Any], label: str) -> int | None:
    """The place in a list that a message calls by a name or a number."""
    called = [index for index, each in enumerate(items) if label in {*(text(each, key) for key in LABELS), text(each, "metadata", "name")}]
    if label.isdecimal() and not called:
        called = [int(label)] if int(label) < len(items) else []
    return called[0] if len(called) == 1 else None


def _patches(texts: Mapping[str, str], folder: str) -> Iterator[tuple[str, object, object]]:
    """Each patch of an environment's kustomizations, with its file and target, in the order in which they are applied."""
    for path in sorted(own_kustomizations(texts, folder), key=lambda each: (-each.count("/"), each)):
        for kustomization in documents(texts[path]):
            for entry in mappings(kustomization, "patches"):
                file = posixpath.normpath(posixpath.join(posixpath.dirname(path), text(entry, "path"))) if text(entry, "path") else path
                written = text(entry, "patch") if file == path else texts.get(file, "")
                yield from ((file, entry.get("target"), patch) for patch in documents(written))


def own_kustomizations(texts: Mapping[str, str], folder: str) -> list[str]:
    """The kustomizations of a folder, without those of a release in it."""
    return [
        each for each in texts if is_kustomization(each) and each.startswith(f"{folder}/") and not each.startswith(f"{folder}/release/")
    ]


@lru_cache(maxsize=256)  # the same files are asked for each thing that is wrong; nobody changes what is returned
def documents(written: str) -> tuple[object, ...]:
    """What a file says; what cannot be read, which is named elsewhere, says nothing."""
    try:
        with readable(""):
            return tuple(load_simple(each) for each in DOCUMENT.split(written))
    except BotError:
        return ()


def _is_meant(item: Object, target: object, patch: object) -> bool:
    if target is None:
        return isinstance(patch, dict) and (patch.get("kind"), name_of(patch)) == (item.get("kind"), name_of(item))
    kind, name = text(target, "kind"), text(target, "name")
    return bool(kind and name and mapping(target).keys() <= PATTERN and Target(kind, name, text(target, "group")).matches(item))


def _says(patch: object, item: Object, path: Path) -> bool:
    """Whether a patch says a field, and the object has what it says there."""
    if not isinstance(patch, list):
        return path not in IDENTITY and _merged(patch, item, path)
    pointer = tuple(str(step) for step in path)
    for each in patch:
        to = tuple(step.replace("~1", "/").replace("~0", "~") for step in text(each, "path").split("/")[1:])
        if text(each, "op") in {"add", "replace"} and to and pointer[: len(to)] == to:
            value = _below(at(each, "value"), path[len(to) :])
            return bool(value is not NOTHING and value == _below(item, path))
    return False


def _merged(patch: object, item: object, path: Path) -> bool:
    """Whether a patch that is merged says a field: items of a list by their name, or the list as a whole."""
    if not path:
        return patch == item
    step, *rest = path
    if isinstance(item, dict):
        return isinstance(patch, dict) and step in patch and _merged(patch[step], item[step], tuple(rest))
    if not isinstance(item, list) or not isinstance(patch, list) or not isinstance(step, int):
        return False
    if patch == item:
        return True
    name = text(item[step], "name")
    same = [each for each in patch if name and text(each, "name") == name]
    return len(same) == 1 and rest != ["name"] and _merged(same[0], item[step], tuple(rest))


def _below(item: Any, path: Path) -> Any:  # noqa: ANN401 - YAML enters here
    for step in path:
        try:
            item = item[step]
        except (KeyError, IndexError, TypeError):
            return NOTHING
    return item
