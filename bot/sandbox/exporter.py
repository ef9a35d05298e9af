"""What the sandbox's workloads would export: one page per environment and scrape job, with switches for trouble."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot.sandbox.exporter_pages import PAGES, Line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from starlette.requests import Request

    from bot.observations import PodSeen

REQUESTS_PER_SECOND = 100.0
ERROR_SHARE = 0.5  # of the requests, while errors are on
REPLICAS = {"context-api": 1, "qdrant": 1, "neo4j": 1}


@dataclass
class ExportedEnvironment:
    """One environment's workloads: their live Pods, and what is wrong with them."""

    namespace: str
    pods: Callable[[], Iterable[PodSeen]]
    replicas: dict[str, int] = field(default_factory=lambda: dict(REPLICAS))
    errors: bool = False
    crash_looping: bool = False
    down: set[str] = field(default_factory=set)  # jobs that do not answer
    requests: dict[str, float] = field(default_factory=lambda: {"200": 0.0, "500": 0.0})  # by HTTP status
    counted: float | None = None  # when the requests were last brought up to date

    def serve_requests(self, now: float) -> None:
        """Lets the traffic since the last call have happened."""
        elapsed = now - (now if self.counted is None else self.counted)
        share = ERROR_SHARE if self.errors else 0.0
        self.requests["500"] += REQUESTS_PER_SECOND * share * elapsed
        self.requests["200"] += REQUESTS_PER_SECOND * (1 - share) * elapsed
        self.counted = now


@dataclass
class Exporter:
    """All environments by name, and the clock that drives their traffic."""

    environments: dict[str, ExportedEnvironment]
    clock: Callable[[], float] = time.monotonic
    lock: threading.Lock = field(default_factory=threading.Lock)

    def switch(self, environment: str, name: str, *, on: bool) -> None:
        """Turns `errors`, `crash-loop` or a job on or off; KeyError when there is no such thing."""
        with self.lock:
            exported = self.environments[environment]
            exported.serve_requests(self.clock())  # the time until now was under the old setting
            if name == "errors":
                exported.errors = on
            elif name == "crash-loop":
                exported.crash_looping = on
            elif name in PAGES:
                exported.down = exported.down - {name} if on else exported.down | {name}
            else:
                raise KeyError(name)

    def page(self, environment: str, job: str) -> str | None:
        """A job's metrics in the text format; None while it is down; KeyError when there is no such job."""
        with self.lock:
            exported = self.environments[environment]
            exported.serve_requests(self.clock())
            lines = PAGES[job]
            return None if job in exported.down else "".join(map(_text, lines(exported)))


def exporter_app(state: Exporter) -> Starlette:
    """Serves GET /metrics/<environment>/<job>, and POST /switch/<environment>/<errors|crash-loop|job>/<on|off>."""

    def metrics(request: Request) -> PlainTextResponse:
        try:
            page = state.page(request.path_params["environment"], request.path_params["job"])
        except KeyError as error:
            return PlainTextResponse(f"no {error}\n", status_code=404)
        if page is None:
            return PlainTextResponse("down\n", status_code=503)
        return PlainTextResponse(page, media_type="text/plain; version=0.0.4")

    def switch(request: Request) -> PlainTextResponse:
        where = request.path_params
        if where["setting"] not in {"on", "off"}:
            return PlainTextResponse("on or off\n", status_code=400)
        try:
            state.switch(where["environment"], where["name"], on=where["setting"] == "on")
        except KeyError as error:
            return PlainTextResponse(f"no {error}\n", status_code=404)
        return PlainTextResponse(f"{where['environment']}: {where['name']} {where['setting']}\n")

    routes = [
        Route("/metrics/{environment}/{job}", metrics),
        Route("/switch/{environment}/{name}/{setting}", switch, methods=["POST"]),
    ]
    return Starlette(routes=routes)


def _text(line: Line) -> str:
    name, labels, value = line
    written = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"{name}{{{written}}} {value:.15g}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
