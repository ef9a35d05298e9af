"""Lists, numbers and durations of YAML of any shape: what is missing, or of another type, reads as empty."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from bot.policies.fields import at, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Object

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|h|m|s)")
_UNITS = {"h": Fraction(3600), "m": Fraction(60), "s": Fraction(1), "ms": Fraction(1, 1000)}


def sequence(item: object, *keys: str) -> list[Any]:
    """The list at a path."""
    found = at(item, *keys)
    return found if isinstance(found, list) else []


def indexed(item: object, *keys: str) -> Iterator[tuple[int, Object]]:
    """The mappings of the list at a path, each with its place in the list."""
    yield from ((index, each) for index, each in enumerate(sequence(item, *keys)) if isinstance(each, dict))


def integer(item: object, *keys: str) -> int | None:
    """The whole number at a path, or None."""
    found = at(item, *keys)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def seconds(item: object, *keys: str) -> Fraction | None:
    """The duration at a path, such as 1m30s, or None."""
    written = text(item, *keys)
    parts = _DURATION.findall(written)
    if not parts or "".join(amount + unit for amount, unit in parts) != written:
        return None
    return sum((Fraction(amount) * _UNITS[unit] for amount, unit in parts), Fraction(0))
