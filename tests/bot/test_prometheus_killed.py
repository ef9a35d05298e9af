"""A pull request that passed does not stay green when its Prometheus dies: `bot gate --pr N --watch` sees to it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from bot.adapters.render import open_renderer
from bot.sandbox.exporter_pages import KUBE_STATE_METRICS
from bot.sandbox.monitoring import rule_groups
from bot.sandbox.prometheus import start_prometheus, wait_until_warm
from bot.workflows.rendering import render_at
from bot.workflows.stack import read_stack
from tests.conftest import require_peer

if TYPE_CHECKING:
    from pathlib import Path

    from bot.sandbox.prometheus import RunningPrometheus
    from tests.bot.conftest import Town

FILE = "environments/staging/environment.yaml"


def second_replica(town: Town, folder: Path) -> RunningPrometheus:
    """One more Prometheus that watches staging, and is listed beside the one that the other tests use."""
    environment = read_stack(town.sandbox.objects, town.git("rev-parse", "main")).environment("staging")
    rendered = render_at(town.sandbox.objects, open_renderer(), commit="main", environment=environment)
    running = start_prometheus(
        folder,
        exporter_url=town.sandbox.monitoring.server.url,
        environment="staging",
        namespace=environment.namespace,
        jobs=[*environment.policy.required_jobs, KUBE_STATE_METRICS],
        rule_groups=rule_groups(rendered),
    )
    wait_until_warm([running])
    text = town.git("show", f"main:{FILE}") + "\n"
    town.push({FILE: re.sub(r"(prometheus:\n(\s*)- .*\n)", rf"\1\2- {running.url}\n", text)}, "a second replica")
    return running


def wait_for(town: Town, branch: str, state: str, *, seconds: float) -> str:
    """Waits until the gate's status is this one; answers its words."""
    deadline = time.monotonic() + seconds
    while True:
        status = town.sandbox.forge.newest_statuses(town.git("rev-parse", branch)).get("promotion/gate")
        if status and status.state == state:
            return str(status.description)
        assert time.monotonic() < deadline, status
        time.sleep(0.2)


def test_prometheus_killed_after_a_pass_is_unknown_at_the_next_look(dev_ahead: Town, tmp_path: Path) -> None:
    require_peer("prometheus")
    town = dev_ahead
    second = second_replica(town, tmp_path / "second")
    pull = town.bot("promote", "dev", "staging").result["pull_request"]
    words = [sys.executable, "-m", "bot", "gate", "--pr", str(pull["number"]), "--watch"]
    watch = subprocess.Popen(words, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(town, pull["branch"], "success", seconds=60)
        second.stop()
        assert "UNKNOWN" in wait_for(town, pull["branch"], "error", seconds=30)
        assert watch.poll() is None
        town.sandbox.ada.call("PATCH", f"/pulls/{pull['number']}", {"state": "closed"})
        assert watch.wait(timeout=30) == 0  # nothing is left to be judged
    finally:
        watch.kill()
        watch.wait()
        second.stop()
