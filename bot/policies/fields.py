"""Fields of YAML of any shape: what is missing, or of another type, reads as empty."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|h|m|s)")
_UNITS = {"h": Fraction(3600), "m": Fraction(60), "s": Fraction(1), "ms": Fraction(1, 1000)}


def at(item: object, *keys: str) -> Any:  # noqa: ANN401 - YAML enters here
    """What lies at a path of keys; None where the path ends early."""
    for key in keys:
        if not isinstance(item, dict):
            return None
        item = item.get(key)
    return item


def mapping(item: object, *keys: str) -> dict[str, Any]:
    """The mapping at a path."""
    found = at(item, *keys)
    return found if isinstance(found, dict) else {}


def sequence(item: object, *keys: str) -> list[Any]:
    """The list at a path."""
    found = at(item, *keys)
    return found if isinstance(found, list) else []


def indexed(item: object, *keys: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The mappings of the list at a path, each with its place in the list."""
    yield from ((index, each) for index, each in enumerate(sequence(item, *keys)) if isinstance(each, dict))


def mappings(item: object, *keys: str) -> tuple[dict[str, Any], ...]:
    """The mappings in the list at a path."""
    return tuple(each for _, each in indexed(item, *keys))


def words(item: object, *keys: str) -> tuple[str, ...]:
    """The strings in the list at a path."""
    return tuple(each for each in sequence(item, *keys) if isinstance(each, str))


def text(item: object, *keys: str) -> str:
    """The string at a path."""
    found = at(item, *keys)
    return found if isinstance(found, str) else ""


def integer(item: object, *keys: str) -> int | None:
    """The whole number at a path, or None."""
    found = at(item, *keys)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def number(item: object, *keys: str, default: int) -> int:
    """The whole number at a path, or what there is without one."""
    found = integer(item, *keys)
    return default if found is None else found


def seconds(item: object, *keys: str) -> Fraction | None:
    """The duration at a path, such as 1m30s, or None."""
    written = text(item, *keys)
    parts = _DURATION.findall(written)
    if not parts or "".join(amount + unit for amount, unit in parts) != written:
        return None
    return sum((Fraction(amount) * _UNITS[unit] for amount, unit in parts), Fraction(0))


def strings(item: object, *keys: str) -> dict[str, str]:
    """The pairs of strings in the mapping at a path: labels, selectors, data."""
    return {key: value for key, value in mapping(item, *keys).items() if isinstance(key, str) and isinstance(value, str)}
