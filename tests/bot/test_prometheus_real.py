"""What the adapter makes of a real Prometheus in bad times: just started, badly configured, not ready."""

from __future__ import annotations

import os
import shutil
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.adapters.prometheus import open_prometheus
from bot.model import BotError, UnobservableError
from bot.sandbox.prometheus import RunningPrometheus, start_prometheus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.ports import Prometheus

pytestmark = pytest.mark.skipif(
    shutil.which("prometheus") is None and not os.environ.get("CI"), reason="prometheus is not installed; CI has it"
)

NOBODY = "http://127.0.0.1:9"
GROUPS = [
    {"name": "quick", "rules": [{"record": "one", "expr": "vector(1)"}, {"alert": "Watchdog", "expr": "vector(1)"}]},
    {"name": "slow", "interval": "30d", "rules": [{"alert": "Rare", "expr": "vector(1)"}]},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fresh")


@pytest.fixture(scope="module")
def fresh(folder: Path) -> Iterator[RunningPrometheus]:
    running = start_prometheus(folder, exporter_url=NOBODY, environment="dev", jobs=["context-api"], rule_groups=GROUPS)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def adapter(fresh: RunningPrometheus) -> Prometheus:
    return open_prometheus(fresh.url, authorization=None, timeout=5, now=lambda: datetime.now(UTC))


def test_a_fresh_server_is_young_and_a_rule_may_never_have_been_evaluated(adapter: Prometheus) -> None:
    """Go's zero time is no time, and a recording rule is no alerting rule."""
    sample = adapter.sample()
    assert timedelta(0) < sample.server_time - sample.started < timedelta(seconds=10)
    by_name = {rule.name: rule for rule in sample.rules}
    assert by_name.keys() == {"Watchdog", "Rare"}
    assert (by_name["Rare"].last_evaluation, by_name["Rare"].health) == (None, "unknown")
    assert by_name["Rare"].interval == timedelta(days=30).total_seconds()


def test_coverage_is_the_share_of_the_asked_time(adapter: Prometheus) -> None:
    """An hour that began before the server did is hardly covered."""
    end = datetime.now(UTC)
    assert adapter.coverage("Watchdog", "prod", start=end - timedelta(hours=1), end=end, interval=1) < 0.05
    assert adapter.coverage("Watchdog", "prod", start=end, end=end, interval=1) == 0


def test_names_with_quotes_are_values_not_queries(adapter: Prometheus) -> None:
    """A name cannot leave its quotes; one with control characters is refused."""
    end = datetime.now(UTC)
    odd = 'Watchdog"} or ALERTS{alertname="Watchdog'
    assert adapter.coverage(odd, "prod", start=end - timedelta(minutes=1), end=end, interval=1) == 0
    assert adapter.pod_images('a"b\\c') == frozenset()
    with pytest.raises(BotError, match="cannot be the value of a label"):
        adapter.pod_images("a\nb")


def test_a_query_that_is_refused_says_why(adapter: Prometheus) -> None:
    """The reason code is that of the status, the message Prometheus' own."""
    with pytest.raises(UnobservableError, match="parse error") as refused:
        adapter.without_series(["up{"])
    assert refused.value.code == "prometheus-status"


def test_a_configuration_that_does_not_load_is_told(tmp_path: Path) -> None:
    """The error holds Prometheus' own reason, and no process is left."""
    broken = [{"name": "broken", "rules": [{"alert": "Broken", "expr": "sum("}]}]
    with pytest.raises(BotError, match="parse"):
        start_prometheus(tmp_path, exporter_url=NOBODY, environment="dev", jobs=["context-api"], rule_groups=broken)


def test_stopping_ends_the_process(tmp_path: Path) -> None:
    """Nothing answers afterwards, and stopping twice is fine."""
    running = start_prometheus(tmp_path, exporter_url=NOBODY, environment="dev", jobs=[], rule_groups=[])
    began = time.monotonic()
    running.stop()
    running.stop()
    assert time.monotonic() - began < 5
    with pytest.raises(UnobservableError) as gone:
        open_prometheus(running.url, authorization=None, timeout=2, now=lambda: datetime.now(UTC)).sample()
    assert gone.value.code == "prometheus-unreachable"
