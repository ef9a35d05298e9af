"""Recognising an image in the spellings of manifests, runtimes and kube-state-metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.model import Image

HUB = "docker.io"
HUB_NAMES = frozenset({HUB, "index.docker.io", "registry-1.docker.io"})


def is_image(image: Image, written: str) -> bool:
    """Whether a written reference is this image: by its digest where it has one, else by repository and tag."""
    if image.digest:
        return written == image.reference or written.endswith(f"@{image.digest}")
    return normalised(written) == normalised(image.reference)


def repository_of(written: str) -> str:
    """The repository of a reference, with registry, without tag and digest."""
    bare = normalised(written).partition("@")[0]
    folder, slash, last = bare.rpartition("/")
    return folder + slash + last.partition(":")[0]


def normalised(written: str) -> str:
    """The reference with its registry in full: `neo4j:5` is `docker.io/library/neo4j:5`."""
    first, slash, rest = written.partition("/")
    is_registry = bool(slash) and ("." in first or ":" in first or first == "localhost")
    if not is_registry:
        first, rest = HUB, written
    if first not in HUB_NAMES:
        return written
    return f"{HUB}/{rest}" if "/" in rest else f"{HUB}/library/{rest}"
