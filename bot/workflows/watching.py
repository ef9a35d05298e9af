"""What happened while a release was watched: an alert that fired and ended counts, and so does a time without a watchdog."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.gate.outcomes import iso, labels_in_words
from bot.gate.rule_rows import LEAST_COVERAGE
from bot.gate.scope import can_block
from bot.model import Verdict
from bot.observations import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from bot.observations import EnvironmentSeen, FiringSpan, Labels, PrometheusSeen
    from bot.workflows.sampling import Window

POD_LABELS = frozenset({"pod", "instance", "container_id", "uid", "node"})
LEAST_WINDOW = timedelta(seconds=5)  # of a shorter one coverage says nothing: a few evaluations


def watch_findings(seen: EnvironmentSeen, window: Window | None, *, merged: datetime | None, since: datetime | None) -> tuple[Finding, ...]:
    """What keeps a release that was merged and is live since two moments from being verified, in every replica that was seen."""
    if window is None or since is None or merged is None:
        return ()
    found = [finding for replica in seen.replicas for finding in _fired(seen, replica, merged=merged)]
    return (*found, *(finding for replica in seen.replicas for finding in _gaps(seen, replica, window, since=since)))


def new_alerts(seen: EnvironmentSeen, *, merged: datetime) -> tuple[Labels, ...]:
    """The blocking alerts of an environment that began after a merge, by their labels."""
    return tuple(span.labels for replica in seen.replicas for span in _new_spans(seen, replica, merged=merged))


def _new_spans(seen: EnvironmentSeen, replica: PrometheusSeen, *, merged: datetime) -> list[FiringSpan]:
    """Those that did not fire before, neither for this Pod nor for another: a rollout gives every Pod another name."""
    blocking = [span for span in replica.firing_in_window if can_block(seen.environment, span.labels)]
    before = {without_pod(span.labels) for span in blocking if span.first < merged}
    return [span for span in blocking if span.first >= merged and without_pod(span.labels) not in before]


def without_pod(labels: Labels) -> tuple[tuple[str, str], ...]:
    """What an alert is about, whichever Pod it happens to."""
    return tuple(sorted((name, value) for name, value in labels.items() if name not in POD_LABELS))


def _fired(seen: EnvironmentSeen, replica: PrometheusSeen, *, merged: datetime) -> Iterator[Finding]:
    """What fired before the merge is not the release's fault; while it fires, the gate's own rows say so."""
    for span in _new_spans(seen, replica, merged=merged):
        name = span.labels.get("alertname", "an alert")
        facts = {"first": iso(span.first), "last": iso(span.last), "labels": labels_in_words(span.labels)}
        subject = f"{seen.environment.name}: {replica.url}: alert {name}"
        yield Finding(10, "alert-fired", Verdict.FAIL, subject, f"{name} fired since the release was merged", facts)


def _gaps(seen: EnvironmentSeen, replica: PrometheusSeen, window: Window, *, since: datetime) -> Iterator[Finding]:
    """The watch begins when the sync has ended."""
    if window.end - since >= LEAST_WINDOW and not replica.watchdog_coverage >= LEAST_COVERAGE:
        share, subject = f"{replica.watchdog_coverage:.1%}", f"{seen.environment.name}: {replica.url}"
        yield Finding(7, "watchdog-gaps", Verdict.UNKNOWN, subject, f"the watchdog covers {share} of the watch", {"covered": share})
