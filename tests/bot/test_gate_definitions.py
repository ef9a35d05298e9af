"""Rules as Git writes them and as Prometheus tells them: the same but for formatting, or not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.gate.definitions import differences, is_loaded, nearest, required_rule
from bot.gate.promql import canonical
from bot.model import UnobservableError
from tests.bot.gate_situations import NOON, rule

WRITTEN = {
    "alert": "Slow",
    "expr": 'sum by(job) (rate(errors_total{code=~"5..",job="api"}[90m])) > 1e3',
    "for": "1h30m",
    "keep_firing_for": "0s",
    "labels": {"severity": "critical"},
}
LOADED = replace(
    rule("Slow", {"severity": "critical"}, at=NOON),
    query='sum by (job) (rate(errors_total{code=~"5..",job="api"}[1h30m])) > 1000'.replace(
        'code=~"5..",job="api"', 'job="api",code=~"5.."'
    ),
    duration=5400.0,
)
SAME = {
    "durations": ("rate(a[90m])", "rate(a[1h30m])"),
    "numbers": ("a > 1e3", "a > 1000"),
    "spaces and lines": ("a\n  and on(x)\nb", "a and on (x) b"),
    "trailing commas": ('a{b="c",}', 'a{b="c"}'),
    "quotes": ("a{b='c'}", 'a{b="c"}'),
    "the order of matchers": ('a{b="c",d!="e"}', 'a{d!="e",b="c"}'),
    "empty braces": ("a{}", "a"),
    "where the grouping stands": ("sum(a) by (x)", "sum by (x) (a)"),
}
OTHER = {
    "a value with quotes in it": ('a{b="c\\",d=\\"e"}', 'a{b="c",d="e"}'),
    "a value": ('a{b="c"}', 'a{b="d"}'),
    "an operator": ('a{b="c"}', 'a{b=~"c"}'),
    "a range": ("rate(a[5m])", "rate(a[6m])"),
    "an offset": ("a offset 5m", "a"),
    "a moment": ("a @ end()", "a"),
    "bool": ("a > bool 1", "a > 1"),
    "grouping": ("sum by (x) (a)", "sum without (x) (a)"),
    "matching": ("a * on (x) b", "a * ignoring (x) b"),
    "brackets": ("a - (b - c)", "(a - b) - c"),
    "a string": ('label_replace(a, "x", "$1", "y", "(.*)")', 'label_replace(a, "x", "$1", "y", "(.+)")'),
    "a threshold": ("a > 0.05", "a > 0.5"),
    "a metric": ("a", "b"),
}


def test_a_rule_is_loaded_whatever_its_formatting() -> None:
    assert differences(required_rule(WRITTEN), LOADED) == ()
    assert is_loaded(required_rule(WRITTEN), [LOADED])
    assert not is_loaded(required_rule(WRITTEN), [replace(LOADED, name="Slower")])
    assert nearest(required_rule(WRITTEN), [replace(LOADED, name="Slower")]) is None


def test_each_part_that_differs_is_named() -> None:
    other = replace(LOADED, query="vector(0)", duration=1.0, keep_firing=1.0, labels={})
    assert differences(required_rule(WRITTEN), other) == ("labels", "for", "keep_firing_for", "expr")
    assert nearest(required_rule(WRITTEN), [other, replace(LOADED, duration=1.0)]) == ("for",)


@pytest.mark.parametrize("case", SAME)
def test_formatting_makes_no_difference(case: str) -> None:
    one, other = SAME[case]
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize("case", OTHER)
def test_everything_else_does(case: str) -> None:
    one, other = OTHER[case]
    assert canonical(one) != canonical(other)


def test_what_cannot_be_read_is_the_same_only_to_the_letter() -> None:
    odd = required_rule(WRITTEN | {"expr": "a ==", "for": "1h30m"})
    assert differences(odd, replace(LOADED, query="a ==")) == ()
    assert differences(odd, replace(LOADED, query="a  ==")) == ("expr",)


@pytest.mark.parametrize("length", ["soon", "", "5 m", "-1m", "[5m]"])
def test_a_length_that_cannot_be_read_is_no_rule(length: str) -> None:
    with pytest.raises(UnobservableError, match="Slow") as refused:
        required_rule(WRITTEN | {"for": length})
    assert refused.value.code == "rule-unreadable"


@pytest.mark.parametrize("written", [None, "0", "0s", "0m", 0])
def test_no_time_is_written_in_many_ways(written: object) -> None:
    assert required_rule(WRITTEN | {"for": written}).duration == 0
