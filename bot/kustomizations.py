"""What a kustomization refers to: paths, plugins, targets of patches; read as data, never run; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from bot.model import BotError

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
MOST_BYTES = 256 * 1024
PLUGIN_KEYS = ("helmCharts", "helmGlobals", "helmChartInflationGenerator", "generators", "transformers", "validators")
PATH_LISTS = ("resources", "components", "bases", "configurations", "crds")
PATCH_LISTS = ("patches", "patchesJson6902", "replacements")
GENERATORS = ("configMapGenerator", "secretGenerator")
IMAGE_KEYS = ("images", "imageTags")
FOLDER_LISTS = ("resources", "components", "bases")
# Kustomize reads its keys in any case (tried: `Resources`, `re\u017fources`); here each has one spelling.
SPELLINGS = {
    key.casefold(): key
    for key in (
        *(*PLUGIN_KEYS, *PATH_LISTS, *PATCH_LISTS, *GENERATORS, *IMAGE_KEYS, "patchesStrategicMerge", "openapi"),
        *("path", "files", "envs", "env", "target", "targets", "select", "kind", "name", "group", "labelSelector"),
    )
}
DELETION = "$patch: delete"  # what it matches is gone from the render
HASHES = re.compile(r"-[2456789bcdfghkmt]{10}\b")  # in a text
HASH_SUFFIX = re.compile(r"-[2456789bcdfghkmt]{10}$")  # kustomize's alphabet (api/hasher/hasher.go)


@dataclass(frozen=True)
class Target:
    """Which objects a patch is meant for; kind, name and group are anchored patterns, as kustomize reads them."""

    kind: str = ""
    name: str = ""
    group: str = ""
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def words(self) -> str:
        """For messages."""
        selector = ",".join(f"{key}={value}" for key, value in self.labels)
        return " ".join(word for word in (self.group, self.kind, self.name, selector) if word)

    def matches(self, item: dict[str, Any]) -> bool:
        """Whether a rendered object is meant; generated names are compared without their hash."""
        metadata = item.get("metadata") or {}
        labels = metadata.get("labels") or {}
        name = str(metadata.get("name", ""))
        return (
            _fits(self.kind, str(item.get("kind", "")))
            and (_fits(self.name, name) or _fits(self.name, HASH_SUFFIX.sub("", name)))
            and _fits(self.group, str(item.get("apiVersion", "")).rpartition("/")[0])
            and all(labels.get(key) == value for key, value in self.labels)
        )


def _fits(pattern: str, text: str) -> bool:
    if not pattern:
        return True
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:
        return pattern == text


@dataclass(frozen=True)
class Kustomization:
    """What one kustomization refers to."""

    paths: tuple[str, ...]
    folders: tuple[str, ...]  # those of the paths that may hold further kustomizations
    plugin_keys: tuple[str, ...]
    has_images: bool
    targets: tuple[Target, ...]


def is_kustomization(path: str) -> bool:
    """Whether kustomize reads a file of this name as its instructions."""
    return path.rsplit("/", 1)[-1] in NAMES


def read_kustomization(text: str, *, file: str) -> Kustomization:
    """What a file refers to; BotError when it is not a kustomization that can be read."""
    try:
        return _read(text)
    except BotError as error:
        raise BotError(f"{file} {error.message}", error.hint) from error


@lru_cache(maxsize=1024)  # the same text is checked again and again: before and after, in each environment that runs it
def _read(text: str) -> Kustomization:
    if len(text) > MOST_BYTES:
        raise BotError("is larger than 256 KiB", "split it")
    try:
        loaded = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, TypeError, RecursionError) as error:
        words = " ".join(str(getattr(error, "problem", None) or error).split())
        raise BotError(f"is not YAML that can be read: {words}", "correct the file") from error
    if not isinstance(loaded, dict):
        raise BotError("is not a mapping", "write a kustomization")
    _refuse_other_spellings(loaded, set())
    return Kustomization(
        paths=tuple(_paths(loaded)),
        folders=tuple(str(path) for key in FOLDER_LISTS for path in _list(loaded, key)),
        plugin_keys=tuple(key for key in PLUGIN_KEYS if key in loaded),
        has_images=any(key in loaded for key in IMAGE_KEYS),
        targets=tuple(_targets(loaded)),
    )


def _refuse_other_spellings(found: object, seen: set[int]) -> None:
    """What is passed over here must not be read by kustomize; what lies below other keys is not kustomize's."""
    if id(found) in seen:  # aliases may share and even contain themselves
        return
    seen.add(id(found))
    if isinstance(found, list):
        for each in found:
            _refuse_other_spellings(each, seen)
    elif isinstance(found, dict):
        for key, value in found.items():
            known = SPELLINGS.get(str(key).casefold())
            if known and known != key:
                raise BotError(f"says {str(key)!r} for {known}", f"write {known}")
            if known:
                _refuse_other_spellings(value, seen)


def _list(loaded: dict[str, Any], key: str) -> list[Any]:
    found = loaded.get(key)
    return found if isinstance(found, list) else []


def _paths(loaded: dict[str, Any]) -> Iterator[str]:
    for key in PATH_LISTS:
        yield from (str(path) for path in _list(loaded, key))
    for key in PATCH_LISTS:
        yield from (str(patch["path"]) for patch in _list(loaded, key) if isinstance(patch, dict) and patch.get("path"))
    yield from (str(patch) for patch in _list(loaded, "patchesStrategicMerge") if "\n" not in str(patch))
    for key in GENERATORS:
        for generator in _list(loaded, key):
            if isinstance(generator, dict):
                yield from _generator_paths(generator)
    openapi = loaded.get("openapi")
    if isinstance(openapi, dict) and openapi.get("path"):
        yield str(openapi["path"])


def _generator_paths(generator: dict[str, Any]) -> Iterator[str]:
    yield from (str(path) for path in _list(generator, "envs"))
    if generator.get("env"):
        yield str(generator["env"])
    yield from (str(path).rpartition("=")[2] for path in _list(generator, "files"))


def _targets(loaded: dict[str, Any]) -> Iterator[Target]:
    for key in ("patches", "patchesJson6902"):
        for patch in _list(loaded, key):
            if isinstance(patch, dict) and isinstance(patch.get("target"), dict) and DELETION not in str(patch.get("patch")):
                yield _target(patch["target"])
    for replacement in _list(loaded, "replacements"):
        for target in _list(replacement, "targets") if isinstance(replacement, dict) else ():
            if isinstance(target, dict) and isinstance(target.get("select"), dict):
                yield _target(target["select"])


def _target(written: dict[str, Any]) -> Target:
    selector = str(written.get("labelSelector") or "")
    pairs = [part.strip().replace("==", "=").partition("=") for part in selector.split(",") if "=" in part and "!" not in part]
    return Target(
        str(written.get("kind") or ""),
        str(written.get("name") or ""),
        str(written.get("group") or ""),
        tuple((key.strip(), value.strip()) for key, _, value in pairs),
    )
