"""Each row of the gate's table: one violated condition gives its verdict, its code, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.gate import judge
from bot.model import Verdict
from tests.bot.gate_situations import NOON, promotion_ready
from tests.bot.gate_violations import VIOLATIONS, Violation

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet


def of_row(row: int) -> list[ParameterSet]:
    """The violations of one row, in each environment where they can be."""
    return [pytest.param(each, role, id=f"{each.name}-{role}") for each in VIOLATIONS if each.row == row for role in each.roles]


def prove(violation: Violation, role: str) -> None:
    """The verdict, the codes and the environment in the subjects are those of the violation alone."""
    judgement = judge(violation.change(promotion_ready(), role), now=NOON)
    assert {reason.code for reason in judgement.reasons} == set(violation.codes)
    assert judgement.verdict is violation.verdict
    assert judgement.findings[0].verdict is violation.verdict
    own = [reason for reason in judgement.reasons if reason.code == violation.codes[0]]
    assert {reason.row for reason in own} == {violation.row}
    name = "staging" if role == "source" and not judgement.reasons[0].subject.startswith("prod: holds") else "prod"
    assert all(reason.subject.startswith(name) for reason in judgement.reasons)
    assert all(reason.summary and "\n" not in reason.summary for reason in judgement.reasons)


def test_an_all_good_promotion_passes_with_every_row_in_its_evidence() -> None:
    """Thirteen rows; row 1 speaks only of what does not answer."""
    judgement = judge(promotion_ready(), now=NOON)
    assert judgement.reasons == ()
    assert judgement.verdict is Verdict.PASS
    for name in ("staging", "prod"):
        rows = {finding.row for finding in judgement.findings if finding.subject.startswith(name)}
        assert rows == set(range(2, 14))


@pytest.mark.parametrize(("violation", "role"), of_row(1))
def test_row_01_not_observed_is_unknown(violation: Violation, role: str) -> None:
    prove(violation, role)


@pytest.mark.parametrize(("violation", "role"), of_row(2))
def test_row_02_partial_answers_and_several_servers_are_unknown(violation: Violation, role: str) -> None:
    prove(violation, role)


@pytest.mark.parametrize(("violation", "role"), of_row(3))
def test_row_03_a_young_server_is_unknown(violation: Violation, role: str) -> None:
    prove(violation, role)


@pytest.mark.parametrize(("violation", "role"), of_row(4))
def test_row_04_a_failed_reload_is_unknown(violation: Violation, role: str) -> None:
    prove(violation, role)


@pytest.mark.parametrize(("violation", "role"), of_row(5))
def test_row_05_a_missing_required_rule_is_unknown(violation: Violation, role: str) -> None:
    prove(violation, role)


@pytest.mark.parametrize(("violation", "role"), of_row(6))
def test_row_06_rules_not_evaluated_in_time_are_unknown(violation: Violation, role: str) -> None:
    prove(violation, role)


@pytest.mark.parametrize(("violation", "role"), of_row(7))
def test_row_07_a_silent_watchdog_is_unknown(violation: Violation, role: str) -> None:
    prove(violation, role)


@pytest.mark.parametrize(("violation", "role"), of_row(8))
def test_row_08_missing_targets_and_pods_are_unknown(violation: Violation, role: str) -> None:
    prove(violation, role)


@pytest.mark.parametrize(("violation", "role"), of_row(9))
def test_row_09_alerts_that_cannot_fire_are_unknown(violation: Violation, role: str) -> None:
    prove(violation, role)


@pytest.mark.parametrize(("violation", "role"), of_row(10))
def test_row_10_a_firing_alert_or_a_quarantine_fails(violation: Violation, role: str) -> None:
    prove(violation, role)


@pytest.mark.parametrize(("violation", "role"), of_row(11))
def test_row_11_a_pending_alert_and_an_unfinished_soak_hold(violation: Violation, role: str) -> None:
    prove(violation, role)


@pytest.mark.parametrize(("violation", "role"), of_row(12))
def test_row_12_argo_cd_must_run_the_release(violation: Violation, role: str) -> None:
    prove(violation, role)


@pytest.mark.parametrize(("violation", "role"), of_row(13))
def test_row_13_every_sample_counts(violation: Violation, role: str) -> None:
    prove(violation, role)
