"""Killed at any moment and run again, promote ends with one branch, one pull request and the right content."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.wiring import build_world
from bot.workflows.promote import promote
from tests.bot.conftest import Quiet
from tests.bot.crashes import survive

if TYPE_CHECKING:
    from tests.bot.conftest import Town


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

    def untouched() -> bool:
        return not town.git("branch", "--list", "promote.*") and not town.open_pulls()

    def forget() -> None:
        town.git("branch", "-D", "promote.staging")
        for number in [number for number, pull in forge.pulls.items() if pull.branch == "promote.staging"]:
            del forge.pulls[number]

    calls = survive(world, lambda world: promote(world, "dev", "staging"), untouched=untouched, check=check, forget=forget)
    assert calls > 30
