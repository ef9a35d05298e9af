"""From the schemas that Kubernetes and custom resources publish to plain JSON Schema: closed, without descriptions; pure."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]  # Any: JSON Schema is arbitrary JSON

DEFS = "#/$defs/"
KEPT = {
    "$ref", "additionalProperties", "allOf", "anyOf", "const", "enum", "exclusiveMaximum", "exclusiveMinimum", "items", "maxItems",
    "maxLength", "maxProperties", "maximum", "minItems", "minLength", "minProperties", "minimum", "not", "oneOf", "pattern",
    "properties", "required", "type",
}  # fmt: skip
FORMATS = {"byte", "date-time"}  # others are a width of integers or a hint
LOGIC = ("allOf", "anyOf", "oneOf")
QUANTITY = r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
OPEN = "x-kubernetes-preserve-unknown-fields"
EMBEDDED = "x-kubernetes-embedded-resource"
INT_OR_STRING = "x-kubernetes-int-or-string"


def plain(schema: Schema, *, closed: bool = True) -> Schema:
    """A schema in plain words, which refuses unknown fields where Kubernetes would drop them."""
    kept = {key: value for key, value in schema.items() if key in KEPT}
    if schema.get("format") in FORMATS:
        kept["format"] = schema["format"]
    if schema.get(INT_OR_STRING) or schema.get("format") == "int-or-string":
        kept["type"] = ["integer", "string"]
        for key in ("anyOf", "allOf"):  # they say the same again
            kept.pop(key, None)
    if kept.get("pattern") == QUANTITY:
        del kept["pattern"]
        kept["format"] = "quantity"
    if schema.get("nullable") and isinstance(kept.get("type"), str):
        kept["type"] = [kept["type"], "null"]
    if closed and "properties" in kept and "additionalProperties" not in kept and not schema.get(OPEN):
        kept["additionalProperties"] = False
    return _inside(kept, schema, closed=closed)


def _inside(kept: Schema, schema: Schema, *, closed: bool) -> Schema:
    if "properties" in kept:
        kept["properties"] = {name: plain(value, closed=closed) for name, value in kept["properties"].items()}
        if schema.get(EMBEDDED):
            kept["properties"] |= {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
    for key in ("items", "additionalProperties"):
        if isinstance(kept.get(key), dict):
            kept[key] = plain(kept[key], closed=closed)
    for key in LOGIC:  # what stands in these narrows the schema around it: it names no fields of its own
        if key in kept:
            kept[key] = [plain(each, closed=False) for each in kept[key]]
    if "not" in kept:
        kept["not"] = plain(kept["not"], closed=False)
    return kept


def referenced(schema: object) -> set[str]:
    """The names of the definitions that a schema refers to."""
    if isinstance(schema, dict):
        own = {schema["$ref"].removeprefix(DEFS)} if isinstance(schema.get("$ref"), str) else set()
        return own.union(*(referenced(value) for value in schema.values()))
    if isinstance(schema, list):
        return set().union(*(referenced(value) for value in schema))
    return set()


def reachable(definitions: dict[str, Schema], roots: set[str]) -> dict[str, Schema]:
    """The definitions that some need, themselves included, by name."""
    found: dict[str, Schema] = {}
    waiting = set(roots)
    while waiting:
        name = waiting.pop()
        found[name] = definitions[name]
        waiting |= referenced(definitions[name]) - found.keys()
    return dict(sorted(found.items()))
