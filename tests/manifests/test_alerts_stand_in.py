"""The sandbox's stand-in for Prometheus decides as promtool does: the same cases, the same verdicts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import promql_parser
import pytest

from bot.sandbox.prometheus_rules import rule_groups_of
from bot.sandbox.prometheus_store import Store, parse_text
from tests.manifests.test_alerts import EVERY_CASE, rules_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.sandbox.prometheus_rules import Rule
    from tests.manifests.alerts.situations import Situation
    from tests.manifests.renders import Render

MINUTE = 60
VALUES = re.compile(r"(-?[\d.]+)([+-][\d.]+)?x(\d+)")  # promtool's: 1x5, 0+2x5, 9-1x5


def expanded(written: str) -> Iterator[float]:
    """One value for each minute; the times are how often it goes on after the first."""
    for start, step, times in VALUES.findall(written):
        yield from (float(start) + float(step or 0) * place for place in range(int(times) + 1))


def store_of(case: Situation) -> Store:
    store = Store()
    for series, values in case.series.items():
        ((labels, _),) = parse_text(f"{series} 0")
        for minute, value in enumerate(expanded(values)):
            store.replace(set(), [(labels, value)], at=minute * MINUTE)
    return store


def fires(rules: list[Rule], case: Situation) -> bool:
    """Evaluates each minute for as long as the alert waits: earlier evaluations change nothing."""
    store, alert, end = store_of(case), rules[-1], promql_parser.parse_duration(case.at).total_seconds()
    minute = max(0.0, end - alert.duration - 2 * MINUTE)
    while minute <= end:
        for rule in rules:
            rule.evaluate(store, at=minute)
            assert rule.health == "ok", rule.error
        minute += MINUTE
    return any(active.firing for active in alert.active.values())


@pytest.mark.parametrize("case", EVERY_CASE, ids=lambda case: case.id)
def test_the_stand_in_decides_as_promtool_does(case: Situation, renders: Mapping[str, Render]) -> None:
    (group,) = rule_groups_of([{"name": case.alert, "rules": rules_of(renders["prod"], case.alert)}], MINUTE)
    assert fires(group.rules, case) == case.fires
