"""A dangerous change, in words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.objects_diff import ObjectChange


class Danger(IntEnum):
    """What a change may do; the least is shown first."""

    LOSES = 0  # data: no revert brings it back
    REFUSED = 1  # by the API server: the sync fails, and what comes after it waits
    STOPS = 2
    EXPOSES = 3  # what guards Pods, or the ways to them, is gone
    BLINDS = 4  # an alert that would have stopped the next promotion
    INTERRUPTS = 5  # at the next drain of a node


@dataclass(frozen=True)
class Risk:
    """One danger of one changed object."""

    danger: Danger
    sentence: str
    change: ObjectChange
