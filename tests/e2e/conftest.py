"""One control plane and one Argo CD for all scenarios; each begins with everything as the first found it."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.adapters.git_checkout import open_checkout
from bot.model import BotError
from bot.sandbox.origin import AUTHOR, Pace
from tests.e2e.peers import find_peers
from tests.e2e.running import SOAK, run_world
from tests.e2e.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.running import Running

ROOT = Path(__file__).resolve().parents[2]
PACE = Pace(soak=SOAK, samples=1, watch=timedelta(seconds=2))
SECONDS = 600  # of a test; the first one starts everything
FAILED = pytest.StashKey[int]()  # how many tests had failed when a scenario began
CARRIES_ON = "carries_on"


def pytest_configure(config: pytest.Config) -> None:
    """To start over costs ten seconds."""
    config.addinivalue_line("markers", f"{CARRIES_ON}: begins with the releases that the last scenario left, unless it failed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Scenarios take longer than other tests."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(SECONDS))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was measured; nothing is asserted of it, a machine may be slow."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}")


@pytest.fixture(scope="session")
def running(request: pytest.FixtureRequest) -> Iterator[Running]:
    """Everything; skips where a program is missing, which fails in CI. Its folder, with all logs, is kept and named when a test failed."""
    try:
        find_peers()
    except BotError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"{error.message}: {error.hint}")
    with run_world(ROOT, ref=open_checkout(ROOT, AUTHOR).snapshot(), pace=PACE) as found:
        yield found
    if request.session.testsfailed:
        request.config.get_terminal_writer().line(f"\nlogs of all processes: {found.folder / 'logs'}")
    else:
        shutil.rmtree(found.folder)


@pytest.fixture
def world(request: pytest.FixtureRequest, running: Running, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> World:
    """Three environments, Synced and Healthy, and a clone to stand in: with the same release, or as the last scenario left them."""
    for name, value in running.sandbox.variables().items():
        monkeypatch.setenv(name, value)
    found, failed = World(running, capsys), request.session.testsfailed
    if request.node.get_closest_marker(CARRIES_ON) and failed == request.config.stash.get(FAILED, 0):
        found.carry_on()
    else:
        found.start_over()
    request.config.stash[FAILED] = failed
    return found
