"""Placeholders: none is left in a render."""

from __future__ import annotations

import pytest

from bot.policies.placeholders import PLACEHOLDER_POLICIES, nothing_is_left_to_fill_in
from tests.bot.policies.examples import GONE, Failing, changed, check_failing, check_module, check_odd

SETTING = "ConfigMap context-api-settings-tdt8d5th5b data"
FAILING = (
    Failing(nothing_is_left_to_fill_in, "VirtualService context-api spec.hosts", ["set-by-hosts"], "hosts.yaml", field="spec.hosts[0]"),
    Failing(nothing_is_left_to_fill_in, f"{SETTING}.QUERY", "up{namespace='set-by-scope'} == 0", "the feature scope"),
    Failing(nothing_is_left_to_fill_in, f"{SETTING}.QUERY", "https://set-by-", "the value that is meant"),
    Failing(nothing_is_left_to_fill_in, f"{SETTING}.set-by-scope", "1", "the feature scope"),
)


@pytest.mark.parametrize("case", FAILING, ids=lambda case: f"{case.at} {'gone' if case.value is GONE else case.value}")
def test_what_is_wrong_is_named(case: Failing) -> None:
    check_failing(case)


@pytest.mark.parametrize("text", ["preset-by-hosts", "a-set-by-hosts", "set by hosts", "set-b"])
def test_other_texts_are_none(text: str) -> None:
    assert list(nothing_is_left_to_fill_in(changed(f"{SETTING}.QUERY", text))) == []


def test_the_good_stack_passes_and_every_policy_has_an_example() -> None:
    check_module(PLACEHOLDER_POLICIES, FAILING)


def test_odd_shapes_are_passed_over() -> None:
    check_odd(PLACEHOLDER_POLICIES)
