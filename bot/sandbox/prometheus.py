"""The sandbox's Prometheus: the real binary when it is installed, the stand-in otherwise."""

from __future__ import annotations

import atexit
import json
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx

from bot.adapters.trust import trust
from bot.model import BotError
from bot.sandbox.exporter_pages import KUBE_STATE_METRICS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

START_SECONDS = 20.0
WARM_UP_SECONDS = 20.0  # static targets get known 5 s after the start: a fixed tick of Prometheus' discovery
STOP_SECONDS = 5.0
QUOTED_CHARACTERS = 800  # the log begins with the reason
ATTEMPTS = 3  # another process may take the free port first


@dataclass(frozen=True)
class RunningPrometheus:
    """A Prometheus that watches one environment of the sandbox."""

    url: str
    real: bool
    description: str
    stop: Callable[[], None]


@dataclass(frozen=True)
class Scraping:
    """Which pages of the exporter are scraped, and with which labels."""

    exporter_url: str
    environment: str
    namespace: str
    jobs: tuple[str, ...]
    interval: str


def start_prometheus(
    folder: Path,
    *,
    exporter_url: str,
    environment: str,
    jobs: Iterable[str],
    rule_groups: list[dict[str, Any]],
    scrape_interval: str = "1s",
    namespace: str | None = None,
    stand_in: bool = False,
) -> RunningPrometheus:
    """A Prometheus of one environment, ready, not yet warm; the stand-in if told or if none is installed."""
    scraping = Scraping(exporter_url, environment, namespace or f"context-{environment}", tuple(jobs), scrape_interval)
    binary = shutil.which("prometheus")
    if stand_in or binary is None:
        from bot.sandbox.prometheus_standin import start_stand_in  # noqa: PLC0415 # its parser is not needed otherwise

        server = start_stand_in(scraping, rule_groups=rule_groups)
        return RunningPrometheus(server.url, real=False, description="a stand-in for Prometheus", stop=server.stop)
    folder.mkdir(parents=True, exist_ok=True)
    _write_configuration(folder, scraping, rule_groups=rule_groups)
    return _start(binary, folder)


def wait_until_warm(running: Iterable[RunningPrometheus]) -> None:
    """Waits until each has scraped all of its targets and then evaluated all of its rules."""
    everyone = tuple(running)
    deadline = time.monotonic() + WARM_UP_SECONDS
    for prometheus in everyone:
        _wait(_targets_are_scraped, prometheus, deadline=deadline)
    scraped = datetime.now(UTC)
    for prometheus in everyone:
        _wait(lambda url: _rules_are_evaluated(url, since=scraped), prometheus, deadline=deadline)


def _wait(is_so: Callable[[str], bool], prometheus: RunningPrometheus, *, deadline: float) -> None:
    while not is_so(prometheus.url):
        if time.monotonic() > deadline:
            raise BotError(f"{prometheus.url} is not warm after {WARM_UP_SECONDS:.0f} s", "does the exporter answer?")
        time.sleep(0.1)


def _write_configuration(folder: Path, scraping: Scraping, *, rule_groups: list[dict[str, Any]]) -> None:
    """Writes prometheus.yml and the rules; JSON is YAML."""
    (folder / "rules.yml").write_text(json.dumps({"groups": rule_groups}), "utf-8")
    configuration = {
        "global": {"scrape_interval": scraping.interval, "evaluation_interval": scraping.interval},
        "rule_files": ["rules.yml"],
        "scrape_configs": [_scrape(scraping, job) for job in scraping.jobs],
    }
    (folder / "prometheus.yml").write_text(json.dumps(configuration, indent=2), "utf-8")


def _scrape(scraping: Scraping, job: str) -> dict[str, Any]:
    return {
        "job_name": job,
        "honor_labels": job == KUBE_STATE_METRICS,  # its namespace label is that of what it tells about
        "metrics_path": f"/metrics/{scraping.environment}/{job}",
        "static_configs": [
            {"targets": [scraping.exporter_url.removeprefix("http://")], "labels": {"namespace": scraping.namespace}},
        ],
    }


def _start(binary: str, folder: Path) -> RunningPrometheus:
    for _ in range(ATTEMPTS):
        address = f"127.0.0.1:{_free_port()}"
        process = _launch(binary, folder, address=address)
        stop = _stopping(process)
        if _becomes_ready(process, f"http://{address}"):
            version = _content(f"http://{address}", "status/buildinfo")["version"]
            return RunningPrometheus(f"http://{address}", real=True, description=f"Prometheus {version}", stop=stop)
        stop()
        log = (folder / "prometheus.log").read_text("utf-8", errors="replace")
        if "address already in use" not in log:
            break
    raise BotError(f"{binary} does not start: {log[:QUOTED_CHARACTERS].strip()}", f"see {folder / 'prometheus.log'}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _launch(binary: str, folder: Path, *, address: str) -> subprocess.Popen[bytes]:
    arguments = [
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--storage.tsdb.retention.time=6h",
        f"--web.listen-address={address}",
        "--web.enable-lifecycle",
        "--log.level=warn",
    ]
    with (folder / "prometheus.log").open("wb") as log:
        return subprocess.Popen([binary, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # our own arguments


def _stopping(process: subprocess.Popen[bytes]) -> Callable[[], None]:
    """What ends the process for certain; done at our own end in any case."""

    def stop() -> None:
        atexit.unregister(stop)
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    atexit.register(stop)
    return stop


def _becomes_ready(process: subprocess.Popen[bytes], url: str) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/-/ready", verify=trust(), trust_env=False, timeout=1).is_success:
                return True
        except httpx.HTTPError:
            pass  # not listening yet
        time.sleep(0.05)
    return False


def _targets_are_scraped(url: str) -> bool:
    targets = _content(url, "targets")["activeTargets"]
    return bool(targets) and all(target["health"] != "unknown" for target in targets)


def _rules_are_evaluated(url: str, *, since: datetime) -> bool:
    rules = [rule for group in _content(url, "rules")["groups"] for rule in group["rules"]]
    return all(datetime.fromisoformat(rule["lastEvaluation"]) > since for rule in rules)


def _content(url: str, name: str) -> dict[str, Any]:
    content: dict[str, Any] = httpx.get(f"{url}/api/v1/{name}", verify=trust(), trust_env=False).json()["data"]
    return content
