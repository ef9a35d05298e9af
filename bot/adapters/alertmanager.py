"""The Alertmanager HTTP API, as the gate reads it: nothing is ever written there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from bot.adapters.alertmanager_shapes import ALERTS, SILENCES, STATUS
from bot.adapters.foreign import printable
from bot.adapters.monitoring_http import Service, connect
from bot.observations import AlertmanagerSeen, Matcher, NotifiedAlert, Silence

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.adapters.alertmanager_shapes import Silenced
    from bot.adapters.monitoring_http import Connection
    from bot.ports import Alertmanager

ALERTMANAGER = Service("Alertmanager", "alertmanager", "not-alertmanager", "/api/v2/status")
EVERY_ALERT = dict.fromkeys(("active", "silenced", "inhibited", "unprocessed"), "true")


def open_alertmanager(
    url: str, *, authorization: str | None, authorities: str | None = None, timeout: float, now: Callable[[], datetime]
) -> Alertmanager:
    """One Alertmanager replica at a base URL; `timeout` in seconds is the deadline of each question."""
    connection = connect(ALERTMANAGER, url, authorization=authorization, authorities=authorities, timeout=timeout)
    return HttpAlertmanager(url.rstrip("/"), connection, now)


@dataclass
class HttpAlertmanager:
    """Alertmanager over its HTTP API."""

    url: str
    connection: Connection
    now: Callable[[], datetime]

    def look(self) -> AlertmanagerSeen:
        """Its alerts as they are now, then the silences that are active: one that ends between the two does not count."""
        at = self.now()
        with ThreadPoolExecutor() as pool:
            first = pool.submit(self.connection.json, ALERTMANAGER.proof, STATUS)
            then = pool.submit(self.connection.json, "/api/v2/alerts", ALERTS, EVERY_ALERT)
            status, alerts = first.result(), then.result()
        silences = self.connection.json("/api/v2/silences", SILENCES)
        return AlertmanagerSeen(
            url=self.url,
            version=printable(status.version_info.version),
            at=at,
            alerts=tuple(NotifiedAlert(each.labels, each.status.silenced_by, each.status.inhibited_by) for each in alerts),
            silences=tuple(_silence(each) for each in silences if each.status.state == "active"),
        )


def _silence(found: Silenced) -> Silence:
    return Silence(
        id=found.id,
        matchers=tuple(Matcher(each.name, each.value, each.is_regex, each.is_equal) for each in found.matchers),
        starts=found.starts.astimezone(UTC),
        ends=found.ends.astimezone(UTC),
        who=printable(found.created_by),
        why=printable(found.comment),
    )
