"""Killed at any moment and run again, a command ends with one branch, one pull request and the right content."""

from __future__ import annotations

from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any

import pytest

from bot.wiring import build_world
from bot.workflows.promote import promote
from bot.workflows.rollback import roll_back
from bot.workflows.rollback_plan import Request
from tests.bot.conftest import Quiet

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.ports import World
    from tests.bot.conftest import Town


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


def survive(world: World, command: Callable[[World], object], check: Callable[[], None], forget: Callable[[], None]) -> int:
    """Kills a command at its first, second, … port call, runs it again, checks; answers how many calls it makes."""
    calls = 0
    while True:
        died = False
        try:
            command(mortal(world, calls))
        except KilledError:
            died = True
            command(world)
        check()
        if not died:
            return calls
        forget()
        calls += 1


@pytest.mark.timeout(900)
def test_promote_killed_at_every_port_call(dev_ahead: Town) -> None:
    town, world = dev_ahead, build_world(repo=None, progress=Quiet())
    forge = town.sandbox.forge
    main = town.git("rev-parse", "main")

    def check() -> None:
        assert town.git("rev-parse", "main") == main
        assert town.git("branch", "--list", "promote.*").split() == ["promote.staging"]
        (pull,) = (pull for pull in forge.pulls.values() if pull.branch == "promote.staging")
        assert (pull.state, pull.head) == ("open", town.git("rev-parse", "promote.staging"))
        assert town.tree("environments/staging/release/context-api", pull.head) == town.tree("apps/context-api")
        assert len([comment for comment in pull.comments if comment.body.startswith("<!-- bot: gate evidence -->")]) == 1
        assert pull.labels == ["promotion"]
        assert forge.newest_statuses(pull.head)["promotion/gate"]

    def forget() -> None:
        town.git("branch", "-D", "promote.staging")
        for number in [number for number, pull in forge.pulls.items() if pull.branch == "promote.staging"]:
            del forge.pulls[number]

    calls = survive(world, lambda world: promote(world, "dev", "staging"), check, forget)
    assert calls > 30


@pytest.mark.timeout(900)
def test_rollback_killed_at_every_port_call(staging_ahead: Town) -> None:
    town, world = staging_ahead, build_world(repo=None, progress=Quiet())
    forge, main = town.sandbox.forge, town.git("rev-parse", "main")
    before = town.tree("environments/staging/release/context-api", "main~1")
    request = Request("staging", ("context-api",), "errors")

    def check() -> None:
        assert town.tree("environments/staging/release/context-api") == before
        assert town.git("rev-list", "--first-parent", "--count", f"{main}..main") == "1"
        assert len([pull for pull in forge.pulls.values() if pull.branch.startswith("rollback.")]) == 1
        assert town.git("ls-tree", "--name-only", "main", "environments/staging/holds/").count("quarantine-context-api-") == 1

    def forget() -> None:
        town.git("update-ref", "refs/heads/main", main)
        for branch in town.git("branch", "--list", "rollback.*", "--format=%(refname:short)").split():
            town.git("branch", "-D", branch)
        for number in [number for number, pull in forge.pulls.items() if pull.branch.startswith("rollback.")]:
            del forge.pulls[number]

    calls = survive(world, lambda world: roll_back(world, request), check, forget)
    assert calls > 20
