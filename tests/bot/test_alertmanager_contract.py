"""The real Alertmanager, behind a password, through the adapter: what it silences and inhibits is what the gate takes for it."""

from __future__ import annotations

import re
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from bot.adapters.alertmanager import open_alertmanager
from bot.gate.scope import Place
from bot.gate.silences import silenced
from bot.model import Alerts, Policy, UnobservableError
from tests.bot.gate_situations import environment, environment_seen
from tests.conftest import require_peer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from bot.observations import AlertmanagerSeen

CONFIGURATION = """
route: {receiver: nobody, group_wait: 1s}
receivers: [{name: nobody}]
inhibit_rules: [{source_matchers: [severity="critical"], target_matchers: [severity="warning"], equal: [environment]}]
"""
USERS = 'basic_auth_users: {ada: "$2b$04$abcdefghijklmnopqrstuuLZYjhNQAOdpbzt4WxWlUHjv1wsyH5DG"}'  # the password is s3cret
BASIC = "Basic YWRhOnMzY3JldA=="
ERRORS = {"alertname": "HighErrors", "environment": "prod", "severity": "critical", "pod": "api-0"}
SLOW = {"alertname": "Slow", "environment": "prod", "severity": "warning"}
PORT = re.compile(r'msg="Listening on" address=(127\.0\.0\.1:[0-9]+)')
SECONDS_TO_START = 20


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One for all tests, on a port that it chose itself."""
    folder = tmp_path_factory.mktemp("alertmanager")
    (folder / "configuration.yml").write_text(CONFIGURATION)
    (folder / "web.yml").write_text(USERS)
    program = require_peer("prometheus-alertmanager")
    arguments = [
        f"--config.file={folder / 'configuration.yml'}",
        f"--web.config.file={folder / 'web.yml'}",
        f"--storage.path={folder / 'data'}",
        "--web.listen-address=127.0.0.1:0",
        "--cluster.listen-address=",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield f"http://{_address(process, folder / 'log')}"
    finally:
        process.terminate()
        process.wait(10)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + SECONDS_TO_START
    while process.poll() is None and time.monotonic() < deadline:
        if found := PORT.search(log.read_text("utf-8", errors="replace")):
            return found[1]
        time.sleep(0.05)
    pytest.fail(f"Alertmanager does not start: {log.read_text('utf-8', errors='replace')}")


def look(url: str, authorization: str | None = BASIC) -> AlertmanagerSeen:
    return open_alertmanager(url, authorization=authorization, timeout=5, now=lambda: datetime.now(UTC)).look()


def post(url: str, path: str, content: Any) -> Any:
    done = httpx.post(f"{url}/api/v2/{path}", json=content, headers={"Authorization": BASIC}, trust_env=False)
    assert done.is_success, done.text
    return done.json() if done.content else None


def silence(url: str, *matchers: Mapping[str, object], hours: float = 1) -> str:
    now = datetime.now(UTC)
    body = {
        "matchers": [{"isRegex": False, "isEqual": True, **each} for each in matchers],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(hours=hours)).isoformat(),
        "createdBy": "ada",
        "comment": "known\n<b>",
    }
    found: str = post(url, "silences", body)["silenceID"]
    return found


def passes(seen: AlertmanagerSeen, labels: dict[str, str]) -> bool:
    """Whether the gate would let this alert pass under a law that honours silences."""
    prod = replace(environment("prod"), policy=Policy(alerts=Alerts(silences="honour")))
    place = replace(environment_seen("prod", "target", releases=()), environment=prod, alertmanagers=(seen,))
    return silenced(Place(place, prod.policy, datetime.now(UTC)), labels) is not None


def test_without_the_password_it_is_not_seen(url: str) -> None:
    for authorization in (None, "Basic YWRhOndyb25n"):
        with pytest.raises(UnobservableError, match="HTTP 401") as unseen:
            look(url, authorization)
        assert unseen.value.code == "alertmanager-status"
        assert "YWRh" not in f"{unseen.value.message}{unseen.value.hint}"


def test_a_silence_is_read_back_and_counts_until_it_is_over(url: str) -> None:
    external = {"cluster": "eu"}  # its Prometheus adds such to all that it tells
    post(url, "alerts", [{"labels": ERRORS | external}, {"labels": SLOW | external}])
    before = look(url)
    assert (before.silences, before.version.split(".")[0]) == ((), "0")
    assert {alert.labels["alertname"]: bool(alert.inhibited_by) for alert in before.alerts} == {"HighErrors": False, "Slow": True}
    assert not passes(before, ERRORS)
    made = silence(
        url,
        {"name": "alertname", "value": "HighErrors"},
        {"name": "pod", "value": "api-.*", "isRegex": True},
        {"name": "team", "value": ""},
    )
    after = look(url)
    (known,) = after.silences
    assert (known.id, known.who, known.why) == (made, "ada", "known <b>")
    assert [(each.name, each.is_regex) for each in known.matchers] == [("alertname", False), ("pod", True), ("team", False)]
    assert timedelta(minutes=59) < known.ends - datetime.now(UTC) < timedelta(hours=1)
    assert passes(after, ERRORS)
    assert not passes(after, ERRORS | {"pod": "api-1"})
    assert not passes(after, SLOW)
    httpx.delete(f"{url}/api/v2/silence/{made}", headers={"Authorization": BASIC}, trust_env=False).raise_for_status()
    over = look(url)
    assert over.silences == ()
    assert not passes(over, ERRORS)


def test_a_blanket_silence_does_not_count(url: str) -> None:
    post(url, "alerts", [{"labels": ERRORS}])
    silence(url, {"name": "environment", "value": "prod"})
    seen = look(url)
    assert all(alert.silenced_by for alert in seen.alerts if alert.labels["environment"] == "prod")
    assert not passes(seen, ERRORS)
