"""OCI registries: which digest a tag names now."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.adapters.registry_http import ask
from bot.gate.image_names import HUB, HUB_NAMES
from bot.model import BotError
from bot.references import DIGEST, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.adapters.registry_http import Reply
    from bot.ports import Registry

HUB_REGISTRY = "registry-1.docker.io"
OK, NOT_FOUND = 200, 404
SCHEMA_VERSION = 2  # of every manifest and index that is asked for


def open_registry(*, mirrors: Mapping[str, str], timeout: float) -> Registry:
    """All registries; `mirrors` gives the address to ask instead of a registry's host, `timeout` is in seconds a question."""
    return OciRegistries(mirrors, timeout)


@dataclass(frozen=True)
class OciRegistries:
    """The Registry port. Asks as anybody would, without credentials."""

    mirrors: Mapping[str, str]
    timeout: float

    def digest(self, repository: str, tag: str) -> str:
        """The manifest (or index) digest of a tag; BotError when there is no such tag."""
        host, path = split(repository)
        address = self.mirrors.get(host, f"https://{HUB_REGISTRY if host == HUB else host}").rstrip("/")
        hint = f"check the network, or give the digest yourself: {tag}@sha256:…"
        reply = ask(f"{address}/v2/{path}/manifests/{tag}", host=host, hint=hint, timeout=self.timeout)
        if reply.status == NOT_FOUND:
            raise BotError(f"{repository}:{tag} is not in the registry {host}", "is it pushed? its digest can be given, too: TAG@sha256:…")
        if reply.status != OK:
            raise BotError(f"registry {host} answers {repository}:{tag} with HTTP {reply.status}", hint)
        return _digest(reply, f"registry {host} answers {repository}:{tag}")


def split(repository: str) -> tuple[str, str]:
    """The registry's host and the path there; `neo4j` and `docker.io/neo4j` are both `library/neo4j` of the hub."""
    first, slash, rest = repository.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost"):
        first, rest = HUB, repository
    first = HUB if first in HUB_NAMES else first
    return first, f"library/{rest}" if first == HUB and "/" not in rest else rest


def _digest(reply: Reply, who: str) -> str:
    """The digest of what was read, which is what the registry must have called it."""
    if not _is_manifest(reply.body):
        raise BotError(f"{who} with what is not its manifest", "is there a login or a proxy in front of it?")
    computed = f"sha256:{hashlib.sha256(reply.body).hexdigest()}"
    told = reply.digest or computed
    if not DIGEST.fullmatch(told):
        raise BotError(f"{who} with {shown(told)}, which is not a digest", "is it a registry?")
    if told != computed:
        raise BotError(f"{who} with a manifest that is not {told}", "is there a proxy in front of it?")
    return computed


def _is_manifest(body: bytes) -> bool:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and found.get("schemaVersion") == SCHEMA_VERSION
