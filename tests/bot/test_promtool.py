"""Promtool's opinion of rendered rules: each refusal is told with the object and the rule, by the real promtool."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.adapters.promtool import rule_problems
from tests.conftest import require_peer

if TYPE_CHECKING:
    from bot.policies.manifests import Object


def rules(name: str, *expressions: str) -> Object:
    alerts = [{"alert": f"Alert{number}", "expr": expression} for number, expression in enumerate(expressions)]
    return {"kind": "PrometheusRule", "metadata": {"name": name}, "spec": {"groups": [{"name": "group", "rules": alerts}]}}


GOOD = rules("good", "up == 0")


@pytest.fixture
def promtool() -> None:
    require_peer("promtool")


@pytest.mark.usefixtures("promtool")
def test_good_rules_pass() -> None:
    assert list(rule_problems([GOOD, {"kind": "ConfigMap", "metadata": {"name": "x"}}])) == []


@pytest.mark.usefixtures("promtool")
def test_an_expression_that_does_not_parse_is_named_with_its_rule() -> None:
    (found,) = rule_problems([GOOD, rules("bad", "rate(")])
    assert (found.kind, found.name, found.is_error) == ("PrometheusRule", "bad", True)
    assert 'group "group", rule 1, "Alert0"' in found.what
    assert "parse error" in found.what


@pytest.mark.usefixtures("promtool")
def test_two_rules_that_are_the_same_are_one_refusal() -> None:
    twice = rules("twice", "up == 0")
    twice["spec"]["groups"][0]["rules"] *= 2
    (found,) = rule_problems([twice, GOOD])
    assert (found.name, "duplicate" in found.what) == ("twice", True)


def test_without_promtool_a_warning_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    (found,) = rule_problems([GOOD])
    assert not found.is_error
    assert "not installed" in found.what
    assert list(rule_problems([])) == []
