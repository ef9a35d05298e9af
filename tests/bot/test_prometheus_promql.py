"""PromQL: which metrics a rule rests on, and the stand-in's evaluation of what our rules need."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from promql_parser import parse

from bot.gate.promql import canonical, metric_selectors
from bot.model import BotError, UnobservableError
from bot.sandbox.prometheus_evaluator import Moment
from bot.sandbox.prometheus_functions import bucket_quantile
from bot.sandbox.prometheus_store import Store, parse_text

if TYPE_CHECKING:
    from collections.abc import Callable

RATIO = 'sum by (job) (rate(hits{namespace="x", job=~"a", status=~"5.."}[5m])) / ignoring(a) group_left sum(rate(b[1m] offset 5m)) > 0.05'
SELECTORS = {
    "a ratio": (RATIO, ('hits{namespace="x"}', "b")),
    "the same metric twice": ("a{x='1'} > a{x='2'}", ("a",)),
    "inside absent": ('absent(up{job="qdrant"} == 1)', ('up{job="qdrant"}',)),
    "a subquery": ("max_over_time(rate(a[1m])[5m:1m])", ("a",)),
    "unary and parentheses": ("-(a) > 1", ("a",)),
    "nothing": ("vector(1)", ()),
    "time": ("vector(time()) > 1", ()),
    "ALERTS": ('ALERTS{alertname="a"} or {__name__="ALERTS_FOR_STATE"}', ()),
    "a name as a label": ('{__name__="a", job="x"}', ('a{job="x"}',)),
    "names by pattern": ('{__name__=~"a|b", job="x", pod="y"}', ('{__name__=~"a|b", job="x"}',)),
    "a name with a space": ('{__name__="a b", namespace="n"}', ('{__name__="a b", namespace="n"}',)),
    "no name": ('{job="x", pod="y"}', ('{job="x"}',)),
    "nothing but a pattern": ('{pod=~"y.+"}', ('{pod=~"y.+"}',)),
    "an unequal job": ('a{job!="x", namespace!~"y"}', ("a",)),
    "equal and unequal": ('a{job="x", job!="y"}', ('a{job="x"}',)),
    "quotes and backslashes": (r'a{job="x\"\\\n"}', (r'a{job="x\"\\\n"}',)),
}


@pytest.mark.parametrize(("expression", "selectors"), SELECTORS.values(), ids=SELECTORS.keys())
def test_the_selectors_of_an_expression(expression: str, selectors: tuple[str, ...]) -> None:
    """Metric, job and namespace; each parses, and is its own selector."""
    assert metric_selectors(expression) == selectors
    for selector in selectors:
        assert metric_selectors(selector) == (selector,)


@pytest.mark.parametrize("expression", ["", "sum(", "a[5m", 'a{x="1" or y="2"}', "not promql at all"])
def test_an_expression_that_cannot_be_read_is_an_error(expression: str) -> None:
    """Never an empty list, which would say that it rests on nothing."""
    with pytest.raises(BotError):
        metric_selectors(expression)


DEEP = {
    "parentheses": "(" * 20_000 + "up" + ")" * 20_000,
    "fewer parentheses": "(" * 101 + "up" + ")" * 101,
    "operators": "up" + "+up" * 101,
    "words": "up" + " OR up" * 101,
    "signs": "-" * 101 + "up",
    "calls and operators": "abs(1+" * 51 + "up" + ")" * 51,
    "after a quote in a comment": "# don't\n" + "(" * 101 + "up" + ")" * 101 + " # don't",
    "after a comment that ends as on an old Mac": "# \r" + "(" * 101 + "up" + ")" * 101,
    "closed in a string": '(count({a=")"})+' * 101 + "up" + ")" * 101,
    "opened again": "(" * 50 + "(up)" + "(" * 51 + "up" + ")" * 101,
    "words right after matchers": '{a="b"}and' * 101 + " up",
    "words right after strings": '"a"and' * 101 + " up",
    "long": "up" + " " * 19_999,
}


@pytest.mark.parametrize("expression", DEEP.values(), ids=DEEP.keys())
@pytest.mark.parametrize("read", [metric_selectors, canonical])
def test_an_expression_too_deep_to_be_read_is_refused_before_it_is_parsed(read: Callable[[str], object], expression: str) -> None:
    """The parser would take seconds to hours for it, or end the process; nor does the message repeat all of it."""
    with pytest.raises(UnobservableError, match="it has more than") as refused:
        read(expression)
    assert refused.value.code == "rule-unreadable"
    assert len(refused.value.message) < 500


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 100 + "up" + ")" * 100,
        'a{x=~"' + "(a+|b-c)" * 200 + '"} # ' + "-" * 200,
        "a{x='" + "(" * 200 + "'} > 1",
        "a{" + ", ".join(f'l{number}="("' for number in range(150)) + "}",
        "up" + " " * 19_998,
    ],
)
def test_what_is_written_in_strings_comments_and_matchers_is_not_deep(expression: str) -> None:
    """A long pattern is one part."""
    assert len(metric_selectors(expression)) == 1


@pytest.mark.parametrize(("length", "end"), [(300, "a'"), (301, "a…'")])
def test_a_message_shows_as_much_of_an_expression_as_can_be_read(length: int, end: str) -> None:
    with pytest.raises(UnobservableError) as refused:
        canonical("(" + "a" * (length - 1))
    assert f"{'a' * 298}{end} is not PromQL" in refused.value.message


@pytest.fixture(scope="module")
def store() -> Store:
    """Two minutes of a counter that grows by 2/s and starts anew at 60, ready replicas, and a series that has ended."""
    store = Store()
    for at in range(0, 121, 10):
        count = 2 * (at if at < 60 else at - 60)
        text = f'hits{{job="a",status="200"}} {count}\nready{{set="q"}} 2\nready{{set="n"}} 3\nwanted{{set="q"}} 3\nwanted{{set="n"}} 3\n'
        store.replace(set(), parse_text(text), at=at)
    ended = store.replace(set(), parse_text("gone 1"), at=110)
    store.replace(ended, [], at=120)
    return store


Q, N = {"set": "q"}, {"set": "n"}
VALUES: dict[str, Any] = {
    "1 + 2 * 3": 7.0,
    "7 % 4 - 1 / 2": 2.5,
    "1 > bool 2": 0.0,
    "ready": [({**Q, "__name__": "ready"}, 2.0), ({**N, "__name__": "ready"}, 3.0)],
    "ready < wanted": [({**Q, "__name__": "ready"}, 2.0)],
    "ready < bool wanted": [(Q, 1.0), (N, 0.0)],
    "2 == ready": [({**Q, "__name__": "ready"}, 2.0)],
    "ready / wanted": [(Q, 2 / 3), (N, 1.0)],
    "ready < floor(wanted / 2) + 1": [],
    "-sum(ready)": [({}, -5.0)],
    'max by (set) (ready{set=~"q|x"})': [(Q, 2.0)],
    "count without (set) (ready)": [({}, 2.0)],
    "avg(ready)": [({}, 2.5)],
    "ready unless ready > 2": [({**Q, "__name__": "ready"}, 2.0)],
    "ready and on (set) wanted{set='n'}": [({**N, "__name__": "ready"}, 3.0)],
    "min(ready) or vector(9)": [({}, 2.0)],
    "ready * on () group_left sum(wanted)": [(Q, 12.0), (N, 18.0)],
    "sum(wanted) * on () group_right ready": [(Q, 12.0), (N, 18.0)],
    'absent(nothing{job="a", x=~"y"})': [({"job": "a"}, 1.0)],
    "absent(ready)": [],
    "gone": [],
    "last_over_time(gone[1m])": [({"__name__": "gone"}, 1.0)],
    "max_over_time(hits[2m])": [({"job": "a", "status": "200"}, 120.0)],
    "count_over_time(hits[50s])": [({"job": "a", "status": "200"}, 6.0)],
    "hits offset 1m": [({"job": "a", "status": "200", "__name__": "hits"}, 0.0)],
    "rate(hits[30s])": [({"job": "a", "status": "200"}, 2.0)],
    "increase(hits[1m] offset 30s)": [({"job": "a", "status": "200"}, 100.0)],  # a restart: the 20 of its gap are lost
    "time() - 20": 100.0,
}


@pytest.mark.parametrize("expression", VALUES)
def test_the_stand_in_evaluates(store: Store, expression: str) -> None:
    """As Prometheus does."""
    assert Moment(store, 120.0).value(parse(expression)) == VALUES[expression]


@pytest.mark.parametrize("expression", ["topk(1, ready)", "deriv(ready[1m])", "max_over_time(ready[1m:10s])", "ready @ 100", "ready ^ 2"])
def test_what_the_stand_in_does_not_know_it_refuses(store: Store, expression: str) -> None:
    """So that the rule's health is err and the gate says UNKNOWN."""
    with pytest.raises(BotError, match="beyond the stand-in"):
        Moment(store, 120.0).value(parse(expression))


def test_an_ambiguous_join_is_an_error(store: Store) -> None:
    """As in Prometheus."""
    with pytest.raises(BotError, match="many-to-many"):
        Moment(store, 120.0).value(parse("ready * on () wanted"))


def test_quantiles_are_interpolated_within_their_bucket() -> None:
    """And an empty histogram says nothing."""
    buckets = [(0.1, 50.0), (0.5, 100.0), (math.inf, 100.0)]
    assert bucket_quantile(0.75, buckets) == pytest.approx(0.3)
    assert bucket_quantile(0.25, buckets) == pytest.approx(0.05)
    assert bucket_quantile(0.95, [(0.1, 1.0), (math.inf, 100.0)]) == pytest.approx(0.1)
    assert math.isnan(bucket_quantile(0.5, [(0.1, 0.0), (math.inf, 0.0)]))
