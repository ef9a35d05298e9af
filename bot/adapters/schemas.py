"""Checks objects against the schemas of their kinds.

The schemas are those in `bot/schemas`: derived from Kubernetes' own specification and from the definitions of custom resources,
and closed: unknown fields are refused. The rules in `x-kubernetes-validations` (CEL) are not evaluated.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from bot.model import BotError
from bot.policies.formats import FORMATS
from bot.policies.manifests import Violation
from bot.policies.schemas import Finding, name_violations, nearest, violations

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.policies.manifests import Object

FOLDER = files("bot.schemas")
SCRIPT = "python -m bot.schemas.derive"
REFERENCE = re.compile(r'"\$ref": "#/\$defs/([^"]+)"')

Schema = dict[str, Any]  # Any: JSON Schema is arbitrary JSON


def schema_problems(objects: Iterable[Object], *, kubernetes: Sequence[str]) -> tuple[Violation, ...]:
    """Everything that the API servers of these Kubernetes versions (1.37) would refuse in objects, as far as schemas tell."""
    found: dict[Violation, list[str]] = {}
    texts = dict.fromkeys(json.dumps(item, default=str) for item in objects)  # equal ones once; a date is text to Kubernetes
    for version in dict.fromkeys(kubernetes):
        for text in texts:
            for violation in _checked(text, version):
                found.setdefault(violation, []).append(version)
    return tuple(_in_versions(violation, versions, kubernetes) for violation, versions in found.items())


def supported_versions() -> tuple[str, ...]:
    """The Kubernetes versions that have schemas here."""
    names = [name.removeprefix("kubernetes-") for name in _names() if name.startswith("kubernetes-")]
    return tuple(sorted(names, key=lambda name: [int(part) for part in name.split(".")]))


def _in_versions(violation: Violation, versions: list[str], kubernetes: Sequence[str]) -> Violation:
    if len(versions) == len(set(kubernetes)):
        return violation
    return replace(violation, what=f"{violation.what} (in Kubernetes {', '.join(versions)})")


@lru_cache(maxsize=4096)
def _checked(text: str, version: str) -> tuple[Violation, ...]:
    # The API server reads a field without a value as one that is not there.
    item = json.loads(text, object_pairs_hook=lambda pairs: {key: value for key, value in pairs if value is not None})
    api, kind, name = str(item.get("apiVersion")), str(item.get("kind")), str((item.get("metadata") or {}).get("name"))
    document = _document(_file_of(api, version))
    root = document["kinds"].get(f"{api} {kind}")
    if root is None:
        return (_unknown_kind(api, kind, name=name, version=version),)
    validator, schema = _validator(api, kind, version)
    findings = (_finding(schema, error) for error in validator.iter_errors(item))
    return (*name_violations(kind, name, kubernetes=version), *(each for finding in findings for each in violations(kind, name, finding)))


def _file_of(api: str, version: str) -> str:
    group = api.rpartition("/")[0]
    if group in _names() and "." in group:
        return group
    if f"kubernetes-{version}" not in _names():
        hint = f"use one of {', '.join(supported_versions())}, or add it to bot/schemas/pins.py and run `{SCRIPT}`"
        raise BotError(f"there are no schemas of Kubernetes {version}", hint)
    return f"kubernetes-{version}"


@lru_cache
def _names() -> frozenset[str]:
    return frozenset(each.name.removesuffix(".json") for each in FOLDER.iterdir() if each.name.endswith(".json"))


@lru_cache
def _document(name: str) -> Schema:
    read: Schema = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return read


@lru_cache(maxsize=512)
def _validator(api: str, kind: str, version: str) -> tuple[jsonschema_rs.Draft202012Validator, Schema]:
    file = _file_of(api, version)
    root = _document(file)["kinds"][f"{api} {kind}"]
    schema = {"$ref": f"#/$defs/{root}", "$defs": _reached(root, file, version)}
    return jsonschema_rs.Draft202012Validator(schema, formats=dict(FORMATS), validate_formats=True), schema


def _reached(root: str, file: str, version: str) -> Schema:
    """The definitions that one refers to, and these in turn: the validator reads all that it is given, and that takes its time."""
    own, shared = _document(file)["$defs"], _document(f"kubernetes-{version}")["$defs"]
    found: Schema = {}
    waiting = [root]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = own[name] if name in own else shared[name]
            waiting += _referred(name, file if name in own else f"kubernetes-{version}")
    return found


@lru_cache(maxsize=4096)
def _referred(name: str, file: str) -> tuple[str, ...]:
    return tuple(REFERENCE.findall(json.dumps(_document(file)["$defs"][name])))


def _finding(document: Schema, error: jsonschema_rs.ValidationError) -> Finding:
    value, found = error.kind.value, error.instance
    if error.kind.name == "propertyNames":
        inner = error.kind.error  # type: ignore[attr-defined]  # its stub has only what all kinds share
        value, found = inner.kind.value, inner.instance
    schema: Any = document
    for step in error.schema_path[:-1]:
        schema = schema[step]
    return Finding(tuple(error.instance_path), error.kind.name, value, found, schema)


def _unknown_kind(api: str, kind: str, *, name: str, version: str) -> Violation:
    document = _document(_file_of(api, version))
    known = [each.split(" ") for each in document["kinds"]]
    removed = _document("removed")["removed"].get(f"{api} {kind}")
    instead = sorted({one for one, other in known if other == kind}, key=len)
    meant = nearest(kind, [other for one, other in known if one == api])
    if removed:
        hint = f"use apiVersion {removed[1]}" if removed[1] else "remove it: Pod Security labels of the Namespace took its place"
        return Violation(kind, name, "apiVersion", f"{api} {kind} is gone since Kubernetes {removed[0]}", hint)
    if f"{api} {kind}" in document.get("not served", ()):
        what = f"{api} {kind} is no longer served (by {document['module']} {document['version']})"
        return Violation(kind, name, "apiVersion", what, f"use apiVersion {instead[0]}" if instead else "remove it")
    if meant:
        return Violation(kind, name, "kind", f"{api} has no kind {kind}; did you mean {meant}?", f"write {meant}")
    if instead:
        return Violation(kind, name, "apiVersion", f"{kind} is not in {api}", f"use apiVersion {instead[0]}")
    what = f"there is no schema of {api} {kind}, so nothing in it is checked"
    return Violation(kind, name, "apiVersion", what, f"correct the spelling, or add the kind to bot/schemas/pins.py and run `{SCRIPT}`")
