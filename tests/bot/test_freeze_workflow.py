"""Freeze by command: promotions wait at once, a rollback passes, people lift it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.markdown import escaped

if TYPE_CHECKING:
    from tests.bot.conftest import Town

HOLDS = "environments/prod/holds"
OVER = "the audit is over, says @everyone"


def test_a_frozen_environment_takes_no_promotion_until_people_lift_it(staging_ahead: Town) -> None:
    town = staging_ahead
    done = town.bot("freeze", "prod", "--reason", "audit @everyone")
    assert (done.code, done.outcome) == (0, "merged")
    hold = done.result["hold"]
    assert town.git("show", f"main:{HOLDS}/{hold}.yaml").startswith('kind: freeze\napps: []\nuntil: "lifted"\n')
    again = town.bot("freeze", "prod", "--reason", "audit @everyone")
    assert (again.outcome, again.result["hold"]) == ("already", hold)
    opened = town.bot("promote", "staging", "prod")
    assert opened.outcome == "opened"  # the pull request waits
    assert "frozen" in opened.codes
    assert "audit" in town.bot("status").result["environments"][-1]["frozen"][0]
    lifted = town.bot("unfreeze", "prod", hold, "--reason", OVER)
    assert lifted.outcome == "opened"
    assert str(town.sandbox.forge.pulls[lifted.pull["number"]].body).startswith(f"Why: {escaped(OVER)}\n\nLifts the freeze of everything")
    assert town.bot("unfreeze", "prod", hold, "--reason", OVER).outcome == "unchanged"
    town.sandbox.ada.merge(lifted.pull["number"])
    assert town.bot("unfreeze", "prod", hold, "--reason", "again").outcome == "already"
    assert "frozen" not in town.bot("gate", "staging", "prod").codes


def test_a_rollback_passes_a_freeze(prod_ahead: Town) -> None:
    before = prod_ahead.tree("environments/prod/release/context-api", "main~1")
    assert prod_ahead.bot("freeze", "prod", "context-api", "--until", "2099-01-01T00:00+01:00", "--reason", "audit").outcome == "merged"
    assert prod_ahead.bot("rollback", "prod", "context-api", "--reason", "errors").outcome == "merged"
    assert prod_ahead.tree("environments/prod/release/context-api") == before


def test_a_freeze_that_is_not_meant_is_refused_and_writes_nothing(town: Town) -> None:
    before = town.writes()
    cases = {
        ("dev",): "follows main",
        ("prod", "tea"): "runs no app 'tea'",
        ("prod", "--until", "2020-01-01T00:00Z"): "is over",
        ("prod", "--until", "tomorrow"): "no time with its zone",
        ("prod", "--until", "2099-01-01T00:00"): "no time with its zone",
        ("nowhere",): "no environment 'nowhere'",
    }
    for words, problem in cases.items():
        refused = town.bot("freeze", *words, "--reason", "audit")
        assert (refused.code, problem in refused.document["error"]["message"]) == (2, True), refused
    unknown = town.bot("unfreeze", "prod", "freeze-00000000", "--reason", "x")
    assert (unknown.code, "no freeze" in unknown.document["error"]["message"]) == (2, True)
    planned = town.bot("freeze", "prod", "--reason", "audit", "--dry-run")
    assert planned.outcome == "planned"
    assert town.writes() == before


def test_a_hold_by_another_name_is_not_passed_over(town: Town) -> None:
    """A typing error must not open what was meant to be shut."""
    town.push({f"{HOLDS}/freeze.yaml.txt": "kind: freeze\n"})
    assert "hold-unreadable" in town.bot("gate", "staging", "prod").codes
