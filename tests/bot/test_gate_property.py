"""Whatever goes wrong together: a violated condition is never PASS, and never better than the worst of its parts."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.gate import judge
from bot.gate.evidence import from_json, reasons_key, to_json
from bot.model import Verdict
from tests.bot.gate_situations import NOON, promotion_ready
from tests.bot.gate_violations import VIOLATIONS, Violation

WAYS = [(violation, role) for violation in VIOLATIONS for role in violation.roles]
STRUCTURAL = {"no_application", "no_application_of_source", "application_unseen", "application_of_source_unseen"}


def applied(ways: list[tuple[Violation, str]]) -> list[tuple[Violation, str]]:
    """Those that remove what others change come last."""
    return sorted(ways, key=lambda way: way[0].name in STRUCTURAL)


@settings(max_examples=150, derandomize=True)
@given(st.lists(st.sampled_from(WAYS), min_size=1, max_size=4, unique=True))
def test_no_combination_of_violations_passes(ways: list[tuple[Violation, str]]) -> None:
    """A violation may hide another's evidence, but then hiding it is itself not PASS."""
    seen = promotion_ready()
    for violation, role in applied(ways):
        seen = violation.change(seen, role)
    judgement = judge(seen, now=NOON)
    assert judgement.verdict is not Verdict.PASS
    assert judgement.verdict is max(finding.verdict for finding in judgement.findings)
    assert from_json(to_json(judgement)) == judgement
    assert reasons_key(judgement) != reasons_key(judge(promotion_ready(), now=NOON))
