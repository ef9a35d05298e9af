"""In which file an object is written first, so that a message names the file to change; a light scan of texts, no YAML reader."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.kustomizations import HASH_SUFFIX, is_kustomization
from bot.policies.patches import DOCUMENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KIND = re.compile(r"^kind:[ \t]*[\"']?([A-Za-z0-9]+)", re.MULTILINE)
METADATA = re.compile(r"^metadata:[ \t]*(?:#[^\n]*)?\n((?:[ \t]+[^\n]*(?:\n|\Z)|[ \t]*\n)*)", re.MULTILINE)
NAME = re.compile(r"^[ \t]+name:[ \t]*[\"']?([^\s\"'#]+)")
FLOW = re.compile(r"^metadata:[ \t]*\{(.*)\}", re.MULTILINE)
NESTED = re.compile(r"\{[^{}]*\}")
FLOW_NAME = re.compile(r"(?:^|,)[ \t]*name:[ \t]*[\"']?([^\s\"',}]+)")
GENERATORS = {"configMapGenerator": "ConfigMap", "secretGenerator": "Secret"}
GENERATOR = re.compile(
    rf"^({'|'.join(GENERATORS)}):[ \t]*(?:#[^\n]*)?\n((?:[ \t]+[^\n]*(?:\n|\Z)|- [^\n]*(?:\n|\Z)|[ \t]*\n)*)", re.MULTILINE
)
GENERATED = re.compile(r"^[ \t]*(?:- )?[ \t]*name:[ \t]*[\"']?([^\s\"'#]+)", re.MULTILINE)
MERGES = re.compile(r"\bbehavior:[ \t]*[\"']?(?:merge|replace)\b")

Origins = dict[tuple[str, str], str]  # path by kind and name


def origins(texts: Mapping[str, str]) -> Origins:
    """Where each object is written first: in a base rather than a feature, in either rather than an overlay."""
    found: Origins = {}
    for path in sorted(texts, key=_order):
        for kind, name in _written(path, texts[path]):
            found.setdefault((kind, name), path)
    return found


def origin_of(found: Origins, kind: str, name: str) -> str | None:
    """The file of a rendered object: generated names lose their hash, and kustomize renames the Namespace."""
    exact = found.get((kind, name)) or found.get((kind, HASH_SUFFIX.sub("", name)))
    if exact or kind != "Namespace":
        return exact
    return next((path for (each, _), path in found.items() if each == kind), None)


def _order(path: str) -> tuple[int, str]:
    folders = path.split("/")[:-1]
    return (0 if "base" in folders else 1 if "features" in folders else 2, path)


def _written(path: str, text: str) -> Iterator[tuple[str, str]]:
    if is_kustomization(path):
        yield from _generated(text)
    elif path.endswith((".yaml", ".yml")):
        for document in DOCUMENT.split(text):
            kind, name = KIND.search(document), _name(document)
            if kind and name:
                yield kind[1], name


def _name(document: str) -> str:
    """The name in an object's metadata, not one that lies deeper, such as in ownerReferences."""
    flow = FLOW.search(document)
    if flow:
        name = FLOW_NAME.search(NESTED.sub("", flow[1]))
        return name[1] if name else ""
    metadata = METADATA.search(document)
    lines = [line for line in (metadata[1] if metadata else "").split("\n") if line.strip() and not line.lstrip().startswith("#")]
    indent = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    names = (NAME.match(line) for line in lines if len(line) - len(line.lstrip()) == indent)
    return next((found[1] for found in names if found), "")


def _generated(text: str) -> Iterator[tuple[str, str]]:
    """Objects that a kustomization generates itself, and does not only add to."""
    for section in GENERATOR.finditer(text):
        for entry in re.split(r"^[ \t]*- ", section[2], flags=re.MULTILINE)[1:]:
            name = GENERATED.search(entry)
            if name and not MERGES.search(entry):
                yield GENERATORS[section[1]], name[1]
