"""PromQL functions over samples, for the stand-in: those that our rules and the gate's queries use."""

from __future__ import annotations

import math
import operator
from itertools import pairwise
from statistics import fmean, linear_regression
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bot.sandbox.prometheus_store import Point


def _increase(points: list[Point], start: float, end: float) -> float | None:
    """Prometheus' extrapolated increase of a counter between two moments."""
    if len(points) < 2:  # noqa: PLR2004 # a difference needs two
        return None
    values = [value for _, value in points]
    resets = sum(before for before, after in pairwise(values) if after < before)
    grown = values[-1] - values[0] + resets
    first, last = points[0][0], points[-1][0]
    sampled = last - first
    step = sampled / (len(points) - 1)
    left, right = first - start, end - last
    if grown > 0 and values[0] >= 0:  # a counter does not begin below zero
        left = min(left, sampled * values[0] / grown)
    covered = sampled + sum(part if part < step * 1.1 else step / 2 for part in (left, right))
    return grown * covered / sampled


def _rate(points: list[Point], start: float, end: float) -> float | None:
    increase = _increase(points, start, end)
    return None if increase is None else increase / (end - start)


def predicted(points: list[Point], at: float, *, ahead: float) -> float | None:
    """Prometheus' predict_linear: where the line through the samples will be, some seconds after a moment."""
    if len(points) < 2:  # noqa: PLR2004 # a line needs two
        return None
    times, values = [when - at for when, _ in points], [value for _, value in points]
    slope, intercept = linear_regression(times, values)
    return slope * ahead + intercept


def _over(reduce: Callable[[list[float]], float]) -> Callable[[list[Point], float, float], float | None]:
    return lambda points, _start, _end: reduce([value for _, value in points]) if points else None


RANGE_FUNCTIONS: dict[str, Callable[[list[Point], float, float], float | None]] = {
    "rate": _rate,
    "increase": _increase,
    "max_over_time": _over(max),
    "min_over_time": _over(min),
    "sum_over_time": _over(sum),
    "avg_over_time": _over(fmean),
    "count_over_time": _over(len),
    "last_over_time": _over(lambda values: values[-1]),
}
AGGREGATIONS: dict[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "max": max,
    "min": min,
    "avg": fmean,
    "count": len,
    "group": lambda _values: 1.0,
}
VALUE_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "abs": abs,
    "floor": lambda value: float(math.floor(value)) if math.isfinite(value) else value,
    "ceil": lambda value: float(math.ceil(value)) if math.isfinite(value) else value,
}
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


def _divided(one: float, other: float) -> float:
    if other:
        return one / other
    return math.nan if one == 0 or math.isnan(one) else math.copysign(math.inf, one)


ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divided,
    "%": lambda one, other: math.fmod(one, other) if other else math.nan,
}


def bucket_quantile(quantile: float, buckets: Iterable[tuple[float, float]]) -> float:
    """The quantile of a histogram's (upper bound, cumulated count) pairs; NaN when it says nothing."""
    ordered = sorted(buckets)
    if len(ordered) < 2 or not math.isinf(ordered[-1][0]) or not ordered[-1][1]:  # noqa: PLR2004 # +Inf and one more
        return math.nan
    rank = quantile * ordered[-1][1]
    place = next(place for place, (_, count) in enumerate(ordered) if count >= rank)
    if place == len(ordered) - 1:
        return ordered[-2][0]
    low, below = ordered[place - 1] if place else (0.0, 0.0)
    high, count = ordered[place]
    return low + (high - low) * (rank - below) / (count - below) if count > below else high
