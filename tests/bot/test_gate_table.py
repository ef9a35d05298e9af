"""Each row of the gate's table, shown by a real Prometheus where that can be, else by a real one with a reply changed on its way.

Long, because the table is. What it says of Argo CD is in test_gate_table_argocd.py, each bound and all else in test_gate_rows.py.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.adapters.prometheus import open_prometheus
from bot.gate import judge
from bot.gate.definitions import required_rule
from bot.model import Alerts, Image, Policy, Release, Verdict
from bot.observations import AlertmanagerSeen, ApplicationSeen, Matcher, NotifiedAlert, Observations, PodSeen, RunSeen, Silence
from bot.sandbox.exporter import ExportedEnvironment, Exporter, exporter_app
from bot.sandbox.exporter_pages import KUBE_STATE_METRICS
from bot.sandbox.prometheus import start_prometheus, wait_until_warm
from bot.sandbox.serving import serve
from bot.workflows.observe import attempt
from bot.workflows.sampling import Look, Window, complete, take
from tests.bot.conftest import Quiet
from tests.bot.gate_situations import NEW_TREE, environment, environment_seen
from tests.bot.gate_violations import VIOLATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from starlette.requests import Request

    from bot.observations import EnvironmentSeen, Judgement
    from bot.ports import World
    from bot.sandbox.prometheus import RunningPrometheus

    Change = Callable[[str, dict[str, Any]], Response | None]  # what was asked, and what is told

pytestmark = pytest.mark.skipif(
    shutil.which("prometheus") is None and not os.environ.get("CI"), reason="prometheus is not installed; CI has it"
)

WATCHDOG, NAMESPACE, API = "Watchdog", "context-calm", "context-api"
IMAGE = Image("ghcr.io/example/context-api", "v1.4.2", "sha256:" + "24" * 32)
OTHER = replace(IMAGE, digest="sha256:" + "42" * 32)
PODS = (PodSeen("context-api-1", (IMAGE.reference,), "Healthy", of_job=False),)
LAW = Policy(soak=timedelta(), samples=1, interval=timedelta(seconds=1.2), watchdog=WATCHDOG, required_jobs=(API,))
HOUR, SOON, LONG_AGO = timedelta(hours=1), timedelta(seconds=3), "2020-01-01T00:00:00Z"
FAIL, UNKNOWN, HOLD, PASS = Verdict.FAIL, Verdict.UNKNOWN, Verdict.HOLD, Verdict.PASS


def rule(alert: str, expr: str, environment: str, **more: Any) -> dict[str, Any]:
    """A rule of an environment that can block."""
    return {"alert": alert, "expr": expr, "labels": {"environment": environment, "promotion_gate": "block"}, **more}


def quiet(environment: str) -> list[dict[str, Any]]:
    """A watchdog, and a rule on a metric that is there."""
    dog = {"alert": WATCHDOG, "expr": "vector(1)", "labels": {"environment": environment}}
    return [dog, rule("Down", f'up{{job="{API}"}} == 0', environment)]


# The rules of each environment: one server knows them all, as one of a whole company does
RULES: dict[str, list[dict[str, Any]]] = {
    "calm": quiet("calm"),
    "young": [*quiet("young"), rule("Late", f'up{{job="{API}"}} == 0', "young", **{"for": "10m"})],
    "ambiguous": [*quiet("ambiguous"), rule("Ambiguous", "up * on (namespace) up < 0", "ambiguous")],
    "mute": [{**quiet("mute")[0], "expr": "vector(1) > 2"}, quiet("mute")[1]],
    "harmless": quiet("harmless")[:1],
    "renamed": [*quiet("renamed"), rule("Renamed", "context_requests_total > 0", "renamed")],
    "burning": [*quiet("burning"), rule("Burning", "vector(1)", "burning")],
    "severe": [*quiet("severe"), {"alert": "Severe", "expr": "vector(1)", "labels": {"environment": "severe", "severity": "critical"}}],
    "spaced": [*quiet("spaced"), rule("Spaced", 'label_replace(vector(1), "namespace", "context-spaced", "", "")', "elsewhere")],
    "waiting": [*quiet("waiting"), rule("Waiting", "vector(1)", "waiting", **{"for": "10m"})],
}


@dataclass(frozen=True)
class Case:
    """A clause of the table: what keeps the gate from passing, and how that is brought about."""

    codes: str
    verdict: Verdict = UNKNOWN
    name: str = "calm"
    law: dict[str, Any] = field(default_factory=dict)
    namespace: str = NAMESPACE
    image: Image = IMAGE  # that the release declares
    address: Callable[[str], str] = lambda url: url  # where the server is believed to be
    change: Callable[[], Change] | None = None  # what happens to replies on their way: no Prometheus says such a thing when told to
    seen: Callable[[EnvironmentSeen], EnvironmentSeen] = lambda seen: seen  # what Git or an Alertmanager says beside it
    soak: timedelta | None = None  # the environment is a source, whose release runs since `since`
    since: timedelta = 2 * HOUR
    clock: timedelta = timedelta()  # ours, ahead of the server's
    later: timedelta = timedelta()  # when it is judged


def at(path: str, change: Callable[[Any], object]) -> Callable[[], Change]:
    """A change of the data of one endpoint, or another response."""

    def changed(asked: str, told: dict[str, Any]) -> Response | None:
        found = change(told["data"]) if asked == path else None
        return found if isinstance(found, Response) else None

    return lambda: changed


def answer(response: Callable[[], Response], path: str = "rules") -> Callable[[], Change]:
    """Something else than the data of one endpoint."""
    return at(path, lambda _: response())


def each_rule(**values: Any) -> Callable[[], Change]:
    """Other values of each alerting rule."""

    def change(told: Any) -> None:
        for group in told["groups"]:
            for one in group["rules"]:
                one.update(values)

    return at("rules", change)


def each_alert(state: str) -> Callable[[], Change]:
    """Another state of each alert that can block."""

    def change(told: Any) -> None:
        for one in (alert for group in told["groups"] for rule in group["rules"] for alert in rule["alerts"]):
            if one["labels"].get("promotion_gate") == "block":
                one["state"] = state

    return at("rules", change)


def hidden() -> Change:
    """No sample shows an alert that fires, as if it did between them alone."""

    def change(_: str, told: dict[str, Any]) -> None:
        for one in (rule for group in told["data"].get("groups", ()) for rule in group["rules"]):
            if one["name"] == "Burning":
                one["alerts"] = []

    return change


def restarted(*, after: int) -> Callable[[], Change]:
    """Another start time, from some reading of it on."""

    def begin() -> Change:
        numbers = count()

        def change(asked: str, told: dict[str, Any]) -> None:
            if asked == "status/runtimeinfo" and next(numbers) >= after:
                told["data"]["startTime"] = LONG_AGO

        return change

    return begin


def stuck() -> Change:
    """Time goes on by seven seconds from sample to sample, and no rule is evaluated again."""
    began, samples = time.time(), count()
    evaluated = datetime.fromtimestamp(began, UTC).isoformat()

    def change(asked: str, told: dict[str, Any]) -> None:
        if asked == "time()":
            told["data"]["result"][1] = str(began + 7 * next(samples))
        for one in (rule for group in told["data"].get("groups", ()) for rule in group["rules"]):
            one["lastEvaluation"] = evaluated

    return change


def warned() -> Change:
    """A warning beside the rules."""
    return lambda asked, told: told.update(warnings=["half of it"]) if asked == "rules" else None


def required(**changes: Any) -> Callable[[EnvironmentSeen], EnvironmentSeen]:
    """One more rule that Git renders."""
    wanted = required_rule({**RULES["calm"][1], **changes})

    def change(seen: EnvironmentSeen) -> EnvironmentSeen:
        assert isinstance(seen.required_rules, tuple)
        return replace(seen, required_rules=(*seen.required_rules, wanted))

    return change


def silenced(seen: EnvironmentSeen) -> EnvironmentSeen:
    """An Alertmanager where somebody silenced the alert by its name."""
    now = datetime.now(UTC)
    silence = Silence("s1", (Matcher("alertname", "Burning", is_regex=False, is_equal=True),), now - HOUR, now + HOUR, "ada", "known")
    alert = NotifiedAlert({"alertname": "Burning", "environment": "burning", "promotion_gate": "block"}, ("s1",), ())
    return replace(seen, alertmanagers=(AlertmanagerSeen("http://alertmanager", "0.34.0", now, (alert,), (silence,)),))


CASES = {
    "row-01-unreachable": Case("prometheus-unreachable", address=lambda _: "http://127.0.0.1:9"),
    "row-01-tls": Case("prometheus-tls", address=lambda url: url.replace("http:", "https:")),
    "row-01-not-at-this-path": Case("prometheus-not-prometheus", address=lambda url: f"{url}/elsewhere"),
    "row-01-not-prometheus": Case("prometheus-not-prometheus", change=answer(lambda: PlainTextResponse("OK"), "ready")),
    "row-01-non-2xx": Case("prometheus-status", change=answer(lambda: PlainTextResponse("busy", 503))),
    "row-01-login-page": Case("prometheus-not-json", change=answer(lambda: HTMLResponse("<title>Sign in</title>"))),
    "row-01-redirect": Case("prometheus-redirect", change=answer(lambda: RedirectResponse("/elsewhere"))),
    "row-01-malformed": Case("prometheus-malformed", change=at("rules", lambda told: told.pop("groups"))),
    "row-01-nan-in-json": Case("prometheus-malformed", change=each_rule(duration=float("nan"))),
    "row-01-nan-as-time": Case("prometheus-malformed", change=at("time()", lambda told: told["result"].__setitem__(1, "NaN"))),
    "row-01-huge": Case("prometheus-too-large", change=answer(lambda: Response(b" " * (65 * 1024 * 1024), media_type="application/json"))),
    "row-02-partial-data": Case("partial-answer", change=warned),
    "row-02-unread-pages": Case("pages-unread", change=at("rules", lambda told: told.update(groupNextToken="more"))),
    "row-02-mixed-replicas": Case("replicas-mixed", change=restarted(after=2)),
    "row-02-restarted": Case("server-restarted", change=restarted(after=4), law={"samples": 2}),
    "row-03-young": Case("server-too-young", name="young"),
    "row-05-rule-missing": Case("rule-missing", seen=required(alert="Absent")),
    "row-05-rule-drifted-expr": Case("rule-drifted", seen=required(expr=f'up{{job="{API}"}} == 1')),
    "row-05-rule-drifted-for": Case("rule-drifted", seen=required(**{"for": "5m"})),
    "row-05-rule-drifted-labels": Case("rule-drifted", seen=required(labels={"environment": "calm"})),
    "row-06-unhealthy": Case("rule-unhealthy", name="ambiguous"),
    "row-06-never-evaluated": Case("rule-never-evaluated", change=each_rule(lastEvaluation="0001-01-01T00:00:00Z")),
    "row-06-stale": Case("rule-stale", change=each_rule(lastEvaluation=LONG_AGO)),
    "row-06-not-advancing": Case("rule-not-advancing", change=stuck, law={"samples": 2}),
    "row-06-clock-skew": Case("clock-skew", clock=timedelta(seconds=40)),
    "row-06-clock-skew-behind": Case("clock-skew", clock=-timedelta(seconds=40)),
    "row-07-watchdog-silent": Case("watchdog-silent", name="mute"),
    "row-07-watchdog-gaps": Case("watchdog-gaps", soak=HOUR),
    "row-08-job-without-target": Case("job-without-target", law={"required_jobs": (API, "nobody")}),
    "row-08-target-down": Case("target-down", law={"required_jobs": (API, "neo4j")}),
    "row-08-target-stale": Case(
        "target-stale", change=at("targets", lambda told: [one.update(lastScrape=LONG_AGO) for one in told["activeTargets"]])
    ),
    "row-08-no-job-required": Case("no-jobs-required", law={"required_jobs": ()}),
    "row-08-wrong-prometheus": Case("pods-unseen", image=OTHER),
    "row-09-selector-matches-nothing": Case("no-rule-blocks", name="harmless"),
    "row-09-metric-without-series": Case("metric-absent", name="renamed"),
    "row-09-metric-may-be-absent": Case("", PASS, name="renamed", law={"alerts": Alerts(may_be_absent=("context_requests_total",))}),
    "row-10-fires-by-environment": Case("alert-firing", FAIL, name="burning"),
    "row-10-fires-by-severity": Case("alert-firing", FAIL, name="severe"),
    "row-10-fires-by-namespace": Case("alert-firing job-without-target pods-unseen", FAIL, name="spaced", namespace="context-spaced"),
    "row-10-fires-between-samples": Case("alert-fired-between", HOLD, name="burning", law={"samples": 2}, change=hidden),
    "row-10-silence-does-not-help": Case("alert-firing", FAIL, name="burning", seen=silenced),
    "row-10-silence-is-honoured": Case("", PASS, name="burning", seen=silenced, law={"alerts": Alerts(silences="honour")}),
    "row-10-state-unknown": Case("alert-state-unknown", name="burning", change=each_alert("odd")),
    "row-11-pending": Case("alert-pending server-too-young", name="waiting"),
    "row-11-soak-not-over": Case("soak-not-over", HOLD, soak=SOON, since=timedelta(seconds=1)),
    "row-11-alert-in-soak": Case("soak-not-over alert-firing", FAIL, name="burning", soak=SOON),
    "row-13-samples-in-a-row": Case("", PASS, law={"samples": 3}),
    "row-13-soaked": Case("", PASS, soak=SOON),
    "row-13-outdated": Case("samples-outdated", later=timedelta(minutes=6)),
}
CALM = Case("", PASS)
ONLY_VALUES = {  # reason codes of these rows that no server's reply shows, and why
    "no-prometheus": "environment.yaml lists none",
    "no-rules-required": "of manifests",
    "too-few-samples": "the workflow takes as many as the law wants",
    "no-samples": "as above",
    "window-unseen": "the workflow asks for one wherever there is a soak",
    "images-unseen": "of manifests",
    "release-quarantined": "of holds, in Git",
    "image-unpinned": "of releases, in Git",
    "freeze-window": "of the calendar",
    "frozen": "of holds, in Git",
    "window-too-short": "the workflow asks as far back as the law wants",
    "health-unseen": "of Argo CD",
    "run-unseen": "of main's history",
    "run-unverified": "of statuses on main",
    "nothing-to-promote": "of the plan",
    "source-moving": "of main and Argo CD",
    "main-unseen": "of main",
    "gone": "whatever a test cannot see",
}


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("table")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[RunningPrometheus]:
    """One for all, which scrapes a job that is up and one that is down."""
    exported = ExportedEnvironment(NAMESPACE, lambda: PODS, down={"neo4j"})
    exporter = serve(exporter_app(Exporter({"calm": exported})))
    groups = [{"name": name, "rules": rules} for name, rules in RULES.items()]
    jobs = (API, "neo4j", KUBE_STATE_METRICS)
    running = start_prometheus(folder, exporter_url=exporter.url, environment="calm", jobs=jobs, rule_groups=groups)
    wait_until_warm([running])
    yield running
    running.stop()
    exporter.stop()


class Relay:
    """Hands questions on to Prometheus, and changes what it says."""

    def __init__(self, server: str) -> None:
        self.server, self.change = server, cast("Change", None)
        self.client = httpx.Client(base_url=server, trust_env=False, timeout=5)

    def answer(self, request: Request) -> Response:
        path = request.path_params["path"]
        reply = self.client.get(f"/{path}", params=dict(request.query_params))
        asked = request.query_params.get("query", path.removeprefix("api/v1/").removeprefix("-/"))
        if "json" not in reply.headers["content-type"]:
            return self.change(asked, {"data": {}}) or PlainTextResponse(reply.text)
        told = reply.json()
        return self.change(asked, told) or Response(json.dumps(told), media_type="application/json")


@pytest.fixture(scope="module")
def relay(server: RunningPrometheus) -> Iterator[tuple[Relay, str]]:
    relay = Relay(server.url)
    served = serve(Starlette(routes=[Route("/{path:path}", relay.answer)]))
    yield relay, served.url
    served.stop()


def judged(case: Case, url: str) -> Judgement:
    """What the gate says of an environment whose only Prometheus is there."""
    law = replace(LAW, soak=case.soak or timedelta(), **case.law)
    place = environment(case.name, namespace=case.namespace, prometheus=(url,), policy=law)
    window = Window(now() - case.soak, now()) if case.soak else None
    look = Look(open_prometheus(url, authorization=None, timeout=5, now=lambda: now() + case.clock), place, law, window)
    world = cast("World", SimpleNamespace(progress=Quiet(), sleep=lambda length: time.sleep(length.total_seconds())))
    release = Release(API, NEW_TREE, case.image.tag, (case.image,))
    seen = case.seen(
        replace(
            environment_seen(case.name, "target", releases=(release,)),
            environment=place,
            required_rules=tuple(required_rule(each) for each in RULES[case.name] if each["labels"]["environment"] == case.name),
            prometheus=(attempt(lambda: complete(look, take(world, look))),),
        )
    )
    source = as_source(seen, since=now() - case.since) if case.soak else None
    return judge(Observations(source, seen, ()), now=now() + case.later)


def as_source(seen: EnvironmentSeen, *, since: datetime) -> EnvironmentSeen:
    """The same environment, promoted from: its release runs since then, healthy for long."""
    assert isinstance(seen.application, ApplicationSeen)
    runs = tuple(RunSeen(each.app, each.tree, "1" * 40, since, None, None) for each in seen.releases)
    return replace(seen, role="source", runs=runs, application=replace(seen.application, healthy_since=now() - 2 * HOUR))


@pytest.mark.parametrize("clause", CASES)
def test_the_table(clause: str, server: RunningPrometheus, relay: tuple[Relay, str]) -> None:
    """The clause's verdict, for its own reason and no other."""
    case, (changing, relayed) = CASES[clause], relay
    changing.change = case.change() if case.change else lambda *_: None
    judgement = judged(case, case.address(relayed if case.change else server.url))
    codes = case.codes.split()
    assert {reason.code for reason in judgement.reasons} == set(codes), judgement.reasons
    assert judgement.verdict is case.verdict
    assert {reason.row for reason in judgement.reasons if reason.code == codes[0]} <= {int(clause[4:6])}


def test_row_04_reload_failed(server: RunningPrometheus, folder: Path) -> None:
    """Prometheus goes on with its old rules, and only says that it does."""
    good = (folder / "rules.yml").read_text("utf-8")
    (folder / "rules.yml").write_text("groups: 1", "utf-8")
    httpx.post(f"{server.url}/-/reload", trust_env=False)
    broken = judged(CALM, server.url)
    (folder / "rules.yml").write_text(good, "utf-8")
    httpx.post(f"{server.url}/-/reload", trust_env=False)
    assert [(reason.row, reason.code, reason.verdict) for reason in broken.reasons] == [(4, "config-reload-failed", UNKNOWN)]
    assert judged(CALM, server.url).verdict is PASS


def test_every_clause_about_servers_is_in_the_table() -> None:
    """Whatever can be violated is violated by a server, but for what no server says."""
    shown = {(int(clause[4:6]), code) for clause, case in CASES.items() for code in case.codes.split()} | {(4, "config-reload-failed")}
    possible = {(each.row, code) for each in VIOLATIONS for code in each.codes[:1] if each.row != 12}
    assert {(row, code) for row, code in possible - shown if code not in ONLY_VALUES} == set()
    assert {code for _, code in shown}.isdisjoint(ONLY_VALUES)
