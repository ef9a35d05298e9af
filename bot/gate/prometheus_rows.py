"""Rows 2, 3, 4, 6 and 13 about the server itself: whole answers, one server, old enough, configured, right clock."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.gate.outcomes import good, in_words, iso, seconds_in_words, unknown
from bot.gate.scope import blocking_rules

if TYPE_CHECKING:
    from bot.gate.outcomes import Outcome
    from bot.gate.scope import Replica
    from bot.model import Environment
    from bot.observations import Sample

LARGEST_SAMPLE_AGE = timedelta(minutes=5)
LARGEST_SKEW = timedelta(seconds=30)
LARGEST_DELAY = timedelta(seconds=5)  # a busy server evaluates and scrapes late, and tells the time in whole seconds
GROUP_INTERVALS_OF_AGE = 2


def samples_are_enough(replica: Replica) -> list[Outcome]:
    """Row 13: as many samples as the law wants."""
    wanted, taken = max(replica.place.law.samples, 1), len(replica.samples)
    facts = {"wanted": str(wanted), "taken": str(taken)}
    if taken < wanted:
        return [unknown("too-few-samples", f"{taken} of {wanted} samples were taken", **facts)]
    return [good("samples-taken", f"{taken} samples were taken", **facts)]


def samples_are_fresh(replica: Replica) -> list[Outcome]:
    """Row 13: what is judged was observed just now, so that no old observation passes."""
    age = replica.place.now - replica.samples[-1].at
    facts = {"age": in_words(age), "allowed": in_words(LARGEST_SAMPLE_AGE)}
    if age > LARGEST_SAMPLE_AGE:
        return [unknown("samples-outdated", f"the newest sample is {facts['age']} old", **facts)]
    return [good("samples-fresh", "the newest sample is fresh", **facts)]


def answers_are_whole(replica: Replica) -> list[Outcome]:
    """Row 2: no warnings, no unread pages."""
    warnings = [warning for sample in replica.samples for warning in sample.warnings] + [*replica.seen.warnings]
    problems = []
    if warnings:
        problems.append(unknown("partial-answer", "it warns that its answer may be partial", warning=warnings[0]))
    unread = [sample for sample in replica.samples if sample.more_pages]
    if unread:
        problems.append(unknown("pages-unread", "its rules have pages that were not read", sample=iso(unread[0].at)))
    return problems or [good("answers-whole", "its answers are whole, without warnings")]


def server_is_one(replica: Replica) -> list[Outcome]:
    """Row 2: one start time, within each sample and over all of them."""
    mixed = [sample for sample in replica.samples if sample.started != sample.started_after]
    if mixed:
        facts = {"first": iso(mixed[0].started), "then": iso(mixed[0].started_after)}
        return [unknown("replicas-mixed", "its start time changes within a sample: several servers answer", **facts)]
    started = sorted({sample.started for sample in replica.samples})
    if len(started) > 1:
        facts = {"first": iso(started[0]), "then": iso(started[-1])}
        return [unknown("server-restarted", "it restarted between two samples, or several servers answer", **facts)]
    return [good("server-one", "one server answered every time", started=iso(started[0]))]


def server_is_old_enough(replica: Replica) -> list[Outcome]:
    """Row 3: it had the time to evaluate every group twice and to let blocking alerts fire."""
    for sample in replica.samples:
        age, wanted = sample.server_time - sample.started, _least_age(sample, replica.environment)
        if age < wanted:
            summary = f"it started {in_words(age)} ago, too short for its rules"
            return [unknown("server-too-young", summary, age=in_words(age), wanted=in_words(wanted))]
    first = replica.samples[0]
    return [good("server-old-enough", "it runs long enough for its rules", age=in_words(first.server_time - first.started))]


def _least_age(sample: Sample, environment: Environment) -> timedelta:
    intervals = [rule.interval for rule in sample.rules]
    durations = [rule.duration for rule in blocking_rules(sample, environment)]
    return timedelta(seconds=max([GROUP_INTERVALS_OF_AGE * max(intervals, default=0), *durations]))


def configuration_is_loaded(replica: Replica) -> list[Outcome]:
    """Row 4: the last reload of its configuration succeeded."""
    failed = [sample for sample in replica.samples if not sample.reload_succeeded]
    if failed:
        summary = "its last config reload failed, so it runs on older rules"
        return [unknown("config-reload-failed", summary, sample=iso(failed[0].at))]
    return [good("config-loaded", "its configuration is loaded")]


def clocks_agree(replica: Replica) -> list[Outcome]:
    """Row 6: its clock is ours, within half a minute."""
    skew = max(abs(sample.server_time - sample.at).total_seconds() for sample in replica.samples)
    facts = {"skew": seconds_in_words(skew), "allowed": in_words(LARGEST_SKEW)}
    if skew > LARGEST_SKEW.total_seconds():
        return [unknown("clock-skew", f"its clock differs from ours by {facts['skew']}", **facts)]
    return [good("clocks-agree", "its clock agrees with ours", **facts)]
