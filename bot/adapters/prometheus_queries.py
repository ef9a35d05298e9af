"""The PromQL that the gate asks: in few queries, and in such as have replies of bounded size."""

from __future__ import annotations

import json
import math
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.adapters.prometheus_replies import moment
from bot.model import BotError
from bot.observations import FiringSpan

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.adapters.prometheus_shapes import Values, Vector

IMAGE_LABELS = ("image", "image_spec", "image_id")
LONGEST_QUERY = 3000  # characters; some proxies stop at addresses of 8 kB, and many of these are escaped
PART = timedelta(hours=1)  # with 2,000 firing alerts and 4 samples a minute, 11 MB
MOST_PARTS = 24


def presence(selectors: Sequence[str]) -> tuple[str, ...]:
    """Queries that together have one series for each selector that has any now (5 minutes back), with its number."""
    queries: list[str] = []
    for number, selector in enumerate(selectors):
        one = f'label_replace(count(last_over_time({selector}[5m])), "number", "{number}", "", "")'
        if queries and len(queries[-1]) + len(one) < LONGEST_QUERY:
            queries[-1] += f" or {one}"
        else:
            queries.append(one)
    return tuple(queries)


def absent_of(selectors: Sequence[str], answers: Iterable[Vector]) -> tuple[str, ...]:
    """Those selectors that the answers to `presence` have no series for."""
    found = {series.metric.get("number") for answer in answers for series in answer.result}
    return tuple(selector for number, selector in enumerate(selectors) if str(number) not in found)


def images_in(namespace: str) -> str:
    """The images that kube-state-metrics tells of a namespace's Pods, in all spellings."""
    return f"count by ({', '.join(IMAGE_LABELS)}) (kube_pod_container_info{{namespace={_text(namespace)}}})"


def firing_samples(start: datetime, end: datetime) -> str:
    """Raw samples of whatever fired; 1 ms more than asked: from 3.0 on a range leaves out its left end, before it does not."""
    return f'ALERTS{{alertstate="firing"}}[{_milliseconds(start, end) + 1}ms]'


def firing_count(alert: str, environment: str, *, start: datetime, end: datetime) -> str:
    """How many firing samples an alert has, without those of other environments.

    Of several series the most, since two half-covering ones do not make a whole.
    """
    ours = _text(f"|{re.escape(environment)}")  # a series without the label is everybody's
    firing = f'ALERTS{{alertname={_text(alert)}, alertstate="firing", environment=~{ours}}}'
    return f"max(count_over_time({firing}[{_milliseconds(start, end)}ms]))"


def parts(start: datetime, end: datetime) -> tuple[tuple[datetime, datetime], ...]:
    """A time in pieces that follow on one another, so that no reply holds the samples of all of it; none when it ends before it begins."""
    count = min(max(round((end - start) / PART), 1), MOST_PARTS) if start <= end else 0
    length = (end - start) / max(count, 1)
    return tuple((start + number * length, min(start + (number + 1) * length, end)) for number in range(count))


def span(series: Values, start: datetime, *, end: datetime) -> FiringSpan | None:
    """When an alert fired between two moments, if it did."""
    earliest, latest = start.timestamp(), end.timestamp()
    times = [seconds for seconds, _ in series.values if earliest <= seconds <= latest]
    labels = {name: value for name, value in series.metric.items() if name not in {"__name__", "alertstate"}}
    return FiringSpan(labels, moment(min(times)), moment(max(times))) if times else None


def joined(spans: Iterable[FiringSpan]) -> tuple[FiringSpan, ...]:
    """Those of one alert as one, from its first sample to its last."""
    found: dict[frozenset[tuple[str, str]], FiringSpan] = {}
    for each in spans:
        key = frozenset(each.labels.items())
        known = found.get(key, each)
        found[key] = FiringSpan(each.labels, min(known.first, each.first), max(known.last, each.last))
    return tuple(found.values())


def _milliseconds(start: datetime, end: datetime) -> int:
    return math.ceil((end - start).total_seconds() * 1000)


def _text(value: str) -> str:
    """A PromQL string; JSON's escapes are among Go's."""
    if not value or not value.isprintable():
        raise BotError(f"{value!r} cannot be the value of a label", "correct the name in environment.yaml")
    return json.dumps(value, ensure_ascii=False)
