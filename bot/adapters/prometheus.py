"""The Prometheus HTTP API, as the gate reads it."""

from __future__ import annotations

import json
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from bot.adapters.foreign import quoted
from bot.adapters.monitoring_http import Service, connect
from bot.adapters.prometheus_replies import alerting_rules, ask, meaning, moment, number, target_seen
from bot.adapters.prometheus_shapes import BUILD, GROUPS, MATRIX, RUNTIME, SCALAR, TARGETS, VECTOR
from bot.model import BotError
from bot.observations import FiringSpan, Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from pydantic import TypeAdapter

    from bot.adapters.monitoring_http import Connection
    from bot.adapters.prometheus_shapes import Group, Reply, Runtime, Values, Vector
    from bot.ports import Prometheus

READINESS = "/-/ready"  # Mimir's is at /ready
PROMETHEUS = Service("Prometheus", "prometheus", "not-prometheus", READINESS)
READY = "Prometheus Server is Ready."  # Thanos says "OK", VictoriaMetrics "VictoriaMetrics is Ready."
MOST_PAGES = 50
GROUPS_PER_PAGE = "1000"
QUESTIONS_AT_ONCE = 4
IMAGE_LABELS = ("image", "image_spec", "image_id")

Content = TypeVar("Content")


def open_prometheus(
    url: str, *, authorization: str | None, authorities: str | None = None, timeout: float, now: Callable[[], datetime]
) -> Prometheus:
    """One Prometheus replica at a base URL; `timeout` in seconds is the deadline of each question."""
    return HttpPrometheus(
        url.rstrip("/"), connect(PROMETHEUS, url, authorization=authorization, authorities=authorities, timeout=timeout), now
    )


@dataclass
class HttpPrometheus:
    """Prometheus over its HTTP API."""

    url: str
    connection: Connection
    now: Callable[[], datetime]

    def close(self) -> None:
        """Closes the connections."""
        self.connection.client.close()

    def version(self) -> str:
        """The server's version."""
        build, _ = ask(self.connection, "/api/v1/status/buildinfo", shape=BUILD)
        return build.version

    def sample(self) -> Sample:
        """Runtime information, rules and targets, between two readings of the start time."""
        self._check_kind()
        before, warnings = self._runtime()
        at, server_time, of_time = self._clocks()
        groups, more_pages, of_rules = self._groups()
        targets, of_targets = ask(self.connection, "/api/v1/targets", shape=TARGETS, parameters={"state": "active"})
        after, of_after = self._runtime()
        return Sample(
            at=at,
            server_time=server_time,
            started=before.started,
            started_after=after.started,
            reload_succeeded=before.reload_succeeded and after.reload_succeeded,
            warnings=(*warnings, *of_time, *of_rules, *of_targets, *of_after),
            more_pages=more_pages,
            rules=alerting_rules(groups),
            targets=tuple(meaning(self.connection, target_seen, target) for target in targets.active),
        )

    def without_series(self, selectors: Iterable[str]) -> tuple[str, ...]:
        """Those vector selectors that have no series now (5 minutes back)."""
        asked = tuple(dict.fromkeys(selectors))
        queries = [f"count(last_over_time({selector}[5m]))" for selector in asked]
        with ThreadPoolExecutor(QUESTIONS_AT_ONCE) as pool:
            answers = list(pool.map(self._vector, queries))
        return tuple(selector for selector, answer in zip(asked, answers, strict=True) if not answer.result)

    def pod_images(self, namespace: str) -> frozenset[str]:
        """Values of image, image_spec and image_id over kube_pod_container_info of a namespace."""
        by = ", ".join(IMAGE_LABELS)
        answer = self._vector(f"count by ({by}) (kube_pod_container_info{{namespace={_text(namespace)}}})")
        found = (series.metric.get(label) for series in answer.result for label in IMAGE_LABELS)
        return frozenset(image for image in found if image)

    def firing_spans(self, start: datetime, end: datetime) -> tuple[FiringSpan, ...]:
        """From raw samples of ALERTS (not steps): who fired between two moments, and when last."""
        if start > end:
            return ()
        # 1 ms more: from 3.0 on a range leaves out its left end, before it does not
        selector = f'ALERTS{{alertstate="firing"}}[{_milliseconds(start, end) + 1}ms]'
        matrix = self._query(selector, MATRIX, at=end)
        spans = (meaning(self.connection, lambda series: _span(series, start, end=end), series) for series in matrix.result)
        return tuple(span for span in spans if span)

    def coverage(self, alert: str, *, start: datetime, end: datetime, interval: float) -> float:
        """Share (0 to 1) of a time that the firing samples of an alert cover, each worth one rule interval."""
        length = (end - start).total_seconds()
        if length <= 0:
            return 0.0
        firing = f'ALERTS{{alertname={_text(alert)}, alertstate="firing"}}'
        # The greatest of its series: two half-covering ones do not make a whole
        counts = self._query(f"max(count_over_time({firing}[{_milliseconds(start, end)}ms]))", VECTOR, at=end)
        most = max((meaning(self.connection, number, series.value[1]) for series in counts.result), default=0.0)
        whole = most + 1 if most else 0.0  # a time that begins or ends between two evaluations holds one sample less than intervals
        return min(whole * interval / length, 1.0)

    def _check_kind(self) -> None:
        answer = self.connection.get(READINESS)
        if answer.is_html:
            raise self.connection.unseen("not-json", "answers with a web page, such as a login's")
        if not answer.body.decode(errors="replace").startswith(READY):
            raise self.connection.unseen("not-prometheus", f"is not a Prometheus server: {quoted(answer.body)}")

    def _runtime(self) -> tuple[Runtime, tuple[str, ...]]:
        return ask(self.connection, "/api/v1/status/runtimeinfo", shape=RUNTIME)

    def _clocks(self) -> tuple[datetime, datetime, tuple[str, ...]]:
        """Our time halfway, the server's, to the millisecond (its Date header is whole seconds), and warnings."""
        before = self.now()
        scalar, warnings = ask(self.connection, "/api/v1/query", shape=SCALAR, parameters={"query": "time()"})
        halfway = before + (self.now() - before) / 2
        return halfway, meaning(self.connection, lambda point: moment(number(point[1])), scalar.result), warnings

    def _groups(self) -> tuple[tuple[Group, ...], bool, tuple[str, ...]]:
        """All rule groups, whether some were left unread, and warnings."""
        page, warnings = ask(self.connection, "/api/v1/rules", shape=GROUPS, parameters={"type": "alert"})
        groups = page.groups
        for _ in range(MOST_PAGES):
            if not page.next_page:
                break
            where = {"type": "alert", "group_limit": GROUPS_PER_PAGE, "group_next_token": page.next_page}
            page, of_page = ask(self.connection, "/api/v1/rules", shape=GROUPS, parameters=where)
            groups, warnings = groups + page.groups, warnings + of_page
        return groups, bool(page.next_page), warnings

    def _vector(self, query: str) -> Vector:
        return self._query(query, VECTOR)

    def _query(self, query: str, shape: TypeAdapter[Reply[Content]], *, at: datetime | None = None) -> Content:
        """An instant query; an answer with warnings is partial and none."""
        time = {} if at is None else {"time": f"{math.ceil(at.timestamp() * 1000) / 1000:.3f}"}
        content, warnings = ask(self.connection, "/api/v1/query", shape=shape, parameters={"query": query, **time})
        if warnings:
            raise self.connection.unseen("warnings", f"warns: {quoted(warnings[0].encode())}")
        return content


def _span(series: Values, start: datetime, *, end: datetime) -> FiringSpan | None:
    times = [time for time in (moment(seconds) for seconds, _ in series.values) if start <= time <= end]
    labels = {name: value for name, value in series.metric.items() if name not in {"__name__", "alertstate"}}
    return FiringSpan(labels, min(times), max(times)) if times else None


def _milliseconds(start: datetime, end: datetime) -> int:
    return math.ceil((end - start).total_seconds() * 1000)


def _text(value: str) -> str:
    """A PromQL string; JSON's escapes are among Go's."""
    if not value or not value.isprintable():
        raise BotError(f"{value!r} cannot be the value of a label", "correct the name in environment.yaml")
    return json.dumps(value, ensure_ascii=False)
