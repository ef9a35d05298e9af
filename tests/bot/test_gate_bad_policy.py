"""A policy that cannot be read or means nothing: it is refused where it is offered, and nothing is judged by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.bot.conftest import Town

FILE = "environments/staging/environment.yaml"


def test_a_policy_that_is_malformed_unknown_or_matches_nothing_never_passes(dev_ahead: Town) -> None:
    """First as a pull request, then as what main says."""
    town = dev_ahead
    good = town.git("show", f"main:{FILE}") + "\n"
    bad = {
        "malformed": ("gate: [\n", {"environment-contents"}),
        "unknown": (good.replace("  watchdog:", "  watchdogs:"), {"environment-contents"}),
        "nothing": (good.replace("label: promotion_gate", "label: nobodys").replace("- critical", "- nobodys"), {"law-changed"}),
    }
    for name, (text, codes) in bad.items():
        offered = town.bot("gate", "--pr", str(town.proposed({FILE: text}, name)))
        assert offered.code == 3
        assert codes <= offered.codes
    for name, said in (("malformed", FILE), ("unknown", "watchdogs")):
        town.push({FILE: bad[name][0]}, name)
        failed = town.bot("gate", "dev", "staging")
        assert failed.code == 1
        assert said in failed.document["error"]["message"]
    town.push({FILE: bad["nothing"][0]}, "nothing")
    judged = town.bot("gate", "dev", "staging")
    assert judged.code == 3
    assert "no-rule-blocks" in judged.codes
