"""Backups run as often as the alert on their age expects, and every such alert is about a backup that there is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import promql_parser
from cronsim import CronSim, CronSimError

from bot.policies.backup_jobs import backups
from bot.policies.fields import at, number, text
from bot.policies.metrics.expressions import below, equalities, expressions, nodes, selectors
from bot.policies.schedules import as_fields, period

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Pods, Violation
    from bot.policies.metrics.expressions import Expression, Node

METRIC = "kube_cronjob_status_last_successful_time"
FORM = f"write absent({METRIC}{{namespace='set-by-scope',cronjob=\"NAME\"}} > time() - 30 * 3600)"
START = datetime(2026, 1, 1, tzinfo=UTC)  # any: the longest wait of a schedule shows within a year
YEAR, MOST_RUNS = timedelta(days=366), 2000  # one that runs every minute need not be followed for a year


def backups_are_not_suspended(manifests: Manifests) -> Iterator[Violation]:
    """A CronJob that backs up runs; an environment that has no backups leaves out the feature, as dev does."""
    for pods in _scheduled(manifests):
        if at(pods.owner, "spec", "suspend") is True:
            what = "is true: there are no backups, and everything else says that there are"
            hint = "remove it; an environment without backups leaves out the feature `backup`, its alerts included"
            yield pods.wrong("spec.suspend", what, hint=hint)


def backups_run_as_often_as_is_watched(manifests: Manifests) -> Iterator[Violation]:
    """An alert is about each backup's age, and a run that takes as long as it may still ends before it fires."""
    found = list(_watching(manifests))
    for pods in _scheduled(manifests):
        ages = [age for _, name, age in found if name == pods.name and age is not None]
        schedule = text(pods.owner, "spec", "schedule")
        if not ages:
            what = "is watched by no alert on the age of its last success: when it stops, nobody is told"
            yield pods.wrong("metadata.name", what, hint=f"use monitoring's feature `backup`, or {FORM}")
        elif (wait := _longest_wait(schedule)) is not None:
            takes = timedelta(seconds=number(pods.owner, "spec", "jobTemplate", "spec", "activeDeadlineSeconds", default=0))
            if wait + takes > min(ages):
                what = (
                    f"is {schedule}: up to {_hours(wait + takes)} h until a run has ended, and the alert comes after {_hours(min(ages))} h"
                )
                yield pods.wrong(
                    "spec.schedule", what, hint="run it each day, end it sooner (activeDeadlineSeconds), or raise the alert's age"
                )


def watched_backups_exist(manifests: Manifests) -> Iterator[Violation]:
    """An alert on the age of a backup names a CronJob that backs up, and says an age."""
    known = {pods.name for pods in _scheduled(manifests)}
    for expression, name, age in _watching(manifests):
        if name not in known:
            what = f"watches the CronJob {name or 'without a name'}, which is no backup here: it fires for ever, or is about something else"
            yield expression.wrong(what, hint=f"name one of {', '.join(sorted(known)) or 'the CronJobs of the feature `backup`'}")
        elif age is None:
            yield expression.wrong("compares with no age that can be read here", hint=FORM)


BACKUP_ALERT_POLICIES = (backups_are_not_suspended, backups_run_as_often_as_is_watched, watched_backups_exist)


def _scheduled(manifests: Manifests) -> Iterator[Pods]:
    """The CronJobs that take backups."""
    for backup in backups(manifests):
        if backup.pods.kind == "CronJob" and backup.kind and backup.kind.part == "backup":
            yield backup.pods


def _watching(manifests: Manifests) -> Iterator[tuple[Expression, str, timedelta | None]]:
    """Each alert on the last success of a CronJob: the CronJob's name, and after which time it fires."""
    for expression in expressions(manifests):
        named = [labels for each in selectors(nodes(expression.query)) if (labels := equalities(each)).get("__name__") == METRIC]
        for labels in named if expression.about.startswith("alert ") else ():
            yield expression, labels.get("cronjob", ""), _age(expression.query)


def _age(query: str) -> timedelta | None:
    """What lies between now and the last success where a comparison tips over, whichever side says it."""
    for node in nodes(query):
        if isinstance(node, promql_parser.BinaryExpr) and str(node.op) in {"<", "<=", ">", ">="}:
            sides = (_seconds(node.lhs), _seconds(node.rhs))
            named = any((equalities(each)).get("__name__") == METRIC for each in selectors(below(node)))
            if named and sides[0] is not None and sides[1] is not None:
                return timedelta(seconds=abs(sides[0] - sides[1]))
    return None


def _seconds(node: Node) -> float | None:
    """A side of a comparison, were it the hour zero, and the last success just then."""
    if isinstance(node, promql_parser.NumberLiteral):
        return float(node.val)
    if isinstance(node, promql_parser.ParenExpr):
        return _seconds(node.expr)
    if isinstance(node, promql_parser.BinaryExpr):
        left, right = _seconds(node.lhs), _seconds(node.rhs)
        if left is None or right is None:
            return None
        return {"+": left + right, "-": left - right, "*": left * right}.get(str(node.op))
    is_zero = isinstance(node, promql_parser.VectorSelector) or (isinstance(node, promql_parser.Call) and node.func.name == "time")
    return 0.0 if is_zero else None


@cache
def _longest_wait(schedule: str) -> timedelta | None:
    """The longest time between two runs; None for what cannot be read, which another policy names."""
    if wait := period(schedule):
        return wait
    try:
        runs = CronSim(as_fields(schedule), START)
        last, longest, count = START, timedelta(), 0
        while count < MOST_RUNS and last < START + YEAR:
            following = next(runs)
            last, longest, count = following, max(longest, following - last), count + 1
    except (CronSimError, StopIteration):
        return None
    return longest


def _hours(time: timedelta) -> str:
    return f"{time / timedelta(hours=1):g}"
