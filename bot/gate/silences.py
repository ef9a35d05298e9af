"""Which alerts are silenced, so that the law may let them pass: by every Alertmanager, now, by a silence that names them.

A silence that names no alert is made for whatever comes, and an old one of that kind would hide what is new: it never counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.gate.prometheus_rows import LARGEST_SAMPLE_AGE
from bot.observations import AlertmanagerSeen

if TYPE_CHECKING:
    from datetime import datetime

    from bot.gate.scope import Place
    from bot.observations import Labels, NotifiedAlert, Silence


@dataclass(frozen=True)
class Silenced:
    """By which silences an alert is kept quiet, and since when it is so everywhere."""

    silences: tuple[Silence, ...]
    since: datetime


def honours(place: Place) -> bool:
    """Whether the law of the promotion lets silences count."""
    return place.law.alerts.silences == "honour"


def silenced(place: Place, labels: Labels) -> Silenced | None:
    """How an alert of Prometheus is silenced; None where one Alertmanager was not seen, does not know it, or lets it through."""
    if not honours(place) or not place.seen.alertmanagers:
        return None
    found: list[Silence] = []
    since: list[datetime] = []
    for replica in place.seen.alertmanagers:
        if not isinstance(replica, AlertmanagerSeen) or place.now - replica.at > LARGEST_SAMPLE_AGE:
            return None
        # It has more labels there: the external ones of its Prometheus
        covering = [_covering(replica, alert, place.now) for alert in replica.alerts if labels.items() <= alert.labels.items()]
        if not covering or not all(covering):
            return None
        found += [silence for each in covering for silence in each]
        since += [min(silence.starts for silence in each) for each in covering]
    distinct = {silence.id: silence for silence in found}
    return Silenced(tuple(distinct.values()), max(since))


def _covering(replica: AlertmanagerSeen, alert: NotifiedAlert, now: datetime) -> list[Silence]:
    named = [silence for silence in replica.silences if silence.id in alert.silenced_by]
    return [silence for silence in named if silence.starts <= now < silence.ends and _is_for(silence, alert.labels)]


def _is_for(silence: Silence, labels: Labels) -> bool:
    """Whether it names the alert, and its other conditions hold; regular expressions are Alertmanager's to judge, which says so."""
    plain = [matcher for matcher in silence.matchers if not matcher.is_regex]
    names_it = any(matcher.name == "alertname" and matcher.is_equal for matcher in plain)
    return names_it and all((labels.get(matcher.name, "") == matcher.value) is matcher.is_equal for matcher in plain)
