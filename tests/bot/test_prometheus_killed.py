"""A pull request that passed does not stay green when its Prometheus dies: `bot gate --pr N --watch` sees to it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

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


def status_of(town: Town, branch: str) -> Any:
    return town.sandbox.forge.newest_statuses(town.git("rev-parse", branch))["promotion/gate"]


def test_prometheus_killed_after_a_pass_is_unknown_at_the_next_look(dev_ahead: Town, tmp_path: Path) -> None:
    require_peer("prometheus")
    town = dev_ahead
    second = second_replica(town, tmp_path / "second")
    pull = town.bot("promote", "dev", "staging").pull
    words = [sys.executable, "-m", "bot", "gate", "--pr", str(pull["number"]), "--watch"]
    watch = subprocess.Popen(words, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert watch.stderr
    try:
        assert any("gate: PASS; looking again" in line for line in watch.stderr)
        assert status_of(town, pull["branch"]).state == "success"
        second.stop()
        assert any("gate: UNKNOWN; looking again" in line for line in watch.stderr)
        status = status_of(town, pull["branch"])
        assert (status.state, status.description.split(":")[0]) == ("error", "UNKNOWN")
        assert watch.poll() is None
    finally:
        watch.kill()
        watch.wait()
        second.stop()
    town.sandbox.ada.call("PATCH", f"/pulls/{pull['number']}", {"state": "closed"})
    assert town.bot("gate", "--pr", str(pull["number"]), "--watch").outcome == "already"  # nothing is left to be judged
