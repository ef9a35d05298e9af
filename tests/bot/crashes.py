"""A world in which the process dies at a port call, for tests that run the command again."""

from __future__ import annotations

from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.ports import World


class KilledError(BaseException):
    """The process is gone."""


class Countdown:
    """Lets so many port calls happen (None: all); the next one ends the process before it is made. `seen` notes a fact at each call."""

    def __init__(self, calls: int | None, look: Callable[[], bool] = lambda: True) -> None:
        self.calls, self.look = calls, look
        self.seen: list[bool] = []

    def tick(self) -> None:
        if len(self.seen) == self.calls:
            raise KilledError
        self.seen.append(self.look())


class Mortal:
    """A port whose calls count down."""

    def __init__(self, port: Any, countdown: Countdown) -> None:
        self._port, self._countdown = port, countdown

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not callable(found):
            return found

        @wraps(found)
        def counted(*arguments: Any, **named: Any) -> Any:
            self._countdown.tick()
            return found(*arguments, **named)

        return counted


def mortal(world: World, countdown: Countdown) -> World:
    """A world in which the process dies at a port call."""
    return replace(
        world,
        origin=Mortal(world.origin, countdown),
        forge=Mortal(world.forge, countdown),
        renderer=Mortal(world.renderer, countdown),
        registry=Mortal(world.registry, countdown),
        argocd=lambda environment: Mortal(world.argocd(environment), countdown),
        prometheus=lambda environment: tuple(Mortal(each, countdown) for each in world.prometheus(environment)),
    )


def survive(
    world: World,
    command: Callable[[World], object],
    *,
    untouched: Callable[[], bool],
    check: Callable[[], None],
    forget: Callable[[], None],
) -> int:
    """Kills a command at every port call, runs it again, checks; answers how many calls it makes.

    A kill where nothing was written yet leaves the world as it is, and running it again is running it for the first time:
    one whole run looks at each of these calls whether that is so, and the kills begin after them. How often a command asks
    while it waits is a matter of time, so a later run may end before its kill; that is where the kills end.
    """
    command(world)  # what it remembers afterwards, such as renders, is then the same in every run
    forget()
    whole = Countdown(None, untouched)
    command(mortal(world, whole))
    check()
    forget()
    first = whole.seen.index(False)
    assert len(whole.seen) > first + 1, "no kill fell between two writes"
    for calls in range(first, len(whole.seen)):
        killed = True
        try:
            command(mortal(world, Countdown(calls)))
            killed = False
        except KilledError:
            command(world)
        check()
        forget()
        if not killed:
            assert calls - first > (len(whole.seen) - first) / 2, "too few calls for a kill"
            break
    return len(whole.seen)
