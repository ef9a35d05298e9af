"""Source files, as texts by path: YAML, no field that kustomize gives up, no secret made from Git, no file that nothing reads."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from ruamel.yaml import YAML

from bot.contents import about
from bot.kustomizations import is_kustomization, read_kustomization
from bot.model import BotError
from bot.policies.manifests import Violation
from bot.simple_yaml import readable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.contents import Problem

INSTEAD = {
    "bases": ("is an old name", "list the folder in `resources`"),
    "commonLabels": ("also changes selectors, which can never be changed again", "use `labels`, with includeTemplates: true"),
    "imageTags": ("is an old name", "use `images`, in apps/<app>/images"),
    "patchesJson6902": ("is replaced", "use `patches` with a target"),
    "patchesStrategicMerge": ("is replaced", "use `patches` with path"),
    "secretGenerator": ("makes a Secret from what is in Git, where everybody reads it", "let an ExternalSecret write it"),
    "vars": ("is replaced, and changes any string that looks like it", "use `replacements`, or fields of the Pod"),
}
FIELD = re.compile(rf"^({'|'.join(INSTEAD)})\s*:", re.MULTILINE)
READ_BY_KUSTOMIZE = (".yaml", ".yml", ".env", ".json")
READ_BY_OTHERS = re.compile(r"(^|/)(environment\.yaml|release/[^/]+\.yaml|holds/[^/]+|(apps|release)/[^/]+/release\.yaml)$")
MANIFEST = re.compile(r"^kind:", re.MULTILINE)


def deprecated_fields(texts: Mapping[str, str]) -> Iterator[Violation]:
    """Kustomizations use no field that is deprecated, or that puts secrets into Git."""
    for path, text in texts.items():
        for field in dict.fromkeys(FIELD.findall(text)) if is_kustomization(path) else ():
            what, hint = INSTEAD[field]
            yield Violation("Kustomization", path, field, what, hint)


def unreadable_files(texts: Mapping[str, str]) -> Iterator[Problem]:
    """Manifests are YAML, those that no environment renders today, too; kustomizations are read elsewhere."""
    for path, text in texts.items():
        if path.endswith((".yaml", ".yml")) and not is_kustomization(path):
            try:
                with readable(path):
                    list(YAML(typ="safe").parse(text))
            except BotError as error:
                yield about(path, error.message, error.hint)


def unread_files(texts: Mapping[str, str]) -> Iterator[Violation]:
    """Every file beside a kustomization, or below one, is read by some kustomization."""
    folders = {posixpath.dirname(path) for path in texts if is_kustomization(path)}
    read = {each for path, text in texts.items() if is_kustomization(path) for each in _read(path, text)}
    for path in texts:
        is_ours = path.endswith(READ_BY_KUSTOMIZE) and not is_kustomization(path) and not READ_BY_OTHERS.search(path)
        if is_ours and path not in read and any(_is_below(path, folder) for folder in folders):
            kind = "manifest" if MANIFEST.search(texts[path]) else "file"
            what = f"is a {kind} that no kustomization reads: it looks as if it were there, and is not"
            yield Violation("File", path, "", what, "name it in the kustomization of its folder, or remove it")


def _read(path: str, text: str) -> Iterator[str]:
    try:
        paths = read_kustomization(text, file=path).paths
    except BotError:
        return  # `bot validate` reports it where it checks contents
    yield from (posixpath.normpath(posixpath.join(posixpath.dirname(path), each)) for each in paths)


def _is_below(path: str, folder: str) -> bool:
    return not folder or path.startswith(f"{folder}/")
