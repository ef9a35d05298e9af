"""The Prometheus HTTP API, as the gate reads it."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from bot.adapters.foreign import quoted
from bot.adapters.monitoring_http import Service, connect
from bot.adapters.prometheus_queries import IMAGE_LABELS, absent_of, firing_count, firing_samples, images_in, joined, parts, presence, span
from bot.adapters.prometheus_replies import alerting_rules, ask, meaning, moment, number, target_seen
from bot.adapters.prometheus_shapes import BUILD, GROUPS, MATRIX, RUNTIME, SCALAR, TARGETS, VECTOR
from bot.observations import Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from pydantic import TypeAdapter

    from bot.adapters.monitoring_http import Connection
    from bot.adapters.prometheus_shapes import Group, Matrix, Reply, Runtime, Vector
    from bot.observations import FiringSpan, TargetSeen
    from bot.ports import Prometheus

READINESS = "/-/ready"  # Mimir's is at /ready
PROMETHEUS = Service("Prometheus", "prometheus", "not-prometheus", READINESS)
READY = "Prometheus Server is Ready."  # Thanos says "OK", VictoriaMetrics "VictoriaMetrics is Ready."
MOST_PAGES = 50
GROUPS_PER_PAGE = "1000"
QUESTIONS_AT_ONCE = 4

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
        """Rules, targets and the time, asked at once, each between two readings of the start time."""
        with ThreadPoolExecutor(QUESTIONS_AT_ONCE) as pool:
            kind, first = pool.submit(self._check_kind), pool.submit(self._runtime)
            kind.result()  # faults are told in this order: what it is comes first
            before, of_before = first.result()
            clocks = pool.submit(self._and_runtime, self._clocks)
            loaded = pool.submit(self._groups)
            scraped = pool.submit(self._and_runtime, self._targets)
            (at, server_time, of_time), after_time = clocks.result()
            groups, more_pages, of_rules = loaded.result()
            last = pool.submit(self._runtime)
            rules = meaning(self.connection, alerting_rules, groups)  # meanwhile: of ten thousand, this takes as long
            (targets, of_targets), after_targets = scraped.result()
            after = (after_time, after_targets, last.result())
        others = [runtime.started for runtime, _ in after if runtime.started != before.started]
        return Sample(
            at=at,
            server_time=server_time,
            started=before.started,
            started_after=(others or [before.started])[0],
            reload_succeeded=before.reload_succeeded and all(runtime.reload_succeeded for runtime, _ in after),
            warnings=(*of_before, *of_time, *of_rules, *of_targets, *chain.from_iterable(of_each for _, of_each in after)),
            more_pages=more_pages,
            rules=rules,
            targets=targets,
        )

    def without_series(self, selectors: Iterable[str]) -> tuple[str, ...]:
        """Those vector selectors that have no series now (5 minutes back)."""
        asked = tuple(dict.fromkeys(selectors))
        with ThreadPoolExecutor(QUESTIONS_AT_ONCE) as pool:
            return absent_of(asked, list(pool.map(self._vector, presence(asked))))

    def pod_images(self, namespace: str) -> frozenset[str]:
        """Values of image, image_spec and image_id over kube_pod_container_info of a namespace."""
        answer = self._vector(images_in(namespace))
        found = (series.metric.get(label) for series in answer.result for label in IMAGE_LABELS)
        return frozenset(image for image in found if image)

    def firing_spans(self, start: datetime, end: datetime) -> tuple[FiringSpan, ...]:
        """From raw samples of ALERTS (not steps): who fired between two moments, and when last."""
        with ThreadPoolExecutor(QUESTIONS_AT_ONCE) as pool:
            found = [each for spans in pool.map(lambda part: self._spans(*part), parts(start, end)) for each in spans]
        return joined(found)

    def coverage(self, alert: str, environment: str, *, start: datetime, end: datetime, interval: float) -> float:
        """Share (0 to 1) of a time that the firing samples of an environment's alert cover, each worth one rule interval."""
        length = (end - start).total_seconds()
        if length <= 0:
            return 0.0
        counts = self._query(firing_count(alert, environment, start=start, end=end), VECTOR, at=end)
        most = max((meaning(self.connection, number, series.value[1]) for series in counts.result), default=0.0)
        whole = most + 1 if most else 0.0  # a time that begins or ends between two evaluations holds one sample less than intervals
        return min(whole * interval / length, 1.0)

    def _spans(self, start: datetime, end: datetime) -> list[FiringSpan]:
        matrix: Matrix = self._query(firing_samples(start, end), MATRIX, at=end)
        found = [meaning(self.connection, lambda series: span(series, start, end=end), series) for series in matrix.result]
        return [each for each in found if each]

    def _check_kind(self) -> None:
        answer = self.connection.get(READINESS)
        if answer.is_html:
            raise self.connection.unseen("not-json", "answers with a web page, such as a login's")
        if not answer.body.decode(errors="replace").startswith(READY):
            raise self.connection.unseen("not-prometheus", f"is not a Prometheus server: {quoted(answer.body)}")

    def _runtime(self) -> tuple[Runtime, tuple[str, ...]]:
        return ask(self.connection, "/api/v1/status/runtimeinfo", shape=RUNTIME)

    def _and_runtime(self, ask_first: Callable[[], Content]) -> tuple[Content, tuple[Runtime, tuple[str, ...]]]:
        """An answer, and then the start time, most likely over the same connection: a balancer may give each to another server."""
        return ask_first(), self._runtime()

    def _clocks(self) -> tuple[datetime, datetime, tuple[str, ...]]:
        """Our time halfway, the server's, to the millisecond (its Date header is whole seconds), and warnings."""
        before = self.now()
        scalar, warnings = ask(self.connection, "/api/v1/query", shape=SCALAR, parameters={"query": "time()"})
        halfway = before + (self.now() - before) / 2
        return halfway, meaning(self.connection, lambda point: moment(number(point[1])), scalar.result), warnings

    def _targets(self) -> tuple[tuple[TargetSeen, ...], tuple[str, ...]]:
        """All active targets, and warnings."""
        targets, warnings = ask(self.connection, "/api/v1/targets", shape=TARGETS, parameters={"state": "active"})
        return tuple(meaning(self.connection, target_seen, target) for target in targets.active), warnings

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
