"""Observations named by situation: an all-good promotion from staging to prod, and how to change one thing in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.model import Alerts, ArgoCDAddress, Environment, Hold, Image, Policy, Release
from bot.observations import (
    AlertSeen,
    ApplicationSeen,
    Deployed,
    EnvironmentSeen,
    FiringSpan,
    Observations,
    Operation,
    PodSeen,
    PrometheusSeen,
    RequiredRule,
    RuleSeen,
    RunSeen,
    Sample,
    TargetSeen,
)

if TYPE_CHECKING:
    from collections.abc import Callable

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
SOAK = 2 * HOUR
WATCHDOG, BLOCKING, TICKET = "ContextFoundationWatchdog", "HighErrors", "SlowSearch"
RULE_INTERVAL, SCRAPE_INTERVAL, LONGEST_FOR = 15.0, 10.0, 300.0
EXPR, EXPR_IN_GIT = 'up{job="api"} == 0', 'up{job = "api",}\n  == 0'  # Prometheus prints rules its own way
API = "ghcr.io/dpdpdpdp0987/context-api"
NEW_TREE, OLD_TREE, GRAPH_TREE = "a" * 40, "b" * 40, "c" * 40
NEW_API = Image(API, "v1.5.0", "sha256:" + "5" * 64)
OLD_API = Image(API, "v1.4.0", "sha256:" + "4" * 64)
GRAPH = Image("neo4j", "5.26.0")
BACKUP = Image("ghcr.io/dpdpdpdp0987/backup", "v1", "sha256:" + "b" * 64)  # declared, used by no environment here
REPLICAS = ("a", "b")


def environment(name: str, **changes: Any) -> Environment:
    """An environment with two Prometheus replicas."""
    alerts = Alerts(may_be_absent=("http_requests_lost_total",))
    found = Environment(
        name=name,
        cluster="https://kubernetes.default.svc",
        namespace=f"context-{name}",
        argocd=ArgoCDAddress("https://argocd.example.com", f"context-{name}", f"context-{name}"),
        prometheus=tuple(f"https://{replica}.{name}.example.com" for replica in REPLICAS),
        policy=Policy(soak=SOAK, alerts=alerts, required_jobs=("context-api", "neo4j")),
        promotes_from={"staging": "dev", "prod": "staging"}.get(name),
    )
    return replace(found, **changes)


def promotion_ready() -> Observations:
    """Everything is as it should be: two releases may go from staging to prod."""
    new = (
        Release("context-api", NEW_TREE, "v1.5.0", (NEW_API, BACKUP)),
        Release("neo4j", GRAPH_TREE, "5.26.0", (GRAPH,)),
    )
    old = (
        Release("context-api", OLD_TREE, "v1.4.0", (OLD_API, BACKUP)),
        Release("neo4j", GRAPH_TREE, "5.26.0", (GRAPH,)),
    )
    runs = tuple(RunSeen(release.app, release.tree, "1" * 40, NOON - 4 * HOUR, None, NOON - 3 * HOUR) for release in new)
    source = replace(environment_seen("staging", "source", releases=new), runs=runs)
    return Observations(source, environment_seen("prod", "target", releases=old), holds=(other_hold(),))


def environment_seen(name: str, role: str, *, releases: tuple[Release, ...]) -> EnvironmentSeen:
    """An environment that runs these releases, healthy."""
    place = environment(name)
    trees: dict[str, str | None] = {release.app: release.tree for release in releases}
    images = [release.images[0].reference for release in releases]
    labels = {"environment": name}
    return EnvironmentSeen(
        environment=place,
        role=role,
        commit="f" * 40,
        releases=releases,
        folder_exists=True,
        application=application(place, images),
        synced_trees=dict(trees),
        main_trees=dict(trees),
        required_rules=(
            required_rule(BLOCKING, labels | {"promotion_gate": "block", "severity": "critical"}),
            required_rule(TICKET, labels | {"severity": "warning"}),
            required_rule(WATCHDOG, labels),
        ),
        prometheus=tuple(prometheus(place, images, url=url) for url in place.prometheus),
        rendered_images=frozenset(images),
        sync_window=None,
    )


def application(place: Environment, images: list[str]) -> ApplicationSeen:
    """An Application that is Synced and Healthy, with a Pod per image and a Job of another version."""
    operation = Operation("Succeeded", "", NOON - 3 * HOUR - MINUTE, NOON - 3 * HOUR, "e" * 40)
    pods = tuple(PodSeen(f"pod-{number}", (image, "istio/proxyv2:1.30.0"), "Healthy", of_job=False) for number, image in enumerate(images))
    return ApplicationSeen(
        name=place.argocd.application,
        path=place.folder,
        target_revision="main",
        sync="Synced",
        revision="f" * 40,
        health="Healthy",
        healthy_since=NOON - 3 * HOUR + MINUTE,
        reconciled=NOON - MINUTE,
        operation=operation,
        history=(Deployed("e" * 40, NOON - 3 * HOUR),),
        conditions=(),
        pods=(*pods, PodSeen("migration", (f"{API}:v0.9.0",), "Healthy", of_job=True)),
    )


def prometheus(place: Environment, images: list[str], *, url: str) -> PrometheusSeen:
    """A replica with three samples, 20 seconds apart, that saw the whole soak."""
    return PrometheusSeen(
        url=url,
        samples=tuple(sample(place, NOON - age * SECOND) for age in (41, 21, 1)),
        metrics_without_series=('http_requests_lost_total{job="context-api"}',),
        pod_images=frozenset(images),
        firing_in_window=(FiringSpan({"alertname": TICKET, "environment": place.name}, NOON - HOUR, NOON - MINUTE),),
        watchdog_coverage=0.999,
        window_start=NOON - SOAK,
    )


def sample(place: Environment, at: datetime) -> Sample:
    """One look at a healthy server."""
    started = NOON - 30 * HOUR
    targets = tuple(target(job, place.namespace, at=at) for job in ("context-api", "neo4j"))
    stranger = replace(target("context-api", "elsewhere", at=at), health="down")
    return Sample(
        at=at,
        server_time=at + SECOND,
        started=started,
        started_after=started,
        reload_succeeded=True,
        warnings=(),
        more_pages=False,
        rules=rules(place.name, at=at),
        targets=(*targets, stranger),
    )


def target(job: str, namespace: str, *, at: datetime) -> TargetSeen:
    """A scrape target that is up."""
    labels = {"namespace": namespace, "instance": f"{job}-0:8000"}
    return TargetSeen(job, labels, "up", at - 5 * SECOND, SCRAPE_INTERVAL, "")


def rules(environment_name: str, *, at: datetime) -> tuple[RuleSeen, ...]:
    """A blocking rule, one for tickets, the watchdog, and a firing critical rule of another environment."""
    own = {"environment": environment_name}
    ticket = own | {"severity": "warning"}
    foreign = {"environment": "elsewhere", "promotion_gate": "block"}
    return (
        rule(BLOCKING, own | {"promotion_gate": "block", "severity": "critical"}, at=at),
        rule(TICKET, ticket, at=at, alerts=(alert("firing", ticket),)),
        rule(WATCHDOG, own, at=at, alerts=(alert("firing", own),)),
        replace(rule("Foreign", foreign, at=at, alerts=(alert("firing", foreign),)), health="err"),
    )


def required_rule(name: str, labels: dict[str, str]) -> RequiredRule:
    """The same rule, as Git renders it."""
    return RequiredRule(name, labels, EXPR_IN_GIT, LONGEST_FOR)


def rule(name: str, labels: dict[str, str], *, at: datetime, alerts: tuple[AlertSeen, ...] = ()) -> RuleSeen:
    """A loaded rule, evaluated just now."""
    return RuleSeen(name, "stack", EXPR, LONGEST_FOR, labels, "ok", "", at - 2 * SECOND, RULE_INTERVAL, alerts)


def alert(state: str, labels: dict[str, str]) -> AlertSeen:
    """One instance of an alert, with one more label."""
    return AlertSeen(labels | {"pod": "context-api-0"}, state, NOON - 10 * MINUTE)


def other_hold() -> Hold:
    """A quarantine that concerns none of the releases: other tree, other digest."""
    return Hold("quarantine-1", "prod", "context-api", "9" * 40, ("sha256:" + "9" * 64,), "lead", "2026-11-01", "leaks memory")


def on_environment(seen: Observations, role: str, change: Callable[[EnvironmentSeen], EnvironmentSeen]) -> Observations:
    """The observations with one environment changed."""
    if role == "source":
        assert seen.source
        return replace(seen, source=change(seen.source))
    return replace(seen, target=change(seen.target))


def on_application(seen: Observations, role: str, **changes: Any) -> Observations:
    """The observations with fields of one Application changed."""

    def change(place: EnvironmentSeen) -> EnvironmentSeen:
        if not isinstance(place.application, ApplicationSeen):
            return place
        return replace(place, application=replace(place.application, **changes))

    return on_environment(seen, role, change)


def on_replica(seen: Observations, role: str, change: Callable[[PrometheusSeen], PrometheusSeen], *, only: int = 1) -> Observations:
    """The observations with one replica changed, as a rule the second."""

    def change_one(place: EnvironmentSeen) -> EnvironmentSeen:
        return replace(
            place,
            prometheus=tuple(
                change(each) if number == only and isinstance(each, PrometheusSeen) else each
                for number, each in enumerate(place.prometheus)
            ),
        )

    return on_environment(seen, role, change_one)


def on_sample(seen: Observations, role: str, change: Callable[[Sample], Sample], *, only: int | None = None) -> Observations:
    """The observations with one sample of one replica changed, or all of them."""

    def change_samples(one: PrometheusSeen) -> PrometheusSeen:
        chosen = tuple(change(each) if only in {None, number} else each for number, each in enumerate(one.samples))
        return replace(one, samples=chosen)

    return on_replica(seen, role, change_samples)


def on_rule(seen: Observations, role: str, name: str, *, only: int | None = None, **changes: Any) -> Observations:
    """The observations with fields of one rule changed, in one sample or in all."""

    def change_rules(one: Sample) -> Sample:
        return replace(one, rules=tuple(replace(each, **changes) if each.name == name else each for each in one.rules))

    return on_sample(seen, role, change_rules, only=only)


def on_run(seen: Observations, app: str, **changes: Any) -> Observations:
    """The observations with fields of one app's run in the source changed."""

    def change(place: EnvironmentSeen) -> EnvironmentSeen:
        return replace(place, runs=tuple(replace(run, **changes) if run.app == app else run for run in place.runs))

    return on_environment(seen, "source", change)


def source_moved_on() -> Observations:
    """Staging runs something newer by now; what it ran before was verified and soaked for exactly two hours."""
    seen = on_run(promotion_ready(), "context-api", until=NOON - HOUR, verified=True)

    def change(place: EnvironmentSeen) -> EnvironmentSeen:
        moved: dict[str, str | None] = {"context-api": OLD_TREE, "neo4j": GRAPH_TREE}
        return replace(place, synced_trees=moved, main_trees=moved)

    seen = on_environment(seen, "source", change)
    for only in range(len(REPLICAS)):
        seen = on_replica(seen, "source", lambda one: replace(one, window_start=NOON - HOUR - SOAK), only=only)
    return seen
