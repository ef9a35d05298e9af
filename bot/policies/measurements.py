"""Rules and dashboards rest on metrics that the pinned versions export, name their environment, and say what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.policies.fields import strings, text
from bot.policies.images import image_of
from bot.policies.manifests import wrong
from bot.policies.metrics import exported, known_series
from bot.policies.metrics.dashboards import dashboards_can_be_provisioned, panels_name_their_environment
from bot.policies.metrics.expressions import (
    below,
    calls,
    equalities,
    expressions,
    metric,
    name_of_rule,
    nodes,
    recorded,
    rules,
    selector_of,
    selectors,
    why_unreadable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Violation

RUNBOOK = "https://github.com/dpdpdpdp0987/context-foundation/blob/main/docs/RUNBOOK.md"
APP = "context-foundation"
VALUES = {
    "app": (APP,),
    "component": ("context-api", "qdrant", "neo4j", "platform", "backup"),
    "severity": ("critical", "warning", "info"),
    "promotion_gate": ("block", "warn", "ignore"),
}
ANNOTATIONS = ("summary", "description", "runbook_url", "dashboard")
RATES = frozenset({"rate", "irate", "increase", "resets"})
QUANTILE = frozenset({"histogram_quantile"})


def expressions_are_promql(manifests: Manifests) -> Iterator[Violation]:
    """An expression that does not parse takes its whole group of rules with it."""
    for each in expressions(manifests):
        if reason := why_unreadable(each.query):
            yield each.wrong(f"is not PromQL ({reason})", hint="correct the expr; `promtool check rules` reads it, too")


def metrics_are_exported(manifests: Manifests) -> Iterator[Violation]:
    """A metric that nobody exports leaves an alert silent for ever."""
    known = known_series().keys() | recorded(manifests)
    for each in expressions(manifests):
        for name in dict.fromkeys(map(metric, selectors(nodes(each.query)))):
            if name is None:
                yield each.wrong("selects series by a pattern of names, so that none may be there", hint="name each metric")
            elif name not in known:
                what = f"measures {name}, which no pinned version exports and no rule records"
                yield each.wrong(what, hint="take a name from bot/policies/metrics/, or add it there with its source")


def rates_are_of_counters(manifests: Manifests) -> Iterator[Violation]:
    """The rate of a gauge is a number without meaning: each fall is taken for a restart."""
    kinds = known_series()
    for each in expressions(manifests):
        for call in calls(each.query, RATES):
            selector = selector_of(call.args[0])
            name = metric(selector) if selector else None
            if name and kinds.get(name) == "gauge":
                yield each.wrong(f"takes {call.func.name}() of the gauge {name}", hint="use delta(), deriv() or the value itself")


def quantiles_are_of_buckets(manifests: Manifests) -> Iterator[Violation]:
    """Only a histogram's buckets have quantiles to interpolate."""
    kinds = known_series()
    for each in expressions(manifests):
        for call in calls(each.query, QUANTILE):
            names = {str(metric(selector)) for selector in selectors(below(call.args[1]))}
            for name in sorted(name for name in names if kinds.get(name) != "bucket"):
                what = f"takes histogram_quantile() of {name}, which is no bucket of a histogram"
                yield each.wrong(what, hint="use the series that ends in _bucket; a summary has its quantiles ready, as a label")


def rules_name_their_environment(manifests: Manifests) -> Iterator[Violation]:
    """One Prometheus may watch several environments; a rule that names none fires for its neighbours."""
    for each in expressions(manifests):
        found = [equalities(selector) for selector in selectors(nodes(each.query))]
        if not each.of_rule or not found:
            continue
        foreign = {labels["namespace"] for labels in found if labels.get("namespace", manifests.namespace) != manifests.namespace}
        if foreign:
            yield each.wrong(f"looks at the namespace {', '.join(sorted(foreign))}, not at {manifests.namespace}", hint=SPLICE)
        elif not any(_names(value, manifests.namespace) for labels in found for value in labels.values()):
            yield each.wrong(f"does not name the namespace {manifests.namespace}, so that it fires for others", hint=SPLICE)


SPLICE = "write namespace='set-by-scope' once, in single quotes: the feature scope puts the environment's there"


def alerts_say_what_they_are(manifests: Manifests) -> Iterator[Violation]:
    """The gate selects by labels; without them an alert stops nothing."""
    for item, path, rule in rules(manifests):
        labels = strings(rule, "labels")
        wanted = VALUES | {"environment": (manifests.environment,)}
        for name, values in wanted.items() if "alert" in rule else ():
            if labels.get(name) not in values:
                what = f"{name_of_rule(rule)}: the label is {labels.get(name, 'missing')}, and the gate cannot judge it"
                yield wrong(item, f"{path}.labels.{name}", what, hint=f"write one of {', '.join(values)}")


def alerts_say_what_to_do(manifests: Manifests) -> Iterator[Violation]:
    """Who is woken reads a summary, a description, and the way to the runbook and to the numbers."""
    for item, path, rule in rules(manifests):
        annotations = strings(rule, "annotations")
        for name in ANNOTATIONS if "alert" in rule else ():
            if not annotations.get(name):
                what = f"{name_of_rule(rule)}: it has no {name}, so that who is woken must search"
                yield wrong(item, f"{path}.annotations.{name}", what, hint="write one")
        link, wanted = annotations.get("runbook_url"), f"{RUNBOOK}#{str(rule.get('alert')).lower()}"
        if link and link != wanted:
            what = f"{name_of_rule(rule)}: leads to {link}, not to its own section"
            yield wrong(item, f"{path}.annotations.runbook_url", what, hint=f"write {wanted}")


def scrape_jobs_are_watched(manifests: Manifests) -> Iterator[Violation]:
    """Where scraping breaks, every other alert on the job falls silent."""
    found = [equalities(selector) for each in expressions(manifests) if each.of_rule for selector in selectors(nodes(each.query))]
    watched = {labels.get("job") for labels in found if labels.get("__name__") == "up"}
    for item in manifests.of("ServiceMonitor"):
        job = strings(item, "spec", "selector", "matchLabels").get(text(item, "spec", "jobLabel"))
        if job not in watched:
            what = f"no alert looks at up of the job {job}: when scraping breaks, nobody is told"
            yield wrong(item, "spec.jobLabel", what, hint=f"write an alert on absent(up{{namespace='set-by-scope',job=\"{job}\"}} == 1)")


def lists_are_of_the_pinned_versions(manifests: Manifests) -> Iterator[Violation]:
    """Another version may export other names; the list must be read again before an alert on it is believed."""
    endings = {each.image: each for each in exported() if each.image}
    for pods, where, container in manifests.containers():
        image = image_of(container)
        known = next((each for ending, each in endings.items() if image.is_named(ending)), None)
        if known and image.tag and not _is_of(image.version.removeprefix("v"), known.version):
            what = f"runs {image.version}, and the known metrics are those of {known.component} {known.version}"
            hint = f"compare bot/policies/metrics/{known.component}.yaml with {known.source}, then write the new version there"
            yield pods.wrong(f"{where}.image", what, hint=hint, is_error=False)


def _names(value: str, namespace: str) -> bool:
    """Whether a label's value is the environment's namespace, or a name that begins with it, as its certificate's does."""
    return value == namespace or value.startswith(f"{namespace}-")


def _is_of(version: str, listed: str) -> bool:
    return version == listed or version.startswith(f"{listed}.")


MEASUREMENT_POLICIES = (
    expressions_are_promql,
    metrics_are_exported,
    rates_are_of_counters,
    quantiles_are_of_buckets,
    rules_name_their_environment,
    alerts_say_what_they_are,
    alerts_say_what_to_do,
    dashboards_can_be_provisioned,
    panels_name_their_environment,
    scrape_jobs_are_watched,
    lists_are_of_the_pinned_versions,
)
