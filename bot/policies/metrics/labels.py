"""Labels that expressions go by are there, name what is rendered, and their ranges hold samples: else they are silent for ever."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import promql_parser

from bot.policies.metrics import exported
from bot.policies.metrics.expressions import expressions, metric, nodes, selectors
from bot.policies.metrics.inference import wrong_groupings
from bot.policies.metrics.scrapes import OTHERS, is_blind
from bot.policies.metrics.series import Measured
from bot.policies.metrics.values import Names, alternatives

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bot.policies.manifests import Manifests, Violation
    from bot.policies.metrics.expressions import Expression
    from bot.policies.metrics.series import Series

MATCHING = (promql_parser.MatchOp.Equal, promql_parser.MatchOp.Re)  # what must be there; what is left out need not be
VARIABLE = re.compile(r"\$\w|\$\{")  # of a dashboard: Grafana fills it in
FEWEST_SAMPLES = 2  # a rate needs two


class Fault(NamedTuple):
    """What is wrong with an expression."""

    what: str
    hint: str
    unscraped: str = ""  # the component or job that nothing scrapes


def labels_are_there(manifests: Manifests) -> Iterator[Violation]:
    """A label that series do not have matches nothing, and an alert on nothing never fires."""
    measured, unscraped, blind = Measured(manifests), set[str](), is_blind(manifests)
    for each in _of_rules(manifests):
        for what, hint, component in label_faults(each.query, measured):
            if component not in unscraped and not (component and blind):  # else each rule on it would say so
                yield each.wrong(what, hint=hint)
            unscraped |= {component} - {""}


def values_name_what_is_rendered(manifests: Manifests) -> Iterator[Violation]:
    """A job, workload or container that is not there has no series."""
    measured, names, blind = Measured(manifests), Names(manifests), is_blind(manifests)
    for each in _of_rules(manifests):
        for what, hint, component in value_faults(each.query, measured, names):
            if not (component and blind):
                yield each.wrong(what, hint=hint)


def ranges_hold_two_samples(manifests: Manifests) -> Iterator[Violation]:
    """A range that is shorter than two scrapes holds one sample or none, and a rate of that is nothing."""
    measured = Measured(manifests)
    for each in _of_rules(manifests):
        yield from (each.wrong(what, hint=hint) for what, hint, _ in range_faults(each.query, measured))


def panels_find_series(environments: Sequence[Manifests]) -> Iterator[tuple[str, Violation]]:
    """What is wrong with a panel in every environment, by the name of the environment: one dashboard serves them all."""
    known = [(Measured(each), Names(each)) for each in reversed(environments)]  # the last, which has most, says best what is wrong
    for manifests in environments:
        for each in expressions(manifests):
            found = [] if each.of_rule else [_faults(each.query, *one) for one in known]
            for what, hint, _ in min(found, key=len, default=()):
                yield manifests.environment, each.wrong(what, hint=hint)


SERIES_POLICIES = (labels_are_there, values_name_what_is_rendered, ranges_hold_two_samples)


def label_faults(query: str, measured: Measured) -> Iterator[Fault]:
    """Labels of selectors, groupings and matchings that the series do not have."""
    parts = nodes(query)
    for selector in _distinct(selectors(parts)):
        name, found = str(metric(selector)), _asked_for(selector, measured)
        if found is not None and not found:
            hint = "add a monitor for it, or move the expression into a feature of the environments that have one"
            component = next((one.component for one in exported() if name in one.series), name)
            yield Fault(f"measures {name}, which nothing here scrapes, as all of {component}", hint, component)
        for matcher in selector.matchers.matchers if found else ():
            if matcher.name != "__name__" and (fault := _label_fault(name, matcher.name, found or ())):
                yield fault
    for how, label, there in dict.fromkeys(wrong_groupings(parts[0], measured.labels)) if parts else ():
        hint = f"its labels are {', '.join(sorted(there)) or 'none'}"
        yield Fault(f"says {how} ({label}), a label that the series there do not have", hint)


def value_faults(query: str, measured: Measured, names: Names) -> Iterator[Fault]:
    """Values that name nothing of what is rendered."""
    for selector in _distinct(selectors(nodes(query))):
        name = str(metric(selector))
        for matcher in selector.matchers.matchers:
            there = _values(name, matcher.name, measured, names)
            if there is None or matcher.op not in MATCHING or not matcher.value or VARIABLE.search(matcher.value):
                continue
            options = alternatives(matcher.value) if matcher.op == promql_parser.MatchOp.Re else (re.escape(matcher.value),)
            for option in options:
                if not any(_matches(option, each) for each in there):
                    said = matcher.value if len(options) == 1 else option
                    what = f'asks for {matcher.name}="{said}" of {name}, which nothing here is called'
                    hint = f"there are {', '.join(sorted(there)) or 'none'}"
                    yield Fault(what, hint, said if matcher.name == "job" else "")


def range_faults(query: str, measured: Measured) -> Iterator[Fault]:
    """Ranges that are shorter than two scrapes."""
    for node in nodes(query):
        if isinstance(node, promql_parser.MatrixSelector):
            found = _asked_for(node.vector_selector, measured)
            slowest = max((each.interval for each in found or ()), default=timedelta())
            if node.range < FEWEST_SAMPLES * slowest:
                name, taken, every = metric(node.vector_selector), _seconds(node.range), _seconds(slowest)
                what = f"looks at {taken} of {name}, of which there is one sample each {every}: a rate needs two"
                hint = f"take {_seconds(4 * slowest)} or more, so that one lost scrape does no harm; in a panel $__rate_interval"
                yield Fault(what, hint)


def _faults(query: str, measured: Measured, names: Names) -> list[Fault]:
    return [*label_faults(query, measured), *value_faults(query, measured, names), *range_faults(query, measured)]


def _of_rules(manifests: Manifests) -> Iterator[Expression]:
    return (each for each in expressions(manifests) if each.of_rule)


def _distinct(found: Iterable[promql_parser.VectorSelector]) -> Iterable[promql_parser.VectorSelector]:
    """Each selector once, as it is written."""
    return {each.prettify(): each for each in found}.values()


def _asked_for(selector: promql_parser.VectorSelector, measured: Measured) -> tuple[Series, ...] | None:
    """The series of its name and, where one is named that is there, of its job; two programs may have one name."""
    found = measured.of(str(metric(selector)))
    jobs = {each.value for each in selector.matchers.matchers if each.name == "job" and each.op == promql_parser.MatchOp.Equal}
    return tuple(each for each in found if each.job in jobs) or found if found else found


def _label_fault(name: str, label: str, found: Sequence[Series]) -> Fault | None:
    if any(each.labels is None or each.labels.get(label) == (label if label in each.written else OTHERS) for each in found):
        return None
    there = sorted({each for one in found for each in one.labels or ()})
    if label in there:
        aside = next((stored for one in found for stored, written in (one.labels or {}).items() if written == label), None)
        what = f"goes by {label} of {name}, which the scrape sets: the program's own is {aside or 'lost'}"
        return Fault(what, "put it back with metricRelabelings in the ServiceMonitor, as that of context-api does")
    return Fault(f"goes by {label}, a label that {name} does not have", f"its labels are {', '.join(there)}")


def _values(name: str, label: str, measured: Measured, names: Names) -> frozenset[str] | None:
    """What a label of a series may be; None where it is no name of anything that is rendered."""
    found = measured.of(name)
    if not found or _label_fault(name, label, found):
        return None  # which is said already
    if label != "job":
        return names.of(label, name)
    jobs = [each.job for each in found]
    return None if None in jobs else frozenset(filter(None, jobs))


def _matches(pattern: str, value: str) -> bool:
    try:
        return bool(re.fullmatch(pattern, value))
    except re.error:  # promtool says so
        return True


def _seconds(time: timedelta) -> str:
    return f"{time.total_seconds():g}s"
