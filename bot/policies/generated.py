"""Which file says the value of a key of a ConfigMap, or of a variable that comes from one: files of variables, and patches."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from bot.kustomizations import HASH_SUFFIX, is_kustomization
from bot.policies.fields import mapping, mappings, strings, text, words
from bot.policies.manifests import name_of
from bot.policies.patches import documents, own_kustomizations, patch_of, resolved

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.policies.manifests import Object
    from bot.policies.patches import Path

    Items = Mapping[tuple[str, str], Object]  # of a render, by kind and name

VARIABLE = re.compile(r"(.+)\.env\[([^\]]+)\](?:\.value)?")


def setting_file(texts: Mapping[str, str], folder: str, items: Items, item: Object, field: str) -> str | None:
    """The file that says a key of a ConfigMap, or a variable of a container that takes it from one; None where that is not certain."""
    found = (item, field) if item.get("kind") == "ConfigMap" else None
    if variable := VARIABLE.fullmatch(field):
        found = _source(items, _container(item, resolved(item, variable[1])), variable[2])
    if found is None:
        return None
    config, where = found
    path = resolved(config, where)
    if path is None or path[:-1] != ("data",):
        return None
    key = str(path[-1])
    return patch_of(texts, folder, config, where) or next(_saying(texts, folder, config, f"{key}={strings(config, 'data').get(key)}"), None)


def _container(item: object, path: Path | None) -> Object | None:
    for step in path or ():
        item = item[step]  # type: ignore[index] # the path was found in it
    return item if path and isinstance(item, dict) else None


def _source(items: Items, container: Object | None, name: str) -> tuple[Object, str] | None:
    """The ConfigMap from which a container takes a variable, with the field of its key."""
    own = [each for each in mappings(container, "env") if text(each, "name") == name]
    key = mapping(own[-1], "valueFrom", "configMapKeyRef") if own else {}
    sources = [(text(key, "name"), text(key, "key"))] if key else []
    if not own:
        for source in mappings(container, "envFrom"):
            prefix = text(source, "prefix")
            sources += [(text(source, "configMapRef", "name"), name.removeprefix(prefix))] if name.startswith(prefix) else []
    found = [
        (config, f"data[{key}]")
        for source, key in sources
        if (config := items.get(("ConfigMap", source))) and key in strings(config, "data")
    ]
    return found[-1] if found else None


def _saying(texts: Mapping[str, str], folder: str, config: Object, line: str) -> Iterator[str]:
    """Files of the generators of a ConfigMap that have a line: the environment's, bases', then features', which may not be taken here."""
    own = own_kustomizations(texts, folder)
    others = [path for path in texts if is_kustomization(path) and path not in own]
    name = HASH_SUFFIX.sub("", name_of(config))
    for path in (*own, *sorted(others, key=lambda each: ("base" not in each.split("/"), each))):
        for kustomization in documents(texts[path]):
            for generator in mappings(kustomization, "configMapGenerator"):
                if text(generator, "name") != name:
                    continue
                for file in (posixpath.normpath(posixpath.join(posixpath.dirname(path), each)) for each in words(generator, "envs")):
                    if line in texts.get(file, "").splitlines():
                        yield file
                if line in words(generator, "literals"):
                    yield path
