"""What happened while a release was watched: an alert that fired and ended counts, and so does a time without a watchdog."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.gate.outcomes import iso, labels_in_words
from bot.gate.rule_rows import LEAST_COVERAGE
from bot.gate.scope import concerns
from bot.model import Verdict
from bot.observations import Finding, PrometheusSeen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from bot.observations import EnvironmentSeen
    from bot.workflows.sampling import Window

LEAST_WINDOW = timedelta(seconds=5)  # of a shorter one coverage says nothing: a few evaluations


def watch_findings(seen: EnvironmentSeen, window: Window | None, *, since: datetime | None) -> tuple[Finding, ...]:
    """What keeps a release that is live since a moment from being verified, in every replica that was seen."""
    if window is None or since is None:
        return ()
    replicas = [replica for replica in seen.prometheus if isinstance(replica, PrometheusSeen)]
    return tuple(finding for replica in replicas for finding in _findings(seen, replica, window, since=since))


def _findings(seen: EnvironmentSeen, replica: PrometheusSeen, window: Window, *, since: datetime) -> Iterator[Finding]:
    """What fired before the release came is not its fault; while it fires, the gate's own rows say so."""
    environment, subject = seen.environment, f"{seen.environment.name}: {replica.url}"
    for span in replica.firing_in_window:
        is_new = span.first >= since
        if is_new and environment.policy.alerts.blocks(span.labels) and concerns(environment, span.labels):
            name = span.labels.get("alertname", "an alert")
            facts = {"first": iso(span.first), "last": iso(span.last), "labels": labels_in_words(span.labels)}
            yield Finding(10, "alert-fired", Verdict.FAIL, f"{subject}: alert {name}", f"{name} fired since the release is live", facts)
    if window.end - since >= LEAST_WINDOW and not replica.watchdog_coverage >= LEAST_COVERAGE:
        share = f"{replica.watchdog_coverage:.1%}"
        yield Finding(7, "watchdog-gaps", Verdict.UNKNOWN, subject, f"the watchdog covers {share} of the watch", {"covered": share})
