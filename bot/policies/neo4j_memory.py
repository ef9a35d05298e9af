"""Neo4j's memory: heap and page cache are said, and both fit into the container beside all else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.policies.contracts import NEO4J
from bot.policies.fields import at
from bot.policies.programs import programs
from bot.policies.quantities import quantity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Violation

INITIAL, MOST = "NEO4J_server_memory_heap_initial__size", "NEO4J_server_memory_heap_max__size"
CACHE = "NEO4J_server_memory_pagecache_size"
SIZE = re.compile(r"([1-9][0-9]*)(?:([kmgt])(?:i?b)?|b)?", re.IGNORECASE)  # each of 1024, as in Neo4j's ByteUnit
POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def neo4j_memory_is_said(manifests: Manifests) -> Iterator[Violation]:
    """Heap and page cache are sizes; what is left out is a share of the memory that Neo4j finds."""
    for program in programs(manifests, NEO4J):
        for name in (INITIAL, MOST, CACHE) if program.variables.complete else ():
            if size(program.value(name)) is None:
                what = f"is {program.value(name) or 'not set'}: Neo4j takes a share of the memory that it finds, or does not start"
                yield program.wrong(name, what, hint="write a size such as 512m or 3g into settings.env")


def neo4j_heap_does_not_grow(manifests: Manifests) -> Iterator[Violation]:
    """The heap is whole from the start: growing it stops everything, and may fail when the memory is needed."""
    for program in programs(manifests, NEO4J):
        first, most = size(program.value(INITIAL)), size(program.value(MOST))
        if first and most and first != most:
            what = f"is {program.value(INITIAL)}, and {MOST} is {program.value(MOST)}: " + (
                "the heap grows in pauses, into memory that may be gone" if first < most else "Java does not start"
            )
            yield program.wrong(INITIAL, what, hint=f"set both to {program.value(MOST)}")


def neo4j_fits_its_container(manifests: Manifests) -> Iterator[Violation]:
    """Heap and page cache together leave something of the container's memory to all else."""
    for program in programs(manifests, NEO4J):
        heap, cache = size(program.value(MOST)), size(program.value(CACHE))
        written = at(program.container, "resources", "limits", "memory")
        limit = quantity(written)
        if heap and cache and limit is not None and heap + cache >= limit:
            what = (
                f"is {program.value(MOST)}, with a page cache of {program.value(CACHE)} and a memory limit of {written}: "
                "the container is killed as they fill"
            )
            hint = "let both together be half to two thirds of resources.limits.memory: metaspace, buffers and transactions need the rest"
            yield program.wrong(MOST, what, hint=hint)


NEO4J_MEMORY_POLICIES = (neo4j_memory_is_said, neo4j_heap_does_not_grow, neo4j_fits_its_container)


def size(written: str) -> int | None:
    """Bytes as Neo4j writes them; None where it is no size."""
    found = SIZE.fullmatch(written)
    return int(found[1]) * 1024 ** POWERS[(found[2] or "").lower()] if found else None
