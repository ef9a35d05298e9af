"""The gate's verdict: every row of its table over source, target and all replicas; the worst wins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.gate import alert_rows, argocd_rows, freeze_rows, prometheus_rows, rule_rows, silence_rows, soak, target_rows
from bot.gate.outcomes import unknown
from bot.gate.scope import Place, Replica
from bot.model import Verdict
from bot.observations import Finding, Judgement, Unseen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from bot.gate.outcomes import Outcome
    from bot.model import Policy
    from bot.observations import Observations

    Rows = tuple[tuple[int, Callable[[Place], list[Outcome]]], ...]

REPLICA_ROWS = (
    (2, prometheus_rows.answers_are_whole),
    (2, prometheus_rows.server_is_one),
    (3, prometheus_rows.server_is_old_enough),
    (4, prometheus_rows.configuration_is_loaded),
    (5, rule_rows.required_rules_are_loaded),
    (6, rule_rows.rules_are_evaluated),
    (6, prometheus_rows.clocks_agree),
    (7, rule_rows.watchdog_fires),
    (7, rule_rows.watchdog_covers_soak),
    (8, target_rows.jobs_are_scraped),
    (8, target_rows.pods_are_seen),
    (9, rule_rows.some_rule_blocks),
    (9, rule_rows.metrics_exist),
    (10, alert_rows.no_alert_fires),
    (10, alert_rows.alert_states_are_known),
    (10, alert_rows.other_alerts),
    (11, alert_rows.no_alert_is_pending),
    (13, prometheus_rows.samples_are_enough),
    (13, prometheus_rows.samples_are_fresh),
)
PLACE_ROWS: Rows = (
    (1, silence_rows.alertmanagers_are_read),
    (10, silence_rows.suppressions_are_recorded),
    (5, rule_rows.required_rules_are_known),
    (11, soak.releases_are_soaked),
    (11, soak.source_stands_still),
    (12, argocd_rows.environment_is_live),
)
APPLICATION_ROWS: Rows = (
    (12, argocd_rows.folder_exists),
    (12, argocd_rows.application_follows_folder),
    (12, argocd_rows.application_is_synced),
    (12, argocd_rows.application_is_healthy),
    (12, argocd_rows.operation_is_over),
    (12, argocd_rows.releases_are_synced),
    (12, argocd_rows.workloads_run_images),
)
PROMOTION_ROWS: Rows = ((12, argocd_rows.sync_is_open),)  # of what is merged already, a window says nothing


def judge(observations: Observations, *, now: datetime) -> Judgement:
    """The verdict under the target's policy, with a finding for all that was checked; `now` is taken after observing."""
    law = observations.target.environment.policy
    seen = [place for place in (observations.source, observations.target) if place]
    findings = [*observations.problems, *_about_releases(observations, law), *_about_freezes(observations, now)]
    for place in seen:
        cure = (observations.fixes, observations.cured_by) if place is observations.target else ()
        findings += _about(Place(place, law, now, *cure), APPLICATION_ROWS + PROMOTION_ROWS if observations.source else APPLICATION_ROWS)
    return judgement_of(findings, now=now)


def judgement_of(findings: Iterable[Finding], *, now: datetime) -> Judgement:
    """The judgement that findings make, worst first."""
    ordered = sorted(findings, key=lambda finding: (-finding.verdict, finding.row, finding.subject, finding.code))
    return Judgement(worst(ordered), tuple(ordered), now)


def worst(findings: Iterable[Finding]) -> Verdict:
    """The greatest verdict; without any finding nothing is known."""
    return max((finding.verdict for finding in findings), default=Verdict.UNKNOWN)


def _about_releases(observations: Observations, law: Policy) -> list[Finding]:
    releases = observations.source.releases if observations.source else ()
    name = observations.target.environment.name
    quarantines = alert_rows.releases_are_not_quarantined(releases, observations.holds, observations.readable_holds)
    found = [_finding(10, f"{name}: holds", outcome=outcome) for outcome in quarantines]
    pinned = alert_rows.images_are_pinned(releases, law, observations.coming_images)
    return found + [_finding(10, name, outcome=outcome) for outcome in pinned]


def _about_freezes(observations: Observations, now: datetime) -> list[Finding]:
    """Only where something is to be merged: what a freeze keeps from coming, it does not judge."""
    if observations.source is None:
        return []
    target = observations.target.environment
    apps = tuple(release.app for release in observations.source.releases)
    found = freeze_rows.target_is_not_frozen(target, observations.freezes, apps, now=now)
    return [_finding(11, f"{target.name}: freezes", outcome=outcome) for outcome in found]


def _about(place: Place, application_rows: Rows) -> Iterator[Finding]:
    name = place.environment.name
    for row, check in PLACE_ROWS:
        yield from (_finding(row, name, outcome=outcome) for outcome in check(place))
    for row, check in application_rows:
        subject = f"{name}: Application {place.environment.argocd.application}"
        yield from (_finding(row, subject, outcome=outcome) for outcome in check(place))
    if not place.seen.prometheus:
        yield _finding(1, name, outcome=unknown("no-prometheus", "no Prometheus was asked"))
    for replica in place.seen.prometheus:
        if isinstance(replica, Unseen):
            yield _finding(1, f"{name}: Prometheus", outcome=unknown(replica.code, replica.detail))
        else:
            yield from _about_replica(Replica(place, replica))


def _about_replica(replica: Replica) -> Iterator[Finding]:
    subject = f"{replica.environment.name}: {replica.seen.url}"
    if not replica.samples:
        yield _finding(13, subject, outcome=unknown("no-samples", "no sample was taken"))
        return
    for row, check in REPLICA_ROWS:
        yield from (_finding(row, subject, outcome=outcome) for outcome in check(replica))


def _finding(row: int, subject: str, *, outcome: Outcome) -> Finding:
    about = f"{subject}: {outcome.about}" if outcome.about else subject
    return Finding(row, outcome.code, outcome.verdict, about, outcome.summary, outcome.facts)
