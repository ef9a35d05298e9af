"""What is just allowed passes: exactly the limit, alerts of others, an image in another spelling, a release of the past."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.gate import judge, worst
from bot.gate.image_names import is_image, normalised, repository_of
from bot.gate.outcomes import in_words, iso
from bot.model import Freeze, Image, Policy, Verdict
from bot.observations import FiringSpan, SyncWindow
from tests.bot.gate_changes import (
    Change,
    alerting,
    app,
    between,
    each_replica,
    evaluated,
    fired,
    judged_rule,
    operation,
    place,
    pods,
    policy,
    replica,
    run,
    samples,
    shifted,
    targets,
)
from tests.bot.gate_situations import (
    API,
    BLOCKING,
    GRAPH_TREE,
    HOUR,
    LONGEST_FOR,
    MINUTE,
    NEW_API,
    NOON,
    OLD_API,
    RULE_INTERVAL,
    SCRAPE_INTERVAL,
    SECOND,
    SOAK,
    WATCHDOG,
    environment_seen,
    on_application,
    on_environment,
    on_replica,
    promotion_ready,
    source_moved_on,
)

YOUNGEST = NOON - 40 * SECOND - timedelta(seconds=LONGEST_FOR)
BARE = "5" * 64
ALLOWED: dict[str, tuple[str, Change]] = {
    "server exactly as old as the longest `for`": (
        "source",
        samples(started=YOUNGEST, started_after=YOUNGEST),
    ),
    "server exactly as old as two group intervals": ("target", judged_rule("Foreign", interval=30 * 1800.0 - 20)),
    "a long `for` of a rule of another environment": ("target", judged_rule("Foreign", duration=1e6)),
    "a rule evaluated three intervals and five seconds ago": (
        "source",
        evaluated(BLOCKING, timedelta(seconds=3 * RULE_INTERVAL + 5), only=0),
    ),
    "a rule evaluated 30 s after the server's clock": ("source", evaluated(BLOCKING, -30 * SECOND, only=2)),
    "a rule not evaluated again within its interval and five seconds": (
        "target",
        judged_rule(BLOCKING, last_evaluation=NOON - 41 * SECOND, interval=35.0),
    ),
    "a clock 30 s ahead": ("source", shifted("at", -30 * SECOND, of="server_time", only=0)),
    "a clock 30 s behind": ("source", shifted("at", 30 * SECOND, of="server_time", only=0)),
    "a watchdog that covers exactly 95 %": ("source", replica(watchdog_coverage=0.95)),
    "no coverage where nothing soaks": ("target", replica(watchdog_coverage=0.0, window_start=None)),
    "a target scraped three intervals and five seconds ago": ("source", targets(only=0, ago=timedelta(seconds=3 * SCRAPE_INTERVAL + 5))),
    "a metric that may be absent": ("source", replica(metrics_without_series=("http_requests_lost_total",))),
    "a metric with an odd name that may be absent": (
        "target",
        lambda seen, role: replica(metrics_without_series=('{__name__="lost requests", job="api"}',))(
            policy(alerts=replace(Policy().alerts, may_be_absent=("lost requests", "http_requests_lost_total")))(seen, role),
            role,
        ),
    ),
    "a firing alert of another environment": (
        "target",
        alerting("firing", {"environment": "staging", "promotion_gate": "block"}),
    ),
    "a firing alert in another namespace": (
        "target",
        alerting("firing", {"namespace": "kube-system", "severity": "critical"}),
    ),
    "a critical alert that the label lets pass": (
        "target",
        alerting("firing", {"promotion_gate": "warn", "severity": "critical"}),
    ),
    "a pending alert that does not block": ("target", alerting("pending", {"severity": "warning"})),
    "an alert of another environment between samples": ("target", between(environment="dev")),
    "an alert that does not block between samples": ("target", between(severity="warning")),
    "a run since exactly the soak": ("source", run(since=NOON - SOAK, synced_at=None)),
    "a sync that ended exactly a soak ago": ("source", run(synced_at=NOON - SOAK)),
    "health since exactly the soak": ("source", app(healthy_since=NOON - SOAK)),
    "an alert that ended one interval before the soak": (
        "source",
        fired(3 * HOUR, SOAK + timedelta(seconds=RULE_INTERVAL)),
    ),
    "an alert of another environment in the soak": ("source", fired(HOUR, MINUTE, environment="dev")),
    "health confirmed when the operation ended": ("target", operation(finished=NOON - MINUTE)),
    "an Application that never had to sync": ("target", app(operation=None)),
    "a rendered image that the release does not declare": (
        "target",
        lambda seen, role: pods("neo4j:5.0.0")(
            place(rendered_images=frozenset({OLD_API.reference, "neo4j:5.0.0", "neo4j:5.26.0"}))(seen, role), role
        ),
    ),
    "runtimes spell images their own way": (
        "source",
        lambda seen, role: replica(pod_images=frozenset({f"{API}@sha256:{BARE}", "docker.io/library/neo4j:5.26.0"}))(
            pods(f"{API}@sha256:{BARE}", "docker.io/library/neo4j:5.26.0", dropping=":")(seen, role), role
        ),
    ),
    "a newer commit on main after the soak": (
        "source",
        place(main_trees={"context-api": "7" * 40, "neo4j": GRAPH_TREE}),
    ),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_what_is_just_allowed_passes(name: str) -> None:
    role, change = ALLOWED[name]
    judgement = judge(change(promotion_ready(), role), now=NOON)
    assert judgement.reasons == ()
    assert judgement.verdict is Verdict.PASS


def test_five_minutes_is_the_oldest_that_samples_may_be() -> None:
    """Only soak and freshness depend on now: with no later health both stay within their limits."""
    five = 5 * MINUTE - SECOND
    assert judge(promotion_ready(), now=NOON + five).verdict is Verdict.PASS
    late = judge(promotion_ready(), now=NOON + five + timedelta(microseconds=1))
    assert {reason.code for reason in late.reasons} == {"samples-outdated"}


def test_a_soaked_and_verified_release_passes_after_the_source_moved_on() -> None:
    """Its Pods are gone, another tree is synced, and Argo CD is busy: none of that matters to it."""
    seen = on_environment(source_moved_on(), "source", lambda each: replace(each, releases=each.releases[:1], runs=each.runs[:1]))
    seen = on_application(seen, "source", health="Degraded", sync="OutOfSync", pods=(), operation=None, healthy_since=None)
    judgement = judge(seen, now=NOON)
    assert judgement.reasons == ()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param(run(verified=False), "run-unverified", id="unverified"),
        pytest.param(run(until=NOON - HOUR - timedelta(microseconds=1)), "soak-not-over", id="one microsecond short"),
        pytest.param(fired(2 * HOUR, 2 * HOUR), "soak-not-over", id="alert inside"),
        pytest.param(replica(window_start=NOON - 3 * HOUR + timedelta(microseconds=1)), "window-too-short", id="window"),
    ],
)
def test_a_release_of_the_past_must_be_verified_and_soaked(change: Change, code: str) -> None:
    judgement = judge(change(source_moved_on(), "source"), now=NOON)
    assert {reason.code for reason in judgement.reasons} == {code}


def test_an_alert_after_the_end_of_a_past_run_does_not_count() -> None:
    seen = on_environment(source_moved_on(), "source", lambda each: replace(each, releases=each.releases[:1]))
    later = fired(HOUR - timedelta(microseconds=1), MINUTE)(seen, "source")
    assert judge(later, now=NOON).verdict is Verdict.PASS
    assert judge(fired(HOUR, MINUTE)(seen, "source"), now=NOON).verdict is Verdict.HOLD


def test_a_live_release_among_past_ones_is_still_looked_at() -> None:
    """neo4j still runs in the source, so its images and Argo CD's health are judged."""
    seen = pods(dropping="neo4j")(source_moved_on(), "source")
    assert {reason.code for reason in judge(seen, now=NOON).reasons} == {"image-not-running"}
    assert judge(app(health="Degraded")(source_moved_on(), "source"), now=NOON).verdict is Verdict.HOLD


def test_a_release_that_main_replaced_but_is_still_synced_needs_no_verification() -> None:
    """Argo CD itself says that it is healthy until the newer commit is synced."""
    seen = promotion_ready()
    seen = each_replica(window_start=NOON - 9 * HOUR)(seen, "source")
    assert judge(run(until=NOON - MINUTE)(seen, "source"), now=NOON).verdict is Verdict.PASS
    short = run(until=NOON - HOUR - MINUTE)(seen, "source")
    assert {reason.code for reason in judge(short, now=NOON).reasons} == {"soak-not-over"}


def test_a_first_promotion_expects_no_image_in_the_target() -> None:
    seen = promotion_ready()
    empty = replace(environment_seen("prod", "target", releases=()), rendered_images=frozenset())
    assert judge(replace(seen, target=empty), now=NOON).verdict is Verdict.PASS


def test_without_a_source_the_target_alone_is_judged() -> None:
    judgement = judge(replace(promotion_ready(), source=None), now=NOON)
    assert judgement.verdict is Verdict.PASS
    assert not any(finding.subject.startswith("staging") for finding in judgement.findings)


def test_a_sync_window_matters_to_what_would_be_merged_alone() -> None:
    """A source runs its release already, and so does what is verified."""
    closed = SyncWindow("deny", ("schedule 0 0 24 12 *, duration 192h",), allows_manual=True)
    seen = place(sync_window=closed)(promotion_ready(), "target")
    (reason,) = judge(seen, now=NOON).reasons
    assert reason.subject == "prod: Application context-prod"
    assert "schedule 0 0 24 12 *, duration 192h" in reason.summary
    assert judge(replace(seen, source=None), now=NOON).verdict is Verdict.PASS
    assert judge(place(sync_window=closed)(promotion_ready(), "source"), now=NOON).verdict is Verdict.PASS


def test_without_a_soak_no_window_is_needed() -> None:
    seen = policy(soak=timedelta(0))(promotion_ready(), "target")
    seen = each_replica(window_start=None, watchdog_coverage=0.0)(seen, "source")
    assert judge(seen, now=NOON).verdict is Verdict.PASS


def test_the_target_s_policy_rules_soak_and_samples() -> None:
    lax = policy(soak=99 * HOUR, samples=99)(promotion_ready(), "source")
    assert judge(lax, now=NOON).verdict is Verdict.PASS
    strict = judge(policy(samples=4)(promotion_ready(), "target"), now=NOON)
    assert {(reason.code, reason.subject[:4]) for reason in strict.reasons} == {
        ("too-few-samples", "stag"),
        ("too-few-samples", "prod"),
    }


def test_alerts_that_do_not_block_are_shown_as_a_note() -> None:
    notes = [finding for finding in judge(promotion_ready(), now=NOON).findings if finding.code == "alert-not-blocking"]
    assert {note.facts["alert"] for note in notes} == {"SlowSearch"}
    assert {note.verdict for note in notes} == {Verdict.PASS}
    assert notes[0].facts["since"] == "2026-11-24T11:50:00Z"
    assert notes[0].facts["alerts"] == "1"
    assert WATCHDOG not in notes[0].facts["labels"]


def test_of_many_findings_the_worst_wins_and_comes_first() -> None:
    seen = alerting("firing", {"promotion_gate": "block"})(promotion_ready(), "target")
    seen = place(folder_exists=False)(app(sync="OutOfSync")(seen, "source"), "source")
    judgement = judge(seen, now=NOON)
    assert [reason.verdict for reason in judgement.reasons] == [Verdict.FAIL, Verdict.UNKNOWN, Verdict.HOLD]
    assert judgement.at == NOON


def test_no_finding_at_all_is_unknown() -> None:
    assert worst(()) is Verdict.UNKNOWN


def test_the_last_alert_of_any_replica_restarts_the_clock() -> None:
    span = FiringSpan({"alertname": BLOCKING, "environment": "staging", "severity": "critical"}, NOON - 3 * HOUR, NOON - HOUR)
    seen = on_replica(promotion_ready(), "source", lambda one: replace(one, firing_in_window=(span,)), only=0)
    short = [reason for reason in judge(seen, now=NOON).reasons if reason.subject.endswith("context-api")]
    assert [(reason.summary, reason.facts["since"]) for reason in short] == [
        ("it was healthy for 59 minutes 45 seconds of 2 hours", "2026-11-24T11:00:15Z"),
    ]


@pytest.mark.parametrize(
    ("image", "written", "is_same"),
    [
        (NEW_API, NEW_API.reference, True),
        (NEW_API, f"{API}@{NEW_API.digest}", True),
        (NEW_API, f"mirror.example.com/api@{NEW_API.digest}", True),
        (NEW_API, f"{API}:v1.5.0", False),
        (NEW_API, f"{API}:v1.5.0@{OLD_API.digest}", False),
        (Image("neo4j", "5"), "neo4j:5", True),
        (Image("neo4j", "5"), "docker.io/library/neo4j:5", True),
        (Image("neo4j", "5"), "docker.io/neo4j:5", True),
        (Image("neo4j", "5"), "neo4j:5.1", False),
        (Image("neo4j", "5"), "quay.io/library/neo4j:5", False),
        (Image("neo4j", "5", new_name="index.docker.io/qdrant/qdrant"), "qdrant/qdrant:5", True),
        (Image("localhost/api", "1"), "api:1", False),
        (Image("registry:5000/api", "1"), "registry:5000/api:1", True),
    ],
)
def test_an_image_is_recognised_by_digest_or_else_by_full_name(image: Image, written: str, *, is_same: bool) -> None:
    assert is_image(image, written) is is_same


@pytest.mark.parametrize(
    ("written", "repository"),
    [
        ("neo4j:5", "docker.io/library/neo4j"),
        ("qdrant/qdrant@sha256:1", "docker.io/qdrant/qdrant"),
        ("registry:5000/api:1@sha256:1", "registry:5000/api"),
        ("registry:5000/api", "registry:5000/api"),
        ("localhost/api:1", "localhost/api"),
    ],
)
def test_the_repository_of_an_image_has_no_tag_and_no_digest(written: str, repository: str) -> None:
    assert repository_of(written) == repository
    assert normalised(normalised(written)) == normalised(written)


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (timedelta(0), "0 seconds"),
        (SECOND, "1 second"),
        (timedelta(milliseconds=1500), "1.5 seconds"),
        (MINUTE, "1 minute"),
        (2 * HOUR, "2 hours"),
        (2 * HOUR + 5 * MINUTE + SECOND, "2 hours 5 minutes"),
        (timedelta(days=1, seconds=3), "1 day 3 seconds"),
        (-90 * SECOND, "minus 1 minute 30 seconds"),
    ],
)
def test_durations_are_told_in_words(duration: timedelta, words: str) -> None:
    assert in_words(duration) == words


def test_times_are_told_in_utc() -> None:
    assert (iso(NOON), iso(None)) == ("2026-11-24T12:00:00Z", "never")


def test_what_freezes_nothing_of_it_does_not_hold() -> None:
    over = Freeze("over", "prod", (), f"{NOON:%Y-%m-%dT%H:%M:%SZ}", "lead", "2026-11-01T00:00:00Z", "audit")
    other_app = replace(over, id="app", until=None, apps=("qdrant",))
    elsewhere = replace(over, id="elsewhere", until=None, environment="staging")
    assert judge(replace(promotion_ready(), freezes=(over, other_app, elsewhere)), now=NOON).verdict is Verdict.PASS


def test_what_runs_is_verified_in_a_freeze() -> None:
    frozen = Freeze("freeze", "prod", (), None, "lead", "2026-11-01T00:00:00Z", "audit")
    assert judge(replace(promotion_ready(), source=None, freezes=(frozen,)), now=NOON).verdict is Verdict.PASS


def test_an_alert_that_the_promotion_is_to_end_may_fire_in_the_target_alone() -> None:
    fixing = replace(promotion_ready(), fixes=("Added",))
    assert judge(alerting("firing", None)(fixing, "target"), now=NOON).verdict is Verdict.PASS
    assert judge(alerting("firing", None)(fixing, "source"), now=NOON).verdict is Verdict.FAIL
    assert judge(alerting("firing", None)(replace(fixing, fixes=("Other",)), "target"), now=NOON).verdict is Verdict.FAIL


def test_between_samples_it_may_fire_too() -> None:
    fixing = replace(promotion_ready(), fixes=(BLOCKING,))
    assert judge(between()(fixing, "target"), now=NOON).verdict is Verdict.PASS
    assert judge(between()(fixing, "source"), now=NOON).verdict is Verdict.HOLD


def test_once_the_cure_is_there_it_may_not_flap() -> None:
    for cured_by in (NOON, NOON + SECOND):
        after = replace(promotion_ready(), source=None, fixes=(BLOCKING,), cured_by=cured_by)
        assert judge(between()(after, "target"), now=NOON).verdict is Verdict.HOLD


def test_an_alert_without_a_name_that_fired_between_samples_is_told() -> None:
    told = judge(between(alertname="")(promotion_ready(), "target"), now=NOON).reasons
    assert [reason.summary for reason in told] == [" fired between two samples"]
    nameless = replica(firing_between=(FiringSpan({"severity": "critical"}, NOON - SECOND, NOON),))
    told = judge(nameless(promotion_ready(), "target"), now=NOON).reasons
    assert [reason.summary for reason in told] == ["an alert fired between two samples"]


def test_what_a_sample_shows_is_not_told_again() -> None:
    both = between(alertname="Added")(alerting("firing", None)(promotion_ready(), "target"), "target")
    assert {reason.code for reason in judge(both, now=NOON).reasons} == {"alert-firing"}


def test_after_the_merge_it_must_end_in_time() -> None:
    after = alerting("firing", None)(replace(promotion_ready(), source=None, fixes=("Added",), cured_by=NOON + SECOND), "target")
    assert judge(after, now=NOON).verdict is Verdict.HOLD
    late = judge(replace(after, cured_by=NOON), now=NOON)
    assert [reason.code for reason in late.reasons] == ["alert-not-cured"] * len(late.reasons)
    assert late.verdict is Verdict.FAIL
