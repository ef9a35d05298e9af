"""Templates of messages, in Go's language, as far as they can be read without filling them in: actions that end, and JSON."""

from __future__ import annotations

import json
import re

TEXT = r'"(?:\\.|[^"\\])*"|`[^`]*`'
ACTION = re.compile(rf"\{{\{{((?:{TEXT}|[^\"`])*?)\}}\}}", re.DOTALL)
QUOTED = re.compile(rf"{TEXT}|'(?:\\.|[^'\\])*'|^-?\s*/\*.*", re.DOTALL)  # or a comment
DEPENDS = re.compile(r"-?\s*(?:(?:if|else|end|range|with|define|template|block|break|continue)\b|/\*|\$)")  # on more than a value
ENCODED = re.compile(r"\|\s*to(?:Raw|Pretty)?Json\s*-?$")


def is_closed(template: str) -> bool:
    """Whether each action ends, and before the next one begins."""
    between, actions = _parts(template)
    return not any("{{" in each for each in between) and not any(re.search("[{}]", QUOTED.sub("", each)) for each in actions)


def fault_of_json(template: str, *, is_list: bool) -> str:
    """Why a template gives no JSON, or no list of it, whatever its values are; nothing where that cannot be known."""
    filled = _filled(template)
    if filled is None or not filled.strip():
        return ""
    try:
        found = json.loads(filled)
    except ValueError as error:
        return f"no JSON ({error})"
    return "no list" if is_list and not isinstance(found, list) else ""


def _filled(template: str) -> str | None:
    """The template with some text for each value; nothing where one is not encoded, or decides what comes."""
    between, actions = _parts(template)
    filled, is_inside = between[0], _ends_inside(between[0], is_inside=False)
    for action, after in zip(actions, between[1:], strict=True):
        if DEPENDS.match(action) or not (is_inside or ENCODED.search(action)):
            return None
        filled += ("0" if is_inside else '"0"') + after
        is_inside = _ends_inside(after, is_inside=is_inside)
    return filled


def _ends_inside(text: str, *, is_inside: bool) -> bool:
    """Whether a string of JSON is open after a text."""
    return is_inside ^ (re.sub(r"\\.", "", text).count('"') % 2 == 1)


def _parts(template: str) -> tuple[list[str], list[str]]:
    """What stands between actions, and the actions."""
    parts = ACTION.split(template)
    return parts[::2], parts[1::2]
