"""Placeholders: what a base leaves to environments is filled in when everything is rendered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.policies.manifests import wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Violation

PLACEHOLDER = re.compile(r"(?<![A-Za-z0-9-])set-by-[a-z0-9-]*")


def nothing_is_left_to_fill_in(manifests: Manifests) -> Iterator[Violation]:
    """No text `set-by-…` of a base is left: it is a name that nobody has, and reaches the cluster as it is."""
    for item in manifests.objects:
        for where, text in _texts(item):
            for left in dict.fromkeys(PLACEHOLDER.findall(text)):
                what = f"still has the placeholder {left}, which nothing here replaced: the cluster takes it for a value"
                name = left.removeprefix("set-by-")
                hint = f"fill it in: by the environment's {name}.yaml or the feature {name}" if name else "write the value that is meant"
                yield wrong(item, where, what, hint=hint)


PLACEHOLDER_POLICIES = (nothing_is_left_to_fill_in,)


def _texts(found: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text below, keys included, with its path."""
    if isinstance(found, str):
        yield path, found
    elif isinstance(found, dict):
        for key, value in found.items():
            inside = f"{path}.{key}".lstrip(".")
            yield inside, str(key)
            yield from _texts(value, inside)
    elif isinstance(found, list):
        for place, value in enumerate(found):
            yield from _texts(value, f"{path}[{place}]")
