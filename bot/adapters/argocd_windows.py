"""Sync windows: what Argo CD says of them, and whether they keep an Application from syncing by itself."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from bot.adapters.foreign import printable
from bot.observations import SyncWindow

MOST_WINDOWS = 3


@dataclass(frozen=True)
class Window:
    """A sync window of the project that is the Application's, too."""

    kind: Literal["allow", "deny"]
    schedule: str
    duration: str


@dataclass(frozen=True)
class Windows:
    """Of GET /applications/{name}/syncwindows; its `canSync` is about a sync that somebody starts, not about auto-sync."""

    can_start: Annotated[bool, Field(alias="canSync")]
    active: Annotated[tuple[Window, ...] | None, Field(alias="activeWindows")] = None
    assigned: Annotated[tuple[Window, ...] | None, Field(alias="assignedWindows")] = None


WINDOWS = TypeAdapter(Windows)


def window_seen(windows: Windows) -> SyncWindow | None:
    """What keeps auto-sync waiting, as its controller decides: an open deny window, or allow windows that are all closed."""
    active, assigned = windows.active or (), windows.assigned or ()
    denying = [each for each in active if each.kind == "deny"]
    allowing = [each for each in assigned if each.kind == "allow"]
    if not denying and (not allowing or any(each.kind == "allow" for each in active)):
        return None
    times = tuple(f"schedule {printable(each.schedule)}, duration {printable(each.duration)}" for each in denying or allowing)
    return SyncWindow("deny" if denying else "allow", times[:MOST_WINDOWS], windows.can_start)
