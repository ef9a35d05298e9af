"""The stand-in's samples in memory, with Prometheus' lookback and staleness, and its text format."""

from __future__ import annotations

import re
import threading
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import promql_parser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Labels = dict[str, str]
Key = frozenset[tuple[str, str]]
Point = tuple[float, float]

NAME = "__name__"
LOOKBACK = 300.0
LINE = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})?\s+(?P<value>\S+)")
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"')
ESCAPES = {r"\\": "\\", r"\"": '"', r"\n": "\n"}


@dataclass
class Series:
    """One series: times, and beside each its value or None, where the series ended."""

    labels: Labels
    times: list[float] = field(default_factory=list)
    values: list[float | None] = field(default_factory=list)

    def before(self, at: float) -> float | None:
        """The value at a moment: the last one of the lookback, unless the series has ended."""
        place = bisect_right(self.times, at) - 1
        return None if place < 0 or self.times[place] <= at - LOOKBACK else self.values[place]

    def between(self, start: float, end: float) -> list[Point]:
        """The samples of a time, both ends included."""
        places = range(len(self.times) - 1, -1, -1)
        found: list[Point] = []
        for place in places:
            if self.times[place] < start:
                break
            value = self.values[place]
            if self.times[place] <= end and value is not None:
                found.append((self.times[place], value))
        return found[::-1]


@dataclass
class Store:
    """All series."""

    series: dict[Key, Series] = field(default_factory=dict)
    by_name: dict[str, list[Series]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def replace(self, before: set[Key], samples: Iterable[tuple[Labels, float]], *, at: float) -> set[Key]:
        """Writes what a scrape or rule gave now, and ends what it gave before and no more; answers what it gave."""
        with self.lock:
            written = {self._append(labels, at, value=value) for labels, value in samples}
            for key in before - written:
                self._append(dict(key), at, value=None)
            return written

    def select(self, selector: promql_parser.VectorSelector) -> list[Series]:
        """The series that a selector's matchers fit."""
        tests = [_test(matcher) for matcher in selector.matchers.matchers]
        with self.lock:
            among = self.by_name.get(selector.name, ()) if selector.name else self.series.values()
            return [series for series in among if all(test(series.labels) for test in tests)]

    def _append(self, labels: Labels, at: float, *, value: float | None) -> Key:
        key = frozenset(labels.items())
        series = self.series.get(key)
        if series is None:
            series = self.series[key] = Series(labels)
            self.by_name.setdefault(labels.get(NAME, ""), []).append(series)
        series.times.append(at)
        series.values.append(value)
        return key


def parse_text(text: str) -> Iterator[tuple[Labels, float]]:
    """The samples of a page in the text format; ValueError where it is none."""
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("#"):
            continue
        match = LINE.fullmatch(line)
        if match is None:
            message = f"{line!r} is not a sample"
            raise ValueError(message)
        labels = {name: _unescaped(value) for name, value in LABEL.findall(match["labels"] or "")}
        yield {NAME: match["name"], **labels}, float(match["value"])


def _unescaped(text: str) -> str:
    return re.sub(r"\\.", lambda found: ESCAPES.get(found[0], found[0]), text)


def _test(matcher: promql_parser.Matcher) -> Callable[[Labels], bool]:
    operators = promql_parser.MatchOp
    name, value = matcher.name, matcher.value
    if matcher.op == operators.Equal:
        return lambda labels: labels.get(name, "") == value
    if matcher.op == operators.NotEqual:
        return lambda labels: labels.get(name, "") != value
    pattern = re.compile(value, re.DOTALL)
    if matcher.op == operators.Re:
        return lambda labels: pattern.fullmatch(labels.get(name, "")) is not None
    return lambda labels: pattern.fullmatch(labels.get(name, "")) is None
