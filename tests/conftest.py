"""In CI nothing is skipped silently: a skip is a failure there."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Generator


# How long an example takes is the machine's load, not a property.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, None]:
    """Turns a skip into a failure when CI is set."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and CI runs without skips: {report.longrepr}"


def require_peer(program: str) -> str:
    """The path of a real program that a test runs against; skips where it is missing (which fails in CI)."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"needs {program}; .ci/run installs it")
    return found
