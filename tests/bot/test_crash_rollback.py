"""Killed at any moment and run again, rollback ends with one merge, one pull request and one quarantine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.wiring import build_world
from bot.workflows.rollback import roll_back
from bot.workflows.rollback_plan import Request
from tests.bot.conftest import Quiet
from tests.bot.crashes import survive

if TYPE_CHECKING:
    from tests.bot.conftest import Town


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

    def untouched() -> bool:
        return town.git("rev-parse", "main") == main and not town.git("branch", "--list", "rollback.*")

    def forget() -> None:
        town.git("update-ref", "refs/heads/main", main)
        for branch in town.git("branch", "--list", "rollback.*", "--format=%(refname:short)").split():
            town.git("branch", "-D", branch)
        for number in [number for number, pull in forge.pulls.items() if pull.branch.startswith("rollback.")]:
            del forge.pulls[number]

    calls = survive(world, lambda world: roll_back(world, request), untouched=untouched, check=check, forget=forget)
    assert calls > 20
