"""What VirtualServices say: routes, the hosts that they lead to, and which paths they let through."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.policies.fields import at, indexed, mapping, sequence, text, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Object

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_ALTERNATIVES = re.compile(r"\^?\(?([A-Z|]+)\)?\$?")


def routes(manifests: Manifests, *sections: str) -> Iterator[tuple[Object, str, Object]]:
    """Each route of each VirtualService, with its path."""
    for service in manifests.of("VirtualService"):
        for section in sections:
            for index, route in indexed(service, "spec", section):
                yield service, f"spec.{section}[{index}]", route


def destinations(manifests: Manifests) -> Iterator[tuple[Object, str, Object, bool]]:
    """Each destination of each route: VirtualService, path, destination, and whether requests go there."""
    for service, where, route in routes(manifests, "http", "tls", "tcp"):
        for index, each in indexed(route, "route"):
            is_used = at(each, "weight") != 0
            yield service, f"{where}.route[{index}].destination", mapping(each, "destination"), is_used
        if mapping(route, "mirror"):
            yield service, f"{where}.mirror", mapping(route, "mirror"), True
        for index, each in indexed(route, "mirrors"):
            yield service, f"{where}.mirrors[{index}].destination", mapping(each, "destination"), True


def is_public(service: Object) -> bool:
    """Whether a VirtualService is bound to a gateway."""
    return any(name != "mesh" for name in words(service, "spec", "gateways"))


def only_reads(route: Object) -> bool:
    """Whether a route takes nothing but requests that may be repeated."""
    matches = sequence(route, "match")
    return bool(matches) and all(_methods(match) and _methods(match) <= SAFE_METHODS for match in matches)


def _methods(match: object) -> frozenset[str]:
    exact = text(match, "method", "exact")
    if exact:
        return frozenset({exact})
    found = _ALTERNATIVES.fullmatch(text(match, "method", "regex"))
    return frozenset(found[1].split("|")) if found else frozenset()


def leads(service: Object, path: str) -> Iterator[int]:
    """The routes that send requests for a path to a destination, up to the one that answers all of them itself."""
    for index, route in indexed(service, "spec", "http"):
        matches = sequence(route, "match")
        if matches and not any(_uri_fits(match, path) for match in matches):
            continue
        if sequence(route, "route"):
            yield index
        if not matches or any(_uri_fits(match, path) and set(mapping(match)) <= {"uri", "name", "ignoreUriCase"} for match in matches):
            return


def _uri_fits(match: object, path: str) -> bool:
    uri = mapping(match, "uri")
    if not uri:
        return True
    exact, prefix, pattern = (text(uri, key) for key in ("exact", "prefix", "regex"))
    if at(match, "ignoreUriCase") is True:
        exact, prefix, path = exact.lower(), prefix.lower(), path.lower()
    if exact or prefix:
        return path == exact if exact else path.startswith(prefix)
    try:
        return re.fullmatch(pattern, path) is not None
    except re.error:
        return True  # what cannot be read may fit
