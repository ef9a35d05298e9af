"""What somebody who misspelt a name may have meant."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def instead(name: str, known: Iterable[str], otherwise: str, *, cutoff: float = 0.75) -> str:
    """A hint: the known name that is most like it (`cutoff` from 0, any, to 1, the same), else what to do otherwise."""
    near = get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return f"did you mean {near[0]}?" if near else otherwise
