"""Names that differ from environment to environment although they mean the same; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.kustomizations import HASH_SUFFIX
from bot.objects_diff import GENERATED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from bot.model import Environment
    from bot.objects_diff import Manifest


def as_in(before: Environment, after: Environment, *, old: Iterable[Manifest], new: Iterable[Manifest]) -> Callable[[str], str]:
    """What a text of the second environment would be in the first: its name, its namespace, and generated names with their hashes."""
    names = {after.name: before.name, after.namespace: before.namespace}
    return renamed(names | _generated_names(old, new))


def renamed(names: Mapping[str, str]) -> Callable[[str], str]:
    """Puts other names in place of these, longer ones first, wherever they are not a part of a word."""
    words = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    pattern = re.compile(rf"(?<!\w)(?:{words})(?!\w)")
    return lambda text: pattern.sub(lambda found: names[found[0]], text)


def _generated_names(old: Iterable[Manifest], new: Iterable[Manifest]) -> dict[str, str]:
    known = {HASH_SUFFIX.sub("", name): name for name in _generated(old)}
    return {name: known[short] for name in _generated(new) if (short := HASH_SUFFIX.sub("", name)) in known}


def _generated(items: Iterable[Manifest]) -> Iterator[str]:
    names = (str(item["metadata"]["name"]) for item in items if item["kind"] in GENERATED)
    return (name for name in names if HASH_SUFFIX.search(name))
