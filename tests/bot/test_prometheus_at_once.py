"""What does not depend on one another is asked at the same time: answers come here only once every question has arrived."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from bot.adapters.alertmanager import open_alertmanager
from bot.adapters.prometheus import open_prometheus
from bot.model import Verdict
from bot.observations import AlertmanagerSeen, Observations, PrometheusSeen, Unseen
from bot.sandbox.serving import serve
from bot.wiring import build_world
from bot.workflows.judging import judge_planned
from bot.workflows.planning import plan
from tests.bot.conftest import Quiet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.requests import Request
    from starlette.responses import Response

    from bot.model import Environment
    from bot.ports import Prometheus
    from bot.sandbox.serving import Server
    from tests.bot.conftest import Town

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PATIENCE = 10.0  # seconds; who waits longer is asked alone


class Meeting:
    """Nobody who is awaited goes on before all are here."""

    def __init__(self, *names: str) -> None:
        self.awaited, self.missing = frozenset(names), set(names)
        self.complete = threading.Event()

    def arrive(self, name: str) -> None:
        if name not in self.awaited:
            return
        self.missing.discard(name)
        if not self.missing:
            self.complete.set()
        assert self.complete.wait(PATIENCE), f"{name} waits alone for {self.missing}"


def answers(request: Request) -> Any:
    """What a Prometheus without anything says of an endpoint."""
    path, query = request.url.path.removeprefix("/api/v1/"), request.query_params.get("query", "")
    if query == "time()":
        return {"resultType": "scalar", "result": [NOON.timestamp(), str(NOON.timestamp())]}
    if query:
        return {"resultType": "matrix" if query.endswith("ms]") else "vector", "result": []}
    started = {"startTime": "2026-11-23T09:00:00Z", "reloadConfigSuccess": True}
    return {"rules": {"groups": []}, "targets": {"activeTargets": []}, "status/runtimeinfo": started}[path]


@pytest.fixture
def serving() -> Iterator[Callable[[Callable[[Request], str], Meeting], Server]]:
    """Starts a server that lets a meeting take place, by the names of its questions."""
    servers: list[Server] = []

    def start(name: Callable[[Request], str], meeting: Meeting) -> Server:
        def told(request: Request) -> Response:
            meeting.arrive(name(request))
            return JSONResponse({"status": "success", "data": answers(request)})

        ready = Route("/-/ready", lambda _: PlainTextResponse("Prometheus Server is Ready.\n"))
        servers.append(serve(Starlette(routes=[ready, Route("/{path:path}", told)])))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def test_a_sample_asks_for_rules_targets_and_time_at_once(serving: Callable[..., Server]) -> None:
    server = serving(lambda request: request.url.path, Meeting("/api/v1/rules", "/api/v1/targets", "/api/v1/query"))
    sample = open_prometheus(server.url, authorization=None, timeout=PATIENCE, now=lambda: NOON).sample()
    assert sample.started == sample.started_after
    paths = [call.path for call in server.observed.calls]
    start = "/api/v1/status/runtimeinfo"
    assert paths.index(start) < paths.index("/api/v1/rules") < paths.index(start, 2)  # the start time is read before and after


def test_the_parts_of_a_long_time_are_asked_for_at_once(serving: Callable[..., Server]) -> None:
    """No reply holds all of it, and together they do."""
    ends = [NOON - timedelta(hours=hours) for hours in (2, 1, 0)]
    meeting = Meeting(*(f"{end.timestamp():.3f}" for end in ends))
    server = serving(lambda request: request.query_params["time"], meeting)
    prometheus = open_prometheus(server.url, authorization=None, timeout=PATIENCE, now=lambda: NOON)
    assert prometheus.firing_spans(NOON - timedelta(hours=3), NOON) == ()
    assert len(server.observed.calls) == 3
    assert prometheus.firing_spans(NOON - timedelta(days=30), NOON) == ()
    assert len(server.observed.calls) == 3 + 24


def test_an_alertmanager_tells_its_alerts_and_itself_at_once() -> None:
    meeting = Meeting("/api/v2/alerts", "/api/v2/status")

    def told(request: Request) -> Response:
        meeting.arrive(request.url.path)
        itself = {"cluster": {"status": "ready"}, "versionInfo": {"version": "0.34.0"}}
        return JSONResponse(itself if request.url.path.endswith("status") else [])

    server = serve(Starlette(routes=[Route("/{path:path}", told)]))
    seen = open_alertmanager(server.url, authorization=None, timeout=PATIENCE, now=lambda: NOON).look()
    server.stop()
    assert (seen.version, seen.alerts, seen.silences) == ("0.34.0", (), ())


class Met:
    """A port whose calls wait for a meeting, each by the name of its server and its own."""

    def __init__(self, port: Any, name: str, meetings: tuple[Meeting, ...]) -> None:
        self.port, self.name, self.meetings = port, name, meetings

    def __getattr__(self, method: str) -> Any:
        found = getattr(self.port, method)
        if not callable(found):
            return found

        def call(*arguments: Any, **more: Any) -> Any:
            for meeting in self.meetings:
                meeting.arrive(f"{self.name} {method}")
            return found(*arguments, **more)

        return call


class Untold:
    """An Alertmanager that nobody told anything."""

    url = "http://alertmanager"

    def look(self) -> AlertmanagerSeen:
        return AlertmanagerSeen(self.url, "0.34.0", NOON, (), ())


def test_the_gate_asks_every_server_of_both_environments_at_once(staging_ahead: Town) -> None:
    """And, once there are samples, again: what Alertmanagers say must not be older than these."""
    world, both, replicas = build_world(repo=None, progress=Quiet()), ("staging", "prod"), ("a", "b")
    samples = Meeting(
        "prod application",
        "prod sync_window",
        *(f"staging {replica} firing_spans" for replica in replicas),
        *(f"{name} {replica} sample" for name in both for replica in replicas),
    )
    store = ("without_series", "pod_images")
    then = Meeting(
        *(f"{name} alertmanager look" for name in both),
        *(f"staging {replica} coverage" for replica in replicas),
        *(f"{name} {replica} {question}" for name in both for replica in replicas for question in store),
    )

    def met(port: Any, name: str) -> Any:
        return Met(port, name, (samples, then))

    meeting = replace(
        world,
        argocd=lambda environment: met(world.argocd(environment), environment.name),
        prometheus=lambda environment: tuple(met(world.prometheus(environment)[0], f"{environment.name} {name}") for name in replicas),
        alertmanager=lambda environment: (met(Untold(), f"{environment.name} alertmanager"),),
    )
    judgement = judge_planned(meeting, plan(world, "staging", "prod"))
    assert not samples.missing | then.missing
    assert {reason.verdict for reason in judgement.reasons} <= {Verdict.HOLD}


def test_a_server_that_does_not_answer_hides_no_other(town: Town) -> None:
    world = build_world(repo=None, progress=Quiet())

    def replicas(environment: Environment) -> tuple[Prometheus, ...]:
        gone = open_prometheus("http://127.0.0.1:9", authorization=None, timeout=1, now=world.now)
        return (gone, *world.prometheus(environment))

    judged = judge_planned(replace(world, prometheus=replicas), plan(world, "staging", "prod"))
    assert isinstance(judged.observed, Observations)
    assert judged.observed.source
    for seen in (judged.observed.source, judged.observed.target):
        gone, there = seen.prometheus
        assert isinstance(gone, Unseen)
        assert gone.code == "prometheus-unreachable"
        assert isinstance(there, PrometheusSeen)
