"""Every way in which one condition of the gate's table can be violated, with what the gate must say of it; long, as the table is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.model import FreezeWindow, Policy, Verdict
from bot.observations import Finding, FiringSpan, SyncWindow, Unseen
from tests.bot.gate_changes import (
    alerting,
    app,
    between,
    each_replica,
    evaluated,
    fired,
    freeze_by_command,
    held,
    judged_rule,
    one_sample_less,
    operation,
    place,
    pods,
    policy,
    replica,
    run,
    samples,
    shifted,
    targets,
    without,
)
from tests.bot.gate_situations import (
    API,
    BLOCKING,
    GRAPH_TREE,
    HOUR,
    LONGEST_FOR,
    MINUTE,
    NEW_API,
    NEW_TREE,
    NOON,
    OLD_TREE,
    RULE_INTERVAL,
    SCRAPE_INTERVAL,
    SECOND,
    SOAK,
    TICKET,
    WATCHDOG,
    on_environment,
    required_rule,
)

if TYPE_CHECKING:
    from bot.observations import Observations
    from tests.bot.gate_changes import Change

TICK = timedelta(microseconds=1)
AROUND_NOON = FreezeWindow(f"{NOON.minute} {NOON.hour} * * *", MINUTE, "UTC")
BOTH, SOURCE, TARGET = ("source", "target"), ("source",), ("target",)
FAIL, UNKNOWN, HOLD = Verdict.FAIL, Verdict.UNKNOWN, Verdict.HOLD
GONE = Unseen("gone", "nobody answers")
DENIED = SyncWindow("deny", ("schedule 0 0 24 12 *, duration 192h",), allows_manual=True)
GATE = {"promotion_gate": "block"}
BEYOND_FOR = timedelta(seconds=LONGEST_FOR)
YOUNG = NOON - 40 * SECOND - timedelta(seconds=LONGEST_FOR) + TICK  # the first sample is 40 s old
ALERTS = Policy().alerts


@dataclass(frozen=True)
class Violation:
    """A change of one thing; the row, verdict and codes that follow from it, and no others."""

    name: str
    row: int
    verdict: Verdict
    codes: tuple[str, ...]
    change: Change
    roles: tuple[str, ...] = BOTH


def of(row: int, verdict: Verdict, codes: str, *, roles: tuple[str, ...] = BOTH, **changes: Change) -> list[Violation]:
    """Violations of one kind, by name."""
    return [Violation(name, row, verdict, tuple(codes.split()), change, roles) for name, change in changes.items()]


def own(state: str, *, only: int | None = None) -> Change:
    """A blocking alert that carries the environment's label."""

    def change(seen: Observations, role: str) -> Observations:
        name = "staging" if role == "source" else "prod"
        return alerting(state, GATE | {"environment": name}, only=only)(seen, role)

    return change


def in_namespace(seen: Observations, role: str) -> Observations:
    """A firing alert of another environment's rule in this environment's namespace."""
    namespace = "context-staging" if role == "source" else "context-prod"
    return alerting("firing", GATE | {"namespace": namespace}, environment="elsewhere")(seen, role)


def required(*names: str, **labels: str) -> Change:
    """Other required rules, with the environment's label unless told otherwise."""

    def change(seen: Observations, role: str) -> Observations:
        own_label = {"environment": "staging" if role == "source" else "prod"}
        rules = tuple(required_rule(name, own_label | labels) for name in names)
        return place(required_rules=rules)(seen, role)

    return change


def twice(first: Change, second: Change) -> Change:
    """Both changes."""
    return lambda seen, role: second(first(seen, role), role)


def without_jobs(seen: Observations, role: str) -> Observations:
    """Targets of the required jobs exist elsewhere only."""
    return targets(labels={"namespace": "elsewhere"})(seen, role)


def frozen(name: str) -> Change:
    """A rule that was evaluated last at the same moment in all samples, recently enough."""
    return judged_rule(name, last_evaluation=NOON - 41 * SECOND)


def problem(seen: Observations, _: str) -> Observations:
    """Planning found something."""
    return replace(seen, problems=(Finding(12, "edited-by-hand", FAIL, "prod", "a release was edited by hand"),))


def only_unverified(seen: Observations, role: str) -> Observations:
    """The run ended, something else is synced, and nobody verified it."""
    seen = run(until=NOON - MINUTE, since=NOON - 9 * HOUR)(seen, role)
    moved: dict[str, str | None] = {"context-api": OLD_TREE, "neo4j": GRAPH_TREE}
    return on_environment(seen, "source", lambda each: replace(each, synced_trees=moved, main_trees=moved))


def aged(seen: Observations, role: str) -> Observations:
    """The newest sample is older than five minutes."""
    old = seen
    for field in ("at", "server_time"):
        old = shifted(field, -300 * SECOND + SECOND - TICK, of=field)(old, role)
    for name in (BLOCKING, WATCHDOG):
        old = evaluated(name, 2 * SECOND)(old, role)
    return targets(ago=SECOND)(old, role)


def soaks_longer(seen: Observations, _: str) -> Observations:
    """The target asks for more than the source was healthy, and the source was seen longer still."""
    return policy(soak=3 * HOUR - MINUTE + TICK)(each_replica(window_start=NOON - 9 * HOUR)(seen, "source"), "target")


VIOLATIONS = (
    *of(
        1,
        UNKNOWN,
        "gone",
        replica_gone=lambda seen, role: on_environment(seen, role, lambda e: replace(e, prometheus=(GONE, e.prometheus[1]))),
    ),
    *of(1, UNKNOWN, "no-prometheus", roles=TARGET, no_replica=place(prometheus=())),
    *of(1, UNKNOWN, "no-prometheus window-too-short", roles=SOURCE, no_replica_of_source=place(prometheus=())),
    *of(
        2,
        UNKNOWN,
        "partial-answer",
        sample_warns=samples(1, warnings=("partial",)),
        store_warns=replica(warnings=("partial",)),
    ),
    *of(2, UNKNOWN, "pages-unread", pages_unread=samples(2, more_pages=True)),
    *of(2, UNKNOWN, "replicas-mixed", mixed=shifted("started_after", TICK, of="started", only=1)),
    *of(
        2,
        UNKNOWN,
        "server-restarted",
        restarted=samples(2, started=NOON - 9 * HOUR, started_after=NOON - 9 * HOUR),
    ),
    *of(
        3,
        UNKNOWN,
        "server-too-young",
        younger_than_for=samples(started=YOUNG, started_after=YOUNG),
        younger_than_two_groups=judged_rule(TICKET, interval=15 * 3600.0),
    ),
    *of(4, UNKNOWN, "config-reload-failed", reload_failed=samples(0, reload_succeeded=False)),
    *of(5, UNKNOWN, "gone", rules_unseen=place(required_rules=GONE)),
    *of(5, UNKNOWN, "no-rules-required", nothing_required=place(required_rules=())),
    *of(5, UNKNOWN, "rule-missing", rule_missing=required("Absent"), rule_gone_once=without(TICKET, only=1)),
    *of(
        5,
        UNKNOWN,
        "rule-drifted",
        other_environment=required(BLOCKING, environment="dev", promotion_gate="block"),
        gate_label_gone=required(TICKET, promotion_gate="block"),
        other_expression=judged_rule(TICKET, query='up{job="api"} == 1'),
        other_expression_once=judged_rule(TICKET, only=1, query='up{job="apis"} == 0'),
        unreadable_expression=judged_rule(TICKET, query="up =="),
        other_for=judged_rule(TICKET, duration=LONGEST_FOR + 1),
        keeps_firing=judged_rule(TICKET, keep_firing=60.0),
    ),
    *of(
        6,
        UNKNOWN,
        "rule-unhealthy",
        blocking_rule_errs=judged_rule(BLOCKING, only=1, health="err"),
        watchdog_unknown=judged_rule(WATCHDOG, only=0, health="unknown"),
    ),
    *of(6, UNKNOWN, "rule-never-evaluated", never_evaluated=judged_rule(BLOCKING, only=1, last_evaluation=None)),
    *of(
        6,
        UNKNOWN,
        "rule-stale",
        stale=evaluated(BLOCKING, timedelta(seconds=3 * RULE_INTERVAL + 5) + TICK, only=0),
        stale_watchdog=evaluated(WATCHDOG, timedelta(seconds=3 * RULE_INTERVAL + 5) + TICK, only=0),
        evaluated_in_future=evaluated(BLOCKING, -30 * SECOND - TICK, only=2),
    ),
    *of(6, UNKNOWN, "rule-not-advancing", blocking_rule_stuck=frozen(BLOCKING), watchdog_stuck=frozen(WATCHDOG)),
    *of(
        6,
        UNKNOWN,
        "clock-skew",
        clock_ahead=shifted("at", -30 * SECOND - TICK, of="server_time", only=0),
        clock_behind=shifted("at", 30 * SECOND + TICK, of="server_time", only=1),
    ),
    *of(
        7,
        UNKNOWN,
        "watchdog-silent",
        watchdog_quiet_once=judged_rule(WATCHDOG, only=1, alerts=()),
        other_watchdog=policy(watchdog="Other"),
        watchdog_of_elsewhere=twice(policy(watchdog="Foreign"), judged_rule("Foreign", labels={"environment": "elsewhere"})),
    ),
    *of(
        7,
        UNKNOWN,
        "watchdog-gaps",
        roles=SOURCE,
        covered_too_little=replica(watchdog_coverage=0.9499),
        covered_nan=replica(watchdog_coverage=float("nan")),
    ),
    *of(7, UNKNOWN, "window-unseen window-too-short", roles=SOURCE, no_window=replica(window_start=None)),
    *of(8, UNKNOWN, "no-jobs-required", no_jobs=policy(required_jobs=())),
    *of(
        8,
        UNKNOWN,
        "job-without-target",
        no_targets=samples(1, targets=()),
        only_elsewhere=without_jobs,
        another_job=policy(required_jobs=("qdrant",)),
    ),
    *of(
        8,
        UNKNOWN,
        "target-down",
        target_down=targets(only=1, health="down"),
        target_unknown=targets(only=2, health="unknown"),
    ),
    *of(
        8,
        UNKNOWN,
        "target-stale",
        never_scraped=targets(only=0, last_scrape=None),
        scraped_long_ago=targets(only=1, ago=timedelta(seconds=3 * SCRAPE_INTERVAL + 5) + TICK),
    ),
    *of(
        8,
        UNKNOWN,
        "pods-unseen",
        no_pods=replica(pod_images=frozenset()),
        other_pods=replica(pod_images=frozenset({f"{API}:v9", "docker.io/library/neo4j:5.26.0"})),
        image_without_digest=replica(pod_images=frozenset({f"{API}:v1.5.0", f"{API}:v1.4.0", "neo4j:5.26.0"})),
    ),
    *of(8, UNKNOWN, "images-unseen", nothing_rendered=place(rendered_images=frozenset())),
    *of(
        9,
        UNKNOWN,
        "no-rule-blocks",
        nothing_blocks=policy(alerts=replace(ALERTS, block=(), severity=(), may_be_absent=("http_requests_lost_total",))),
    ),
    *of(9, UNKNOWN, "no-rule-blocks rule-missing", blocking_rule_gone=without(BLOCKING, only=1)),
    *of(
        9,
        UNKNOWN,
        "metric-absent",
        metric_renamed=replica(metrics_without_series=('up{job="api"}',)),
        utf8_metric=replica(metrics_without_series=('{__name__="lost requests", job="http_requests_lost_total"}',)),
    ),
    *of(
        10,
        FAIL,
        "alert-firing",
        fires_first=own("firing", only=0),
        fires_last=own("firing", only=2),
        of_nobody=alerting("firing", GATE),
        by_severity=alerting("firing", {"severity": "critical"}),
        by_rule_label=alerting("firing", {}, severity="critical"),
        in_namespace=in_namespace,
    ),
    *of(
        10,
        HOLD,
        "alert-fired-between",
        fired_between=between(),
        of_all_between=replica(firing_between=(FiringSpan({"severity": "critical"}, NOON - 30 * SECOND, NOON - 30 * SECOND),)),
    ),
    *of(10, UNKNOWN, "alert-state-unknown", state_unknown=own("unknown", only=1)),
    *of(10, UNKNOWN, "gone", holds_unseen=lambda seen, _: replace(seen, holds=GONE)),
    *of(
        10,
        FAIL,
        "release-quarantined",
        tree_held=held(tree=NEW_TREE, digests=()),
        digest_held=held(app="other", digests=(NEW_API.digest,)),
    ),
    *of(10, FAIL, "image-unpinned", roles=TARGET, tag_alone=policy(require_digests=True)),
    *of(11, HOLD, "alert-pending", pending_once=own("pending", only=1), pending_of_nobody=alerting("pending", GATE)),
    *of(
        11,
        HOLD,
        "soak-not-over",
        roles=SOURCE,
        run_too_young=run(since=NOON - SOAK + TICK, synced_at=None),
        synced_too_late=run(synced_at=NOON - SOAK + TICK),
        healthy_too_late=app(healthy_since=NOON - SOAK + TICK),
        alert_in_soak=fired(HOUR, HOUR),
        alert_before_soak_ended_in_it=fired(3 * HOUR, SOAK + timedelta(seconds=RULE_INTERVAL) - TICK),
        alert_of_gone_rule=fired(3 * HOUR, SOAK + timedelta(seconds=RULE_INTERVAL) - TICK, alertname="Gone"),
        alert_of_all=replica(firing_in_window=(FiringSpan({"severity": "critical"}, NOON - HOUR, NOON - HOUR),)),
        run_in_future=run("neo4j", since=NOON + HOUR),
        soaks_longer=soaks_longer,
    ),
    *of(11, HOLD, "freeze-window", roles=TARGET, window_open=policy(freeze=(AROUND_NOON,))),
    *of(
        11,
        HOLD,
        "frozen",
        roles=TARGET,
        frozen=freeze_by_command(),
        frozen_until_later=freeze_by_command(until="2099-01-01T00:00:00Z"),
        app_frozen=freeze_by_command(apps=("neo4j",)),
    ),
    *of(11, UNKNOWN, "window-too-short", roles=SOURCE, window_too_short=replica(window_start=NOON - SOAK + TICK)),
    *of(11, UNKNOWN, "health-unseen", roles=SOURCE, healthy_since_unseen=app(healthy_since=None)),
    *of(11, UNKNOWN, "run-unseen", roles=SOURCE, run_unseen=place(runs=()), run_of_other_tree=run(tree=OLD_TREE)),
    *of(11, UNKNOWN, "nothing-to-promote", roles=SOURCE, no_releases=place(releases=())),
    *of(11, UNKNOWN, "run-unverified", roles=SOURCE, run_unverified=only_unverified),
    *of(
        11,
        HOLD,
        "soak-not-over source-moving",
        roles=SOURCE,
        main_moves=twice(run(since=NOON - HOUR), place(main_trees={"context-api": "7" * 40, "neo4j": GRAPH_TREE})),
    ),
    *of(11, UNKNOWN, "main-unseen", roles=SOURCE, main_unseen=place(main_trees={"context-api": NEW_TREE})),
    *of(
        12,
        UNKNOWN,
        "environment-not-live",
        not_live=lambda seen, role: on_environment(seen, role, lambda e: replace(e, environment=replace(e.environment, live=False))),
    ),
    *of(12, UNKNOWN, "folder-gone", folder_gone=place(folder_exists=False)),
    *of(12, UNKNOWN, "application-missing", roles=TARGET, no_application=place(application=None)),
    *of(12, UNKNOWN, "application-missing health-unseen", roles=SOURCE, no_application_of_source=place(application=None)),
    *of(12, UNKNOWN, "gone", roles=TARGET, application_unseen=place(application=GONE)),
    *of(12, UNKNOWN, "gone health-unseen", roles=SOURCE, application_of_source_unseen=place(application=GONE)),
    *of(
        12,
        UNKNOWN,
        "application-elsewhere",
        two_sources=app(sources=2),
        other_path=app(path="environments/dev"),
        other_branch=app(target_revision="HEAD"),
    ),
    *of(12, UNKNOWN, "sync-unknown", sync_unknown=app(sync="Unknown"), never_compared=app(revision=None)),
    *of(12, HOLD, "out-of-sync", out_of_sync=app(sync="OutOfSync")),
    *of(12, HOLD, "not-healthy", roles=TARGET, degraded=app(health="Degraded"), progressing=app(health="Progressing")),
    *of(12, HOLD, "not-healthy soak-not-begun", roles=SOURCE, source_degraded=app(health="Degraded")),
    *of(
        12,
        HOLD,
        "health-outdated",
        reconciled_never=app(reconciled=None),
        reconciled_before=operation(finished=NOON - MINUTE + TICK),
    ),
    *of(
        12,
        HOLD,
        "operation-running",
        roles=TARGET,
        sync_runs=operation(phase="Running"),
        sync_ends=operation(phase="Terminating"),
    ),
    *of(12, HOLD, "operation-running", operation_unfinished=operation(finished=None)),
    *of(12, HOLD, "operation-running source-moving", roles=SOURCE, source_syncs=operation(phase="Running")),
    *of(12, HOLD, "operation-failed", sync_failed=operation(phase="Failed"), sync_error=operation(phase="Error")),
    *of(
        12,
        HOLD,
        "tree-not-synced",
        roles=TARGET,
        other_tree=place(synced_trees={"context-api": "7" * 40, "neo4j": GRAPH_TREE}),
        tree_absent=place(synced_trees={"context-api": None, "neo4j": GRAPH_TREE}),
    ),
    *of(
        12,
        HOLD,
        "tree-not-synced",
        roles=SOURCE,
        source_tree_other=place(synced_trees={"context-api": "7" * 40, "neo4j": GRAPH_TREE}),
    ),
    *of(12, UNKNOWN, "tree-unseen", synced_unseen=place(synced_trees={"neo4j": GRAPH_TREE})),
    *of(
        12,
        HOLD,
        "image-not-running",
        pod_gone=pods(dropping=API),
        only_job_runs=pods("neo4j:5.26.0", dropping="neo4j", of_job=True),
    ),
    *of(
        12,
        HOLD,
        "image-other-version",
        older_pod=pods(f"{API}:v1.3.0@sha256:{'3' * 64}"),
        older_hub_pod=pods("docker.io/library/neo4j:5.25.0"),
        without_digest=pods(f"{API}:v1.5.0"),
    ),
    *of(
        12,
        HOLD,
        "argocd-sync-window",
        roles=TARGET,
        denied_by_a_window=place(sync_window=DENIED),
        denied_even_by_hand=place(sync_window=replace(DENIED, allows_manual=False)),
        outside_of_windows=place(sync_window=replace(DENIED, kind="allow")),
    ),
    *of(12, UNKNOWN, "gone", roles=TARGET, sync_window_unseen=place(sync_window=GONE)),
    *of(12, FAIL, "edited-by-hand", roles=TARGET, found_while_planning=problem),
    *of(13, UNKNOWN, "too-few-samples", one_sample_less=one_sample_less),
    *of(13, UNKNOWN, "no-samples", roles=TARGET, no_samples=replica(samples=())),
    *of(13, UNKNOWN, "samples-outdated", samples_old=aged),
)
