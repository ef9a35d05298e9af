"""How long the gate looks at one real Prometheus with many rules and active alerts, beside its slowest single query.

Run: `python -m bench.gate_latency` (see README.md).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import tempfile
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot.adapters.monitoring_http import Connection, connect
from bot.adapters.prometheus import PROMETHEUS, HttpPrometheus, open_prometheus
from bot.cli import spare_collector
from bot.gate import judge
from bot.model import ArgoCDAddress, BotError, Environment, Policy
from bot.observations import EnvironmentSeen, Observations, PrometheusSeen, Unseen
from bot.sandbox.prometheus import start_prometheus
from bot.sandbox.serving import serve
from bot.workflows.sampling import Look, Window, complete, take

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import TypeAdapter

    from bot.ports import World

Shape = TypeVar("Shape")

PROD, JOB = "prod", "context-api"
RULES_PER_GROUP, ENVIRONMENTS, METRICS = 10, 10, 61
INTERVAL = "15s"  # of scraping and evaluating: two cores keep up with 10,000 rules
SOAK = timedelta(hours=1)
WARM_UP_SECONDS, PAST_SECONDS = 120.0, 60.0
TEXT = "{{ $labels.namespace }}: more than a twentieth of the requests have failed for the last five minutes. " * 3


@dataclass
class Timed:
    """A connection that says how long each question took; with a lock, each is asked alone."""

    connection: Connection
    turn: contextlib.AbstractContextManager[Any] = field(default_factory=contextlib.nullcontext)
    seconds: dict[str, float] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else a connection has
        return getattr(self.connection, name)

    def json(self, path: str, shape: TypeAdapter[Shape], parameters: Mapping[str, str] | None = None) -> Shape:
        """Asks, and reads the reply."""
        with self.turn:
            began = time.perf_counter()
            found = self.connection.json(path, shape, parameters)
            took = time.perf_counter() - began
        name = f"{path} {(parameters or {}).get('query', '')[:60]}".strip()
        self.seconds[name] = max(took, self.seconds.get(name, 0.0))
        return found


def groups(rules: int, firing: int) -> list[dict[str, Any]]:
    """Rule groups as large teams have them; a tenth of the rules is of this environment, and a fifth of these can block."""
    each = rules // firing
    found = [rule(number, fires=number % each == 0) for number in range(rules - 1)]
    found.append({"alert": "Watchdog", "expr": "vector(1)", "labels": {"environment": PROD}})
    starts = range(0, rules, RULES_PER_GROUP)
    return [{"name": f"group-{start}", "rules": found[start : start + RULES_PER_GROUP]} for start in starts]


def rule(number: int, *, fires: bool) -> dict[str, Any]:
    """One alert rule, with the texts that people write."""
    environment = PROD if number // 5 % ENVIRONMENTS == 0 else f"environment-{number // 5 % ENVIRONMENTS}"
    failed = f'rate(metric_{number % METRICS}_total{{job="{JOB}", status=~"5.."}}[5m])'
    return {
        "alert": f"TooManyErrors{number}",
        "expr": "vector(1)" if fires else f"sum by (namespace) ({failed}) > {number}",
        "for": "0s" if fires else "5m",
        "labels": {"environment": environment, "severity": "critical" if number % 5 == 1 else "warning", "team": f"team-{number % 40}"},
        "annotations": {"summary": f"alert {number}", "description": TEXT, "runbook_url": f"https://runbooks.example.com/{number}"},
    }


def exporter() -> Starlette:
    """The metrics that rules read, and one Pod."""
    lines = [f'metric_{number}_total{{status="{status}"}} {number}' for number in range(METRICS) for status in (200, 500, 503)]
    lines.append(f'kube_pod_container_info{{namespace="context-{PROD}", image="context-api:v1"}} 1')
    page = PlainTextResponse("\n".join(lines) + "\n")
    return Starlette(routes=[Route("/metrics/{environment}/{job}", lambda _: page)])


def environment(url: str) -> Environment:
    """The environment whose gate looks."""
    address = ArgoCDAddress("https://argocd.example.com", PROD, PROD)
    policy = Policy(samples=1, soak=SOAK, watchdog="Watchdog", required_jobs=(JOB,))
    return Environment(PROD, "https://kubernetes.default.svc", f"context-{PROD}", address, (url,), policy)


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


def observe(place: Environment, timed: Timed) -> tuple[float, PrometheusSeen]:
    """One look with one sample, as the gate's workflow takes it, on new connections; and its seconds."""
    prometheus = HttpPrometheus(place.prometheus[0], cast("Connection", timed), now)
    look = Look(prometheus, place, place.policy, Window(now() - SOAK, now()))
    world = cast("World", SimpleNamespace())  # it is needed between samples
    began = time.perf_counter()
    seen = complete(look, take(world, look))
    took = time.perf_counter() - began
    prometheus.close()
    return took, seen


def judged(place: Environment, seen: PrometheusSeen) -> float:
    """Seconds of judging what was seen."""
    nothing = Unseen("unasked", "not part of this")
    one = EnvironmentSeen(place, "target", "0" * 40, (), True, nothing, {}, {}, nothing, (seen,), None)  # noqa: FBT003 - the folder exists
    began = time.perf_counter()
    judge(Observations(None, one, ()), now=now())
    return time.perf_counter() - began


def wait_until_warm(url: str) -> None:
    """Until targets were scraped, every rule was evaluated, and alerts have a past."""
    prometheus, deadline = open_prometheus(url, authorization=None, timeout=30, now=now), time.monotonic() + WARM_UP_SECONDS
    while True:
        sample = prometheus.sample()
        if all(each.last_scrape for each in sample.targets) and all(each.last_evaluation for each in sample.rules):
            time.sleep(PAST_SECONDS)
            return
        if time.monotonic() > deadline:
            raise BotError(f"{url} is not warm after {WARM_UP_SECONDS:.0f} s", "is the machine busy?")
        time.sleep(2)


def measure(url: str, *, rounds: int) -> dict[str, Any]:
    """The best of some rounds: of each question alone, of all one after another, and of all at once."""
    place = environment(url)

    def connection() -> Connection:
        return connect(PROMETHEUS, url, authorization=None, authorities=None, timeout=30)

    alone: dict[str, float] = {}
    sequential, parallel, judging, ratios = [], [], [], []
    for _ in range(rounds):
        timed = Timed(connection(), threading.Lock())
        sequential.append(observe(place, timed)[0])
        alone = {name: min(took, alone.get(name, took)) for name, took in timed.seconds.items()}
        timed = Timed(connection())
        took, seen = observe(place, timed)
        parallel.append(took)
        ratios.append(took / max(timed.seconds.values()))
        judging.append(judged(place, seen))
    reply = connection().get("/api/v1/rules", {"type": "alert"})
    slowest = max(alone, key=lambda name: alone[name])
    return {
        "rules": len(seen.samples[0].rules),
        "alerts": sum(len(each.alerts) for each in seen.samples[0].rules),
        "rules_reply_bytes": len(reply.body),
        "rounds": rounds,
        "seconds": {
            "all_at_once": min(parallel),
            "one_after_another": min(sequential),
            "slowest_query": alone[slowest],
            "judging": min(judging),
        },
        "slowest_query": slowest,
        "ratio": {"to_the_slowest_alone": min(parallel) / alone[slowest], "to_the_slowest_beside_it": median(ratios)},
        "queries": dict(sorted(alone.items(), key=lambda each: -each[1])),
    }


def main() -> None:
    """Starts Prometheus, measures, tells."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, default=10_000)
    parser.add_argument("--firing", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", action="store_true", help="one object, for programs")
    wanted = parser.parse_args()
    spare_collector()
    with tempfile.TemporaryDirectory() as folder:
        server = serve(exporter())
        running = start_prometheus(
            Path(folder),
            exporter_url=server.url,
            environment=PROD,
            jobs=[JOB],
            rule_groups=groups(wanted.rules, wanted.firing),
            scrape_interval=INTERVAL,
        )
        try:
            wait_until_warm(running.url)
            found = {"prometheus": running.description, **measure(running.url, rounds=wanted.rounds)}
        finally:
            running.stop()
            server.stop()
    print(json.dumps(found) if wanted.json else told(found))  # noqa: T201 - that is what it is for


def told(found: dict[str, Any]) -> str:
    """For people."""
    seconds = found["seconds"]
    head = f"{found['prometheus']}: {found['rules']} rules, {found['alerts']} active alerts; rules are {found['rules_reply_bytes']:,} bytes"
    best = f"best of {found['rounds']} rounds, in milliseconds"
    lines = [f"{1000 * took:8.1f}  {name}" for name, took in found["queries"].items()]
    totals = [f"{1000 * took:8.1f}  {name.replace('_', ' ')}" for name, took in seconds.items()]
    ratios = [f"{ratio:8.2f}  all at once, {name.replace('_', ' ')}" for name, ratio in found["ratio"].items()]
    return "\n".join([head, best, *lines, "", *totals, *ratios])


if __name__ == "__main__":
    main()
