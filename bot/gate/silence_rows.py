"""Rows 1 and 10 about Alertmanagers: whether they could be read, and what they keep from people, which is recorded always."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.gate.outcomes import good, iso, labels_in_words, names, unknown
from bot.gate.scope import concerns
from bot.gate.silences import honours
from bot.observations import AlertmanagerSeen, Unseen

if TYPE_CHECKING:
    from bot.gate.outcomes import Outcome
    from bot.gate.scope import Place
    from bot.observations import Matcher, NotifiedAlert, Silence


def alertmanagers_are_read(place: Place) -> list[Outcome]:
    """Row 1: each Alertmanager was read; where the law passes over silences, that one was not is only noted."""
    found: list[Outcome] = []
    for number, replica in enumerate(place.seen.alertmanagers, start=1):
        about = f"Alertmanager {number}"
        if isinstance(replica, AlertmanagerSeen):
            found.append(good("alertmanager-read", f"{replica.url} was read", about=about, version=replica.version, at=iso(replica.at)))
        elif honours(place):
            found.append(unknown(replica.code, replica.detail, about=about))
        else:
            found.append(good("alertmanager-not-read", f"policy ignores silences, and {replica.detail}", about=about, reason=replica.code))
    return found


def suppressions_are_recorded(place: Place) -> list[Outcome]:
    """Row 10: who silenced which alerts of the environment until when and why, and which ones other alerts inhibit."""
    silences: dict[str, tuple[Silence, set[str]]] = {}
    inhibited: dict[str, NotifiedAlert] = {}
    for replica in place.seen.alertmanagers:
        if isinstance(replica, Unseen):
            continue
        by_id = {silence.id: silence for silence in replica.silences}
        for alert in (each for each in replica.alerts if concerns(place.environment, each.labels)):
            name = alert.labels.get("alertname", "")
            for each in alert.silenced_by:
                if each in by_id:
                    silences.setdefault(each, (by_id[each], set()))[1].add(name)
            if alert.inhibited_by:
                inhibited.setdefault(name, alert)
    return [_silence(place, *each) for each in silences.values()] + [_inhibited(*each) for each in inhibited.items()]


def _silence(place: Place, silence: Silence, alerts: set[str]) -> Outcome:
    law = "may let them pass" if honours(place) else "ignores it"
    return good(
        "alerts-silenced",
        f"{silence.who} silenced {names(alerts)} until {iso(silence.ends)}: {silence.why}; policy {law}",
        about=f"silence {silence.id}",
        who=silence.who,
        since=iso(silence.starts),
        until=iso(silence.ends),
        why=silence.why,
        alerts=names(alerts),
        matchers=", ".join(sorted(map(_written, silence.matchers))),
    )


def _inhibited(name: str, alert: NotifiedAlert) -> Outcome:
    by = ", ".join(sorted(alert.inhibited_by))
    summary = f"other alerts keep {name} from being told; that changes nothing here"
    return good("alert-inhibited", summary, about=f"alert {name}", labels=labels_in_words(alert.labels), by=by)


def _written(matcher: Matcher) -> str:
    sign = {(True, False): "=", (False, False): "!=", (True, True): "=~", (False, True): "!~"}[matcher.is_equal, matcher.is_regex]
    return f'{matcher.name}{sign}"{matcher.value}"'
