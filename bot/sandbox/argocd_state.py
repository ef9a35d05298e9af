"""What the Argo CD stand-in knows of an Application, and how it moves: compare, sync, succeed or hang, be terminated."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from bot.model import Environment

Objects = tuple[dict[str, Any], ...]  # Any: arbitrary manifests

SWITCHES = ("degrade", "hang", "drift", "jobs", "sources", "window", "strict-window")
WINDOWS = {"window": True, "strict-window": False}  # whether a sync that somebody starts passes
MOST_HISTORY = 10
ENDING_SECONDS = 0.1
IN_PROGRESS = frozenset({"Running", "Terminating"})


@dataclass(frozen=True)
class Desired:
    """What Git asks for: at a commit, of the trees that the render reads; `error` when they do not render."""

    revision: str
    trees: tuple[str | None, ...] = ()
    objects: Objects = ()
    error: str = ""


@dataclass(frozen=True)
class Operating:
    """A sync; it ends by itself at `ends`, unless that is None."""

    desired: Desired
    started: datetime
    ends: datetime | None
    is_automated: bool
    phase: str = "Running"
    message: str = "waiting for healthy state of the workloads"
    finished: datetime | None = None

    @property
    def in_progress(self) -> bool:
        """Whether another one would be refused."""
        return self.phase in IN_PROGRESS


@dataclass
class Application:
    """One environment's Application; `live` is what its last good sync brought."""

    environment: Environment
    desired: Desired
    created: datetime
    reconciled: datetime
    healthy_since: datetime
    health: str = "Healthy"  # before the first good render, too: tried
    live: Objects = ()
    half_applied: bool = False  # a sync was ended before its time
    operation: Operating | None = None
    history: list[tuple[int, Operating]] = field(default_factory=list)
    not_again: tuple[str | None, ...] = ()  # trees that auto-sync does not try once more
    switches: set[str] = field(default_factory=set)

    @property
    def sync(self) -> str:
        """Its sync status."""
        if self.desired.error:
            return "Unknown"
        differs = self.half_applied or self.desired.objects != self.live
        return "OutOfSync" if differs or "drift" in self.switches else "Synced"

    @property
    def windows(self) -> tuple[bool, ...]:
        """The deny windows that are open: of each, whether a sync that somebody starts passes."""
        return tuple(passes for name, passes in WINDOWS.items() if name in self.switches)

    @property
    def in_progress(self) -> bool:
        """Whether an operation runs."""
        return self.operation is not None and self.operation.in_progress


def compare(app: Application, desired: Desired, *, now: datetime, seconds: float) -> None:
    """Takes notice of what Git asks for, and syncs to it if that is new; as with 3.2, what failed is not tried again."""
    app.desired, app.reconciled = desired, now
    differs = not desired.error and (app.half_applied or desired.objects != app.live)
    if differs and not app.in_progress and not app.windows and desired.trees != app.not_again:
        begin(app, now=now, seconds=seconds, is_automated=True)
    settle(app, now)


def begin(app: Application, *, now: datetime, seconds: float, is_automated: bool = False) -> None:
    """Starts a sync to what Git asks for."""
    ends = None if "hang" in app.switches else now + timedelta(seconds=seconds)
    app.operation = Operating(app.desired, now, ends, is_automated)
    settle(app, now)


def terminate(app: Application, now: datetime) -> bool:
    """Has the running operation end soon; whether there was one."""
    if app.operation is None or not app.operation.in_progress:
        return False
    app.not_again = app.desired.trees
    app.operation = replace(app.operation, phase="Terminating", ends=now + timedelta(seconds=ENDING_SECONDS))
    return True


def advance(app: Application, now: datetime) -> None:
    """Ends the operation if its time has come."""
    operation = app.operation
    if operation is not None and operation.in_progress and operation.ends and operation.ends <= now:
        app.operation = _ended(app, replace(operation, finished=now))
        app.reconciled = now
    settle(app, now)


def settle(app: Application, now: datetime) -> None:
    """Judges health anew, and remembers when it changed."""
    health = _health(app)
    if health != app.health:
        app.health, app.healthy_since = health, now


def _ended(app: Application, operation: Operating) -> Operating:
    if operation.phase == "Terminating":
        app.half_applied = True
        return replace(operation, phase="Failed", message="Operation terminated")
    if operation.desired.error:
        return replace(operation, phase="Error", message=f"ComparisonError: {operation.desired.error}")
    app.live, app.half_applied, app.not_again = operation.desired.objects, False, ()
    done = replace(operation, phase="Succeeded", message="successfully synced (all tasks run)")
    number = app.history[-1][0] + 1 if app.history else 0
    app.history = [*app.history, (number, done)][-MOST_HISTORY:]
    return done


def _health(app: Application) -> str:
    if "degrade" in app.switches:
        return "Degraded"
    return "Progressing" if app.in_progress or app.half_applied else "Healthy"
