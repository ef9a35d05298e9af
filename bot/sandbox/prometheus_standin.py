"""Stands in for a Prometheus that is not installed: scrapes the exporter, evaluates the rules, answers the API."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import promql_parser
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.adapters.trust import trust
from bot.model import BotError
from bot.sandbox.exporter_pages import KUBE_STATE_METRICS
from bot.sandbox.prometheus_evaluator import Moment
from bot.sandbox.prometheus_rules import RuleGroup, go_time, rule_groups_of
from bot.sandbox.prometheus_store import NAME, Key, Labels, Store, parse_text
from bot.sandbox.serving import Server, serve

if TYPE_CHECKING:
    from starlette.requests import Request

    from bot.sandbox.prometheus import Scraping

SCRAPE_SECONDS = 1.0


@dataclass
class Target:
    """One scrape target, and how its last scrape went."""

    job: str
    url: str
    labels: Labels
    honors_labels: bool
    health: str = "unknown"
    error: str = ""
    scraped: float | None = None
    written: set[Key] = field(default_factory=set)

    def scrape(self, client: httpx.Client, store: Store, *, at: float) -> None:
        """Reads the page; a failing one ends its series, and up says which it was."""
        try:
            reply = client.get(self.url).raise_for_status()
            samples = [(self._labelled(labels), value) for labels, value in parse_text(reply.text)]
        except (httpx.HTTPError, ValueError) as error:
            samples, self.health, self.error = [], "down", str(error)
        else:
            self.health, self.error = "up", ""
        samples.append(({NAME: "up", **self.labels}, float(self.health == "up")))
        self.written = store.replace(self.written, samples, at=at)
        self.scraped = at

    def _labelled(self, labels: Labels) -> Labels:
        if self.honors_labels:
            return {**self.labels, **labels}
        return {f"exported_{name}" if name in self.labels else name: value for name, value in labels.items()} | self.labels


@dataclass
class StandIn:
    """All that the stand-in knows and does."""

    targets: list[Target]
    groups: list[RuleGroup]
    interval: float
    store: Store = field(default_factory=Store)
    started: float = field(default_factory=time.time)
    stopping: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """Scrapes and evaluates until told to stop."""
        with httpx.Client(timeout=SCRAPE_SECONDS, verify=trust(), trust_env=False) as client:
            while not self.stopping.is_set():
                began = time.time()
                self.tick(client)
                self.stopping.wait(max(began + self.interval / 2 - time.time(), 0.01))

    def tick(self, client: httpx.Client) -> None:
        """One scrape of every target, then the rule groups that are due."""
        for target in self.targets:
            target.scrape(client, self.store, at=time.time())
        with self.lock:
            for group in self.groups:
                group.evaluate_when_due(self.store, at=time.time())

    def query(self, text: str, *, at: float) -> dict[str, Any]:
        """An instant query's result; BotError or ValueError when it is refused."""
        expression = promql_parser.parse(text)
        moment = Moment(self.store, at)
        with self.store.lock:
            if isinstance(expression, promql_parser.MatrixSelector):
                matrix, _, _ = moment.matrix(expression)
                series = [{"metric": labels, "values": [[when, _go(value)] for when, value in points]} for labels, points in matrix]
                return {"resultType": "matrix", "result": series}
            value = moment.value(expression)
        if isinstance(value, float):
            return {"resultType": "scalar", "result": [at, _go(value)]}
        return {
            "resultType": "vector",
            "result": [{"metric": labels, "value": [at, _go(one)]} for labels, one in value],
        }


def start_stand_in(scraping: Scraping, *, rule_groups: list[dict[str, Any]]) -> Server:
    """Starts scraping, evaluating and answering."""
    interval = promql_parser.parse_duration(scraping.interval).total_seconds()
    state = StandIn([_target(scraping, job) for job in scraping.jobs], rule_groups_of(rule_groups, interval), interval)
    thread = threading.Thread(target=state.run, daemon=True)
    server = serve(prometheus_app(state))
    thread.start()

    def stop() -> None:
        state.stopping.set()
        thread.join(timeout=5)
        server.stop()

    return Server(server.url, server.observed, stop)


def prometheus_app(state: StandIn) -> Starlette:
    """The part of Prometheus' API that the gate reads."""

    def ready(_request: Request) -> Response:
        return PlainTextResponse("Prometheus Server is Ready.\n")

    def runtime(_request: Request) -> Response:
        return _success({"startTime": go_time(state.started), "reloadConfigSuccess": True})

    def build(_request: Request) -> Response:
        return _success({"version": "0.0.0-stand-in"})

    def rules(_request: Request) -> Response:
        with state.lock:
            return _success({"groups": [group.told() for group in state.groups]})

    def targets(_request: Request) -> Response:
        return _success({"activeTargets": [_told(target, state.interval) for target in state.targets], "droppedTargets": []})

    def query(request: Request) -> Response:
        try:
            return _success(state.query(request.query_params["query"], at=float(request.query_params.get("time", time.time()))))
        except (BotError, ValueError, KeyError) as error:
            return JSONResponse({"status": "error", "errorType": "bad_data", "error": str(error)}, status_code=400)

    paths = {
        "status/runtimeinfo": runtime,
        "status/buildinfo": build,
        "rules": rules,
        "targets": targets,
        "query": query,
    }
    return Starlette(routes=[Route("/-/ready", ready), *(Route(f"/api/v1/{path}", told) for path, told in paths.items())])


def _target(scraping: Scraping, job: str) -> Target:
    url = f"{scraping.exporter_url}/metrics/{scraping.environment}/{job}"
    instance = scraping.exporter_url.removeprefix("http://")
    labels = {"instance": instance, "job": job, "namespace": scraping.namespace}
    return Target(job, url, labels, honors_labels=job == KUBE_STATE_METRICS)


def _told(target: Target, interval: float) -> dict[str, Any]:
    return {
        "labels": target.labels,
        "scrapePool": target.job,
        "scrapeUrl": target.url,
        "lastError": target.error,
        "lastScrape": go_time(target.scraped),
        "health": target.health,
        "scrapeInterval": f"{interval * 1000:.0f}ms",
    }


def _success(content: dict[str, Any]) -> Response:
    return JSONResponse({"status": "success", "data": content})


def _go(value: float) -> str:
    """A sample's value as Go writes it."""
    return {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}.get(repr(value), repr(value).removesuffix(".0"))
