"""Schemas of custom resources, from their CustomResourceDefinitions; pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bot.schemas.kubernetes import OBJECT_META
from bot.schemas.shapes import DEFS, Schema, plain

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass
class _Group:
    """What is known of one API group so far."""

    kinds: dict[str, str] = field(default_factory=dict)
    not_served: list[str] = field(default_factory=list)
    definitions: dict[str, Schema] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)  # by content, so that equal shapes are written once


def custom_schemas(definitions: Iterable[Schema], wanted: Iterable[str]) -> dict[str, Schema]:
    """For each API group: the wanted kinds in every version that is served, and the definitions that they need."""
    groups: dict[str, _Group] = {}
    chosen = [item["spec"] for item in definitions if item["spec"]["names"]["kind"] in set(wanted)]
    for spec in sorted(chosen, key=lambda spec: (spec["group"], spec["names"]["kind"])):
        group = groups.setdefault(spec["group"], _Group())
        for version in sorted(spec["versions"], key=lambda version: (len(version["name"]), version["name"])):  # v1 before v1beta1
            _add(group, spec, version)
    return {
        name: {"kinds": group.kinds, "not served": group.not_served, "$defs": dict(sorted(group.definitions.items()))}
        for name, group in groups.items()
    }


def _add(group: _Group, spec: Schema, version: dict[str, Any]) -> None:
    kind = spec["names"]["kind"]
    served = f"{spec['group']}/{version['name']} {kind}"
    if not version["served"]:
        group.not_served.append(served)
        return
    root = plain(version["schema"]["openAPIV3Schema"])
    root["properties"] |= {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"$ref": f"{DEFS}{OBJECT_META}"}}
    if "status" in root["properties"]:
        root["properties"]["status"] = {}
    root["required"] = sorted({*root.get("required", ()), "metadata"})
    is_first = kind not in group.kinds.values()
    group.kinds[served] = _hoisted(group, root, kind if is_first else f"{kind}.{version['name']}")["$ref"].removeprefix(DEFS)


def _hoisted(group: _Group, schema: Schema, path: str) -> Schema:
    """A schema whose objects are definitions, named by where they are first met, equal ones once."""
    result = dict(schema)
    if "properties" in result:
        result["properties"] = {name: _hoisted(group, value, f"{path}.{name}") for name, value in schema["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(result.get(key), dict):
            result[key] = _hoisted(group, result[key], path)
    if "properties" not in result:
        return result
    content = json.dumps(result, sort_keys=True)
    if content not in group.names:
        name = path
        while name in group.definitions:
            name += "_"
        group.names[content] = name
        group.definitions[name] = result
    return {"$ref": f"{DEFS}{group.names[content]}"}
