"""Blobs that were read before: what a hash names never changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOST, MOST_BYTES = 1024, 64 * 1024  # 64 MiB at the most


class Blobs:
    """The latest small blobs, by hash."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def known(self, shas: Iterable[str]) -> dict[str, bytes]:
        """Those of these blobs that are remembered."""
        return {sha: content for sha in shas if (content := self._known.get(sha)) is not None}

    def remember(self, blobs: Mapping[str, bytes]) -> None:
        """Keeps those that are small, and forgets the oldest."""
        self._known.update({sha: content for sha, content in blobs.items() if len(content) <= MOST_BYTES})
        for sha in list(self._known)[:-MOST]:
            self._known.pop(sha, None)
