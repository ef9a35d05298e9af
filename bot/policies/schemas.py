"""What a schema finds wrong with an object, in words for people."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bot.policies.formats import FORMATS, LONGEST, WANTED, name_format
from bot.policies.manifests import Violation

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

SHOWN_FIELDS, SHOWN_CHARACTERS = 12, 60
SEE = "see the documentation of the field"
TYPES = {
    "string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false", "object": "a mapping",
    "array": "a list",
}  # fmt: skip
BOUNDS = {
    "minimum": "be at least {}", "maximum": "be at most {}", "exclusiveMinimum": "be more than {}", "exclusiveMaximum": "be less than {}",
    "minLength": "have at least {} characters", "maxLength": "have at most {} characters", "minItems": "have at least {} items",
    "maxItems": "have at most {} items", "minProperties": "have at least {} keys", "maxProperties": "have at most {} keys",
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """One error as a validator gives it: where, by which keyword of the schema, and the schema that has it."""

    path: tuple[str | int, ...]
    keyword: str
    value: Any  # of the keyword: arbitrary JSON
    found: Any
    schema: Mapping[str, Any] = field(default_factory=dict)


def violations(kind: str, name: str, finding: Finding) -> Iterator[Violation]:
    """A finding in words; the values of Secrets are never in them."""
    where = dotted(finding.path)
    if finding.keyword == "additionalProperties":
        known = sorted(finding.schema.get("properties", ()))
        for unknown in finding.value:
            yield Violation(kind, name, dotted((*finding.path, unknown)), *_unknown(where or kind, unknown, known))
    elif finding.keyword == "required":
        field_ = dotted((*finding.path, finding.value))
        yield Violation(kind, name, field_, f"is missing: `{where or kind}` needs the field `{finding.value}`", "add it")
    else:
        what, hint = _worded(finding, secret=kind == "Secret")
        yield Violation(kind, name, where, what, hint)


def name_violations(kind: str, name: str, *, kubernetes: str) -> Iterator[Violation]:
    """What is wrong with an object's own name."""
    wanted = name_format(kind, kubernetes=kubernetes)
    if not FORMATS[wanted](name):
        yield Violation(kind, name, "metadata.name", f"is {_shown(name)}, which is not {WANTED[wanted][0]}", WANTED[wanted][1])
    elif len(name) > LONGEST.get(kind, 253):
        yield Violation(kind, name, "metadata.name", f"has {len(name)} characters, more than {LONGEST[kind]}", "use a shorter name")


def dotted(path: Collection[str | int]) -> str:
    """A path as people write it: spec.containers[0].ports; keys with dots in brackets."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if re.fullmatch(r"[-\w$]+", step) else f'["{step}"]'
    return text.removeprefix(".")


def nearest(word: str, known: Collection[str]) -> str | None:
    """The known word that was probably meant."""
    by_small = {each.lower(): each for each in known}
    close = difflib.get_close_matches(word.lower(), list(by_small), n=1, cutoff=0.7)
    return by_small[close[0]] if close else None


def _unknown(where: str, unknown: str, known: list[str]) -> tuple[str, str]:
    meant = nearest(unknown, known)
    if meant:
        return f"`{where}` has no field `{unknown}`; did you mean `{meant}`?", f"write `{meant}`"
    few = ", ".join(known) if len(known) <= SHOWN_FIELDS else f"{', '.join(known[:SHOWN_FIELDS])}, …"
    return f"`{where}` has no field `{unknown}`", f"remove it, or move it to where it belongs; fields here: {few}"


def _worded(finding: Finding, *, secret: bool) -> tuple[str, str]:
    found = "has a value" if secret else f"is {_shown(finding.found)}"
    value = finding.value
    match finding.keyword:
        case "type":
            words = _type(finding, secret=secret)
        case "enum":
            words = f"{found}, which is not allowed", f"use one of: {', '.join(str(word) for word in value if word != '')}"
        case "format":
            what, hint = WANTED.get(value, (value, SEE))
            words = f"{found}, which is not {what}", hint
        case "propertyNames":
            what, hint = WANTED.get(value, (value, SEE))
            words = f"has the key {_shown(finding.found)}, which is not {what}", hint
        case "pattern":
            words = f"{found}, which does not match {value}", "correct the text"
        case keyword if keyword in BOUNDS:
            words = f"{found}, must {BOUNDS[keyword].format(value)}", "correct the value"
        case _:
            words = _combination(finding)
    return words


def _type(finding: Finding, *, secret: bool) -> tuple[str, str]:
    wanted = [each for each in ([finding.value] if isinstance(finding.value, str) else finding.value) if each != "null"]
    found, is_plain = finding.found, isinstance(finding.found, str | int | float | bool)
    shown = _type_of(found) if secret or not is_plain or isinstance(found, bool) else f"the {_type_of(found)[2:]} {_shown(found)}"
    what = f"is {shown}, must be {' or '.join(TYPES[each] for each in wanted)}"
    if "string" in wanted and is_plain:
        return what, "put it in quotes"
    if isinstance(found, str) and {"integer", "number", "boolean"} & set(wanted):
        return what, "write it plainly, without quotes"
    return what, "start each item with `- `" if "array" in wanted else SEE


def _combination(finding: Finding) -> tuple[str, str]:
    names = sorted(_required(finding.schema.get(finding.keyword)))
    if not names:
        return f"breaks the rule `{finding.keyword}` of its schema", SEE
    given = [name for name in names if isinstance(finding.found, dict) and name in finding.found]
    if len(given) > 1:
        return f"has {' and '.join(given)} together", f"keep one of: {', '.join(names)}"
    what = f"has {given[0] if given else 'none'} of {', '.join(names)}, which is not enough or does not go together"
    return what, "give the fields that belong together"


def _required(schema: object) -> set[str]:
    if isinstance(schema, dict):
        return set(schema.get("required", ())).union(*(_required(value) for key, value in schema.items() if key != "required"))
    return set().union(*(_required(value) for value in schema)) if isinstance(schema, list) else set()


def _type_of(found: object) -> str:
    names = {bool: "true or false", str: "a text", int: "a number", float: "a number", dict: "a mapping", list: "a list"}
    return names.get(type(found), "empty")


def _shown(found: object) -> str:
    if isinstance(found, dict | list):
        return f"{_type_of(found)} of {len(found)}"
    text = f'"{found}"' if isinstance(found, str) else str(found)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
