"""After a promotion fails: what is to blame goes back by itself, once; what people must decide is left to them."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.adapters.prometheus import open_prometheus
from bot.model import BotError
from bot.observations import FiringSpan, PrometheusSeen
from bot.reversible import parse_reversible
from bot.sandbox.serving import Fault
from bot.workflows.auto_rollback import Failure, blamed
from bot.workflows.watching import new_alerts
from tests.bot.gate_situations import HOUR, MINUTE, NOON, SECOND, environment_seen, promotion_ready

if TYPE_CHECKING:
    from bot.observations import EnvironmentSeen
    from tests.bot.conftest import Town

RELEASE = "environments/prod/release/context-api"
POLICY = "environments/prod/environment.yaml"
MERGED = NOON - HOUR
WATCH = timedelta(seconds=30)
pytestmark = pytest.mark.timeout(400)  # it waits until alerts of earlier tests are out of sight
BLOCKING = {"alertname": "Errors", "environment": "prod", "promotion_gate": "block", "component": "context-api"}


def seen(*spans: tuple[dict[str, str], timedelta, timedelta]) -> EnvironmentSeen:
    """Prod, in whose first replica alerts fired from and until so long after the merge."""
    place = environment_seen("prod", "target", releases=promotion_ready().target.releases)
    found = tuple(FiringSpan(BLOCKING | labels, MERGED + first, MERGED + last) for labels, first, last in spans)
    replicas = [replace(each, firing_in_window=()) for each in place.prometheus if isinstance(each, PrometheusSeen)]
    return replace(place, prometheus=(replace(replicas[0], firing_in_window=found), *replicas[1:]))


def test_only_what_began_after_the_merge_is_new() -> None:
    assert new_alerts(seen(({}, SECOND, MINUTE)), merged=MERGED) == (BLOCKING,)
    assert new_alerts(seen(({}, -SECOND, MINUTE)), merged=MERGED) == ()
    assert new_alerts(seen(({}, -3 * MINUTE, -2 * MINUTE), ({}, MINUTE, 2 * MINUTE)), merged=MERGED) == ()


def test_an_alert_of_the_old_pod_is_not_new_in_the_new_pod() -> None:
    old, new = {"pod": "api-1", "instance": "10.0.0.1:80"}, {"pod": "api-2", "instance": "10.0.0.2:80"}
    assert new_alerts(seen((old, -MINUTE, -SECOND), (new, MINUTE, 2 * MINUTE)), merged=MERGED) == ()
    assert len(new_alerts(seen((old | {"queue": "a"}, -MINUTE, -SECOND), (new | {"queue": "b"}, MINUTE, 2 * MINUTE)), merged=MERGED)) == 1


def test_what_does_not_block_or_is_elsewhere_is_not_blamed() -> None:
    assert new_alerts(seen(({"promotion_gate": "warn"}, MINUTE, MINUTE)), merged=MERGED) == ()
    assert new_alerts(seen(({"environment": "dev"}, MINUTE, MINUTE)), merged=MERGED) == ()


def test_blame_is_by_the_component_of_the_alert_among_what_was_promoted() -> None:
    releases = promotion_ready().target.releases
    assert blamed(Failure("c", releases, (BLOCKING,))) == ("context-api",)
    assert blamed(Failure("c", releases, (BLOCKING | {"component": "qdrant"},))) == ()
    assert blamed(Failure("c", releases, ({"alertname": "Nobody's"},))) == ()


def test_a_release_says_whether_it_can_be_reversed() -> None:
    assert parse_reversible("reversible: false\nreason: new schema\n", file="release.yaml") == "new schema"
    assert parse_reversible("reversible: true\nreason: none\n", file="release.yaml") is None
    for odd in (
        "reversible: no\n",
        "reversible: 'no'\nreason: x\n",
        "reversible: false\nreason: 5\n",
        "",
        "reversible: false\nreason: x\nuntil: y\n",
    ):
        with pytest.raises(BotError, match=r"release\.yaml"):
            parse_reversible(odd, file="release.yaml")


def allowed(town: Town) -> None:
    """Policy allows it, and watches for longer than an alert takes here; of an earlier test's alerts it knows nothing any more."""
    text = re.sub("watch: .*", f"watch: {WATCH.seconds}s\n  autoRollback: true", town.git("show", f"main:{POLICY}"))
    town.push({POLICY: f"{text}\n"}, "prod: roll back")
    prometheus = open_prometheus(
        town.sandbox.monitoring.prometheus["prod"].url, authorization=None, timeout=5, now=lambda: datetime.now(UTC)
    )
    deadline = time.monotonic() + 2 * WATCH.seconds
    while prometheus.firing_spans(datetime.now(UTC) - WATCH - timedelta(seconds=5), datetime.now(UTC)) and time.monotonic() < deadline:
        time.sleep(0.5)


def test_what_fails_goes_back_by_itself_once_and_then_waits_for_people(staging_ahead: Town) -> None:
    town = staging_ahead
    allowed(town)
    before = town.tree(RELEASE)
    number = town.promote("staging", "prod").pull["number"]
    bad = town.tree(RELEASE)
    town.errors("prod", on=True)
    faults = town.sandbox.argocd_server.observed.faults
    faults.append(Fault("POST", "/api/v1/applications/context-prod/sync", times=99, status=503))
    failed = town.bot("verify", "prod")
    faults.clear()
    response = failed.result["response"]
    assert (failed.code, response["outcome"], response["apps"]) == (3, "rolled-back", ["context-api"]), failed
    assert "left to do" in response["why"]  # Argo CD could not be told; main is as it should be
    assert town.tree(RELEASE) == before != bad
    holds = town.git("ls-tree", "--name-only", "main", "environments/prod/holds/")
    assert "freeze-context-api-" in holds
    assert f"quarantine-context-api-{bad[:12]}" in holds
    told = [comment.body for comment in town.sandbox.forge.pulls[number].comments if "was rolled back in prod" in comment.body]
    assert len(told) == 1
    again = town.bot("verify", "prod")  # the alert still fires, on what came by the rollback
    assert (again.result["response"] or {}).get("outcome") in {None, "paged"}
    assert town.tree(RELEASE) == before


def test_what_keeps_data_or_cannot_be_reversed_is_left_to_people(town: Town) -> None:
    path = "apps/context-api/release.yaml"
    allowed(town)
    town.push({path: "reversible: false\nreason: the schema is new\n"}, "context-api: a new schema")
    town.has_promoted("dev", "staging")
    town.has_promoted("staging", "prod")
    town.wait_until_synced()
    now = town.tree(RELEASE)
    town.errors("prod", on=True)
    failed = town.bot("verify", "prod")
    assert (failed.code, failed.result["response"]["outcome"]) == (3, "paged"), failed
    assert "the schema is new" in failed.result["response"]["why"]
    assert town.tree(RELEASE) == now
