"""Qdrant's keys: who writes points or snapshots has the one that may, and not the one that only reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.policies.contracts import QDRANT
from bot.policies.fields import mapping, mappings, text
from bot.policies.programs import programs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Object, Violation

WRITING = ("QDRANT__SERVICE__API_KEY", "QDRANT__SERVICE__ALT_API_KEY")
READING = "QDRANT__SERVICE__READ_ONLY_API_KEY"
ASKING = "QDRANT_API_KEY"  # of context-api, and of the programs that take and bring back snapshots


def writers_have_the_key_that_writes(manifests: Manifests) -> Iterator[Violation]:
    """The key of whoever asks Qdrant is, by Secret and key, one that Qdrant lets write."""
    found = [program.container for program in programs(manifests, QDRANT)]
    writing = [key for container in found for name in WRITING if (key := _key(container, name))]
    reading = [key for container in found if (key := _key(container, READING))]
    for pods, where, container in manifests.containers():
        key = _key(container, ASKING)
        if key and writing and key not in writing:
            may = "may only read: snapshots and points are refused" if key in reading else "Qdrant does not know: it refuses everything"
            hint = f"take {' or '.join(f'the key {each[1]} of the Secret {each[0]}' for each in dict.fromkeys(writing))}"
            yield pods.wrong(f"{where}.env[{ASKING}]", f"is the key {key[1]} of the Secret {key[0]}, which {may}", hint=hint)


QDRANT_KEY_POLICIES = (writers_have_the_key_that_writes,)


def _key(container: Object, name: str) -> tuple[str, str] | None:
    """Secret and key that a variable is taken from, the last one of its name; None where it is none or comes with others."""
    for variable in reversed(mappings(container, "env")):
        if text(variable, "name") == name:
            named = mapping(variable, "valueFrom", "secretKeyRef")
            return (text(named, "name"), text(named, "key")) if named else None
    return None
