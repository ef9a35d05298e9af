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
    """Lets so many port calls happen; the next one ends the process before it is made."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def tick(self) -> None:
        if self.left == 0:
            raise KilledError
        self.left -= 1


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


def mortal(world: World, calls: int) -> World:
    """A world in which the process dies at a port call."""
    countdown = Countdown(calls)
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
    """Kills a command at its first, second, … port call, runs it again, checks; answers how many calls it makes.

    Where nothing was written yet, running it again is running it for the first time: that is not repeated for every call.
    """
    calls = again = 0
    while True:
        died = False
        try:
            command(mortal(world, calls))
        except KilledError:
            died = True
        if died and untouched():
            calls += 1
            continue
        again += died
        if died:
            command(world)
        check()
        if not died:
            assert again > 0, "no kill fell between two writes"
            return calls
        forget()
        calls += 1
