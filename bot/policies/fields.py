"""Fields of YAML of any shape: what is missing, or of another type, reads as empty."""

from __future__ import annotations

from typing import Any


def at(item: object, *keys: str) -> Any:  # noqa: ANN401 - YAML enters here
    """What lies at a path of keys; None where the path ends early."""
    for key in keys:
        item = item.get(key) if isinstance(item, dict) else None
    return item


def mapping(item: object, *keys: str) -> dict[str, Any]:
    """The mapping at a path."""
    found = at(item, *keys)
    return found if isinstance(found, dict) else {}


def mappings(item: object, *keys: str) -> tuple[dict[str, Any], ...]:
    """The mappings in the list at a path."""
    found = at(item, *keys)
    return tuple(each for each in found if isinstance(each, dict)) if isinstance(found, list) else ()


def words(item: object, *keys: str) -> tuple[str, ...]:
    """The strings in the list at a path."""
    found = at(item, *keys)
    return tuple(each for each in found if isinstance(each, str)) if isinstance(found, list) else ()


def text(item: object, *keys: str) -> str:
    """The string at a path."""
    found = at(item, *keys)
    return found if isinstance(found, str) else ""


def number(item: object, *keys: str, default: int) -> int:
    """The whole number at a path."""
    found = at(item, *keys)
    return found if isinstance(found, int) and not isinstance(found, bool) else default


def strings(item: object, *keys: str) -> dict[str, str]:
    """The pairs of strings in the mapping at a path: labels, selectors, data."""
    return {key: value for key, value in mapping(item, *keys).items() if isinstance(key, str) and isinstance(value, str)}
