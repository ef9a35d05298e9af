"""Whatever is not Alertmanager's full answer is an UnobservableError with a code of its own; credentials stay where they belong."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.adapters.alertmanager import open_alertmanager
from bot.model import Alerts, BotError, UnobservableError
from bot.sandbox.serving import serve
from bot.setup import OK, PROBLEM, WARNING
from bot.workflows.doctor_alertmanager import alertmanager_checks
from tests.bot.gate_situations import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.requests import Request

    from bot.ports import Alertmanager
    from bot.sandbox.serving import Server

    Answering = Callable[[Request], Response]

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
STATUS, ALERTS, SILENCES = "/api/v2/status", "/api/v2/alerts", "/api/v2/silences"
ALERT = {"labels": {"alertname": "A"}, "status": {"state": "suppressed", "silencedBy": ["1"], "inhibitedBy": ["f"]}}
SILENCE = {
    "id": "1",
    "status": {"state": "active"},
    "matchers": [{"name": "alertname", "value": "A", "isRegex": False}],  # before 0.22 there was no isEqual
    "startsAt": "2026-11-23T12:59:00+01:00",
    "endsAt": "2026-11-23T13:00:00Z",
    "createdBy": "ada\n\x1b[2J",
    "comment": "long " * 200,
}
WELL: dict[str, Answering] = {
    STATUS: lambda _: JSONResponse({"cluster": {"status": "ready"}, "versionInfo": {"version": "0.34.0"}}),
    ALERTS: lambda _: JSONResponse([ALERT]),
    SILENCES: lambda _: JSONResponse([SILENCE, {**SILENCE, "id": "2", "status": {"state": "expired"}}]),
}
ANSWERS = dict(WELL)


@contextmanager
def served(changes: dict[str, Answering], *, authorization: str | None = None) -> Iterator[tuple[Alertmanager, Server]]:
    """An Alertmanager that answers well but for the changes."""
    ANSWERS.update(changes)
    server = the_server()
    try:
        yield open_alertmanager(server.url + "/", authorization=authorization, timeout=2, now=lambda: NOON), server
    finally:
        ANSWERS.update(WELL)


@cache
def the_server() -> Server:
    """One for all tests: starting and stopping takes longer than most of them."""
    return serve(Starlette(routes=[Route(path, partial(answer, path)) for path in WELL]))


def answer(path: str, request: Request) -> Response:
    return ANSWERS[path](request)


def silences(**changes: Any) -> Answering:
    return lambda _: JSONResponse([{**SILENCE, **changes}])


CASES: dict[str, tuple[str, Answering, str]] = {
    "login": (STATUS, lambda _: HTMLResponse("<!doctype html><title>Sign in</title>"), "alertmanager-not-json"),
    "a Prometheus": (STATUS, lambda _: PlainTextResponse("404 page not found", 404), "alertmanager-not-alertmanager"),
    "another API": (STATUS, lambda _: JSONResponse({"status": "success"}), "alertmanager-malformed"),
    "redirect": (ALERTS, lambda _: RedirectResponse("/elsewhere"), "alertmanager-redirect"),
    "text": (ALERTS, lambda _: PlainTextResponse("[]"), "alertmanager-not-json"),
    "half of the JSON": (ALERTS, lambda _: Response('[{"labels"', media_type="application/json"), "alertmanager-not-json"),
    "refused": (ALERTS, lambda _: PlainTextResponse("unauthorized", 401), "alertmanager-status"),
    "huge": (
        SILENCES,
        lambda _: StreamingResponse(iter([b" " * 1024 * 1024] * 65), media_type="application/json"),
        "alertmanager-too-large",
    ),
    "no list": (SILENCES, lambda _: JSONResponse({}), "alertmanager-malformed"),
    "an alert without status": (ALERTS, lambda _: JSONResponse([{"labels": {}}]), "alertmanager-malformed"),
    "a silence without matchers": (SILENCES, silences(matchers=[]), "alertmanager-malformed"),
    "a silence that ends at some time": (SILENCES, silences(endsAt="later"), "alertmanager-malformed"),
    "a time without zone": (SILENCES, silences(endsAt="2026-11-23T13:00:00"), "alertmanager-malformed"),
}


@pytest.mark.parametrize(("path", "answering", "code"), CASES.values(), ids=CASES.keys())
def test_a_reply_that_is_no_answer_has_its_code(path: str, answering: Answering, code: str) -> None:
    with served({path: answering}) as (alertmanager, server), pytest.raises(UnobservableError) as unseen:
        alertmanager.look()
    assert unseen.value.code == code
    assert server.url in unseen.value.message
    assert "prometheus" not in f"{unseen.value.message} {unseen.value.hint}".lower()


def test_a_good_look_has_what_people_wrote_on_one_short_line_and_no_silence_that_is_over() -> None:
    with served({}) as (alertmanager, _):
        seen = alertmanager.look()
    (alert,), (silence,) = seen.alerts, seen.silences
    assert (seen.version, seen.at, alert.silenced_by, alert.inhibited_by) == ("0.34.0", NOON, ("1",), ("f",))
    assert (silence.starts, silence.ends) == (datetime(2026, 11, 23, 11, 59, tzinfo=UTC), datetime(2026, 11, 23, 13, tzinfo=UTC))
    assert (silence.who, len(silence.why)) == ("ada ?[2J", 200)
    assert [(each.is_equal, each.is_regex) for each in silence.matchers] == [(True, False)]


def test_the_credential_is_not_sent_to_where_a_redirect_points() -> None:
    seen: list[str] = []

    def elsewhere(request: Request) -> Response:
        seen.append(request.headers.get("authorization", ""))
        return JSONResponse([])

    other = serve(Starlette(routes=[Route("/", elsewhere)]))
    redirecting: dict[str, Answering] = {ALERTS: lambda _: RedirectResponse(other.url)}
    with served(redirecting, authorization="Basic s3cret") as (alertmanager, _), pytest.raises(UnobservableError) as unseen:
        alertmanager.look()
    other.stop()
    assert seen == []
    assert "s3cret" not in f"{unseen.value.message}{unseen.value.hint}"
    with served({ALERTS: elsewhere}, authorization="Basic s3cret") as (alertmanager, _):
        alertmanager.look()
    assert seen == ["Basic s3cret"]


def test_the_doctor_says_whether_an_alertmanager_can_be_read_and_how_bad_it_is_if_not() -> None:
    prod = environment("prod")
    strict = replace(prod, policy=replace(prod.policy, alerts=Alerts(silences="honour")))
    with served({}) as (alertmanager, server):
        (fine,) = alertmanager_checks(lambda _: (alertmanager,), prod)
    assert (fine.state, fine.what) == (OK, f"{server.url} is an Alertmanager, version 0.34.0; active silences: 1")
    with served({SILENCES: silences(matchers=[])}) as (alertmanager, _):
        bad = [check for each in (prod, strict) for check in alertmanager_checks(lambda _: (alertmanager,), each)]
    assert [check.state for check in bad] == [WARNING, PROBLEM]
    assert all("/api/v2/silences" in check.what and "`alertmanager:`" in check.fix for check in bad)
    assert alertmanager_checks(lambda _: (), prod) == []


@pytest.mark.parametrize("url", ["ftp://host", "https://user:s3cret@host", "https://host/?token=s3cret", ""])
def test_a_url_that_could_leak_or_is_none_is_refused(url: str) -> None:
    with pytest.raises(BotError, match="not a URL of Alertmanager") as refused:
        open_alertmanager(url, authorization=None, timeout=1, now=lambda: NOON)
    assert "s3cret" not in refused.value.message
