"""Killed at any call, a merge that the bot makes leaves nothing merged that was not judged, and nothing green for long."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from bot.wiring import build_world
from bot.workflows.merge import judge_pull, merge
from tests.bot.conftest import Quiet
from tests.bot.crashes import Countdown, KilledError, mortal

if TYPE_CHECKING:
    from tests.bot.conftest import Town


@pytest.mark.timeout(400)
def test_merge_killed_at_every_port_call(staging_ahead: Town) -> None:
    town, world = staging_ahead, build_world(repo=None, progress=Quiet())
    forge = town.sandbox.forge
    number = town.bot("promote", "staging", "prod").pull["number"]
    town.sandbox.ada.approve(number)
    while town.bot("gate", "--pr", str(number)).code:
        pass
    pull, main = forge.pulls[number], town.git("rev-parse", "main")

    def green() -> bool:
        return forge.newest_statuses(pull.head)["promotion/gate"].state == "success"

    def back() -> None:
        """As before the merge."""
        town.git("update-ref", "refs/heads/main", main)
        pull.state, pull.closed, pull.merged_by, pull.merge_commit = "open", None, None, None
        town.wait_until_synced()  # prod may have begun to follow what was merged
        judge_pull(world, number)

    whole = Countdown(None, green)
    merge(mortal(world, whole), number)
    back()
    first = whole.seen.index(True)  # before it nothing is written that was not there
    assert first > 20
    for calls in (0, first // 2, *range(first - 1, len(whole.seen))):
        with suppress(KilledError):  # a later run may ask less often
            merge(mortal(world, Countdown(calls)), number)
        if town.git("rev-parse", "main") == main:
            judged: Any = judge_pull(world, number).judgement  # as whoever looks next does
            assert judged.verdict.name == "PASS", judged.reasons
            assert not green()
            assert merge(world, number).outcome == "merged"
        assert "Evidence-SHA256: " in town.git("log", "-1", "--format=%B", "main")
        assert town.git("rev-list", "--first-parent", "--count", f"{main}..main") == "1"
        back()

    for calls in range(first - 2, first + 3):
        with suppress(KilledError):
            merge(mortal(world, Countdown(calls)), number)
        if green() and town.git("rev-parse", "main") == main:
            break
        back()
    assert green()  # until anybody looks: the limit that the documents state
    town.errors("prod", on=True)
    assert merge(world, number).outcome == "refused"
    assert (green(), town.git("rev-parse", "main")) == (False, main)
