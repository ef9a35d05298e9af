"""Whatever is not Prometheus' full answer is an UnobservableError with a code of its own."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

from bot.adapters.prometheus import open_prometheus
from bot.model import BotError, UnobservableError
from bot.sandbox.serving import Fault, serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from starlette.requests import Request

    from bot.ports import Prometheus
    from bot.sandbox.serving import Server

    Answering = Callable[[Request], Response]

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
RULE = {
    "type": "alerting",
    "name": "Watchdog",
    "query": "vector(1)",
    "duration": 0,
    "keepFiringFor": 0,
    "labels": {},
    "alerts": [],
    "state": "unknown",
    "health": "unknown",
    "lastEvaluation": "0001-01-01T00:00:00Z",
}
TARGET = {
    "labels": {"instance": "a:1"},
    "scrapePool": "qdrant",
    "health": "up",
    "lastScrape": "2026-11-23T12:59:59.123456789+01:00",
    "scrapeInterval": "1m30s",
    "lastError": "",
}
RUNTIME = {"startTime": "2026-11-23T09:00:00.5Z", "reloadConfigSuccess": True}
END_OF_TIME = "9999-12-31T23:59:59-14:00"  # of the calendar, and beyond it in UTC
RULES, TARGETS, QUERY, RUNNING = "/api/v1/rules", "/api/v1/targets", "/api/v1/query", "/api/v1/status/runtimeinfo"


def success(content: Any, **more: Any) -> Response:
    return JSONResponse({"status": "success", "data": content, **more})


def scalar(value: str) -> dict[str, Any]:
    return {"resultType": "scalar", "result": [NOON.timestamp(), value]}


def rules(rule: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"groups": [{"name": "all", "file": "", "interval": 30, "rules": [rule]}], **more}


def every(interval: float) -> dict[str, Any]:
    return {"groups": [{**rules(RULE)["groups"][0], "interval": interval}]}


WELL: dict[str, Answering] = {
    "/-/ready": lambda _: PlainTextResponse("Prometheus Server is Ready.\n"),
    RUNNING: lambda _: success(RUNTIME),
    QUERY: lambda _: success(scalar(str(NOON.timestamp()))),
    RULES: lambda _: success(rules(RULE)),
    TARGETS: lambda _: success({"activeTargets": [TARGET]}),
}
ANSWERS = dict(WELL)


@contextmanager
def served(changes: dict[str, Answering], *, timeout: float = 5.0, authorization: str | None = None) -> Iterator[tuple[Prometheus, Server]]:
    """A Prometheus that answers well but for the changes."""
    ANSWERS.update(changes)
    server = the_server()
    try:
        yield open_prometheus(server.url + "/", authorization=authorization, timeout=timeout, now=lambda: NOON), server
    finally:
        ANSWERS.update(WELL)
        server.observed.faults.clear()


@cache
def the_server() -> Server:
    """One for all tests: starting and stopping takes longer than most of them."""
    return serve(Starlette(routes=[Route(path, partial(answer, path)) for path in WELL]))


def answer(path: str, request: Request) -> Response:
    return ANSWERS[path](request)


def raw(text: str) -> Answering:
    return lambda _: Response(text, media_type="application/json")


def dripping(_request: Request) -> Response:
    async def drops() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b" "
            await asyncio.sleep(0.1)

    return StreamingResponse(drops(), media_type="application/json")


def silent(_request: Request) -> Response:
    time.sleep(1.5)
    return PlainTextResponse("late")


def login(_request: Request) -> Response:
    return HTMLResponse("<!doctype html><title>Sign in</title>")


CASES: dict[str, tuple[str, Answering, str]] = {
    "login instead of readiness": ("/-/ready", login, "prometheus-not-json"),
    "Thanos": ("/-/ready", lambda _: PlainTextResponse("OK"), "prometheus-not-prometheus"),
    "VictoriaMetrics": (
        "/-/ready",
        lambda _: PlainTextResponse("VictoriaMetrics is Ready.\n"),
        "prometheus-not-prometheus",
    ),
    "an agent, which has no rules": (
        "/-/ready",
        lambda _: PlainTextResponse("Prometheus Agent is Ready.\n"),
        "prometheus-not-prometheus",
    ),
    "Mimir": ("/-/ready", lambda _: PlainTextResponse("not found", 404), "prometheus-not-prometheus"),
    "starting": ("/-/ready", lambda _: PlainTextResponse("Service Unavailable", 503), "prometheus-status"),
    "redirect": (RULES, lambda _: RedirectResponse("/elsewhere"), "prometheus-redirect"),
    "login instead of rules": (RULES, login, "prometheus-not-json"),
    "HTML called JSON": (RULES, raw("<html>"), "prometheus-not-json"),
    "text": (RULES, lambda _: PlainTextResponse("{}"), "prometheus-not-json"),
    "half of the JSON": (RULES, raw('{"status": "success", "data": {"gro'), "prometheus-not-json"),
    "endless nesting": (RULES, raw("[" * 100_000), "prometheus-not-json"),
    "not found": (RULES, lambda _: JSONResponse({"status": "error", "error": "no"}, 404), "prometheus-status"),
    "token refused": (RULES, lambda _: PlainTextResponse("unauthorized", 401), "prometheus-status"),
    "overloaded": (RULES, lambda _: PlainTextResponse("busy", 503), "prometheus-status"),
    "error with 200": (
        RULES,
        raw('{"status": "error", "errorType": "internal", "error": "broken"}'),
        "prometheus-status",
    ),
    "huge": (
        RULES,
        lambda _: StreamingResponse(iter([b" " * 1024 * 1024] * 65), media_type="application/json"),
        "prometheus-too-large",
    ),
    "drip": (RULES, dripping, "prometheus-timeout"),
    "silence": (RULES, silent, "prometheus-timeout"),
    "another shape": (RULES, lambda _: success({"groups": [{"name": 1}]}), "prometheus-malformed"),
    "no groups": (RULES, lambda _: success({}), "prometheus-malformed"),
    "a rule without time": (
        RULES,
        lambda _: success(rules({**RULE, "lastEvaluation": "soon"})),
        "prometheus-malformed",
    ),
    "a time without zone": (
        RULES,
        lambda _: success(rules({**RULE, "lastEvaluation": "2026-11-23T12:00:00"})),
        "prometheus-malformed",
    ),
    "NaN as JSON": (
        RULES,
        raw(json.dumps({"status": "success", "data": rules({**RULE, "duration": float("nan")})})),
        "prometheus-malformed",
    ),
    "an infinite interval": (
        TARGETS,
        lambda _: success({"activeTargets": [{**TARGET, "scrapeInterval": "ever"}]}),
        "prometheus-malformed",
    ),
    "time NaN": (QUERY, lambda _: success(scalar("NaN")), "prometheus-malformed"),
    "time +Inf": (QUERY, lambda _: success(scalar("+Inf")), "prometheus-malformed"),
    "time beyond the calendar": (QUERY, lambda _: success(scalar("1e300")), "prometheus-malformed"),
    "time of which nothing can be added": (QUERY, lambda _: success(scalar("253402300799")), "prometheus-malformed"),
    "a rule evaluated at the end of time": (
        RULES,
        lambda _: success(rules({**RULE, "lastEvaluation": END_OF_TIME})),
        "prometheus-malformed",
    ),
    "an alert since before our age": (
        RULES,
        lambda _: success(rules({**RULE, "alerts": [{"labels": {}, "state": "firing", "activeAt": "1999-12-31T23:59:59Z"}]})),
        "prometheus-malformed",
    ),
    "a rule that waits for ever": (RULES, lambda _: success(rules({**RULE, "duration": 1e300})), "prometheus-malformed"),
    "a rule that keeps firing for ever": (RULES, lambda _: success(rules({**RULE, "keepFiringFor": 1e300})), "prometheus-malformed"),
    "a group once in an eternity": (RULES, lambda _: success(every(1e300)), "prometheus-malformed"),
    "a group before its time": (RULES, lambda _: success(every(-1)), "prometheus-malformed"),
    "a scrape at the end of time": (
        TARGETS,
        lambda _: success({"activeTargets": [{**TARGET, "lastScrape": END_OF_TIME}]}),
        "prometheus-malformed",
    ),
    "a scrape once in a million years": (
        TARGETS,
        lambda _: success({"activeTargets": [{**TARGET, "scrapeInterval": "1000000y"}]}),
        "prometheus-malformed",
    ),
    "a start at the end of time": (RUNNING, lambda _: success({**RUNTIME, "startTime": END_OF_TIME}), "prometheus-malformed"),
    "a start at the beginning of time": (
        RUNNING,
        lambda _: success({**RUNTIME, "startTime": "0001-01-01T00:00:00+14:00"}),
        "prometheus-malformed",
    ),
    "a vector for a scalar": (QUERY, lambda _: success({"resultType": "vector", "result": []}), "prometheus-malformed"),
    "no start": (RUNNING, lambda _: success({"reloadConfigSuccess": True}), "prometheus-malformed"),
    "reload unknown": (RUNNING, lambda _: success({**RUNTIME, "reloadConfigSuccess": "yes"}), "prometheus-malformed"),
}


@pytest.mark.parametrize(("path", "answering", "code"), CASES.values(), ids=CASES.keys())
def test_a_reply_that_is_no_answer_has_its_code(path: str, answering: Answering, code: str) -> None:
    """And ends within its time."""
    began = time.monotonic()
    with served({path: answering}, timeout=1.5) as (prometheus, server), pytest.raises(UnobservableError) as unseen:
        prometheus.sample()
    assert unseen.value.code == code
    assert server.url in unseen.value.message
    assert time.monotonic() - began < 8


def test_a_good_sample_is_read_in_full() -> None:
    """Nanoseconds, zones, zero times and missing job labels included."""
    with served({}) as (prometheus, _):
        sample = prometheus.sample()
    assert (sample.at, sample.server_time, sample.reload_succeeded) == (NOON, NOON, True)
    assert sample.started == sample.started_after == datetime(2026, 11, 23, 9, 0, 0, 500_000, tzinfo=UTC)
    assert sample.rules[0].last_evaluation is None
    (target,) = sample.targets
    assert (target.job, target.interval) == ("qdrant", 90)
    assert target.last_scrape == datetime(2026, 11, 23, 11, 59, 59, 123_456, tzinfo=UTC)


def test_warnings_are_part_of_a_sample_and_the_end_of_a_query() -> None:
    """A sample tells them to the gate; a query with warnings is partial, hence no answer."""
    with served({RULES: lambda _: success(rules(RULE), warnings=["half of it"])}) as (prometheus, _):
        assert prometheus.sample().warnings == ("half of it",)
    partial = {"resultType": "vector", "result": []}
    with served({QUERY: lambda _: success(partial, warnings=["half"], infos=["fine"])}) as (prometheus, _):
        with pytest.raises(UnobservableError, match="half") as unseen:
            prometheus.without_series(["up"])
        assert unseen.value.code == "prometheus-warnings"


def test_pages_of_rules_are_read_to_the_end() -> None:
    """Each page once, by the token of the one before."""

    def page(request: Request) -> Response:
        token = request.query_params.get("group_next_token", "0")
        assert token == "0" or request.query_params["group_limit"]
        following = {} if token == "2" else {"groupNextToken": str(int(token) + 1)}
        return success(rules({**RULE, "name": f"page-{token}"}, **following))

    with served({RULES: page}) as (prometheus, _):
        sample = prometheus.sample()
    assert [rule.name for rule in sample.rules] == ["page-0", "page-1", "page-2"]
    assert not sample.more_pages


def test_endless_pages_are_left_and_told() -> None:
    """The gate hears that it did not see everything."""
    with served({RULES: lambda _: success(rules(RULE, groupNextToken="again"))}) as (prometheus, _):
        assert prometheus.sample().more_pages


def test_a_balancer_that_mixes_replicas_shows() -> None:
    """The start time is read again, once for each question between: one connection of several may lead elsewhere."""
    starts = iter(["2026-11-23T09:00:00Z"] * 3 + ["2026-11-23T10:00:00Z"])
    with served({RUNNING: lambda _: success({**RUNTIME, "startTime": next(starts)})}) as (prometheus, _):
        sample = prometheus.sample()
    assert sample.started != sample.started_after


def test_a_passing_5xx_is_asked_again_and_a_4xx_is_not() -> None:
    """At most three times."""
    with served({}) as (prometheus, server):
        server.observed.faults.append(Fault("GET", RULES, times=2, status=502))
        assert prometheus.sample().rules
        server.observed.calls.clear()
        server.observed.faults.append(Fault("GET", RULES, times=9, status=403))
        with pytest.raises(UnobservableError):
            prometheus.sample()
    assert [call.path for call in server.observed.calls].count(RULES) == 1


def test_a_reply_that_breaks_off_is_unreachable() -> None:
    """Its length was promised and not kept."""
    with served({}) as (prometheus, server):
        server.observed.faults.append(Fault("GET", RULES, times=9))
        with pytest.raises(UnobservableError) as unseen:
            prometheus.sample()
    assert unseen.value.code == "prometheus-unreachable"


def test_plain_http_behind_https_is_a_fault_of_tls() -> None:
    """Not asked again: it does not pass."""
    with served({}) as (_, server):
        secure = server.url.replace("http://", "https://")
        with pytest.raises(UnobservableError) as unseen:
            open_prometheus(secure, authorization=None, timeout=2, now=lambda: NOON).sample()
    assert unseen.value.code == "prometheus-tls"


def test_the_token_goes_to_the_configured_host_alone() -> None:
    """As a bearer token, never to where a redirect points, never into a message."""
    seen: list[str] = []

    def elsewhere(request: Request) -> Response:
        seen.append(request.headers.get("authorization", ""))
        return PlainTextResponse("Prometheus Server is Ready.\n")

    other = serve(Starlette(routes=[Route("/-/ready", elsewhere)]))
    redirecting: dict[str, Answering] = {"/-/ready": lambda _: RedirectResponse(f"{other.url}/-/ready")}
    with served(redirecting, authorization="Bearer s3cret") as (prometheus, _), pytest.raises(UnobservableError) as unseen:
        prometheus.sample()
    other.stop()
    assert seen == []
    with served({"/-/ready": elsewhere}, authorization="Bearer s3cret") as (prometheus, _):
        prometheus.sample()
    assert seen == ["Bearer s3cret"]
    assert "s3cret" not in f"{unseen.value.message}{unseen.value.hint}"


@pytest.mark.parametrize("url", ["ftp://host", "https://user:s3cret@host", "https://host/?token=s3cret", "prometheus:9090", ""])
def test_a_url_that_could_leak_or_is_none_is_refused(url: str) -> None:
    """Before anything is asked, and without repeating its secret."""
    with pytest.raises(BotError, match="not a URL of Prometheus") as refused:
        open_prometheus(url, authorization=None, timeout=1, now=lambda: NOON)
    assert "s3cret" not in refused.value.message


def test_samples_outside_the_asked_time_are_not_counted() -> None:
    """The range asked for is 1 ms longer, for servers that leave out its left end."""
    times = [NOON - timedelta(milliseconds=1), NOON, NOON + timedelta(seconds=30)]
    series = {
        "metric": {"__name__": "ALERTS", "alertname": "A", "alertstate": "firing"},
        "values": [[time.timestamp(), "1"] for time in times],
    }
    with served({QUERY: lambda _: success({"resultType": "matrix", "result": [series]})}) as (prometheus, _):
        (span,) = prometheus.firing_spans(NOON, NOON + timedelta(minutes=1))
        none = prometheus.firing_spans(NOON + timedelta(minutes=1), NOON)
    assert (span.labels, span.first, span.last) == ({"alertname": "A"}, NOON, NOON + timedelta(seconds=30))
    assert none == ()


def test_coverage_is_capped_at_the_whole() -> None:
    """More samples than expected do not cover more than everything."""
    vector = {"resultType": "vector", "result": [{"metric": {}, "value": [NOON.timestamp(), "500"]}]}
    with served({QUERY: lambda _: success(vector)}) as (prometheus, _):
        assert prometheus.coverage("A", "prod", start=NOON, end=NOON + timedelta(minutes=1), interval=30) == 1
        assert prometheus.coverage("A", "prod", start=NOON, end=NOON + timedelta(hours=10), interval=30) == pytest.approx(501 / 1200)
