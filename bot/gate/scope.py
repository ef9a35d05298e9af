"""What a judgement looks at, piece by piece, and which rules and alerts are an environment's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.observations import AlertSeen, ApplicationSeen, PrometheusSeen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from bot.model import Environment, Image, Policy, Release
    from bot.observations import EnvironmentSeen, Labels, RuleSeen, RunSeen, Sample


@dataclass(frozen=True)
class Place:
    """An environment as observed, under the law of the promotion: the target's policy."""

    seen: EnvironmentSeen
    law: Policy
    now: datetime
    fixes: tuple[str, ...] = ()  # alerts of the target that may go on
    cured_by: datetime | None = None  # until when, once the cure is there

    @property
    def environment(self) -> Environment:
        """Its declaration; its own policy says which jobs, watchdog and alerts are its own."""
        return self.seen.environment

    @property
    def is_source(self) -> bool:
        """Whether releases are promoted from here."""
        return self.seen.role == "source"

    @property
    def application(self) -> ApplicationSeen | None:
        """Its Application, if it was seen."""
        return self.seen.application if isinstance(self.seen.application, ApplicationSeen) else None

    @property
    def replicas(self) -> tuple[PrometheusSeen, ...]:
        """The Prometheus replicas that were seen."""
        return self.seen.replicas


@dataclass(frozen=True)
class Replica:
    """One Prometheus replica of an environment."""

    place: Place
    seen: PrometheusSeen

    @property
    def samples(self) -> tuple[Sample, ...]:
        """Its samples, oldest first."""
        return self.seen.samples

    @property
    def environment(self) -> Environment:
        """The environment that it watches."""
        return self.place.environment


@dataclass(frozen=True)
class Instance:
    """One alert in one sample, with the labels of its rule."""

    name: str
    alert: AlertSeen
    labels: Labels
    blocks: bool


def concerns(environment: Environment, *label_sets: Labels) -> bool:
    """Whether labels name this environment or its namespace; ones that name neither concern every environment."""
    named = {labels["environment"] for labels in label_sets if labels.get("environment")}
    namespaces = {labels["namespace"] for labels in label_sets if labels.get("namespace")}
    if environment.name in named or environment.namespace in namespaces:
        return True
    return not named and not namespaces


def can_block(environment: Environment, labels: Labels) -> bool:
    """Whether a rule, or an alert, with these labels stops promotions because of this environment."""
    return environment.policy.alerts.blocks(labels) and concerns(environment, labels)


def blocking_rules(sample: Sample, environment: Environment) -> list[RuleSeen]:
    """The loaded rules that can stop a promotion because of this environment."""
    return [rule for rule in sample.rules if can_block(environment, rule.labels)]


def watchdog_rules(sample: Sample, environment: Environment) -> list[RuleSeen]:
    """The loaded watchdogs that carry this environment's label."""
    named = [rule for rule in sample.rules if rule.name == environment.policy.watchdog]
    return [rule for rule in named if rule.labels.get("environment") == environment.name]


def instances(replica: Replica) -> Iterator[Instance]:
    """Every alert of every sample that counts for the replica's environment."""
    environment = replica.environment
    for sample in replica.samples:
        for rule in sample.rules:
            for alert in rule.alerts:
                if concerns(environment, rule.labels, alert.labels):
                    labels = {**rule.labels, **alert.labels}
                    yield Instance(rule.name, alert, labels, environment.policy.alerts.blocks(labels))


def run_of(place: Place, release: Release) -> RunSeen | None:
    """The run in which an environment runs or ran a release."""
    runs = (run for run in place.seen.runs if (run.app, run.tree) == (release.app, release.tree))
    return next(runs, None)


def is_live(place: Place, release: Release) -> bool:
    """Whether the environment still should run a release: its run goes on, or what is synced is still its tree."""
    run = run_of(place, release)
    return run is None or run.until is None or place.seen.synced_trees.get(release.app) == release.tree


def live_releases(place: Place) -> tuple[Release, ...]:
    """The releases whose Pods must be there now."""
    return tuple(release for release in place.seen.releases if is_live(place, release))


def expected_images(place: Place) -> tuple[Image, ...]:
    """The images of live releases that the environment's manifests use."""
    declared = (image for release in live_releases(place) for image in release.images)
    return tuple(image for image in declared if image.reference in place.seen.rendered_images)
