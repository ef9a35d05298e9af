"""The table of what issue 4 promises, and the objects that keep each promise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.docs.markdown import code, table
from tests.docs.promised_api import CONTEXT_API
from tests.docs.promised_databases import NEO4J, QDRANT
from tests.docs.promised_mesh import MESH
from tests.docs.promised_monitoring import MONITORING
from tests.docs.promised_platform import CLUSTER, FOUNDATION
from tests.docs.promised_work import DOCS, ENVIRONMENTS, PROGRAMS
from tests.docs.stack import called, order_of

if TYPE_CHECKING:
    from tests.docs.promise import Promise
    from tests.docs.stack import Item, Stack

PARTS = {
    "context-api": CONTEXT_API,
    "qdrant": QDRANT,
    "neo4j": NEO4J,
    "mesh": MESH,
    "monitoring": MONITORING,
    "foundation": FOUNDATION,
    "clusters": CLUSTER,
    "environments": ENVIRONMENTS,
    "programs and checks": PROGRAMS,
    "documents": DOCS,
}
MISSING = "**missing**"


def stack_table(stack: Stack) -> str:
    """One section for each part."""
    return "\n\n".join(f"### {part}\n\n{_section(stack, promises)}" for part, promises in PARTS.items())


def _section(stack: Stack, promises: tuple[Promise, ...]) -> str:
    return table(("promise", "object", "where"), (_row(stack, promise) for promise in promises))


def _row(stack: Stack, promise: Promise) -> tuple[str, str, str]:
    kept = {place: items for place, items in promise.kept(stack).items() if place in promise.where}
    places = ", ".join(order_of(set(kept))) or "nowhere"
    return promise.text, _objects(kept) or MISSING, places


def _objects(kept: dict[str, list[Item]]) -> str:
    """Every object once, with its places where it is not in all of them."""
    where: dict[str, set[str]] = {}
    for place, items in kept.items():
        for item in items:
            where.setdefault(called(item), set()).add(place)
    return ", ".join(
        code(name) + ("" if places == kept.keys() else f" ({', '.join(order_of(places))})") for name, places in sorted(where.items())
    )
